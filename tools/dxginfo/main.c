// SPDX-License-Identifier: MIT
/* dxginfo: what /dev/dxg offers, what the library makes of it, and whether work reaches the GPU. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dxginfo/machine.h"
#include "dxginfo_version.h"
#include "dxginfo/options.h"

#define MAX_TIMEOUT_S 60U

/* libc looks for it, so it must be seen outside */
__attribute__((visibility("default"))) const char *argp_program_version = "dxginfo " DXGINFO_VERSION;

enum { OPTION_JSON = 256, OPTION_RUNG, OPTION_TIMEOUT, OPTION_ALL_BYTES };

static const struct argp_option argp_options[] = {
	{"adapter", 'a', "LUID|INDEX", 0, "Look at this adapter only, as the list names it", 0},
	{"verbose", 'v', NULL, 0,
	 "list: every property of every node and where it is from; probe: every ioctl", 0},
	{"json", OPTION_JSON, NULL, 0, "list: print JSON with everything that is known", 0},
	{"output", 'o', "FILE", 0, "dump: a file or an existing directory; probe: the report", 0},
	{"all-bytes", OPTION_ALL_BYTES, NULL, 0,
	 "dump: keep private bytes whose meaning is not known; they could tell your card from others", 0},
	{"rung", OPTION_RUNG, "RUNG", 0,
	 "probe: hardware, software or user-queue; auto: best first until one works; all (default): each "
	 "that "
	 "may work",
	 0},
	{"timeout", OPTION_TIMEOUT, "S", 0, "probe: seconds to wait for the GPU in a step, 1 to 60 (2)", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static uint32_t parse_timeout(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || !value || value > MAX_TIMEOUT_S)
		argp_error(state, "--timeout takes 1 to %u seconds, not '%s'", MAX_TIMEOUT_S, text);
	return (uint32_t)value;
}

static enum rung_choice parse_rung(const char *text, struct argp_state *state)
{
	static const char *const names[] = {
		[RUNGS_ALL] = "all",
		[RUNGS_AUTO] = "auto",
		[RUNGS_HARDWARE] = "hardware",
		[RUNGS_SOFTWARE] = "software",
		[RUNGS_USER_QUEUE] = "user-queue",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i]))
			return (enum rung_choice)i;
	argp_error(state, "--rung takes hardware, software, user-queue, auto or all, not '%s'", text);
	return RUNGS_ALL;
}

static void parse_command(const char *text, struct argp_state *state, struct options *options)
{
	if (!strcmp(text, "list"))
		options->command = COMMAND_LIST;
	else if (!strcmp(text, "dump"))
		options->command = COMMAND_DUMP;
	else if (!strcmp(text, "probe"))
		options->command = COMMAND_PROBE;
	else
		argp_error(state, "there is no command '%s'", text);
}

struct given {
	bool json, output, rung, timeout, all_bytes;
};

struct parse {
	struct options options;
	struct given given;
};

/* An option of another command is a mistake that should be seen. */
static void check_fit(const struct parse *parse, struct argp_state *state)
{
	enum command command = parse->options.command;

	if (parse->given.json && command != COMMAND_LIST)
		argp_error(state, "--json is for the list");
	if (parse->given.output && command == COMMAND_LIST)
		argp_error(state, "--output is for dump and probe");
	if (parse->given.all_bytes && command != COMMAND_DUMP)
		argp_error(state, "--all-bytes is for dump");
	if ((parse->given.rung || parse->given.timeout) && command != COMMAND_PROBE)
		argp_error(state, "--rung and --timeout are for probe");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case 'a':
		parse->options.adapter = arg;
		return 0;
	case 'v':
		parse->options.verbose = true;
		return 0;
	case 'o':
		parse->options.output = arg;
		parse->given.output = true;
		return 0;
	case OPTION_JSON:
		parse->options.json = true;
		parse->given.json = true;
		return 0;
	case OPTION_ALL_BYTES:
		parse->options.all_bytes = true;
		parse->given.all_bytes = true;
		return 0;
	case OPTION_RUNG:
		parse->options.rungs = parse_rung(arg, state);
		parse->given.rung = true;
		return 0;
	case OPTION_TIMEOUT:
		parse->options.timeout_s = parse_timeout(arg, state);
		parse->given.timeout = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one command, not '%s' too", arg);
		parse_command(arg, state, &parse->options);
		return 0;
	case ARGP_KEY_SUCCESS:
		check_fit(parse, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "[list|dump|probe]",
	.doc = "Show the GPUs that WSL2 offers through /dev/dxg and what hsakmt-dxg makes of them.\v"
	       "list (default): every adapter and every HSA node; what is hidden is listed with the reason.\n"
	       "dump: write what an adapter answers as a file that dxgsim loads, without LUIDs, registry "
	       "paths, "
	       "other texts, and private bytes whose meaning is not known.\n"
	       "probe: let each AMD GPU write a number into memory, in a process of its own, and report "
	       "every "
	       "step.\n"
	       "\n"
	       "Exit status: 0 all is well; 1 not all is: an AMD adapter has no working queue, the nodes "
	       "cannot be "
	       "read, something was not written, the host did not answer, or dxginfo was stopped; 2 the "
	       "command "
	       "line is wrong; 3 there is no /dev/dxg, no adapter, or for probe none of AMD's.",
};

static int run(struct machine *machine, const struct options *options)
{
	if (options->adapter && machine->adapter_count && !machine_find(machine, options->adapter)) {
		fprintf(stderr, "dxginfo: there is no adapter %s; dxginfo lists them\n", options->adapter);
		return EXIT_USAGE;
	}
	switch (options->command) {
	case COMMAND_DUMP:
		return dump_command(machine, options);
	case COMMAND_PROBE:
		return probe_command(machine, options);
	case COMMAND_LIST:
		break;
	}
	return options->json ? json_command(machine, options) : list_command(machine, options);
}

/*
 * A standard stream that was closed would become the next file that is opened, and the report would go there.  What
 * is put in its place fails as a closed one does.  The errno of open.
 */
static int keep_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return -errno;
	}
	return 0;
}

/* What could not be printed shows here at the latest. */
static int close_output(int status)
{
	bool bad = ferror(stdout);

	errno = 0;
	if (!fclose(stdout) && !bad)
		return status;
	fprintf(stderr, "dxginfo: standard output: %s\n",
		errno ? strerror(errno) : "not all could be written");
	return EXIT_BAD;
}

int main(int argc, char **argv)
{
	static struct machine machine; /* 400 KiB, which a stack that cannot grow has no room for */
	struct parse parse = {.options = {.timeout_s = 2}};
	struct options *options = &parse.options;
	int status;

	if (keep_stdio())
		return EXIT_BAD;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	if (options->command == COMMAND_PROBE && probe_begin(options))
		return EXIT_BAD;
	status = machine_open(&machine, options_patience_s(options->timeout_s), options->report);
	if (status) {
		fprintf(stderr, "dxginfo: %s\n", strerror(-status));
		status = EXIT_BAD;
	} else {
		status = run(&machine, options);
	}
	machine_close(&machine);
	return close_output(status);
}
