// SPDX-License-Identifier: MIT
/*
 * What befalls the simulated host as specs and commands tell it: before a call, at a time, at once; and what a program's
 * calls return from then on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"

#define STEP_NS 1000000
#define STEPS	10000 /* 10 s, and nothing takes as long */

struct machine {
	int fd;
	d3dkmt_handle adapter, device;
};

static void open_machine(struct machine *m)
{
	struct d3dkmt_adapterinfo info = {.adapter_handle = 0};
	struct d3dkmt_enumadapters3 args = {.adapter_count = 1, .adapters = (uintptr_t)&info};

	*m = (struct machine){.fd = open("/dev/dxg", O_RDWR | O_CLOEXEC)};
	assert_true(m->fd >= 0);
	assert_int_equal(ioctl(m->fd, LX_DXENUMADAPTERS3, &args), 0);
	m->adapter = info.adapter_handle;
}

static int create_device(struct machine *m)
{
	struct d3dkmt_createdevice args = {.adapter = m->adapter};

	if (ioctl(m->fd, LX_DXCREATEDEVICE, &args))
		return -errno;
	m->device = args.device;
	return 0;
}

static int execution_state(const struct machine *m)
{
	struct d3dkmt_getdevicestate args = {.device = m->device, .state_type = D3DKMT_DEVICESTATE_EXECUTION};

	return ioctl(m->fd, LX_DXGETDEVICESTATE, &args) ? -errno : (int)args.execution_state;
}

static uint32_t adapters(const struct machine *m)
{
	struct d3dkmt_enumadapters2 args = {.adapters = 0};

	assert_int_equal(ioctl(m->fd, LX_DXENUMADAPTERS2, &args), 0);
	return args.num_adapters;
}

static int setup(void **state)
{
	static struct machine machine;

	setenv("DXGSIM_ADAPTERS", "rx6800", 1);
	setenv("DXGSIM_REPORT", "/dev/null", 1); /* what is left open here is no news */
	unsetenv("DXGSIM_FAULTS");
	dxgsim_reset();
	*state = &machine;
	machine.fd = -1;
	return 0;
}

static int teardown(void **state)
{
	struct machine *m = *state;

	if (m->fd >= 0)
		close(m->fd);
	return 0;
}

/* Until the device is in that state, which somebody else's thread has it in. */
static bool becomes(const struct machine *m, int wanted)
{
	const struct timespec step = {0, STEP_NS};

	for (int i = 0; i < STEPS && execution_state(m) != wanted; i++)
		nanosleep(&step, NULL);
	return execution_state(m) == wanted;
}

static void it_comes_just_before_the_call(void **state)
{
	struct machine *m = *state;

	open_machine(m);
	assert_int_equal(dxgsim_fault("remove:adapter=0:ioctl=CREATEDEVICE:nth=2"), 0);
	assert_int_equal(create_device(m), 0);
	assert_null(dxgsim_fault_hit());
	assert_int_equal(adapters(m), 1);
	assert_int_equal(create_device(m), -ENODEV);
	assert_string_equal(dxgsim_fault_hit(), "CREATEDEVICE");
	assert_true(dxgsim_fault_applied());
	assert_int_equal(adapters(m), 0);
	assert_int_equal(execution_state(m), -ENODEV);
}

static void any_call_will_do_and_faults_go_on(void **state)
{
	struct machine *m = *state;

	assert_int_equal(dxgsim_fault("reset:ioctl=ANY:nth=3"), 0);
	assert_int_equal(dxgsim_fault("ioctl=GETDEVICESTATE:errno=EIO"), 0);
	open_machine(m);
	assert_int_equal(create_device(m), 0);
	assert_int_equal(execution_state(m), -EIO);
	assert_int_equal(execution_state(m), D3DKMT_DEVICEEXECUTION_RESET);
}

static void it_comes_with_the_first_open(void **state)
{
	struct machine *m = *state;
	struct machine again;

	setenv("DXGSIM_FAULTS", "remove", 1);
	dxgsim_reset();
	open_machine(m);
	assert_int_equal(adapters(m), 0);
	assert_int_equal(dxgsim_control("plug"), 0);
	assert_int_equal(adapters(m), 1);
	close(m->fd);
	open_machine(m);
	assert_int_equal(adapters(m), 1);
	open_machine(&again);
	assert_int_equal(adapters(&again), 1);
	close(again.fd);
}

static void it_comes_at_a_time(void **state)
{
	struct machine *m = *state;

	/* the later one is told first; both wait on one thread */
	assert_int_equal(dxgsim_fault("remove:after-ms=60"), 0);
	assert_int_equal(dxgsim_fault("reset:after-ms=30"), 0);
	open_machine(m);
	assert_int_equal(create_device(m), 0);
	assert_true(becomes(m, -ENODEV));
	assert_int_equal(dxgsim_control("plug"), 0);
	/* from now on */
	close(m->fd);
	open_machine(m);
	assert_int_equal(create_device(m), 0);
	assert_int_equal(dxgsim_fault("reset:after-ms=1"), 0);
	assert_true(becomes(m, D3DKMT_DEVICEEXECUTION_RESET));
	assert_int_equal(create_device(m), 0);
	assert_int_equal(dxgsim_fault("reset:after-ms=0"), 0);
	assert_int_equal(execution_state(m), D3DKMT_DEVICEEXECUTION_RESET);
	/* what has not come yet may be called off */
	assert_int_equal(create_device(m), 0);
	assert_int_equal(dxgsim_fault("remove:after-ms=600000"), 0);
	dxgsim_clear_faults();
	assert_int_equal(execution_state(m), D3DKMT_DEVICEEXECUTION_ACTIVE);
}

static void a_forked_child_has_its_own(void **state)
{
#if defined(__SANITIZE_THREAD__)
	skip(); /* the child of a process with threads may have none */
#endif
	struct machine *m = *state;
	int status;
	pid_t pid;

	assert_int_equal(dxgsim_fault("reset:after-ms=10"), 0);
	open_machine(m);
	assert_int_equal(create_device(m), 0);
	assert_true(becomes(m, D3DKMT_DEVICEEXECUTION_RESET));
	assert_int_equal(create_device(m), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct machine mine;

		open_machine(&mine);
		_exit(create_device(&mine) || !becomes(&mine, D3DKMT_DEVICEEXECUTION_RESET));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* which befell the host of both */
	assert_true(becomes(m, D3DKMT_DEVICEEXECUTION_RESET));
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const specs[] = {
		"reset:nth=2",
		"reset:ioctl=NONE",
		"reset:ioctl=CREATEDEVICE:after-ms=3",
		"reset:ioctl=CREATEDEVICE:nth=0",
		"reset:after-ms=soon",
		"reset:after-ms",
		"remove:errno=EIO",
		"power=sun",
		"after-ms=3",
		"ioctl=CREATEDEVICE:after-ms=3:errno=EIO",
		"reset:nth=1:nth=1:nth=1:nth=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		if (dxgsim_fault(specs[i]) != -EINVAL)
			fail_msg("%s", specs[i]);
	assert_int_equal(dxgsim_control(""), -EINVAL);
	assert_int_equal(dxgsim_control("ioctl=CREATEDEVICE:errno=EIO"), -EINVAL);
	assert_int_equal(dxgsim_control("reset:after-ms=3"), -EINVAL);
	assert_int_equal(dxgsim_control("remove:adapter=1"), -EINVAL);
	assert_int_equal(dxgsim_control("plug:adapter=0"), -EINVAL);
	assert_int_equal(dxgsim_control("remove:adapter=0"), 0);
	assert_int_equal(dxgsim_control("remove:adapter=0"), -EINVAL);
	assert_int_equal(dxgsim_control("reset:adapter=0"), -EINVAL);
}

static void a_dead_channel_answers_short_or_not_at_all(void **state)
{
	struct machine *m = *state;
	struct d3dkmt_createsynchronizationobject2 fence = {.info = {.type = D3DDDI_MONITORED_FENCE}};
	uint64_t value = 1;
	struct d3dkmt_signalsynchronizationobjectfromcpu signal = {.object_count = 1,
								   .objects = (uintptr_t)&fence.sync_object,
								   .fence_values = (uintptr_t)&value};
	struct d3dkmt_queryvideomemoryinfo memory = {.process = 0};
	struct d3dddi_reservegpuvirtualaddress range = {.size = 1 << 20};
	struct d3dkmt_freegpuvirtualaddress gone = {.size = 1 << 20};
	struct d3dkmt_closeadapter close_adapter;

	open_machine(m);
	assert_int_equal(create_device(m), 0);
	fence.device = signal.device = m->device;
	memory.adapter = m->adapter;
	assert_int_equal(ioctl(m->fd, LX_DXCREATESYNCHRONIZATIONOBJECT, &fence), 0);
	range.adapter = gone.adapter = close_adapter.adapter_handle = m->adapter;
	assert_int_equal(ioctl(m->fd, LX_DXRESERVEGPUVIRTUALADDRESS, &range), 0);
	gone.base_address = range.virtual_address;
	assert_int_equal(execution_state(m), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(dxgsim_control("dead-channel"), 0);
	assert_int_equal(ioctl(m->fd, LX_DXQUERYVIDEOMEMORYINFO, &memory), -1);
	assert_int_equal(errno, EOVERFLOW);
	assert_int_equal(ioctl(m->fd, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, &signal), -1);
	assert_int_equal(errno, EAGAIN);
	/* asked of nobody */
	assert_int_equal(execution_state(m), D3DKMT_DEVICEEXECUTION_ACTIVE);
	/* given back as far as a program can */
	assert_int_equal(ioctl(m->fd, LX_DXFREEGPUVIRTUALADDRESS, &gone), -1);
	assert_int_equal(errno, EOVERFLOW);
	assert_int_equal(dxgsim_control("live-channel"), 0);
	assert_int_equal(ioctl(m->fd, LX_DXQUERYVIDEOMEMORYINFO, &memory), 0);
	assert_int_equal(ioctl(m->fd, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, &signal), 0);
	assert_int_equal(ioctl(m->fd, LX_DXCLOSEADAPTER, &close_adapter), 0);
	close(m->fd);
	m->fd = -1;
	assert_int_equal(dxgsim_leak_count(), 0);
}

static void what_is_gone_with_its_adapter_is_no_leak(void **state)
{
	struct machine *m = *state;
	struct d3dkmt_createdevice kept = {.adapter = 0};
	struct d3dddi_reservegpuvirtualaddress range = {.size = 1 << 20};
	struct d3dkmt_destroydevice destroy;
	struct d3dkmt_closeadapter close_adapter;

	open_machine(m);
	assert_int_equal(create_device(m), 0);
	range.adapter = close_adapter.adapter_handle = kept.adapter = m->adapter;
	assert_int_equal(ioctl(m->fd, LX_DXRESERVEGPUVIRTUALADDRESS, &range), 0);
	assert_int_equal(ioctl(m->fd, LX_DXCREATEDEVICE, &kept), 0);
	assert_int_equal(dxgsim_control("remove"), 0);
	destroy.device = m->device;
	assert_int_equal(ioctl(m->fd, LX_DXDESTROYDEVICE, &destroy), 0);
	close(m->fd);
	/* the adapter's handle and the other device */
	assert_int_equal(dxgsim_leak_count(), 2);
	assert_int_equal(dxgsim_misuse_count(), 0);
	dxgsim_reset();
	open_machine(m);
	assert_int_equal(create_device(m), 0);
	range.adapter = close_adapter.adapter_handle = m->adapter;
	assert_int_equal(ioctl(m->fd, LX_DXRESERVEGPUVIRTUALADDRESS, &range), 0);
	assert_int_equal(dxgsim_control("remove"), 0);
	assert_int_equal(ioctl(m->fd, LX_DXCLOSEADAPTER, &close_adapter), 0);
	close(m->fd);
	m->fd = -1;
	assert_int_equal(dxgsim_leak_count(), 0);
}

static void the_gpu_comes_back_under_another_name(void **state)
{
	struct machine *m = *state, again;
	struct d3dkmt_adapterinfo before = {.adapter_handle = 0}, after = {.adapter_handle = 0};
	struct d3dkmt_enumadapters3 args = {.adapter_count = 1, .adapters = (uintptr_t)&before};

	open_machine(m);
	assert_int_equal(create_device(m), 0);
	assert_int_equal(ioctl(m->fd, LX_DXENUMADAPTERS3, &args), 0);
	assert_int_equal(dxgsim_control("driver-restart:version=32.0.21025.1024"), 0);
	assert_int_equal(execution_state(m), -ENODEV);
	args = (struct d3dkmt_enumadapters3){.adapter_count = 1, .adapters = (uintptr_t)&after};
	assert_int_equal(ioctl(m->fd, LX_DXENUMADAPTERS3, &args), 0);
	assert_int_equal(args.adapter_count, 1);
	assert_memory_not_equal(&before.adapter_luid, &after.adapter_luid, sizeof(after.adapter_luid));
	again = *m;
	again.adapter = after.adapter_handle;
	assert_int_equal(create_device(&again), 0);
	assert_int_equal(execution_state(&again), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(create_device(m), -ENODEV);
}

#define WORKERS 3
#define TURNS	60

struct worker {
	pthread_t thread;
	struct machine machine;
	atomic_bool *stop;
	uint64_t devices; /* that could be made */
};

/* Whatever there is now: a device, a fence whose page is mapped, and all of it back. */
static void use_adapters(struct worker *worker)
{
	struct d3dkmt_adapterinfo infos[2] = {{.adapter_handle = 0}};
	struct d3dkmt_enumadapters3 all = {.adapter_count = 2, .adapters = (uintptr_t)infos};
	struct machine *m = &worker->machine;

	if (ioctl(m->fd, LX_DXENUMADAPTERS3, &all))
		return;
	for (uint32_t i = 0; i < all.adapter_count && i < 2; i++) {
		struct d3dkmt_createsynchronizationobject2 fence = {.info = {.type = D3DDDI_MONITORED_FENCE}};
		struct d3dkmt_closeadapter gone = {.adapter_handle = infos[i].adapter_handle};

		m->adapter = infos[i].adapter_handle;
		m->device = 0;
		if (!create_device(m) && m->device) {
			struct d3dkmt_destroydevice destroy = {.device = m->device};

			worker->devices++;
			fence.device = m->device;
			if (!ioctl(m->fd, LX_DXCREATESYNCHRONIZATIONOBJECT, &fence))
				execution_state(m);
			ioctl(m->fd, LX_DXDESTROYDEVICE, &destroy);
		}
		ioctl(m->fd, LX_DXCLOSEADAPTER, &gone);
	}
}

static void *use_until_told(void *arg)
{
	struct worker *worker = arg;

	while (!atomic_load(worker->stop))
		use_adapters(worker);
	return NULL;
}

static void threads_live_with_an_adapter_that_comes_and_goes(void **state)
{
	static const struct timespec step = {0, STEP_NS};
	struct worker workers[WORKERS];
	struct machine *m = *state;
	struct d3dkmt_closeadapter adapter;
	atomic_bool stop = false;

	open_machine(m);
	adapter.adapter_handle = m->adapter;
	assert_int_equal(ioctl(m->fd, LX_DXCLOSEADAPTER, &adapter), 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.machine = *m, .stop = &stop};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, use_until_told, &workers[i]), 0);
	}
	for (int i = 0; i < TURNS; i++) {
		assert_int_equal(dxgsim_control("remove"), 0);
		sched_yield();
		assert_int_equal(dxgsim_control("plug"), 0);
		nanosleep(&step, NULL);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_true(workers[i].devices > 0);
	}
	close(m->fd);
	m->fd = -1;
	assert_int_equal(dxgsim_leak_count(), 0);
	assert_int_equal(dxgsim_misuse_count(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_comes_just_before_the_call),
		TEST(any_call_will_do_and_faults_go_on),
		TEST(it_comes_with_the_first_open),
		TEST(it_comes_at_a_time),
		TEST(a_forked_child_has_its_own),
		TEST(what_makes_no_sense_is_refused),
		TEST(a_dead_channel_answers_short_or_not_at_all),
		TEST(what_is_gone_with_its_adapter_is_no_leak),
		TEST(the_gpu_comes_back_under_another_name),
		TEST(threads_live_with_an_adapter_that_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
