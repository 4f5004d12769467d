// SPDX-License-Identifier: MIT
/*
 * The simulated driver's memory and sharing halves beyond what single calls show: files of shared objects cross
 * processes and end with their last descriptor, and many threads may use all of it at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../conformance/scripted_host.h"
#include "dxgsim/driver/driver.h"
#include "util/compiler.h"

#define THREADS 4
#define ROUNDS	50

static struct scripted_host *host;
static struct driver_file *dxg;
static d3dkmt_handle adapter, device;

static int call(unsigned long cmd, void *arg)
{
	return driver_ioctl(dxg, cmd, (uintptr_t)arg);
}

static void start(void)
{
	struct d3dkmt_openadapterfromluid luid = {.adapter_luid = {0x44332211, 0x88776655}};
	struct d3dkmt_createdevice create = {0};
	int fd;

	assert_int_equal(driver_open(2, &fd, &dxg), 0);
	assert_int_equal(call(LX_DXOPENADAPTERFROMLUID, &luid), 0);
	create.adapter = adapter = luid.adapter_handle;
	assert_int_equal(call(LX_DXCREATEDEVICE, &create), 0);
	device = create.device;
}

static void count_object(void *arg, const struct driver_object *object)
{
	(void)object;
	++*(unsigned int *)arg;
}

static unsigned int objects(void)
{
	unsigned int count = 0;

	driver_report(count_object, &count);
	return count;
}

static int setup(void **state)
{
	const struct scripted_host_setup setup = {.interface_version = 40};

	(void)state;
	if (scripted_host_create(&setup, &host) || driver_init(scripted_host_ops(), host, NULL, NULL))
		return -1;
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	driver_exit();
	scripted_host_destroy(host);
	return 0;
}

static size_t sent(enum host_message_type type)
{
	const struct logged_message *log;
	size_t count = scripted_host_take_log(host, &log), found = 0;

	for (size_t i = 0; i < count; i++)
		found += log[i].type == type;
	return found;
}

static d3dkmt_handle create_shared_resource(void)
{
	uint32_t data[4] = {2, 0, 0, 0};
	struct d3dddi_allocationinfo2 info = {
		.priv_drv_data = ptr_to_u64(data),
		.priv_drv_data_size = sizeof(data),
	};
	struct d3dkmt_createallocation args = {
		.device = device,
		.alloc_count = 1,
		.allocation_info = ptr_to_u64(&info),
		.flags = D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE |
			 D3DKMT_CREATEALLOCATIONFLAGS_CREATE_SHARED |
			 D3DKMT_CREATEALLOCATIONFLAGS_NT_SECURITY_SHARING,
	};

	return call(LX_DXCREATEALLOCATION, &args) ? 0 : args.resource;
}

static int share(d3dkmt_handle object)
{
	uint64_t fd = 0;
	struct d3dkmt_shareobjects args = {
		.object_count = 1,
		.objects = ptr_to_u64(&object),
		.shared_handle = ptr_to_u64(&fd),
	};

	return call(LX_DXSHAREOBJECTS, &args) ? -1 : (int)fd;
}

static void close_file(int fd)
{
	struct driver_file *file = driver_file_from_fd(fd);

	close(fd);
	if (file)
		driver_release(file);
}

static int open_resource(int fd, d3dkmt_handle *resource)
{
	struct d3dddi_openallocationinfo2 info;
	uint32_t data[4] = {0};
	struct d3dkmt_openresourcefromnthandle args = {
		.device = device,
		.nt_handle = (uint64_t)fd,
		.allocation_count = 1,
		.open_alloc_info = ptr_to_u64(&info),
		.total_priv_drv_data = ptr_to_u64(data),
		.total_priv_drv_data_size = sizeof(data),
	};
	int ret = call(LX_DXOPENRESOURCEFROMNTHANDLE, &args);

	*resource = args.resource;
	return ret || !args.resource || data[0] != 2 ? -1 : 0;
}

static int destroy_resource(d3dkmt_handle resource)
{
	struct d3dkmt_destroyallocation2 args = {.device = device, .resource = resource};

	return call(LX_DXDESTROYALLOCATION2, &args);
}

static int send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* The receiving process: 0 if it could open what it got and was the one to end the NT handle. */
static int receiver(int socket)
{
	d3dkmt_handle resource;
	int fd;

	driver_fork_child();
	start();
	fd = receive_fd(socket);
	if (fd < 0 || !driver_file_from_fd(fd) ||
	    driver_file_kind(driver_file_from_fd(fd)) != DRIVER_FILE_SHARED_RESOURCE)
		return 1;
	if (open_resource(fd, &resource))
		return 2;
	sent(HOST_MESSAGE_COUNT);
	close_file(fd);
	if (sent(HOST_DESTROYNTSHAREDOBJECT) != 1)
		return 3;
	return destroy_resource(resource) ? 4 : 0;
}

/* The sender closes its descriptor while the message is still in the socket. */
static void a_resource_outlives_the_descriptor_it_was_sent_by(void **state)
{
	d3dkmt_handle resource = create_shared_resource();
	int sockets[2], status, fd;
	pid_t child;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	child = fork();
	if (child == 0)
		_exit(receiver(sockets[1]));
	fd = share(resource);
	assert_true(fd >= 0);
	sent(HOST_MESSAGE_COUNT);
	assert_int_equal(send_fd(sockets[0], fd), 0);
	close_file(fd);
	assert_int_equal(sent(HOST_DESTROYNTSHAREDOBJECT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(sockets[0]);
	close(sockets[1]);
	assert_int_equal(destroy_resource(resource), 0);
}

static void the_last_of_two_descriptors_ends_the_nt_handle(void **state)
{
	d3dkmt_handle resource = create_shared_resource();
	int first, second;

	(void)state;
	first = share(resource);
	second = share(resource);
	assert_true(first >= 0 && second >= 0);
	sent(HOST_MESSAGE_COUNT);
	close_file(first);
	assert_int_equal(sent(HOST_DESTROYNTSHAREDOBJECT), 0);
	close_file(second);
	assert_int_equal(sent(HOST_DESTROYNTSHAREDOBJECT), 1);
	assert_int_equal(destroy_resource(resource), 0);
}

static d3dkmt_handle create_fence(void)
{
	struct d3dkmt_createsynchronizationobject2 args = {
		.device = device,
		.info = {.type = D3DDDI_MONITORED_FENCE},
	};

	return call(LX_DXCREATESYNCHRONIZATIONOBJECT, &args) ? 0 : args.sync_object;
}

static void a_sync_file_becomes_readable_when_its_fence_is_signalled(void **state)
{
	const struct inject hold = {
		.message = HOST_WAITFORSYNCOBJECTFROMCPU, .mode = INJECT_HOLD_EVENT, .count = 1};
	struct d3dkmt_createsyncfile args = {.device = device, .fence_value = 5};
	struct d3dkmt_destroysynchronizationobject destroy;
	struct pollfd poll_fd = {.events = POLLIN};

	(void)state;
	args.monitored_fence = destroy.sync_object = create_fence();
	assert_int_equal(scripted_host_inject(host, &hold), 0);
	assert_int_equal(call(LX_DXCREATESYNCFILE, &args), 0);
	poll_fd.fd = (int)args.sync_file_handle;
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	scripted_host_signal(host);
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_int_equal(poll_fd.revents, POLLIN);
	close_file(poll_fd.fd);
	assert_int_equal(call(LX_DXDESTROYSYNCHRONIZATIONOBJECT, &destroy), 0);
}

/* What all threads use at once. */
struct common {
	d3dkmt_handle resource;
	d3dkmt_handle allocation;
};

static d3dkmt_handle create_allocation(void)
{
	struct d3dddi_allocationinfo2 info = {0};
	struct d3dkmt_createallocation create = {
		.device = device, .alloc_count = 1, .allocation_info = ptr_to_u64(&info)};

	return call(LX_DXCREATEALLOCATION, &create) ? 0 : info.allocation;
}

static int destroy_allocation(d3dkmt_handle allocation)
{
	struct d3dkmt_destroyallocation2 destroy = {
		.device = device, .alloc_count = 1, .allocations = ptr_to_u64(&allocation)};

	return call(LX_DXDESTROYALLOCATION2, &destroy);
}

static int one_round(const struct common *common)
{
	struct d3dkmt_lock2 lock = {.device = device, .allocation = common->allocation};
	struct d3dkmt_unlock2 unlock = {.device = device, .allocation = common->allocation};
	d3dkmt_handle own = create_allocation();
	d3dkmt_handle opened;
	int fd;

	if (!own || destroy_allocation(own))
		return 1;
	if (call(LX_DXLOCK2, &lock))
		return 2;
	*(volatile uint32_t *)(uintptr_t)lock.data;
	if (call(LX_DXUNLOCK2, &unlock))
		return 3;
	fd = share(common->resource);
	if (fd < 0 || open_resource(fd, &opened) || destroy_resource(opened))
		return 4;
	close_file(fd);
	return 0;
}

static void *rounds(void *arg)
{
	const struct common *common = arg;
	intptr_t failed = 0;

	for (int i = 0; i < ROUNDS && !failed; i++)
		failed = one_round(common);
	return (void *)failed;
}

static void threads_share_one_driver(void **state)
{
	struct common common = {create_shared_resource(), create_allocation()};
	unsigned int before = objects();
	pthread_t threads[THREADS];
	void *failed;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, rounds, &common), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_int_equal((intptr_t)failed, 0);
	}
	assert_int_equal(objects(), before);
	assert_int_equal(destroy_allocation(common.allocation), 0);
	assert_int_equal(destroy_resource(common.resource), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_resource_outlives_the_descriptor_it_was_sent_by, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_last_of_two_descriptors_ends_the_nt_handle, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_sync_file_becomes_readable_when_its_fence_is_signalled,
						setup, teardown),
		cmocka_unit_test_setup_teardown(threads_share_one_driver, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
