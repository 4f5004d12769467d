// SPDX-License-Identifier: MIT
/* dxgsim --isa-coverage */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/commands.h"
#include "dxgsim/coverage.h"

#define EXIT_MISSING 1
#define EXIT_FILE    65 /* sysexits: data; a file with no code in it */

/* Counts what is in @path; why that cannot be done it says. */
static int add_coverage(struct coverage *coverage, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct code_objects_error why;
	struct stat status;
	void *bytes;

	if (fd < 0 || fstat(fd, &status)) {
		fprintf(stderr, "dxgsim: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return EXIT_FILE;
	}
	if (!S_ISREG(status.st_mode) || !status.st_size) {
		fprintf(stderr, "dxgsim: %s: %s\n", path, status.st_size ? "not a file" : "empty");
		close(fd);
		return EXIT_FILE;
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED) {
		fprintf(stderr, "dxgsim: %s: %s\n", path, strerror(errno));
		return EXIT_FILE;
	}
	error = coverage_add(coverage, bytes, (size_t)status.st_size, &why);
	munmap(bytes, (size_t)status.st_size);
	if (error)
		fprintf(stderr, "dxgsim: %s: %s\n", path, error == -EINVAL ? why.text : strerror(-error));
	return error ? EXIT_FILE : 0;
}

int coverage_command(char **files)
{
	struct coverage *coverage;
	int status = 0;

	if (!files) {
		coverage_print_generations(stdout);
		return 0;
	}
	coverage = coverage_create();
	if (!coverage) {
		perror("dxgsim");
		return EXIT_FAILURE;
	}
	for (; *files; files++) {
		int file = add_coverage(coverage, *files);

		if (file)
			status = file;
	}
	if (!coverage_print(coverage, stdout) && !status)
		status = EXIT_MISSING;
	coverage_destroy(coverage);
	return status;
}
