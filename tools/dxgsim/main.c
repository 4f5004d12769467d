// SPDX-License-Identifier: MIT
/*
 * The dxgsim launcher: sets the environment for the preloaded simulator, runs a command and tells by its exit
 * status whether the simulator found leaks or misuse.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/commands.h"
#include "dxgsim/fault.h"
#include "dxgsim/host/fixture.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/report.h"
#include "dxgsim/vm.h"

#define EXIT_NO_RUN 127

enum {
	OPTION_TRACE = 256,
	OPTION_FAULT,
	OPTION_RTT,
	OPTION_REPORT,
	OPTION_STATUS,
	OPTION_LIST,
	OPTION_LIBRARY,
	OPTION_ISA_COVERAGE,
	OPTION_PROFILE,
	OPTION_CONTROL,
};

struct list {
	char *text; /* ';' between */
};

struct options {
	struct list adapters;
	struct list faults;
	const char *rtt_us;
	char *trace;
	char *report;
	const char *library;
	bool list_adapters;
	bool isa_coverage;
	bool status;
	bool gpu_profile;
	const char *control;
	char **command;
	char adapter_path[PATH_MAX * 2];
};

static void append(struct list *list, const char *word)
{
	char *grown = NULL;

	if (asprintf(&grown, "%s%s%s", list->text ? list->text : "", list->text ? ";" : "", word) < 0) {
		perror("dxgsim");
		exit(EXIT_FAILURE);
	}
	free(list->text);
	list->text = grown;
}

static const struct argp_option argp_options[] = {
	{"adapter", 'a', "ADAPTER", 0,
	 "Simulate this adapter, NAME[,MODIFIER...]; may be repeated. NAME is one of --list-adapters or a "
	 "path, or none: a driver without any adapter. Default: rx6800 and radeon680m",
	 0},
	{"fault", OPTION_FAULT, "SPEC", 0,
	 "Let a call fail, or something befall the host, see below; may be repeated", 0},
	{"control", OPTION_CONTROL, "PID", 0,
	 "Let each HAPPENING in turn befall the host of a simulation that runs: PID is its dxgsim or any "
	 "process "
	 "in it",
	 0},
	{"rtt-us", OPTION_RTT, "N", 0, "Charge N microseconds for each message that waits for the host", 0},
	{"trace", OPTION_TRACE, "FILE", 0, "Append one line per call to FILE (- for standard error)", 0},
	{"report", OPTION_REPORT, "FILE", 0, "Keep the report of leaks and misuse in FILE", 0},
	{"status", OPTION_STATUS, NULL, 0,
	 "Tell at the end what all processes together have used of the host and have not given back", 0},
	{"gpu-profile", OPTION_PROFILE, NULL, 0,
	 "Tell at the end of every process what its kernels have done, by name: dispatches, work-groups, "
	 "waves, instructions, lanes of the vector ALU, memory accesses, bytes, time",
	 0},
	{"list-adapters", OPTION_LIST, NULL, 0, "List the adapters there are and exit", 0},
	{"isa-coverage", OPTION_ISA_COVERAGE, NULL, 0,
	 "List the instructions that the code in FILE... needs (code objects, bundles of them, programs and "
	 "libraries with such bundles), whether the simulated GPUs execute them, and exit; without FILE, how "
	 "many instructions of each generation they do",
	 0},
	{"library", OPTION_LIBRARY, "FILE", 0, "Preload this libdxgsim.so instead of the one beside dxgsim",
	 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static void check_fault(struct argp_state *state, const char *spec)
{
	struct fault *fault;
	char reason[160];

	if (strchr(spec, ';'))
		argp_error(state, "--fault %s: one spec each", spec);
	if (fault_parse(spec, &fault, reason, sizeof(reason)))
		argp_error(state, "--fault %s: %s", spec, reason);
	free(fault);
}

static void check_adapter(struct argp_state *state, const struct options *options, const char *spec)
{
	struct fixture_error error;
	struct fixture *fixture;

	if (!strcmp(spec, "none"))
		return;
	if (strchr(spec, ';'))
		argp_error(state, "--adapter %s: one adapter each", spec);
	if (fixture_load(spec, options->adapter_path, &fixture, &error))
		argp_error(state, "--adapter %s: %s", spec, error.text);
	fixture_free(fixture);
}

/* A file to write, made if need be; its absolute name, for COMMAND may change its directory. */
static char *check_output(struct argp_state *state, const char *option, const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	char *absolute = NULL;

	if (fd >= 0) /* /dev/stderr may lead to what has no name */
		absolute = path[0] == '/' ? strdup(path) : realpath(path, NULL);

	if (!absolute)
		argp_error(state, "--%s %s: %s", option, path, strerror(errno));
	close(fd);
	return absolute;
}

/* The spec with the name of its file, if it names one, made absolute, for COMMAND may change its directory. */
static void append_adapter(struct argp_state *state, struct options *options, const char *spec)
{
	size_t length = strcspn(spec, ",");
	char *name = strndup(spec, length), *absolute = NULL, *whole = NULL;

	if (name && !access(name, R_OK) && fixture_is_path(name))
		absolute = realpath(name, NULL);
	if (absolute && strpbrk(absolute, ",;")) { /* cannot be said in a spec */
		free(absolute);
		absolute = NULL;
	}
	if (!name || (absolute && asprintf(&whole, "%s%s", absolute, spec + length) < 0))
		argp_failure(state, EXIT_FAILURE, ENOMEM, "--adapter");
	append(&options->adapters, absolute ? whole : spec);
	free(whole);
	free(absolute);
	free(name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	char *end;

	switch (key) {
	case 'a':
		check_adapter(state, options, arg);
		append_adapter(state, options, arg);
		return 0;
	case OPTION_FAULT:
		check_fault(state, arg);
		append(&options->faults, arg);
		return 0;
	case OPTION_RTT:
		errno = 0;
		if (strtoul(arg, &end, 10) > 10000000 || errno || *end || arg[0] < '0' || arg[0] > '9')
			argp_error(state, "--rtt-us takes microseconds up to 10000000, not '%s'", arg);
		options->rtt_us = arg;
		return 0;
	case OPTION_TRACE:
		free(options->trace);
		options->trace = strcmp(arg, "-") ? check_output(state, "trace", arg, 0) : strdup(arg);
		return 0;
	case OPTION_REPORT:
		free(options->report);
		options->report = check_output(state, "report", arg, O_TRUNC);
		return 0;
	case OPTION_STATUS:
		options->status = true;
		return 0;
	case OPTION_PROFILE:
		options->gpu_profile = true;
		return 0;
	case OPTION_LIST:
		options->list_adapters = true;
		return 0;
	case OPTION_ISA_COVERAGE:
		options->isa_coverage = true;
		return 0;
	case OPTION_LIBRARY:
		options->library = arg;
		return 0;
	case OPTION_CONTROL:
		options->control = arg;
		return 0;
	case ARGP_KEY_ARGS:
		options->command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (options->control)
			argp_error(state, "--control %s: no happening", options->control);
		if (!options->list_adapters && !options->isa_coverage)
			argp_error(state, "no command");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp breaks lines of more than 78 characters */
static const char exit_statuses[] =
	"The report has a line for each finding: process, LEAK, MISUSE, FATAL or NOTE,\n"
	"and what it is. Notes, and PROFILE lines of --gpu-profile, are for information; the others make the "
	"exit status:\n"
	"  70           COMMAND leaked or misused something\n"
	"  64           this command line cannot be followed\n"
	"  126, 127     COMMAND cannot be run, or is not there\n"
	"  128+N        COMMAND was ended by signal N\n"
	"and else it is that of COMMAND.  That of --isa-coverage:\n"
	"  1            an instruction is missing, or there is code for others only\n"
	"  65           a FILE cannot be read, or has no code for GPUs\n"
	"That of --control:\n"
	"  1            there is no such simulation, or a HAPPENING cannot happen\n"
	"  64           a HAPPENING is none\n"
	"\n"
	"COMMAND gets HSAKMT_DXG_PROBE=fresh, unless it is set: what is known of this\n"
	"machine's GPU says nothing about a simulated one. Empty lets runs share it.\n";

static char *add_grammar(int key, const char *text, void *input)
{
	char *both = NULL;

	(void)input;
	if (key == ARGP_KEY_HELP_POST_DOC)
		return asprintf(&both, "%s\n%s\n%s\n%s", fixture_modifiers, fault_grammar, happening_grammar,
				exit_statuses) < 0
			       ? NULL
			       : both;
	return (char *)(uintptr_t)text;
}

static void print_adapter(const char *name, const struct fixture *fixture, void *ctx)
{
	(void)ctx;
	printf("%-14s %04x:%04x %02x  %s%s\n", name, fixture->vendor, fixture->device, fixture->revision,
	       fixture->description, fixture->compute_only ? " (compute-only)" : "");
}

static bool exists(const char *path)
{
	return !access(path, R_OK);
}

/* The first of the places relative to this program's directory that exists. */
static bool beside(const char *directory, const char *const *places, char *out, size_t size)
{
	for (; *places; places++) {
		int length = (*places)[0] == '/' ? snprintf(out, size, "%s", *places)
						 : snprintf(out, size, "%s/%s", directory, *places);

		if (length > 0 && (size_t)length < size && exists(out))
			return true;
	}
	return false;
}

static int own_directory(char *out)
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	out[length] = '\0';
	dirname(out);
	return 0;
}

static void set(const char *name, const char *value)
{
	if (value ? setenv(name, value, 1) : unsetenv(name)) {
		perror("dxgsim");
		exit(EXIT_FAILURE);
	}
}

/* The compatibility library first, so that dxgsim's open() is what it calls on. */
static void set_preload(const char *library, const char *compat_library, const char *compat_bin)
{
	const char *preload = getenv("LD_PRELOAD"), *path = getenv("PATH");
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", *compat_library ? compat_library : "", *compat_library ? ":" : "",
		     library, preload && *preload ? ":" : "", preload ? preload : "") < 0)
		exit(EXIT_FAILURE);
	set("LD_PRELOAD", text);
	free(text);
	if (!*compat_bin)
		return;
	if (asprintf(&text, "%s:%s", compat_bin, path ? path : "/usr/bin:/bin") < 0)
		exit(EXIT_FAILURE);
	set("PATH", text);
	free(text);
}

static int prepare(const struct options *options, const char *directory, const char *report, const char *vm)
{
	static const char *const libraries[] = {"libdxgsim.so", DXGSIM_LIBRARY, NULL};
	static const char *const compat_libraries[] = {"../rocminfo-compat/librocminfo-compat.so",
						       DXGSIM_COMPAT_DIR "/librocminfo-compat.so", NULL};
	static const char *const compat_bins[] = {DXGSIM_COMPAT_SOURCE "/lsmod", DXGSIM_COMPAT_DIR "/lsmod",
						  NULL};
	char library[PATH_MAX], compat_library[PATH_MAX], compat_bin[PATH_MAX];

	if (options->library) {
		if (!realpath(options->library, library)) {
			fprintf(stderr, "dxgsim: %s: %s\n", options->library, strerror(errno));
			return -errno;
		}
	} else if (!beside(directory, libraries, library, sizeof(library))) {
		fprintf(stderr, "dxgsim: libdxgsim.so is neither in %s nor %s\n", directory, DXGSIM_LIBRARY);
		return -ENOENT;
	}
	if (!beside(directory, compat_libraries, compat_library, sizeof(compat_library)))
		compat_library[0] = '\0';
	if (beside(directory, compat_bins, compat_bin, sizeof(compat_bin)))
		dirname(compat_bin);
	else
		compat_bin[0] = '\0';
	set("DXGSIM_ADAPTERS", options->adapters.text);
	set("DXGSIM_ADAPTER_PATH", options->adapter_path);
	set("DXGSIM_FAULTS", options->faults.text);
	set("DXGSIM_RTT_US", options->rtt_us);
	set("DXGSIM_TRACE", options->trace);
	set("DXGSIM_REPORT", report);
	set("DXGSIM_GPU_PROFILE", options->gpu_profile ? "1" : NULL);
	set("DXGSIM_ARENA", vm);
	/*
	 * What hsakmt-dxg has found out about engines it keeps for this boot, by adapter and driver version: what a real
	 * machine's can do is not for a simulated one, nor the other way round, nor is one run's for the next.
	 */
	if (!getenv("HSAKMT_DXG_PROBE"))
		set("HSAKMT_DXG_PROBE", "fresh");
	set_preload(library, compat_library, compat_bin);
	return 0;
}

/* Prints the findings; true when one of them is more than a note. */
static bool show_report(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024], kind[16];
	bool bad = false;

	if (!file) {
		fprintf(stderr, "dxgsim: %s: %s\n", path, strerror(errno));
		return true;
	}
	while (fgets(line, sizeof(line), file)) {
		fprintf(stderr, "dxgsim: %s", line);
		if (sscanf(line, "%*d %15s", kind) != 1 || (strcmp(kind, "NOTE") && strcmp(kind, "PROFILE")))
			bad = true;
	}
	fclose(file);
	return bad;
}

static volatile sig_atomic_t command_pid;

static void pass_on(int number)
{
	kill(command_pid, number);
}

static int run(const struct options *options, const char *directory, const char *report, const char *vm)
{
	sigset_t requests, before;
	int status;
	pid_t pid;

	/* none may arrive before it is known whom to pass it on to */
	sigemptyset(&requests);
	sigaddset(&requests, SIGTERM);
	sigaddset(&requests, SIGHUP);
	sigprocmask(SIG_BLOCK, &requests, &before);
	pid = fork();
	if (pid < 0) {
		perror("dxgsim: fork");
		return EXIT_FAILURE;
	}
	if (!pid) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		if (prepare(options, directory, report, vm))
			_exit(EXIT_NO_RUN);
		execvp(options->command[0], options->command);
		fprintf(stderr, "dxgsim: %s: %s\n", options->command[0], strerror(errno));
		_exit(errno == ENOENT ? EXIT_NO_RUN : 126);
	}
	/* what the terminal sends is for the command; dxgsim stays to report */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* and so is the request to end: the report outlives the command */
	command_pid = pid;
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			perror("dxgsim: waitpid");
			return EXIT_FAILURE;
		}
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "-- COMMAND [ARGUMENT...]\n--control PID HAPPENING...\n--isa-coverage [FILE...]",
		.doc = "Runs COMMAND on a simulated WDDM host: a /dev/dxg with AMD adapters behind it.\v",
		.help_filter = add_grammar,
	};
	struct options options = {.command = NULL};
	char directory[PATH_MAX], report[PATH_MAX];
	const char *report_path;
	struct vm *vm;
	int status, fd;

	if (own_directory(directory)) {
		perror("dxgsim: /proc/self/exe");
		return EXIT_FAILURE;
	}
	if (getenv("DXGSIM_ADAPTER_PATH"))
		snprintf(options.adapter_path, sizeof(options.adapter_path), "%s",
			 getenv("DXGSIM_ADAPTER_PATH"));
	else
		snprintf(options.adapter_path, sizeof(options.adapter_path), "%s", DXGSIM_ADAPTER_SOURCE);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	if (options.list_adapters)
		return fixture_list(options.adapter_path, print_adapter, NULL) ? EXIT_FAILURE : 0;
	if (options.isa_coverage)
		return coverage_command(options.command);
	if (options.control)
		return control_command(options.control, options.command);
	report_path = options.report ? options.report : report;
	if (vm_create(options.adapters.text, &vm))
		return EXIT_FAILURE;
	if (!options.report) {
		const char *place = getenv("TMPDIR");

		snprintf(report, sizeof(report), "%s/dxgsim-report-XXXXXX", place && *place ? place : "/tmp");
		fd = mkostemp(report, O_CLOEXEC);
		if (fd < 0) {
			fprintf(stderr, "dxgsim: %s: %s\n", report, strerror(errno));
			return EXIT_FAILURE;
		}
		close(fd);
	}
	status = run(&options, directory, report_path, vm_path(vm));
	report_open(report_path);
	vm_finish(vm, options.status ? stderr : NULL);
	if (show_report(report_path))
		status = DXGSIM_EXIT_REPORT;
	if (!options.report)
		unlink(report);
	free(options.trace);
	free(options.report);
	free(options.adapters.text);
	free(options.faults.text);
	return status;
}
