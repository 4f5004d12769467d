// SPDX-License-Identifier: MIT
/* Variant hosts: each modifier does what it says, and none of it is told as the program's mistake. */
#include "dxgsim_vidsch_guest.h"

#include <poll.h>
#include <string.h>

#include "dxgsim/host/amd_adapter.h"
#include "dxgsim/host/model.h"
#include "dxgsim/host/vidsch.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"

static void context_long(void **state)
{
	(void)state;
	guest_start(HARDWARE ",context=long");
	assert_int_equal(guest_context(0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest.long_form = true;
	assert_int_not_equal(guest_context(0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
	guest_start(HARDWARE); /* others take both */
	guest.long_form = true;
	assert_int_not_equal(guest_context(0), 0);
	guest_finish();
}

static void contexts_are_counted(void **state)
{
	struct host_destroy_context destroy;

	(void)state;
	guest_start(SOFTWARE ",contexts=2");
	destroy.context = guest_context(0);
	assert_int_not_equal(destroy.context, 0);
	/* those of SDMA engines count too */
	assert_int_not_equal(guest_context_on(4, 0), 0);
	assert_int_equal(guest_context(0), 0);
	assert_int_equal(guest_context_on(4, 0), 0);
	assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
	assert_int_not_equal(guest_context(0), 0);
	assert_int_equal(guest_context(0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void hwqueue_refused(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle context;

	(void)state;
	guest_start(HARDWARE ",hwqueue=refused");
	context = guest_context(D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
	assert_int_not_equal(context, 0);
	assert_int_equal(guest_hwqueue(context, 0, &queue), HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(queue.hwqueue, 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* Submits a write to a software queue and says whether it was done within a while. */
/* What is expected is waited for; what is not, for as long as it would take an idle machine. */
static bool is_done_within(uint32_t ms, d3dkmt_handle context, d3dkmt_handle user_queue, uint32_t index)
{
	d3dkmt_handle fence = guest_fence(0, 0, NULL);
	uint32_t bytes;
	uint64_t commands = guest_write(guest_data(index), 0x77, &bytes);

	assert_int_equal(guest_submit(context, commands, bytes, user_queue), 0);
	assert_int_equal(guest_gpu_signal(context, fence, 1), 0);
	assert_int_equal(guest_cpu_event(context, 20 + index), 0);
	for (uint32_t i = 0; i < ms && !guest_value(index); i++)
		poll(NULL, 0, 1);
	return guest_value(index) == 0x77 && guest_wait_event(20 + index);
}

static bool is_done(d3dkmt_handle context, d3dkmt_handle user_queue, uint32_t index)
{
	return is_done_within(10000, context, user_queue, index);
}

static bool stays_undone(d3dkmt_handle context, d3dkmt_handle user_queue, uint32_t index)
{
	return !is_done_within(100, context, user_queue, index);
}

static void user_queue_required(void **state)
{
	d3dkmt_handle usable, useless;

	(void)state;
	guest_start(SOFTWARE ",user-queue=required");
	usable = guest_user_queue(5, true);
	assert_true(is_done(guest_context(0), usable, 0));
	assert_true(stays_undone(guest_context(0), 0, 1));
	useless = guest_user_queue(5, false);
	assert_true(stays_undone(guest_context(0), useless, 2));
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
	guest_start(SOFTWARE); /* others do not mind */
	assert_true(is_done(guest_context(0), 0, 1));
	assert_true(is_done(guest_context(0), guest_user_queue(5, true), 2));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void submissions_are_lost(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",submit=lost,timeout-ms=10");
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_true(stays_undone(guest_context(0), 0, 1));
	poll(NULL, 0, 30);
	assert_int_equal(guest_fence_value(queue.page), 0);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void submissions_are_not_executed(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",submit=unwritten");
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_value(0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void submissions_fault(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",submit=fault");
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_int_equal(guest_page_fault().faulted_virtual_address, commands & ~0xfffull);
	assert_int_equal(guest_fence_value(queue.page), UINT64_MAX);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void submissions_hang(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE ",submit=hangs,timeout-ms=20");
	guest_queue(&queue);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(guest_value(0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void sdma_hangs_alone(void **state)
{
	d3dkmt_handle sdma;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE ",sdma=hangs,timeout-ms=20");
	assert_true(is_done(guest_context(0), 0, 0));
	sdma = guest_context_on(4, 0);
	assert_int_not_equal(sdma, 0);
	commands = guest_write(guest_data(1), 1, &bytes);
	assert_int_equal(guest_submit(sdma, commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void replies_are_rewritten(void **state)
{
	uint8_t data[0x40] = {0x40, 0, 0, 0, 0, 1}, back[0x40] = {0};
	struct host_create_context request = {
		.engine_affinity = 1, .private_data = data, .private_data_size = sizeof(data)};
	struct host_create_context_reply reply = {.private_data = back};

	(void)state;
	guest_start(SOFTWARE ",context-reply=rewritten,allocation-reply=rewritten");
	request.device = guest.device;
	request.node_ordinal = guest.node;
	guest_send(HOST_CREATECONTEXTVIRTUAL, &request, &reply);
	assert_int_not_equal(reply.context, 0);
	for (size_t i = 0; i < sizeof(back); i++)
		assert_int_not_equal(back[i], data[i]);
	for (size_t i = 0; i < sizeof(guest.sent); i++)
		assert_int_not_equal(guest.reply[i], guest.sent[i]);
	assert_int_equal(guest.reply[sizeof(guest.sent)], 0);
	assert_int_equal(guest.reply_size, 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
	guest_start(SOFTWARE ",allocation-reply=long");
	assert_in_range(guest.reply_size, sizeof(guest.sent) + 1, sizeof(guest.reply));
	for (size_t i = sizeof(guest.sent); i < guest.reply_size; i++)
		assert_int_not_equal(guest.reply[i], 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* One job of a context on that node, of whole packets that need no padding. */
static void submit_words(uint32_t node, const uint32_t *words, uint32_t count)
{
	d3dkmt_handle context = guest_context_on(node, 0);
	uint64_t commands;
	uint32_t bytes;

	commands = guest_words(words, count, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
}

/* Adds 1 there, past the L2: from the compute engine, or from an SDMA engine. */
static void submit_atomic(uint64_t va, bool sdma)
{
	const uint32_t low = (uint32_t)va, high = (uint32_t)(va >> 32);
	const uint32_t pm4[] = {0xc0071e00, 0x0600002f, low, high, 1, 0, 0, 0, 0};
	const uint32_t copy[] = {0x5e00000a, low, high, 1, 0, 0, 0, 0};

	if (sdma)
		submit_words(4, copy, 8);
	else
		submit_words(guest.node, pm4, 9);
}

static bool becomes(uint32_t index, uint32_t value)
{
	for (int i = 0; i < 10000 && guest_value(index) != value; i++)
		poll(NULL, 0, 1);
	return guest_value(index) == value;
}

/* The GPU's own memory takes them always, and so does a GPU's that has no bus between it and memory. */
static void without_pcie_atomics(void **state)
{
	static const struct {
		const char *spec;
		bool refused;
	} hosts[] = {
		{SOFTWARE, false},
		{SOFTWARE ",atomics=off", true},
		{"radeon680m", false},
		{"radeon680m,atomics=off", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		for (uint32_t sdma = 0; sdma < 2; sdma++) {
			if (sdma && !strncmp(hosts[i].spec, "radeon", 6))
				continue;
			guest_start(hosts[i].spec);
			guest_vram(4 * GUEST_BASE);
			guest_set_value(0, 5);
			submit_atomic(4 * GUEST_BASE, sdma);
			submit_atomic(guest_data(0), sdma);
			if (hosts[i].refused) {
				assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
				assert_true(guest_reported("atomic on 0x200008000, which is in system"));
				assert_int_equal(guest_value(0), 5);
				assert_int_equal(guest_misuse(), 1);
			} else {
				assert_true(becomes(0, 6));
				assert_int_equal(guest_misuse(), 0);
			}
			guest_finish();
		}
	}
}

/* Nobody looks at what a kernel consists of, but one there must be. */
static void kernels_are_skipped(void **state)
{
	static const uint32_t code = (uint32_t)((GUEST_BASE + 0xf000) >> 8);
	static const uint32_t words[] = {
		0xc0037602, 0x207,	64,	    1,	   1,	       0xc0027602, 0x20c, code,
		0,	    0xc0027602, 0x212,	    3,	   0,	       0xc0067602, 0x215, 0,
		~0u,	    ~0u,	0,	    ~0u,   ~0u,	       0xc0017602, 0x228, 0,
		0xc0031502, 64,		1,	    1,	   0x25,       0xc0004602, 0x407, /* */
		0xc0033700, 0x06100500, 0x00008000, 0x002, 0x600dda7a,
	};
	static const char *const specs[] = {SOFTWARE, SOFTWARE ",kernels=run", SOFTWARE ",kernels=skip"};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		bool skipped = i == 2;
		struct vidsch_counters counters;

		guest_start(specs[i]);
		memset(guest.memory + 0xf000, 0xff, 64);
		submit_words(guest.node, words, sizeof(words) / sizeof(words[0]));
		if (skipped)
			assert_true(becomes(0, 0x600dda7a));
		else
			assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
		assert_int_equal(guest_reported("(ffffffff)"), !skipped);
		assert_true(host_model_gpu(guest.model, 0, guest.node, &counters));
		assert_int_equal(counters.gpu.dispatches, 1);
		assert_int_equal(guest_misuse(), !skipped);
		guest_finish();
	}
}

static struct fixture *load(const char *spec)
{
	struct fixture_error error;
	struct fixture *fixture = NULL;

	if (fixture_load(spec, ADAPTERS, &fixture, &error))
		fail_msg("%s", error.text);
	return fixture;
}

static void answers_are_patched(void **state)
{
	struct fixture *fixture = load("rx6800,patch=0.0x4360@0x1384=00000000,patch=0.0x4360@4=a5B6");
	uint8_t answer[AMD_QUERY_EX];

	(void)state;
	assert_int_equal(amd_adapter_query(fixture, answer, sizeof(answer)), 0);
	assert_int_not_equal(answer[0x1385], 0); /* the counter's frequency */
	fixture_patch_answer(fixture, 0, sizeof(answer), answer);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(answer[0x1384 + i], 0);
	assert_int_equal(answer[4], 0xa5);
	assert_int_equal(answer[5], 0xb6);
	memset(answer, 0x11, sizeof(answer));
	fixture_patch_answer(fixture, 1, sizeof(answer), answer);
	fixture_patch_answer(fixture, 0, 0xbc0, answer);
	assert_int_equal(answer[4], 0x11);
	fixture_free(fixture);
}

/* Whoever believes an answer told wrong is refused, but not blamed. */
static void believing_a_patch_is_no_mistake(void **state)
{
	(void)state;
	guest_start(HARDWARE ",patch=0.0x4360@0x3f24=ff"); /* hardware queues everywhere */
	assert_int_equal(guest_context_on(2, D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED), 0);
	assert_true(guest_reported("HwQueueSupported on node 2"));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_query_goes_unanswered(void **state)
{
	struct fixture *fixture = load("rx6800,private=unanswered");
	uint8_t answer[AMD_QUERY_EX];

	(void)state;
	memset(answer, 0xcc, sizeof(answer));
	assert_int_equal(amd_adapter_query(fixture, answer, sizeof(answer)), 0);
	for (size_t i = 0; i < sizeof(answer); i++)
		assert_int_equal(answer[i], 0xcc);
	fixture_free(fixture);
}

static void another_device_is_told(void **state)
{
	struct fixture *fixture = load("rx6800,device-id=0x1234");
	uint8_t answer[AMD_QUERY_EX];

	(void)state;
	assert_int_equal(amd_adapter_query(fixture, answer, sizeof(answer)), 0);
	assert_int_equal(answer[0x14], 0x34);
	assert_int_equal(answer[0x960 + 0xa00 + 1], 0x12);
	fixture_free(fixture);
}

static void modifiers_of_the_gpu_reach_it(void **state)
{
	struct fixture *fixture = load("rx7900xtx,dispatch-us=20000,seed=0x123456789abc");

	(void)state;
	assert_int_equal(fixture->dispatch_us, 20000);
	assert_true(fixture->seed == 0x123456789abcull);
	assert_false(fixture->strict_acquire || fixture->strict_release);
	assert_false(fixture->kernels_skipped);
	fixture_free(fixture);
	fixture = load("rx7900xtx,kernels=skip");
	assert_true(fixture->kernels_skipped);
	fixture_free(fixture);
	fixture = load("rx7900xtx,kernels=skip,kernels=run");
	assert_false(fixture->kernels_skipped);
	fixture_free(fixture);
	fixture = load("rx7900xtx,strict=acquire");
	assert_true(fixture->strict_acquire && !fixture->strict_release);
	fixture_free(fixture);
	fixture = load("rx7900xtx,strict=release");
	assert_true(!fixture->strict_acquire && fixture->strict_release);
	fixture_free(fixture);
	fixture = load("rx7900xtx,strict=acquire,strict=release");
	assert_true(fixture->strict_acquire && fixture->strict_release);
	fixture_free(fixture);
	fixture = load("rx7900xtx,strict,strict=none");
	assert_false(fixture->strict_acquire || fixture->strict_release);
	fixture_free(fixture);
}

static void wrong_modifiers_are_refused(void **state)
{
	static const char *const wrong[] = {
		"context=short",
		"context",
		"contexts=",
		"contexts=-1",
		"hwqueue=off",
		"user-queue=yes",
		"submit=gone",
		"sdma=on",
		"timeout-ms=0",
		"timeout-ms=1e9",
		"dispatch-us=60000001",
		"dispatch-us",
		"seed=x",
		"strict=on",
		"kernels=off",
		"kernels",
		"device-id=65536",
		"escape=no",
		"patch=",
		"patch=0.16",
		"patch=0.16@0",
		"patch=0.16@0=",
		"patch=0.16@0=1",
		"patch=0.16@0=g1",
		"patch=0.16@16=00",
		"patch=0.16@15=0000",
		"patch=x.16@0=00",
		"patch=0.0@0=00",
		"patch=0.16@-1=00",
		"patch=0.99999999@0=00",
		"context-reply=odd",
		"allocation-reply=odd",
	};
	struct fixture *fixture = load("rx7900xtx");

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fixture_error error = {.text = ""};

		if (!fixture_modify(fixture, wrong[i], &error))
			fail_msg("'%s' was taken", wrong[i]);
		if (!error.text[0])
			fail_msg("'%s' was refused without a word", wrong[i]);
	}
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context_long),
		cmocka_unit_test(contexts_are_counted),
		cmocka_unit_test(hwqueue_refused),
		cmocka_unit_test(user_queue_required),
		cmocka_unit_test(submissions_are_lost),
		cmocka_unit_test(submissions_are_not_executed),
		cmocka_unit_test(submissions_fault),
		cmocka_unit_test(submissions_hang),
		cmocka_unit_test(sdma_hangs_alone),
		cmocka_unit_test(replies_are_rewritten),
		cmocka_unit_test(without_pcie_atomics),
		cmocka_unit_test(kernels_are_skipped),
		cmocka_unit_test(answers_are_patched),
		cmocka_unit_test(a_query_goes_unanswered),
		cmocka_unit_test(believing_a_patch_is_no_mistake),
		cmocka_unit_test(another_device_is_told),
		cmocka_unit_test(modifiers_of_the_gpu_reach_it),
		cmocka_unit_test(wrong_modifiers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
