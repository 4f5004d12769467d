// SPDX-License-Identifier: MIT
/* Faults of the host as a program meets them: what its call returns, and what has happened on the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"

struct machine {
	int fd;
	d3dkmt_handle adapter, device, fence;
	_Atomic uint64_t *value; /* of the fence, as the host writes it */
};

static int create_device(struct machine *m)
{
	struct d3dkmt_createdevice args = {.adapter = m->adapter};

	if (ioctl(m->fd, LX_DXCREATEDEVICE, &args))
		return -errno;
	m->device = args.device;
	return 0;
}

static void create_fence(struct machine *m)
{
	struct d3dkmt_createsynchronizationobject2 args = {
		.device = m->device,
		.info = {.type = D3DDDI_MONITORED_FENCE},
	};

	assert_int_equal(ioctl(m->fd, LX_DXCREATESYNCHRONIZATIONOBJECT, &args), 0);
	m->fence = args.sync_object;
	m->value = (_Atomic uint64_t *)(uintptr_t)args.info.monitored_fence.fence_cpu_virtual_address;
	assert_int_equal(*m->value, 0);
}

static int signal_fence(const struct machine *m, uint64_t value)
{
	struct d3dkmt_signalsynchronizationobjectfromcpu args = {
		.device = m->device,
		.object_count = 1,
		.objects = (uintptr_t)&m->fence,
		.fence_values = (uintptr_t)&value,
	};

	return ioctl(m->fd, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, &args) ? -errno : 0;
}

static void start(struct machine *m, const char *adapter)
{
	struct d3dkmt_adapterinfo info = {0};
	struct d3dkmt_enumadapters3 args = {.adapter_count = 1, .adapters = (uintptr_t)&info};

	setenv("DXGSIM_ADAPTERS", adapter, 1);
	setenv("DXGSIM_REPORT", "/dev/null", 1); /* what is left open here is no news */
	dxgsim_reset();
	*m = (struct machine){.fd = open("/dev/dxg", O_RDWR | O_CLOEXEC)};
	assert_true(m->fd >= 0);
	assert_int_equal(ioctl(m->fd, LX_DXENUMADAPTERS3, &args), 0);
	m->adapter = info.adapter_handle;
}

static void start_with_fence(struct machine *m, const char *adapter)
{
	start(m, adapter);
	assert_int_equal(create_device(m), 0);
	create_fence(m);
}

static void strike(const char *spec)
{
	dxgsim_clear_faults();
	assert_int_equal(dxgsim_fault(spec), 0);
}

static void assert_struck(const char *name, bool applied)
{
	assert_non_null(dxgsim_fault_hit());
	assert_string_equal(dxgsim_fault_hit(), name);
	assert_int_equal(dxgsim_fault_applied(), applied);
}

#define SIGNAL "SIGNALSYNCHRONIZATIONOBJECTFROMCPU"

static void lost_asynchronous_calls_return_0_and_nothing_happens(void **state)
{
	static const char *const specs[] = {"ioctl=" SIGNAL ":drop", "ioctl=" SIGNAL ":refuse"};
	struct machine m;

	(void)state;
	start_with_fence(&m, "rx6800");
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		uint64_t messages;

		strike(specs[i]);
		messages = dxgsim_message_count();
		assert_int_equal(signal_fence(&m, 7 + i), 0);
		assert_struck(SIGNAL, true);
		assert_int_equal(dxgsim_message_count(), messages + 1);
		assert_int_equal(*m.value, i ? 17 : 0);
		assert_int_equal(signal_fence(&m, 17 + i), 0);
		assert_int_equal(*m.value, 17 + i);
	}
	close(m.fd);
}

static void what_waits_for_its_reply_is_not_lost(void **state)
{
	struct machine m;

	(void)state;
	start_with_fence(&m, "rx6800,async=off");
	strike("ioctl=ANY:count=0:drop");
	assert_int_equal(signal_fence(&m, 7), 0);
	assert_struck(SIGNAL, false);
	assert_int_equal(*m.value, 7);
	assert_int_equal(create_device(&m), 0);
	assert_int_not_equal(m.device, 0);
	assert_struck("CREATEDEVICE", false);
	strike("ioctl=" SIGNAL ":refuse=0xC0000017");
	assert_int_equal(signal_fence(&m, 8), -ENOMEM);
	assert_struck(SIGNAL, true);
	assert_int_equal(*m.value, 7);
	close(m.fd);
}

static void a_refusal_without_status_is_a_reply_of_zeros(void **state)
{
	struct machine m;
	int ret;

	(void)state;
	start(&m, "rx6800");
	strike("ioctl=CREATEDEVICE:refuse");
	ret = create_device(&m);
	assert_struck("CREATEDEVICE", true);
	assert_int_equal(m.device, 0);
	strike("ioctl=CREATEDEVICE:zero");
	assert_int_equal(create_device(&m), ret);
	assert_struck("CREATEDEVICE", true);
	assert_int_equal(m.device, 0);
	/* which has no room for this one */
	strike("ioctl=CREATEDEVICE:status=0xC000000D");
	assert_int_equal(create_device(&m), 0);
	assert_struck("CREATEDEVICE", false);
	assert_int_not_equal(m.device, 0);
	close(m.fd);
}

static void calls_that_never_reach_the_host_are_only_failed_by_errno(void **state)
{
	struct machine m;
	struct d3dkmt_closeadapter args;

	(void)state;
	start(&m, "rx6800");
	args.adapter_handle = m.adapter;
	strike("ioctl=CLOSEADAPTER:errno=EIO");
	assert_int_equal(ioctl(m.fd, LX_DXCLOSEADAPTER, &args), -1);
	assert_int_equal(errno, EIO);
	assert_struck("CLOSEADAPTER", true);
	strike("ioctl=CLOSEADAPTER:refuse");
	assert_int_equal(ioctl(m.fd, LX_DXCLOSEADAPTER, &args), 0);
	assert_struck("CLOSEADAPTER", false);
	close(m.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_asynchronous_calls_return_0_and_nothing_happens),
		cmocka_unit_test(what_waits_for_its_reply_is_not_lost),
		cmocka_unit_test(a_refusal_without_status_is_a_reply_of_zeros),
		cmocka_unit_test(calls_that_never_reach_the_host_are_only_failed_by_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
