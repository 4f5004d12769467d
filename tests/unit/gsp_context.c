// SPDX-License-Identifier: MIT
/* What the scheduling firmware is believed to do, contexts that follow from it, and what a loss is called. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/context.h"
#include "gsp/diagnose.h"
#include "gsp/fence.h"
#include "kmd/queue.h"
#include "util/compiler.h"
#include "util/log.h"

#define VALID(field) (1ULL << (field))

static const struct kmd_adapter promising = {
	.valid = VALID(KMD_FIELD_HWS_MASK) | VALID(KMD_FIELD_TIMEOUT_MASK) | VALID(KMD_FIELD_IB_ALIGNMENT) |
		 VALID(KMD_FIELD_MEC_FIRMWARE),
	.discrete = true,
	.node_count = 6,
	.compute_node = 3,
	.sdma_node = {5, KMD_NO_NODE},
	.hws_mask = 1U << 3,
	.no_timeout_mask = 1U << 3 | 1U << 5,
	.firmware_managed_state = true,
	.mec_firmware = 2520,
	.ib_alignment = {[KMD_IP_GRAPHICS] = {8, 8}, [KMD_IP_COMPUTE] = {256, 32}},
};

static int setup(void **state)
{
	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	return 0;
}

static struct gsp_device *make_device(const struct kmd_adapter *info)
{
	struct gsp_device *device;

	assert_int_equal(gsp_device_create(NULL, FAKE_ADAPTER(0), info, &device), 0);
	return device;
}

static void end(struct gsp_device *device)
{
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

static void caps_are_what_the_adapter_tells(void **state)
{
	struct gsp_caps caps;

	(void)state;
	gsp_caps_decide(&promising, &caps);
	assert_true(caps.firmware_managed_state);
	assert_int_equal(caps.mec_firmware, 2520);
	assert_int_equal(caps.compute.node, 3);
	assert_true(caps.compute.hardware);
	assert_true(caps.compute.no_timeout);
	assert_int_equal(caps.compute.ib_start, 256);
	assert_int_equal(caps.compute.ib_size, 32);
	assert_int_equal(caps.sdma[0].node, 5);
	assert_false(caps.sdma[0].hardware);
	assert_true(caps.sdma[0].no_timeout);
	assert_int_equal(caps.sdma[1].node, KMD_NO_NODE);
	assert_ptr_equal(gsp_caps_engine(&caps, KMD_ENGINE_COMPUTE0), &caps.compute);
	assert_ptr_equal(gsp_caps_engine(&caps, KMD_ENGINE_SDMA0), &caps.sdma[0]);
	assert_null(gsp_caps_engine(&caps, KMD_ENGINE_SDMA1));
	assert_null(gsp_caps_engine(&caps, KMD_ENGINE_GRAPHICS));
	assert_null(gsp_caps_engine(&caps, (enum kmd_engine)6));
}

static void what_was_not_told_is_not_promised(void **state)
{
	struct kmd_adapter info = promising;
	struct gsp_caps caps;

	(void)state;
	info.valid = 0;
	gsp_caps_decide(&info, &caps);
	assert_int_equal(caps.mec_firmware, 0);
	assert_false(caps.compute.hardware);
	assert_false(caps.compute.no_timeout);
	assert_int_equal(caps.compute.ib_start, 4);
	assert_int_equal(caps.compute.ib_size, 4);
	assert_true(caps.sdma[0].ib_start >= 4 && caps.sdma[0].ib_size >= 4);
}

static void an_alignment_that_is_none_is_not_believed(void **state)
{
	static const uint32_t told[] = {0, 1, 2, 3, 48, 8192, UINT32_MAX, 1U << 31};
	struct kmd_adapter info = promising;
	struct gsp_caps caps;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(told); i++) {
		info.ib_alignment[KMD_IP_COMPUTE].start = told[i];
		info.ib_alignment[KMD_IP_COMPUTE].size = told[i];
		gsp_caps_decide(&info, &caps);
		assert_int_equal(caps.compute.ib_start, 4);
		assert_int_equal(caps.compute.ib_size, 4);
	}
}

static void expect_context(struct gsp_device *device, enum kmd_engine engine, enum gsp_rung rung,
			   uint32_t node, uint32_t flags)
{
	struct dxg_context_request request;
	d3dkmt_handle context;

	assert_int_equal(gsp_context_create(device, engine, rung, &context), 0);
	assert_true(fake_context(context, &request));
	assert_int_equal(request.node, node);
	assert_int_equal(request.flags, flags);
	assert_int_equal(gsp_context_destroy(device, context), 0);
}

static void flags_follow_from_rung_and_caps(void **state)
{
	struct kmd_adapter timed = promising;
	struct gsp_device *device = make_device(&promising);

	(void)state;
	expect_context(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_HARDWARE, 3,
		       D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
	expect_context(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, 3,
		       D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	expect_context(device, KMD_ENGINE_SDMA0, GSP_RUNG_USER_QUEUE, 5,
		       D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	end(device);
	timed.no_timeout_mask = 0;
	device = make_device(&timed);
	expect_context(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, 3, 0);
	end(device);
}

static void what_cannot_be_is_not_asked_of_the_host(void **state)
{
	struct gsp_device *device = make_device(&promising);
	d3dkmt_handle context = 1;

	(void)state;
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_SDMA1, GSP_RUNG_SOFTWARE, &context),
			 -EOPNOTSUPP);
	assert_int_equal(context, 0);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_SDMA0, GSP_RUNG_HARDWARE, &context),
			 -EOPNOTSUPP);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_NONE, &context), -EINVAL);
	assert_int_equal(fake_calls(), 0);
	end(device);
}

static void the_second_form_is_tried_once_and_kept(void **state)
{
	struct gsp_device *device = make_device(&promising);
	struct dxg_context_request request;
	d3dkmt_handle a, b;

	(void)state;
	fake_refuse_contexts_below(KMD_CONTEXT_LONG_SIZE);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &a), 0);
	assert_int_equal(fake_calls_of("create_context"), 2);
	assert_true(fake_context(a, &request));
	assert_int_equal(request.private_data_size, KMD_CONTEXT_LONG_SIZE);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_HARDWARE, &b), 0);
	assert_int_equal(fake_calls_of("create_context"), 3);
	assert_int_equal(gsp_context_destroy(device, a), 0);
	assert_int_equal(gsp_context_destroy(device, b), 0);
	end(device);
}

static void a_settled_form_stays_when_a_context_is_refused(void **state)
{
	struct gsp_device *device = make_device(&promising);
	d3dkmt_handle a, b;

	(void)state;
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &a), 0);
	fake_fail_call(1, -EINVAL);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &b), -EINVAL);
	assert_int_equal(fake_calls_of("create_context"), 2);
	assert_int_equal(gsp_context_destroy(device, a), 0);
	end(device);
}

#define SEEKERS 6

static void *make_context(void *device)
{
	d3dkmt_handle context;

	if (gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context))
		return NULL;
	return gsp_context_destroy(device, context) ? NULL : device;
}

static void threads_that_come_together_try_a_form_once(void **state)
{
	struct gsp_device *device = make_device(&promising);
	pthread_t threads[SEEKERS];

	(void)state;
	fake_refuse_contexts_below(KMD_CONTEXT_LONG_SIZE);
	fake_take_time(10000000);
	for (unsigned i = 0; i < SEEKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_context, device), 0);
	for (unsigned i = 0; i < SEEKERS; i++) {
		void *made;

		pthread_join(threads[i], &made);
		assert_ptr_equal(made, device);
	}
	assert_int_equal(fake_calls_of("create_context"), SEEKERS + 1);
	end(device);
}

/* Every refusal is a line in the user's kernel log. */
static void forms_that_were_refused_are_not_tried_again(void **state)
{
	struct gsp_device *device = make_device(&promising);
	d3dkmt_handle context;

	(void)state;
	fake_refuse_contexts_below(0x1000);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_HARDWARE, &context),
			 -EINVAL);
	assert_int_equal(fake_calls_of("create_context"), 2);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_HARDWARE, &context),
			 -EINVAL);
	assert_int_equal(fake_calls_of("create_context"), 3);
	/* it may have been the hardware queue that was not liked */
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context),
			 -EINVAL);
	assert_int_equal(fake_calls_of("create_context"), 5);
	end(device);
}

static void an_error_that_is_no_refusal_says_nothing_about_forms(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;
	d3dkmt_handle context;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	fake_fail_call(1, -ENOMEM);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context),
			 -ENOMEM);
	assert_int_equal(fake_calls_of("create_context"), 1);
	expect_context(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, 3,
		       D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	end(device);
}

/* A device that was reset may be told "invalid parameter" for everything: that is no word about the forms. */
static void the_refusals_of_a_lost_device_are_its_loss(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;
	d3dkmt_handle context;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	fake_refuse_contexts(~0U);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context),
			 -ENODEV);
	assert_true(gsp_device_is_lost(device));
	assert_int_equal(fake_calls_of("create_context"), 1);
	end(device);
}

static void hardware_queues_once_refused_are_not_used(void **state)
{
	struct gsp_device *device = make_device(&promising);

	(void)state;
	assert_true(gsp_hardware_usable(device, KMD_ENGINE_COMPUTE0));
	assert_false(gsp_hardware_usable(device, KMD_ENGINE_SDMA0));
	assert_false(gsp_hardware_usable(device, KMD_ENGINE_SDMA1));
	gsp_hardware_refused(device, KMD_ENGINE_COMPUTE0, -EPERM);
	assert_false(gsp_hardware_usable(device, KMD_ENGINE_COMPUTE0));
	end(device);
}

static void a_context_of_a_removed_adapter_is_gone(void **state)
{
	struct gsp_device *device = make_device(&promising);
	d3dkmt_handle context;
	unsigned calls;

	(void)state;
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_device_check(device), -ENODEV);
	calls = fake_calls();
	assert_int_equal(gsp_context_destroy(device, context), 0);
	assert_int_equal(fake_calls(), calls);
	assert_int_equal(gsp_context_create(device, KMD_ENGINE_COMPUTE0, GSP_RUNG_SOFTWARE, &context),
			 -ENODEV);
	gsp_device_destroy(device);
}

static void opening_says_which_of_the_two_failed(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;

	(void)state;
	fake_fail_call(2, -ENOMEM);
	assert_int_equal(gsp_device_open(device, &handles), -ENOMEM);
	assert_int_equal(gsp_device_open_failed_at(device), GSP_OPEN_PAGING_QUEUE);
	fake_fail_call(1, -EACCES);
	assert_int_equal(gsp_device_open(device, &handles), -EACCES);
	assert_int_equal(gsp_device_open_failed_at(device), GSP_OPEN_DEVICE);
	end(device);
}

static void a_loss_is_called_by_its_name(void **state)
{
	static const struct {
		enum d3dkmt_deviceexecution_state host;
		enum gsp_cause cause;
		int error;
	} cases[] = {
		{D3DKMT_DEVICEEXECUTION_RESET, GSP_CAUSE_RESET, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_HUNG, GSP_CAUSE_HUNG, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_STOPPED, GSP_CAUSE_REMOVED, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY, GSP_CAUSE_OUT_OF_MEMORY, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT, GSP_CAUSE_FAULT, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT, GSP_CAUSE_PAGE_FAULT, -EFAULT},
	};
	const struct gsp_handles *handles;
	struct gsp_diagnosis diagnosis;
	char text[100];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gsp_device *device;

		fake_reset();
		device = make_device(&promising);
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), 0);
		assert_int_equal(gsp_device_open(device, &handles), 0);
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), 0);
		assert_int_equal(diagnosis.cause, GSP_CAUSE_NONE);
		if (cases[i].cause == GSP_CAUSE_PAGE_FAULT)
			fake_page_fault(0, 0xdead000);
		else
			fake_lose(0, cases[i].host);
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), cases[i].error);
		assert_int_equal(diagnosis.cause, cases[i].cause);
		/* and again, when the loss is no news */
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), cases[i].error);
		assert_int_equal(diagnosis.cause, cases[i].cause);
		assert_true(strlen(gsp_diagnosis_text(&diagnosis, text, sizeof(text))) > 0);
		assert_int_equal(diagnosis.has_address, cases[i].error == -EFAULT);
		if (diagnosis.has_address) {
			assert_int_equal(diagnosis.address, 0xdead000);
			assert_non_null(strstr(text, "0xdead000"));
		}
		gsp_device_destroy(device);
	}
}

static void *fault_at_the_third_look(void *arg)
{
	unsigned before = *(unsigned *)arg;

	while (fake_calls_of("get_device_state") < before + 3)
		sched_yield();
	fake_page_fault(0, 0xdead000);
	return NULL;
}

static void a_fence_may_tell_of_a_loss_before_the_state_does(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;
	struct gsp_diagnosis diagnosis;
	pthread_t host;
	unsigned asked;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	gsp_device_fence_lost(device);
	asked = fake_calls_of("get_device_state");
	assert_int_equal(pthread_create(&host, NULL, fault_at_the_third_look, &asked), 0);
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -EFAULT);
	pthread_join(host, NULL);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_PAGE_FAULT);
	assert_int_equal(diagnosis.address, 0xdead000);
	end(device);
}

static void a_loss_that_is_never_explained_is_unknown(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;
	struct gsp_diagnosis diagnosis;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	gsp_device_fence_lost(device);
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_UNKNOWN);
	end(device);
}

static void a_host_that_does_not_answer_is_no_loss(void **state)
{
	struct gsp_device *device = make_device(&promising);
	const struct gsp_handles *handles;
	struct gsp_diagnosis diagnosis;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	fake_fail_call(1, -EINVAL);
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -EINVAL);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_NONE);
	assert_false(gsp_device_is_lost(device));
	end(device);
}

static void a_fence_tells_how_far_it_is(void **state)
{
	uint64_t value = 7, now;

	(void)state;
	assert_int_equal(gsp_fence_current(&value, &now), 0);
	assert_int_equal(now, 7);
	value = UINT64_MAX;
	assert_int_equal(gsp_fence_current(&value, &now), -ENODEV);
	assert_int_equal(now, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(caps_are_what_the_adapter_tells, setup),
		cmocka_unit_test_setup(what_was_not_told_is_not_promised, setup),
		cmocka_unit_test_setup(an_alignment_that_is_none_is_not_believed, setup),
		cmocka_unit_test_setup(flags_follow_from_rung_and_caps, setup),
		cmocka_unit_test_setup(what_cannot_be_is_not_asked_of_the_host, setup),
		cmocka_unit_test_setup(the_second_form_is_tried_once_and_kept, setup),
		cmocka_unit_test_setup(threads_that_come_together_try_a_form_once, setup),
		cmocka_unit_test_setup(a_settled_form_stays_when_a_context_is_refused, setup),
		cmocka_unit_test_setup(forms_that_were_refused_are_not_tried_again, setup),
		cmocka_unit_test_setup(an_error_that_is_no_refusal_says_nothing_about_forms, setup),
		cmocka_unit_test_setup(the_refusals_of_a_lost_device_are_its_loss, setup),
		cmocka_unit_test_setup(hardware_queues_once_refused_are_not_used, setup),
		cmocka_unit_test_setup(a_context_of_a_removed_adapter_is_gone, setup),
		cmocka_unit_test_setup(opening_says_which_of_the_two_failed, setup),
		cmocka_unit_test_setup(a_loss_is_called_by_its_name, setup),
		cmocka_unit_test_setup(a_fence_may_tell_of_a_loss_before_the_state_does, setup),
		cmocka_unit_test_setup(a_loss_that_is_never_explained_is_unknown, setup),
		cmocka_unit_test_setup(a_host_that_does_not_answer_is_no_loss, setup),
		cmocka_unit_test_setup(a_fence_tells_how_far_it_is, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
