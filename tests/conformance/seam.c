// SPDX-License-Identifier: MIT
/*
 * The libc seam of dxgsim: a descriptor of /dev/dxg is one open file however often it is copied, it ends with its
 * last copy, and nobody but its own process may use it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxg/uapi.h"
#include "dxgsim/preload/seam.h"
#include "scripted_host.h"
#include "seam_stub.h"

#define DEVICE "/dev/dxg"

static struct scripted_host *host;

static int start(void **state)
{
	const struct scripted_host_setup setup = {.interface_version = 40, .first_page = 1};

	(void)state;
	if (scripted_host_create(&setup, &host) != 0)
		return -1;
	seam_stub_set_host(host);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	seam_shutdown();
	scripted_host_destroy(host);
	return 0;
}

/* 0 or the errno of a call that needs nothing but a good descriptor. */
static int use(int fd)
{
	struct d3dkmt_enumadapters2 args = {0};

	return ioctl(fd, LX_DXENUMADAPTERS2, &args) == 0 ? 0 : errno;
}

/* Messages of a type since the last look. */
static unsigned int sent(enum host_message_type type)
{
	const struct logged_message *log;
	size_t count = scripted_host_take_log(host, &log);
	unsigned int found = 0;

	for (size_t i = 0; i < count; i++)
		found += log[i].type == type;
	return found;
}

static int open_device(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void every_open_finds_the_device(void **state)
{
	int fds[4];
	FILE *file;

	(void)state;
	fds[0] = open(DEVICE, O_RDONLY);
	fds[1] = open64(DEVICE, O_RDWR | O_CLOEXEC);
	fds[2] = openat(AT_FDCWD, DEVICE, O_RDWR);
	fds[3] = openat64(AT_FDCWD, DEVICE, O_WRONLY);
	file = fopen(DEVICE, "r+e");
	assert_non_null(file);
	assert_int_equal(use(fileno(file)), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(use(fds[i]), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), 0);
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fileno(file), F_GETFD), FD_CLOEXEC);
	assert_int_equal(sent(HOST_CREATEPROCESS), 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(close(fds[i]), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	/* stdio closes by a name of its own for close() */
	assert_int_equal(fclose(file), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
	assert_int_equal(open(DEVICE, O_RDWR | O_DIRECTORY), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void the_last_copy_ends_the_process(void **state)
{
	int fd = open_device(), copies[5], other;

	(void)state;
	sent(HOST_DESTROYPROCESS);
	copies[0] = dup(fd);
	copies[1] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	copies[2] = dup2(fd, 120);
	copies[3] = dup3(fd, 121, O_CLOEXEC);
	copies[4] = fcntl(fd, F_DUPFD, 130);
	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(use(copies[i]), 0);
		assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
		if (i < 3)
			assert_int_equal(close(copies[i]), 0);
	}
	/* replacing a copy closes it */
	other = open("/dev/null", O_RDONLY);
	assert_int_equal(dup2(other, copies[3]), copies[3]);
	assert_int_equal(use(copies[3]), ENOTTY);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(close_range((unsigned int)copies[4], (unsigned int)copies[4], 0), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
	assert_int_equal(use(copies[4]), EBADF);
	close(copies[3]);
	close(other);
}

static void a_copy_made_behind_the_seam_is_known(void **state)
{
	int fd = open_device(), copy = (int)syscall(SYS_dup, fd);

	(void)state;
	sent(HOST_DESTROYPROCESS);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(use(copy), 0);
	assert_int_equal(close(copy), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

static void a_number_used_again_is_another_file(void **state)
{
	int fd = open_device(), null;

	(void)state;
	syscall(SYS_close, fd);
	null = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
	assert_int_equal(null, fd);
	assert_int_equal(use(null), ENOTTY);
	assert_int_equal(write(null, "x", 1), 1);
	close(null);
}

static void a_child_is_refused_and_harms_nobody(void **state)
{
	int fd = open_device(), status;
	pid_t child;

	(void)state;
	sent(HOST_DESTROYPROCESS);
	child = fork();
	if (child == 0) {
		int own;

		if (use(fd) != ENOTTY || close(fd) != 0)
			_exit(1);
		own = open(DEVICE, O_RDWR | O_CLOEXEC);
		_exit(own >= 0 && use(own) == 0 && close(own) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(use(fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

static d3dkmt_handle open_adapter(int fd)
{
	struct d3dkmt_openadapterfromluid args = {.adapter_luid = {0x44332211, 0x88776655}};

	assert_int_equal(ioctl(fd, LX_DXOPENADAPTERFROMLUID, &args), 0);
	return args.adapter_handle;
}

static int close_adapter(int fd, d3dkmt_handle adapter)
{
	struct d3dkmt_closeadapter args = {.adapter_handle = adapter};

	return ioctl(fd, LX_DXCLOSEADAPTER, &args) == 0 ? 0 : errno;
}

/* A child that has the descriptor until told to end; it tells how a call on it went. */
struct keeper {
	pid_t pid;
	int orders;
	int answers;
};

static struct keeper keeper_start(int fd)
{
	struct keeper keeper;
	int orders[2], answers[2], error;
	char byte;

	assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	keeper.pid = fork();
	assert_true(keeper.pid >= 0);
	if (keeper.pid == 0) {
		close(orders[1]);
		while (read(orders[0], &byte, 1) == 1) {
			error = use(fd);
			if (write(answers[1], &error, sizeof(error)) != (ssize_t)sizeof(error))
				_exit(1);
		}
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	keeper.orders = orders[1];
	keeper.answers = answers[0];
	return keeper;
}

static int keeper_use(const struct keeper *keeper)
{
	int error = -1;

	assert_int_equal(write(keeper->orders, "", 1), 1);
	assert_int_equal(read(keeper->answers, &error, sizeof(error)), sizeof(error));
	return error;
}

static void keeper_end(const struct keeper *keeper)
{
	int status;

	close(keeper->orders);
	close(keeper->answers);
	assert_int_equal(waitpid(keeper->pid, &status, 0), keeper->pid);
	assert_int_equal(status, 0);
}

static void a_copy_in_a_child_keeps_the_process_object(void **state)
{
	int fd = open_device();
	d3dkmt_handle adapter = open_adapter(fd);
	struct keeper keeper = keeper_start(fd);

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(keeper_use(&keeper), ENOTTY);
	/* the kernel finds the process object of this thread group again, and its handles in it */
	fd = open_device();
	assert_int_equal(sent(HOST_CREATEPROCESS), 0);
	assert_int_equal(close_adapter(fd, adapter), 0);
	keeper_end(&keeper);
	assert_int_equal(use(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

static void the_last_copy_may_go_in_a_child(void **state)
{
	int fd = open_device(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct keeper keeper = keeper_start(fd);

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	assert_int_equal(close(fd), 0);
	keeper_end(&keeper);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	/* any call that might concern the driver */
	assert_int_equal(use(null), ENOTTY);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
	fd = open_device();
	assert_int_equal(sent(HOST_CREATEPROCESS), 1);
	close(fd);
	close(null);
}

static void a_copy_in_a_message_keeps_the_process_object(void **state)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd = open_device(), sockets[2];

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(sockets[0], &message, 0), 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(recvmsg(sockets[1], &message, MSG_CMSG_CLOEXEC), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	assert_int_equal(use(fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
	close(sockets[0]);
	close(sockets[1]);
}

static void a_close_behind_the_seam_is_noticed(void **state)
{
	int fd = open_device(), other;

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	syscall(SYS_close, fd);
	other = open_device();
	assert_int_equal(other, fd);
	/* the first one ended before the second began */
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
	assert_int_equal(close(other), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

static void a_program_that_closes_everything_closes_the_device(void **state)
{
	int fd = open_device();

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	for (int number = 1023; number > STDERR_FILENO; number--)
		if (number != fd)
			syscall(SYS_close, number);
	assert_int_equal(use(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

/* ---- exec ---- */

static int after_exec(const char *number, const char *expected)
{
	int fd = atoi(number), error;
	struct stat st;

	if (start(NULL) != 0)
		return 2;
	error = use(fd);
	if (error != atoi(expected))
		return 3;
	if (error == 0 && (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode)))
		return 4;
	if (sent(HOST_CREATEPROCESS) != (error == 0))
		return 5;
	if (close(fd) != 0 || sent(HOST_DESTROYPROCESS) != (error == 0))
		return 6;
	stop(NULL);
	return 0;
}

static _Noreturn void exec_with(int fd, int expected)
{
	char number[16], result[16];

	snprintf(number, sizeof(number), "%d", fd);
	snprintf(result, sizeof(result), "%d", expected);
	execl("/proc/self/exe", "seam", number, result, (char *)NULL);
	_exit(1);
}

static void exec_takes_the_device_along(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		exec_with(open(DEVICE, O_RDWR), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void an_executed_child_is_refused(void **state)
{
	int fd = open(DEVICE, O_RDWR), status;
	pid_t child;

	(void)state;
	sent(HOST_MESSAGE_COUNT);
	child = fork();
	if (child == 0)
		exec_with(fd, ENOTTY);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(use(fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sent(HOST_DESTROYPROCESS), 1);
}

static void the_file_has_an_ioctl_and_nothing_else(void **state)
{
	int fd = open_device();
	char path[64], name[64] = "";
	uint8_t bytes[16] = {0};
	struct stat st;

	(void)state;
	assert_int_equal(read(fd, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(lseek(fd, 0, SEEK_SET), -1);
	assert_int_equal(errno, ESPIPE);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(stat(DEVICE, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(access(DEVICE, R_OK | W_OK), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(readlink(path, name, sizeof(name)), strlen(DEVICE));
	assert_string_equal(name, DEVICE);
	assert_int_equal(isatty(fd), 0);
	close(fd);
}

static void nothing_is_left_after_a_thousand_opens(void **state)
{
	int first = dup(STDIN_FILENO), last;

	(void)state;
	close(first);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(close(open_device()), 0);
	last = dup(STDIN_FILENO);
	close(last);
	assert_int_equal(last, first);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_open_finds_the_device, start, stop),
		cmocka_unit_test_setup_teardown(the_last_copy_ends_the_process, start, stop),
		cmocka_unit_test_setup_teardown(a_copy_made_behind_the_seam_is_known, start, stop),
		cmocka_unit_test_setup_teardown(a_number_used_again_is_another_file, start, stop),
		cmocka_unit_test_setup_teardown(a_child_is_refused_and_harms_nobody, start, stop),
		cmocka_unit_test_setup_teardown(a_copy_in_a_child_keeps_the_process_object, start, stop),
		cmocka_unit_test_setup_teardown(the_last_copy_may_go_in_a_child, start, stop),
		cmocka_unit_test_setup_teardown(a_copy_in_a_message_keeps_the_process_object, start, stop),
		cmocka_unit_test_setup_teardown(a_close_behind_the_seam_is_noticed, start, stop),
		cmocka_unit_test_setup_teardown(exec_takes_the_device_along, start, stop),
		cmocka_unit_test_setup_teardown(an_executed_child_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(the_file_has_an_ioctl_and_nothing_else, start, stop),
		cmocka_unit_test_setup_teardown(nothing_is_left_after_a_thousand_opens, start, stop),
		/* the last one: it closes what the host needs too */
		cmocka_unit_test_setup_teardown(a_program_that_closes_everything_closes_the_device, start,
						stop),
	};

	if (argc == 3)
		return after_exec(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
