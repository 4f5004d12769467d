// SPDX-License-Identifier: MIT
/* dxginfo probe: which nodes and rungs are tried, and what the outcome means. */
#include "queue/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dxginfo/facts.h"
#include "dxginfo/machine.h"
#include "dxginfo/options.h"
#include "dxginfo/probe_watch.h"
#include "gsp/caps.h"

struct node_probe {
	struct probe_target target;
	uint32_t index; /* of the adapter */
	char name[3 * HSA_PUBLIC_NAME_SIZE];
	char hidden[600]; /* why there is no node; "" if there is one */
	bool works;
	char verdict[700];
};

struct probe {
	struct report report;
	const struct options *options;
	uint32_t count;
	struct node_probe *nodes;
};

static const char *rung_promise(enum gsp_rung rung)
{
	switch (rung) {
	case GSP_RUNG_HARDWARE:
		return "hardware queues work";
	case GSP_RUNG_SOFTWARE:
		return "software queues work";
	case GSP_RUNG_USER_QUEUE:
		return "software queues work when they bring their own ring memory";
	case GSP_RUNG_NONE:
		break;
	}
	return "nothing works";
}

static void say_why_hidden(const struct machine *machine, const struct adapter *adapter, char *text,
			   size_t size)
{
	const struct topology_hidden *hidden = adapter->hidden;

	if (hidden && hidden->rule)
		snprintf(text, size, "self-check %u, %s", hidden->rule, hidden->text);
	else if (hidden)
		snprintf(text, size, "%s", hidden->text);
	else if (machine->topology_error)
		snprintf(text, size, "the nodes cannot be read: %s", strerror(-machine->topology_error));
	else
		snprintf(text, size, "it has no node");
}

/* AMD's adapters, nodes or not; the machine may be closed afterwards. */
static int collect(struct probe *probe, struct machine *machine)
{
	const struct options *options = probe->options;

	probe->nodes = calloc(DXG_MAX_ADAPTERS, sizeof(*probe->nodes));
	if (!probe->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		const struct adapter *adapter = &machine->adapters[i];
		struct node_probe *node = &probe->nodes[probe->count];

		if (options->adapter && machine_find(machine, options->adapter) != adapter)
			continue;
		if (!adapter->gpu && (adapter->ids_error || adapter->ids.vendor != KMD_VENDOR_AMD))
			continue;
		probe->count++;
		node->index = adapter->index;
		snprintf(node->name, sizeof(node->name), "%s",
			 adapter->name[0] ? adapter->name : "(no name)");
		if (!adapter->gpu) {
			say_why_hidden(machine, adapter, node->hidden, sizeof(node->hidden));
			continue;
		}
		node->target = (struct probe_target){
			.node = adapter->node,
			.luid = adapter->luid,
			.info = adapter->gpu->kmd,
			.gfx_major = adapter->gpu->gfx.major,
			.step_timeout_ns = options->timeout_s * 1000000000ULL,
		};
	}
	return 0;
}

/* The facts go into the report first: they are wanted most when nothing comes after them. */
static int print_facts(struct probe *probe, const struct machine *machine)
{
	char *text = NULL, *next;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct tm now;
	char date[40];
	time_t t = time(NULL);

	if (!out)
		return -ENOMEM;
	facts_print_machine(out, machine);
	for (uint32_t i = 0; i < machine->adapter_count; i++) {
		fputc('\n', out);
		facts_print_adapter(out, machine, &machine->adapters[i]);
	}
	if (machine->messages[0])
		fprintf(out, "\nmessages of the library:\n%s", machine->messages);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	if (gmtime_r(&t, &now) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &now))
		report_line(&probe->report, "%s", date);
	next = text;
	for (char *words = strsep(&next, "\n"); words && (next || words[0]); words = strsep(&next, "\n"))
		report_line(&probe->report, "%s", words);
	free(text);
	return 0;
}

static void print_end(struct probe *probe, enum gsp_rung rung, const struct rung_result *result)
{
	static const char *const words[] = {
		[RUNG_PASSED] = "passed", [RUNG_FAILED] = "FAILED",	  [RUNG_HUNG] = "HANGS",
		[RUNG_DIED] = "DIED",	  [RUNG_INTERRUPTED] = "stopped",
	};

	if (result->rule)
		report_line(&probe->report, "  => %s: %s: self-check %u, %s", gsp_rung_name(rung),
			    words[result->end], result->rule, result->text);
	else
		report_line(&probe->report, "  => %s: %s%s%s", gsp_rung_name(rung), words[result->end],
			    result->text[0] ? ": " : "", result->text);
	if (result->unkillable)
		report_line(&probe->report, "     its process cannot be killed: it hangs in the kernel until "
					    "\"wsl --shutdown\" on Windows");
}

/* After a hang or a crash: does the adapter still answer another process?  It is no use to go on if not. */
static bool still_answers(struct probe *probe, const struct node_probe *node)
{
	struct rung_result result;

	report_line(&probe->report, "  afterwards:");
	watch_rung(&probe->report, &node->target, GSP_RUNG_NONE, &result);
	report_line(&probe->report, "  => the adapter %s%s%s",
		    result.end == RUNG_PASSED ? "still answers" : "does not answer any more: ",
		    result.end == RUNG_PASSED ? "" : result.text,
		    result.unkillable ? ", nor can that be stopped" : "");
	return result.end == RUNG_PASSED;
}

static bool is_wanted(const struct probe *probe, const struct gsp_engine_caps *caps, enum gsp_rung rung)
{
	switch (probe->options->rungs) {
	case RUNGS_HARDWARE:
		return rung == GSP_RUNG_HARDWARE;
	case RUNGS_SOFTWARE:
		return rung == GSP_RUNG_SOFTWARE;
	case RUNGS_USER_QUEUE:
		return rung == GSP_RUNG_USER_QUEUE;
	case RUNGS_ALL:
	case RUNGS_AUTO:
		break;
	}
	return rung != GSP_RUNG_HARDWARE || caps->hardware;
}

static void probe_rungs(struct probe *probe, struct node_probe *node, const struct gsp_engine_caps *caps)
{
	char first[640] = "";

	for (int r = GSP_RUNG_HARDWARE; r < GSP_RUNG_COUNT && !watch_stopped(); r++) {
		enum gsp_rung rung = (enum gsp_rung)r;
		struct rung_result result;

		if (!is_wanted(probe, caps, rung)) {
			if (rung == GSP_RUNG_HARDWARE && probe->options->rungs <= RUNGS_AUTO)
				report_line(&probe->report,
					    " %s: not tried, the driver does not promise them",
					    gsp_rung_name(rung));
			continue;
		}
		report_line(&probe->report, " %s:", gsp_rung_name(rung));
		watch_rung(&probe->report, &node->target, rung, &result);
		print_end(probe, rung, &result);
		if (result.end == RUNG_PASSED && !node->works) {
			node->works = true;
			snprintf(node->verdict, sizeof(node->verdict), "%s", rung_promise(rung));
		} else if (result.end != RUNG_PASSED && !first[0]) {
			if (result.rule)
				snprintf(first, sizeof(first), "self-check %u: %s", result.rule, result.text);
			else
				snprintf(first, sizeof(first), "%s", result.text);
		}
		if ((result.end == RUNG_HUNG || result.end == RUNG_DIED) && !still_answers(probe, node))
			break;
		if (result.unkillable || (node->works && probe->options->rungs == RUNGS_AUTO))
			break;
	}
	if (!node->works && watch_stopped())
		snprintf(node->verdict, sizeof(node->verdict), "not known, the probe was stopped");
	else if (!node->works)
		snprintf(node->verdict, sizeof(node->verdict), "%s: %s",
			 probe->options->rungs > RUNGS_AUTO ? "this kind of queue does not work"
							    : "node would refuse queues",
			 first);
}

static void probe_node(struct probe *probe, struct node_probe *node)
{
	struct gsp_caps caps;

	if (node->hidden[0]) {
		report_line(&probe->report, "\nadapter %u, %s: not probed: %s", node->index, node->name,
			    node->hidden);
		snprintf(node->verdict, sizeof(node->verdict), "hidden: %s", node->hidden);
		return;
	}
	gsp_caps_decide(&node->target.info, &caps);
	report_line(&probe->report, "\nnode %u, adapter %u, %s: compute engine on node ordinal %u",
		    node->target.node, node->index, node->name, caps.compute.node);
	report_line(&probe->report, " private data: no self-check hides the adapter, %u note%s%s",
		    node->target.info.note_count, node->target.info.note_count == 1 ? "" : "s",
		    node->target.info.note_count ? " (above)" : "");
	probe_rungs(probe, node, &caps.compute);
}

static int finish(struct probe *probe)
{
	int status = EXIT_GOOD;

	report_line(&probe->report, "\nverdict:");
	for (uint32_t i = 0; i < probe->count; i++) {
		const struct node_probe *node = &probe->nodes[i];
		char label[32] = "no node";

		if (!node->hidden[0])
			snprintf(label, sizeof(label), "node %u", node->target.node);
		report_line(&probe->report, " %s, adapter %u, %s: %s", label, node->index, node->name,
			    node->verdict[0] ? node->verdict : "not probed");
		if (!node->works)
			status = EXIT_BAD;
	}
	if (watch_stopped()) {
		report_line(&probe->report, " stopped by signal %d: the report is not complete",
			    watch_stopped());
		status = EXIT_BAD;
	}
	return status;
}

/* Why there is nothing to probe: that no adapter is AMD's is said only where it is known. */
static void report_nothing(struct report *report, const struct machine *machine)
{
	const char *problem = machine_open_problem(machine);
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < machine->adapter_count; i++)
		unknown += machine->adapters[i].ids_error != 0;
	if (problem)
		report_line(report, "\nverdict: /dev/dxg cannot be used: %s", problem);
	else if (machine->list_error)
		report_line(report, "\nverdict: the adapters cannot be listed: %s",
			    strerror(-machine->list_error));
	else if (unknown)
		report_line(
			report,
			"\nverdict: of %u adapter%s %u do%s not tell whose it is, none is known to be AMD's",
			machine->adapter_count, machine->adapter_count == 1 ? "" : "s", unknown,
			unknown == 1 ? "es" : "");
	else
		report_line(report, "\nverdict: there is no adapter of AMD's to probe");
}

static int close_report(struct probe *probe, int status)
{
	FILE *file = probe->report.file;
	bool bad = file && ferror(file);

	if (file && (fclose(file) || bad)) {
		fprintf(stderr, "dxginfo: %s: the report could not be written\n", probe->options->output);
		return EXIT_BAD;
	}
	/* beside the report, not in it: the path may name the user */
	if (file)
		fprintf(stderr, "dxginfo: the report, with every ioctl, is in %s\n", probe->options->output);
	return status;
}

static void announce(FILE *out, uint32_t timeout_s)
{
	fprintf(out,
		"This probe is safe: it lets each AMD GPU write 20 bytes into memory of this program,\n"
		"and takes everything down again.  A step waits %u s for the GPU; one that has no end\n"
		"after %u s is given up.  Should the driver take it amiss, Windows may reset the GPU:\n"
		"save your work first.\n\n",
		timeout_s, options_patience_s(timeout_s));
	fflush(out);
}

/*
 * Opens the report and says what is going to happen, before anything does.  -1: the report cannot be written, which
 * has been said.
 */
int probe_begin(struct options *options)
{
	if (options->output) {
		options->report = fopen(options->output, "we");
		if (!options->report) {
			fprintf(stderr, "dxginfo: %s: %s\n", options->output, strerror(errno));
			return -1;
		}
		/* the report goes on when nobody reads the output any more, as with "| head" */
		signal(SIGPIPE, SIG_IGN);
		announce(options->report, options->timeout_s);
	}
	announce(stdout, options->timeout_s);
	return 0;
}

/* EXIT_GOOD: every node has a rung that works; EXIT_BAD; EXIT_NO_DEVICE: no adapter of AMD's. */
int probe_command(struct machine *machine, const struct options *options)
{
	struct probe probe = {
		.report = {.file = options->report, .verbose = options->verbose},
		.options = options,
	};
	int status = EXIT_GOOD, ret;

	ret = print_facts(&probe, machine);
	if (!ret)
		ret = collect(&probe, machine);
	if (!ret)
		ret = watch_signals();
	if (ret) {
		report_line(&probe.report, "\nthe probe cannot start: %s", strerror(-ret));
		status = EXIT_BAD;
	} else if (!probe.count) {
		report_nothing(&probe.report, machine);
		status = EXIT_NO_DEVICE;
	}
	/* each rung's process opens the device for itself; this one must not hold it meanwhile */
	machine_close(machine);
	for (uint32_t i = 0; status == EXIT_GOOD && i < probe.count && !watch_stopped(); i++)
		probe_node(&probe, &probe.nodes[i]);
	if (status == EXIT_GOOD)
		status = finish(&probe);
	free(probe.nodes);
	return close_report(&probe, status);
}
