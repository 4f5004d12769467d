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
	/* stdio closes by its own name for close(): seen at the next step of ours */
	fclose(file);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_open_finds_the_device, start, stop),
		cmocka_unit_test_setup_teardown(the_last_copy_ends_the_process, start, stop),
		cmocka_unit_test_setup_teardown(a_copy_made_behind_the_seam_is_known, start, stop),
		cmocka_unit_test_setup_teardown(a_number_used_again_is_another_file, start, stop),
		cmocka_unit_test_setup_teardown(a_child_is_refused_and_harms_nobody, start, stop),
		cmocka_unit_test_setup_teardown(the_file_has_an_ioctl_and_nothing_else, start, stop),
		cmocka_unit_test_setup_teardown(nothing_is_left_after_a_thousand_opens, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
