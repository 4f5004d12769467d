// SPDX-License-Identifier: MIT
/*
 * The core of dxgsim's guest driver against a host that grants everything: what the measured rows cannot show, which
 * is threads, signals, forks, retries and what is left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "dxgsim/driver/driver.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/user.h"

#define IO_BASE	 0x100000000ULL
#define IO_PAGES 4096u

/* ---- a host that grants everything ---- */

struct host {
	struct host_config config;
	const struct host_upcalls *upcalls;
	atomic_uint next_handle;
	atomic_uint next_page;
	atomic_uint counts[HOST_MESSAGE_COUNT];
	atomic_uint ring_full; /* messages to refuse */
	atomic_bool hold_waits;
	atomic_ulong held_event;
	atomic_bool forked;
};

static d3dkmt_handle fresh_handle(struct host *host)
{
	return 0x40080000u + (atomic_fetch_add(&host->next_handle, 1) << 6);
}

static uint64_t fresh_page(struct host *host)
{
	return IO_BASE + atomic_fetch_add(&host->next_page, 1) % (IO_PAGES - 1) * HOST_PAGE_SIZE;
}

static const struct host_config *host_config(void *arg)
{
	return &((struct host *)arg)->config;
}

static int host_attach(void *arg, const struct host_upcalls *upcalls)
{
	((struct host *)arg)->upcalls = upcalls;
	return 0;
}

static void host_detach(void *arg)
{
	((struct host *)arg)->upcalls = NULL;
}

static void host_forked(void *arg)
{
	atomic_store(&((struct host *)arg)->forked, true);
}

static int host_send(void *arg, struct host_message *m)
{
	struct host *host = arg;
	unsigned int full = atomic_load(&host->ring_full);

	if (full) {
		atomic_store(&host->ring_full, full - 1);
		return -EAGAIN;
	}
	atomic_fetch_add(&host->counts[m->type], 1);
	switch (m->type) {
	case HOST_CREATEPROCESS:
		m->reply.create_process->process = fresh_handle(host);
		break;
	case HOST_CREATEDEVICE:
		m->reply.create_device->device = fresh_handle(host);
		break;
	case HOST_CREATECONTEXTVIRTUAL:
		m->reply.create_context->context = fresh_handle(host);
		break;
	case HOST_CREATEHWQUEUE:
		m->reply.create_hwqueue->hwqueue = fresh_handle(host);
		m->reply.create_hwqueue->progress_fence = fresh_handle(host);
		m->reply.create_hwqueue->fence_page = fresh_page(host);
		break;
	case HOST_CREATEPAGINGQUEUE:
		m->reply.create_paging_queue->paging_queue = fresh_handle(host);
		m->reply.create_paging_queue->sync_object = fresh_handle(host);
		m->reply.create_paging_queue->fence_page = fresh_page(host);
		break;
	case HOST_CREATESYNCOBJECT:
		m->reply.create_sync_object->sync_object = fresh_handle(host);
		m->reply.create_sync_object->fence_page = fresh_page(host);
		break;
	case HOST_WAITFORSYNCOBJECTFROMCPU:
		if (atomic_load(&host->hold_waits))
			atomic_store(&host->held_event, m->request.wait_from_cpu->guest_event);
		else
			host->upcalls->signal_event(m->request.wait_from_cpu->guest_event);
		break;
	default:
		break;
	}
	return 0;
}

static const struct host_ops host_ops = {
	.config = host_config,
	.attach = host_attach,
	.send = host_send,
	.detach = host_detach,
	.forked = host_forked,
};

#define MISUSE_STATUS 70

static void crashed(void *seam, const char *text)
{
	(void)seam, (void)text;
	_exit(MISUSE_STATUS);
}

static const struct driver_seam seam = {.crashed = crashed};

/* ---- one open driver per test ---- */

struct fixture {
	struct host host;
	struct driver_file *file;
	int fd;
	d3dkmt_handle adapter;
	d3dkmt_handle device;
};

static int call(const struct fixture *f, unsigned long cmd, void *arg)
{
	return driver_ioctl(f->file, cmd, (uint64_t)(uintptr_t)arg);
}

static d3dkmt_handle open_adapter(const struct fixture *f)
{
	struct d3dkmt_openadapterfromluid args = {.adapter_luid = {1, 2}};

	assert_int_equal(call(f, LX_DXOPENADAPTERFROMLUID, &args), 0);
	return args.adapter_handle;
}

static d3dkmt_handle create_device(const struct fixture *f)
{
	struct d3dkmt_createdevice args = {.adapter = f->adapter};

	assert_int_equal(call(f, LX_DXCREATEDEVICE, &args), 0);
	assert_int_not_equal(args.device, 0);
	return args.device;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->host.config = (struct host_config){
		.interface_version = 40,
		.vgpu_count = 1,
		.vgpus = {{.guest_luid = {1, 2}, .host_luid = {3, 4}, .host_adapter = 5}},
		.io_fd = memfd_create("io", MFD_CLOEXEC),
		.io_base = IO_BASE,
		.io_size = (uint64_t)IO_PAGES * HOST_PAGE_SIZE,
	};
	assert_true(f->host.config.io_fd >= 0);
	assert_int_equal(ftruncate(f->host.config.io_fd, (off_t)f->host.config.io_size), 0);
	assert_int_equal(driver_init(&host_ops, &f->host, &seam, NULL), 0);
	assert_int_equal(driver_open(0, &f->fd, &f->file), 0);
	f->adapter = open_adapter(f);
	f->device = create_device(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->file) {
		close(f->fd);
		driver_release(f->file);
	}
	driver_exit();
	close(f->host.config.io_fd);
	free(f);
	return 0;
}

static unsigned int sent(const struct fixture *f, enum host_message_type type)
{
	return atomic_load(&f->host.counts[type]);
}

/* ---- handle tables ---- */

static void freed_handle_returns_last_with_other_unique_bits(void **state)
{
	struct handle_table table;
	d3dkmt_handle first, handle = 0;
	int object, reuse = 0;

	(void)state;
	handle_table_init(&table);
	assert_int_equal(handle_alloc(&table, HANDLE_ADAPTER, &object, &first), 0);
	assert_int_equal(first, 0x40000000u);
	handle_free(&table, HANDLE_ADAPTER, first);
	for (; reuse < 5000 && (handle & D3DKMTHANDLE_INDEX) == 0; reuse++) {
		assert_int_equal(handle_alloc(&table, HANDLE_ADAPTER, &object, &handle), 0);
		if ((handle & D3DKMTHANDLE_INDEX) == 0)
			break;
		handle_free(&table, HANDLE_ADAPTER, handle);
		handle = 0;
	}
	assert_int_equal(reuse, 1023);
	assert_int_equal(handle, 0x80000000u);
	assert_null(handle_lookup(&table, HANDLE_ADAPTER, first));
	assert_ptr_equal(handle_lookup(&table, HANDLE_ADAPTER, handle | 0x3f), &object);
	handle_table_destroy(&table);
}

static void host_handles_collide_and_are_bounded(void **state)
{
	struct handle_table table;
	int object;

	(void)state;
	handle_table_init(&table);
	assert_int_equal(handle_assign(&table, HANDLE_DEVICE, &object, 0x40080000u), 0);
	assert_int_equal(handle_assign(&table, HANDLE_CONTEXT, &object, 0x80080000u), -EINVAL);
	assert_int_equal(handle_assign(&table, HANDLE_DEVICE, &object, 0x7fffffc0u), -EINVAL);
	assert_null(handle_lookup(&table, HANDLE_CONTEXT, 0x40080000u));
	assert_true(handle_mark_destroyed(&table, 0x40080000u));
	assert_null(handle_lookup(&table, HANDLE_DEVICE, 0x40080000u));
	assert_true(handle_unmark_destroyed(&table, 0x40080000u));
	assert_ptr_equal(handle_lookup(&table, HANDLE_DEVICE, 0x40080000u), &object);
	handle_free(&table, HANDLE_CONTEXT, 0x40080000u);
	assert_ptr_equal(handle_lookup(&table, HANDLE_DEVICE, 0x40080000u), &object);
	handle_table_destroy(&table);
}

/* ---- user memory ---- */

static void bad_user_memory_is_a_fault_not_a_crash(void **state)
{
	const size_t page = HOST_PAGE_SIZE;
	char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t address = (uint64_t)(uintptr_t)pages;
	static char buffer[2 * HOST_PAGE_SIZE];

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	munmap(pages + 2 * page, page);
	memset(buffer, 1, sizeof(buffer));
	assert_int_equal(copy_to_user(address, buffer, 2 * page), 0);
	assert_int_equal(copy_to_user_left(address + 2 * page - 10, buffer, 16), 6);
	assert_int_equal(copy_to_user_left(address + 10, buffer, 2 * page), 10);
	assert_int_equal(copy_from_user(buffer, address + page + 1, page), -EFAULT);
	assert_int_equal(copy_from_user(buffer, 0, 1), -EFAULT);
	assert_int_equal(copy_from_user(buffer, 0, 0), 0);
	assert_int_equal(pin_user_pages(address, 3, true), 2);
	mprotect(pages + page, page, PROT_READ);
	assert_int_equal(copy_to_user_left(address + page - 4, buffer, 8), 4);
	assert_int_equal(pin_user_pages(address, 2, true), 1);
	assert_int_equal(pin_user_pages(address, 2, false), 2);
	munmap(pages, 2 * page);
}

/* ---- retries ---- */

static void full_ring_is_tried_50_times(void **state)
{
	struct fixture *f = *state;
	uint32_t data = 0;
	struct d3dkmt_queryadapterinfo args = {
		.adapter = f->adapter,
		.type = 1,
		.private_data = (uint64_t)(uintptr_t)&data,
		.private_data_size = sizeof(data),
	};

	atomic_store(&f->host.ring_full, 49);
	assert_int_equal(call(f, LX_DXQUERYADAPTERINFO, &args), 0);
	atomic_store(&f->host.ring_full, 60);
	assert_int_equal(call(f, LX_DXQUERYADAPTERINFO, &args), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(atomic_load(&f->host.ring_full), 10);
	atomic_store(&f->host.ring_full, 0);
}

/* ---- CPU waits ---- */

struct waiter {
	const struct fixture *f;
	pthread_t thread;
	int ret;
	int error;
};

static void *wait_thread(void *arg)
{
	struct waiter *waiter = arg;
	d3dkmt_handle object = 0x40080000;
	uint64_t value = 1;
	struct d3dkmt_waitforsynchronizationobjectfromcpu args = {
		.device = waiter->f->device,
		.object_count = 1,
		.objects = (uint64_t)(uintptr_t)&object,
		.fence_values = (uint64_t)(uintptr_t)&value,
	};

	waiter->ret = call(waiter->f, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, &args);
	waiter->error = errno;
	return NULL;
}

static uint64_t start_wait(struct fixture *f, struct waiter *waiter)
{
	uint64_t event;

	atomic_store(&f->host.hold_waits, true);
	atomic_store(&f->host.held_event, 0);
	waiter->f = f;
	assert_int_equal(pthread_create(&waiter->thread, NULL, wait_thread, waiter), 0);
	while ((event = atomic_load(&f->host.held_event)) == 0)
		sched_yield();
	return event;
}

static void blocking_wait_ends_with_the_event_and_blocks_nobody(void **state)
{
	struct fixture *f = *state;
	struct waiter waiter;
	uint64_t event = start_wait(f, &waiter);
	d3dkmt_handle device = create_device(f);
	struct d3dkmt_destroydevice destroy = {.device = device};

	assert_int_equal(call(f, LX_DXDESTROYDEVICE, &destroy), 0);
	f->host.upcalls->signal_event(event);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.ret, 0);
	/* spent: a second raise finds nothing */
	f->host.upcalls->signal_event(event);
}

static atomic_uint handled;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void install(int flags)
{
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
	atomic_store(&handled, 0);
}

/* Signals the waiter until its handler has run n times. */
static void interrupt(const struct waiter *waiter, unsigned int n)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (atomic_load(&handled) < n) {
		pthread_kill(waiter->thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
}

static void signal_restarts_a_wait_only_with_sa_restart(void **state)
{
	struct fixture *f = *state;
	struct waiter waiter;
	uint64_t event;

	install(SA_RESTART);
	event = start_wait(f, &waiter);
	interrupt(&waiter, 5);
	f->host.upcalls->signal_event(event);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.ret, 0);

	install(0);
	event = start_wait(f, &waiter);
	/* one that arrives between registering and sleeping only runs the handler */
	for (unsigned int n = 1; pthread_tryjoin_np(waiter.thread, NULL); n++) {
		const struct timespec pause = {.tv_nsec = 1000000};

		pthread_kill(waiter.thread, SIGUSR1);
		nanosleep(&pause, NULL);
		assert_true(n < 10000);
	}
	assert_int_equal(waiter.ret, -1);
	assert_int_equal(waiter.error, EINTR);
	/* the host's wait is still there; satisfying it harms nobody */
	f->host.upcalls->signal_event(event);
}

static void eventfd_wait_counts_once_and_keeps_a_closed_descriptor(void **state)
{
	struct fixture *f = *state;
	d3dkmt_handle object = 0x40080000;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), copy = dup(fd);
	uint64_t value = 1, counted = 0;
	struct d3dkmt_waitforsynchronizationobjectfromcpu args = {
		.device = f->device,
		.object_count = 1,
		.objects = (uint64_t)(uintptr_t)&object,
		.fence_values = (uint64_t)(uintptr_t)&value,
		.async_event = (uint64_t)fd,
	};
	uint64_t event;

	atomic_store(&f->host.hold_waits, true);
	assert_int_equal(call(f, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, &args), 0);
	close(fd);
	event = atomic_load(&f->host.held_event);
	f->host.upcalls->signal_event(event);
	f->host.upcalls->signal_event(event);
	assert_int_equal(read(copy, &counted, sizeof(counted)), sizeof(counted));
	assert_int_equal(counted, 1);
	close(copy);
	args.async_event = (uint64_t)f->fd;
	assert_int_equal(call(f, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, &args), -1);
	assert_int_equal(errno, EINVAL);
}

/* ---- fork ---- */

static int child_of_fork(const struct fixture *f)
{
	struct d3dkmt_enumadapters2 args = {0};
	struct driver_file *file;
	int fd;

	driver_fork_child();
	if (!atomic_load(&f->host.forked))
		return 1;
	if (call(f, LX_DXENUMADAPTERS2, &args) != -1 || errno != ENOTTY)
		return 2;
	if (driver_file_from_fd(f->fd) != f->file)
		return 3;
	driver_release(f->file);
	if (sent(f, HOST_DESTROYPROCESS) || sent(f, HOST_CREATEPROCESS) != 1)
		return 4;
	if (driver_open(0, &fd, &file) || sent(f, HOST_CREATEPROCESS) != 2)
		return 5;
	if (driver_ioctl(file, LX_DXENUMADAPTERS2, (uint64_t)(uintptr_t)&args) || args.num_adapters != 1)
		return 6;
	close(fd);
	driver_release(file);
	return sent(f, HOST_DESTROYPROCESS) == 1 && sent(f, HOST_DESTROYDEVICE) == 0 ? 0 : 7;
}

static void fork_child_starts_empty_and_leaves_the_parent_alone(void **state)
{
	struct fixture *f = *state;
	struct d3dkmt_getdevicestate args = {.device = f->device, .state_type = 1};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child_of_fork(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(call(f, LX_DXGETDEVICESTATE, &args), 0);
	assert_int_equal(args.execution_state, D3DKMT_DEVICEEXECUTION_ACTIVE);
}

/* ---- teardown and report ---- */

static void count_object(void *arg, const struct driver_object *object)
{
	unsigned int *counts = arg;

	if (!strcmp(object->kind, "device"))
		counts[0]++;
	else if (!strcmp(object->kind, "paging queue"))
		counts[1]++;
	else if (!strcmp(object->kind, "sync object"))
		counts[2]++;
	else if (!strcmp(object->kind, "adapter"))
		counts[3] += (unsigned int)object->detail;
}

static void report_names_what_is_left_and_close_takes_it_away(void **state)
{
	struct fixture *f = *state;
	struct d3dkmt_createpagingqueue queue = {.device = f->device};
	struct d3dkmt_createsynchronizationobject2 fence = {.device = f->device,
							    .info.type = D3DDDI_MONITORED_FENCE};
	unsigned int counts[4] = {0};
	uint64_t va;

	assert_int_equal(call(f, LX_DXCREATEPAGINGQUEUE, &queue), 0);
	assert_int_equal(call(f, LX_DXCREATESYNCHRONIZATIONOBJECT, &fence), 0);
	va = fence.info.monitored_fence.fence_cpu_virtual_address;
	assert_true(driver_owns_range(va + 8, 1));
	assert_false(driver_owns_range(va + HOST_PAGE_SIZE, 0));
	open_adapter(f);
	driver_report(count_object, counts);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[1], 1);
	assert_int_equal(counts[2], 1);
	assert_int_equal(counts[3], 2);
	close(f->fd);
	driver_release(f->file);
	f->file = NULL;
	assert_int_equal(sent(f, HOST_FLUSHDEVICE), 1);
	assert_int_equal(sent(f, HOST_DESTROYDEVICE), 1);
	assert_int_equal(sent(f, HOST_DESTROYPROCESS), 1);
	assert_false(driver_owns_range(va, HOST_PAGE_SIZE));
	memset(counts, 0, sizeof(counts));
	driver_report(count_object, counts);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(counts[i], 0);
}

/* The exit status of a child that runs misuse() with a driver of its own. */
static int status_of_child(struct fixture *f, void (*misuse)(struct fixture *f))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		driver_fork_child();
		if (driver_open(0, &f->fd, &f->file))
			_exit(EXIT_FAILURE);
		f->adapter = open_adapter(f);
		f->device = create_device(f);
		misuse(f);
		_exit(EXIT_SUCCESS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void unmap_a_fence_page(struct fixture *f)
{
	struct d3dkmt_createsynchronizationobject2 fence = {.device = f->device,
							    .info.type = D3DDDI_MONITORED_FENCE};
	struct d3dkmt_destroysynchronizationobject destroy;

	if (call(f, LX_DXCREATESYNCHRONIZATIONOBJECT, &fence))
		return;
	munmap((void *)(uintptr_t)fence.info.monitored_fence.fence_cpu_virtual_address, HOST_PAGE_SIZE);
	destroy.sync_object = fence.sync_object;
	call(f, LX_DXDESTROYSYNCHRONIZATIONOBJECT, &destroy);
}

static void map_a_fence_page_locked(struct fixture *f)
{
	struct d3dkmt_createpagingqueue queue = {.device = f->device};

	/* the call itself: sanitizers make the function do nothing; where it is not allowed nothing can be seen */
	if (syscall(SYS_mlockall, MCL_FUTURE))
		_exit(MISUSE_STATUS);
	if (call(f, LX_DXCREATEPAGINGQUEUE, &queue) && errno == ENOMEM)
		_exit(MISUSE_STATUS);
}

static void what_crashes_the_guest_kernel_is_misuse(void **state)
{
	assert_int_equal(status_of_child(*state, unmap_a_fence_page), MISUSE_STATUS);
	assert_int_equal(status_of_child(*state, map_a_fence_page_locked), MISUSE_STATUS);
}

static void removed_adapter_refuses_all_but_giving_back(void **state)
{
	struct fixture *f = *state;
	struct d3dkmt_createcontextvirtual context = {.device = f->device};
	struct d3dkmt_createdevice device = {.adapter = f->adapter};
	struct d3dkmt_destroydevice destroy = {.device = f->device};
	struct d3dkmt_destroycontext destroy_context;
	struct d3dkmt_closeadapter adapter = {.adapter_handle = f->adapter};

	assert_int_equal(call(f, LX_DXCREATECONTEXTVIRTUAL, &context), 0);
	f->host.upcalls->vgpu_removed(0);
	assert_int_equal(call(f, LX_DXCREATECONTEXTVIRTUAL, &context), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(call(f, LX_DXCREATEDEVICE, &device), -1);
	assert_int_equal(errno, ENODEV);
	destroy_context.context = context.context;
	assert_int_equal(call(f, LX_DXDESTROYCONTEXT, &destroy_context), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(call(f, LX_DXDESTROYCONTEXT, &destroy_context), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(call(f, LX_DXDESTROYDEVICE, &destroy), 0);
	assert_int_equal(call(f, LX_DXCLOSEADAPTER, &adapter), 0);
	assert_int_equal(sent(f, HOST_DESTROYDEVICE), 0);
}

/* ---- threads ---- */

#define ROUNDS 200

static void *hammer(void *arg)
{
	const struct fixture *f = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct d3dkmt_openadapterfromluid adapter = {.adapter_luid = {1, 2}};
		struct d3dkmt_createdevice device = {0};
		struct d3dkmt_createcontextvirtual context = {0};
		struct d3dkmt_createhwqueue queue = {0};
		struct d3dkmt_createpagingqueue paging = {0};
		struct d3dkmt_createsynchronizationobject2 fence = {.info.type = D3DDDI_MONITORED_FENCE};
		struct d3dkmt_getdevicestate device_state = {.state_type = 1};
		struct d3dkmt_destroydevice destroy;
		struct d3dkmt_closeadapter close_adapter;

		call(f, LX_DXOPENADAPTERFROMLUID, &adapter);
		device.adapter = adapter.adapter_handle;
		call(f, LX_DXCREATEDEVICE, &device);
		/* half of the objects go to a device that all threads share */
		context.device = fence.device = paging.device = i & 1 ? f->device : device.device;
		call(f, LX_DXCREATECONTEXTVIRTUAL, &context);
		queue.context = context.context;
		call(f, LX_DXCREATEHWQUEUE, &queue);
		call(f, LX_DXCREATEPAGINGQUEUE, &paging);
		call(f, LX_DXCREATESYNCHRONIZATIONOBJECT, &fence);
		device_state.device = f->device;
		call(f, LX_DXGETDEVICESTATE, &device_state);
		f->host.upcalls->device_state_changed();
		if (i % 4 == 1) {
			struct d3dkmt_destroycontext gone = {.context = context.context};
			struct d3dddi_destroypagingqueue paging_gone = {.paging_queue = paging.paging_queue};
			struct d3dkmt_destroysynchronizationobject fence_gone = {fence.sync_object};

			call(f, LX_DXDESTROYCONTEXT, &gone);
			call(f, LX_DXDESTROYPAGINGQUEUE, &paging_gone);
			call(f, LX_DXDESTROYSYNCHRONIZATIONOBJECT, &fence_gone);
		}
		destroy.device = i == ROUNDS / 2 ? f->device : device.device;
		call(f, LX_DXDESTROYDEVICE, &destroy);
		close_adapter.adapter_handle = adapter.adapter_handle;
		call(f, LX_DXCLOSEADAPTER, &close_adapter);
	}
	return NULL;
}

static void threads_may_do_everything_at_once(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, f), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	close(f->fd);
	driver_release(f->file);
	f->file = NULL;
	assert_int_equal(sent(f, HOST_DESTROYDEVICE), sent(f, HOST_CREATEDEVICE));
	assert_false(driver_owns_range(0, UINT64_MAX));
}

static void file_closed_during_a_wait_is_released_after_it(void **state)
{
	struct fixture *f = *state;
	struct waiter waiter;
	uint64_t event = start_wait(f, &waiter);

	close(f->fd);
	driver_release(f->file);
	assert_int_equal(sent(f, HOST_DESTROYPROCESS), 0);
	f->host.upcalls->signal_event(event);
	pthread_join(waiter.thread, NULL);
	f->file = NULL;
	assert_int_equal(waiter.ret, 0);
	assert_int_equal(sent(f, HOST_DESTROYPROCESS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_handle_returns_last_with_other_unique_bits),
		cmocka_unit_test(host_handles_collide_and_are_bounded),
		cmocka_unit_test(bad_user_memory_is_a_fault_not_a_crash),
		cmocka_unit_test_setup_teardown(full_ring_is_tried_50_times, setup, teardown),
		cmocka_unit_test_setup_teardown(blocking_wait_ends_with_the_event_and_blocks_nobody, setup,
						teardown),
		cmocka_unit_test_setup_teardown(signal_restarts_a_wait_only_with_sa_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(eventfd_wait_counts_once_and_keeps_a_closed_descriptor, setup,
						teardown),
		cmocka_unit_test_setup_teardown(fork_child_starts_empty_and_leaves_the_parent_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(report_names_what_is_left_and_close_takes_it_away, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_crashes_the_guest_kernel_is_misuse, setup, teardown),
		cmocka_unit_test_setup_teardown(removed_adapter_refuses_all_but_giving_back, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_may_do_everything_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(file_closed_during_a_wait_is_released_after_it, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
