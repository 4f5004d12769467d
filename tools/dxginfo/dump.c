// SPDX-License-Identifier: MIT
/* dxginfo dump: which adapters are written, and where to. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxginfo/answers.h"
#include "dxginfo/describe.h"
#include "dxginfo/machine.h"
#include "dxginfo/options.h"

#define NAME_LENGTH 40U

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int write_fd(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t done = write(fd, text, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		size -= (size_t)done;
	}
	return 0;
}

static int write_file(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;
	bool regular;
	int ret;

	if (fd < 0)
		return -errno;
	regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
	ret = write_fd(fd, text, size);
	/* half an adapter would only mislead, also behind a symbolic link */
	if (ret && regular && ftruncate(fd, 0))
		fprintf(stderr, "dxginfo: %s: what was written stays\n", path);
	if (close(fd) && !ret)
		ret = -errno;
	if (ret && regular)
		unlink(path);
	return ret;
}

/* "AMD Radeon RX 6800" of adapter 1 is amd-radeon-rx-6800-1.ini; the index keeps two of a kind apart. */
static char *file_in(const char *directory, const struct adapter *adapter)
{
	char word[NAME_LENGTH + 1];
	size_t length = 0;
	char *path;

	for (const char *c = adapter->name; *c && length < NAME_LENGTH; c++) {
		if (isalnum((unsigned char)*c) && (unsigned char)*c < 0x80)
			word[length++] = (char)tolower((unsigned char)*c);
		else if (length && word[length - 1] != '-')
			word[length++] = '-';
	}
	while (length && word[length - 1] == '-')
		length--;
	word[length] = '\0';
	return asprintf(&path, "%s/%s-%u.ini", directory, length ? word : "adapter", adapter->index) < 0
		       ? NULL
		       : path;
}

/* Writes one adapter; `path` NULL is standard output. */
static int dump_adapter(struct machine *machine, const struct adapter *adapter, const struct options *options,
			const char *path)
{
	struct answers answers;
	struct description description = {machine, adapter, &answers, options->all_bytes};
	size_t size = 0;
	char *text = NULL;
	int ret;

	ret = answers_collect(machine->dxg, adapter, machine->host_reports == HOST_REPORTS_NOTHING, &answers);
	if (!ret)
		ret = describe_adapter(&description, &text, &size);
	answers_release(&answers);
	if (ret) {
		fprintf(stderr, "dxginfo: adapter %u cannot be read: %s\n", adapter->index, strerror(-ret));
		return ret;
	}
	if (path)
		ret = write_file(path, text, size);
	else
		fwrite(text, 1, size, stdout); /* main() looks at the stream's errors */
	free(text);
	if (ret)
		fprintf(stderr, "dxginfo: %s: %s\n", path, strerror(-ret));
	else if (path)
		fprintf(stderr, "dxginfo: wrote %s: %s\n", path,
			adapter->name[0] ? adapter->name : "an adapter without a name");
	return ret;
}

/* The adapter for an output that has room for one: the only one, or the only one of AMD's. */
static struct adapter *choose_one(struct machine *machine)
{
	struct adapter *chosen = NULL;

	if (machine->adapter_count == 1)
		return &machine->adapters[0];
	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		struct adapter *adapter = &machine->adapters[i];

		if (adapter->ids_error || adapter->ids.vendor != KMD_VENDOR_AMD)
			continue;
		if (chosen)
			return NULL;
		chosen = adapter;
	}
	return chosen;
}

static bool is_named(const struct adapter *adapter)
{
	if (!adapter->ids_error)
		return true;
	fprintf(stderr, "dxginfo: adapter %u does not tell its PCI ids, there is nothing to write\n",
		adapter->index);
	return false;
}

static int dump_into(struct machine *machine, const struct options *options)
{
	int status = EXIT_GOOD;

	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		const struct adapter *adapter = &machine->adapters[i];
		char *path;

		if (options->adapter && machine_find(machine, options->adapter) != adapter)
			continue;
		path = file_in(options->output, adapter);
		if (!path || !is_named(adapter) || dump_adapter(machine, adapter, options, path))
			status = EXIT_BAD;
		free(path);
	}
	return status;
}

/* EXIT_GOOD; EXIT_BAD; EXIT_USAGE: several adapters and one file; EXIT_NO_DEVICE. */
int dump_command(struct machine *machine, const struct options *options)
{
	const struct adapter *adapter;

	if (!machine->adapter_count) {
		fprintf(stderr, "dxginfo: no adapter to write; /dev/dxg: %s\n",
			machine_open_problem(machine) ? machine_open_problem(machine)
			: machine->list_error	      ? strerror(-machine->list_error)
						      : "it offers none");
		return EXIT_NO_DEVICE;
	}
	if (options->output && is_directory(options->output))
		return dump_into(machine, options);
	adapter = options->adapter ? machine_find(machine, options->adapter) : choose_one(machine);
	if (!adapter) {
		fprintf(stderr,
			"dxginfo: there are %u adapters: choose one with --adapter, or write into an "
			"existing directory with --output\n",
			machine->adapter_count);
		return EXIT_USAGE;
	}
	if (!is_named(adapter))
		return EXIT_BAD;
	return dump_adapter(machine, adapter, options, options->output) ? EXIT_BAD : EXIT_GOOD;
}
