// SPDX-License-Identifier: MIT
/* dxgbench: how often the library calls the driver, and how long its calls take. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgbench/machine.h"
#include "dxgbench/options.h"
#include "dxgbench/report.h"
#include "dxgbench_version.h"

#define DEFAULT_COUNT	10000
#define DEFAULT_REPEAT	100
#define DEFAULT_OBJECTS 1000000
#define DEFAULT_THREADS 4
#define MAX_COUNT	1000000
#define MAX_OBJECTS	100000000
#define DEFAULT_SECONDS 2
#define MAX_THREADS	256
#define MAX_SECONDS	3600

/* libc looks for it, so it must be seen outside */
__attribute__((visibility("default"))) const char *argp_program_version = "dxgbench " DXGBENCH_VERSION;

enum { OPTION_JSON = 256 };

static const struct argp_option argp_options[] = {
	{"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
	{"node", 'n', "N", 0, "The GPU with this HSA node id (the first GPU)", 0},
	{"count", 'c', "N", 0, "Small blocks to allocate (10000)", 0},
	{"repeat", 'r', "N", 0, "How often to do what takes longer (100)", 0},
	{"objects", 'o', "N", 0, "Objects to look pointers up among (1000000)", 0},
	{"threads", 't', "N", 0, "Threads that look up at the same time (4)", 0},
	{"seconds", 's', "N", 0, "How long queues are left alone (2)", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

/* Adds rows to the report. */
typedef void (*measurement)(struct report *report, struct machine *machine, const struct options *options);

static const struct command {
	const char *name;
	measurement measurements[5]; /* in this order; NULL ends them */
} commands[] = {
	{"memory", {memory_blocks, memory_large, memory_pins, memory_lookups}},
	{"queue", {queue_rings, queue_chains, queue_waits, queue_idle}},
};

struct parse {
	struct options options;
	const struct command *command;
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static uint64_t parse_number(const char *option, const char *text, uint64_t lowest, uint64_t highest,
			     struct argp_state *state)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < lowest || value > highest)
		argp_error(state, "--%s takes a number from %llu to %llu, not '%s'", option,
			   (unsigned long long)lowest, (unsigned long long)highest, text);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case OPTION_JSON:
		parse->options.json = true;
		return 0;
	case 'n':
		parse->options.node = (int64_t)parse_number("node", arg, 0, INT32_MAX, state);
		return 0;
	case 'c':
		parse->options.count = parse_number("count", arg, 1, MAX_COUNT, state);
		return 0;
	case 'r':
		parse->options.repeat = parse_number("repeat", arg, 1, MAX_COUNT, state);
		return 0;
	case 'o':
		parse->options.objects = parse_number("objects", arg, 1, MAX_OBJECTS, state);
		return 0;
	case 't':
		parse->options.threads = parse_number("threads", arg, 1, MAX_THREADS, state);
		return 0;
	case 's':
		parse->options.seconds = parse_number("seconds", arg, 1, MAX_SECONDS, state);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one command, not '%s' too", arg);
		parse->command = find_command(arg);
		if (!parse->command)
			argp_error(state, "there is no command '%s'", arg);
		return 0;
	case ARGP_KEY_SUCCESS:
		if (!parse->command)
			argp_error(state, "which command? memory or queue");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "memory|queue",
	.doc = "Measure hsakmt-dxg on the /dev/dxg there is, real or dxgsim's: how often the driver is "
	       "called, and "
	       "how long operations take; each beside another way to the same end.\v"
	       "memory: allocate, map and free system memory and VRAM in small and large pieces; register "
	       "memory of "
	       "the program itself; look up pointers.\n"
	       "queue: ring doorbells, by call and by storing; send chains of dispatches, with signals and "
	       "without; wait "
	       "for another queue and for events; leave queues alone.\n"
	       "\n"
	       "Under dxgsim counts are those of real hardware; times are those of the library alone, for "
	       "nothing is "
	       "waited for that a host would take (dxgsim --rtt-us adds it).\n"
	       "\n"
	       "Exit status: 0 all was measured that this machine has the memory for; 1 something failed; 2 "
	       "the "
	       "command line is wrong; 3 there is no GPU.",
};

/* What could not be printed shows here at the latest. */
static int close_output(int status)
{
	bool bad = ferror(stdout);

	errno = 0;
	if (!fclose(stdout) && !bad)
		return status;
	fprintf(stderr, "dxgbench: standard output: %s\n",
		errno ? strerror(errno) : "not all could be written");
	return EXIT_BAD;
}

static int run(struct machine *machine, const struct command *command, const struct options *options)
{
	struct report *report = calloc(1, sizeof(*report));
	int status;

	if (!report) {
		fprintf(stderr, "dxgbench: %s\n", strerror(ENOMEM));
		return EXIT_BAD;
	}
	for (const measurement *measure = command->measurements; *measure; measure++)
		(*measure)(report, machine, options);
	status = report->failed ? EXIT_BAD : EXIT_GOOD;
	if (options->json) {
		int ret = report_print_json(report, machine);

		if (ret) {
			fprintf(stderr, "dxgbench: %s\n", strerror(-ret));
			status = EXIT_BAD;
		}
	} else {
		printf("dxgbench %s, node %u: %s on %s\n\n", DXGBENCH_VERSION, machine->gpu, machine->name,
		       count_knows_round_trips() ? "dxgsim" : "/dev/dxg");
		report_print(report);
	}
	free(report);
	return status;
}

int main(int argc, char **argv)
{
	struct parse parse = {.options = {.node = -1,
					  .count = DEFAULT_COUNT,
					  .repeat = DEFAULT_REPEAT,
					  .objects = DEFAULT_OBJECTS,
					  .threads = DEFAULT_THREADS,
					  .seconds = DEFAULT_SECONDS}};
	struct machine machine;
	int status;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	status = machine_open(&machine, parse.options.node);
	if (status == EXIT_GOOD)
		status = run(&machine, parse.command, &parse.options);
	machine_close(&machine);
	return close_output(status);
}
