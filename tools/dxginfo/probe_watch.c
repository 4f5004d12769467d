// SPDX-License-Identifier: MIT
#include "dxginfo/probe_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxginfo/options.h"
#include "queue/probe.h"

#define NS_PER_S 1000000000ULL

/* Taking things down waits for the GPU to let go of memory. */
#define CLOSE_MORE (7 * NS_PER_S)
#define TOTAL_MORE (40 * NS_PER_S)
/* From SIGKILL, or from the last message, to the end of the process. */
#define DEATH_NS (10 * NS_PER_S)

static volatile sig_atomic_t stop_signal;
static sigset_t normal_mask;

struct watch {
	struct report *report;
	const struct probe_target *target;
	struct rung_result *result;
	int socket;
	pid_t child;
	int status;		     /* of the child, when it has ended */
	uint64_t began_ns, heard_ns; /* the child's start, when it said the last */
	bool in_step, in_call, verdict;
	bool joined; /* the step that ended last is timed with the next */
	char step[PROBE_NAME_SIZE];
	uint64_t step_ns;
	char call[PROBE_NAME_SIZE];
};

static void PRINTF_LIKE(3, 0) line(struct report *report, bool shown, const char *fmt, va_list args)
{
	va_list again;

	/* a report must hold what was known when the machine goes down */
	if (report->file) {
		va_copy(again, args);
		vfprintf(report->file, fmt, again);
		va_end(again);
		fputc('\n', report->file);
		fflush(report->file);
	}
	if (shown) {
		vprintf(fmt, args);
		putchar('\n');
		if (fflush(stdout) && !report->output_failed) {
			fprintf(stderr, "dxginfo: standard output: %s\n", strerror(errno));
			report->output_failed = true;
		}
	}
}

void report_line(struct report *report, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line(report, true, fmt, args);
	va_end(args);
}

/* For the file, and for standard output when it is wanted. */
void report_detail(struct report *report, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line(report, report->verbose, fmt, args);
	va_end(args);
}

static void on_signal(int number)
{
	stop_signal = number;
}

/*
 * From here on SIGINT, SIGTERM and SIGHUP only end what is being watched, but for those that are ignored already
 * (nohup).  They are blocked but while the watch sleeps, so that none is missed.  The errno of sigaction.
 */
int watch_signals(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal}, before;
	sigset_t blocked;

	sigemptyset(&action.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++)
		sigaddset(&blocked, stops[i]);
	sigaddset(&blocked, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &blocked, &normal_mask))
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		sigdelset(&normal_mask, stops[i]);
		if (sigaction(stops[i], NULL, &before))
			return -errno;
		if (before.sa_handler != SIG_IGN && sigaction(stops[i], &action, NULL))
			return -errno;
	}
	/* waited for by ends_within(); whoever started this program may have ignored it, and then no child is waited for */
	sigaddset(&normal_mask, SIGCHLD);
	action.sa_handler = SIG_DFL;
	return sigaction(SIGCHLD, &action, NULL) ? -errno : 0;
}

/* The signal that asked to stop, 0 if none did. */
int watch_stopped(void)
{
	return stop_signal;
}

static bool is_closing(const struct watch *watch)
{
	return !strcmp(watch->step, "close") || !strcmp(watch->step, probe_step_name(PROBE_TEARDOWN));
}

static uint64_t deadline(const struct watch *watch)
{
	uint64_t timeout = watch->target->step_timeout_ns;
	uint64_t patience = options_patience_s((uint32_t)(timeout / NS_PER_S)) * NS_PER_S;
	uint64_t bound = patience + (is_closing(watch) ? CLOSE_MORE : 0);
	uint64_t total = watch->began_ns + PROBE_STEP_COUNT * timeout + TOTAL_MORE;

	return MIN((watch->in_step ? watch->step_ns : watch->heard_ns) + bound, total);
}

static void on_step(struct watch *watch, const struct probe_message *message)
{
	static const char *const words[] = {
		[PROBE_PASSED] = "ok",
		[PROBE_FAILED] = "FAILED",
		[PROBE_SKIPPED] = "skipped",
	};
	double ms = (double)(message->at_ns - watch->step_ns) / 1e6;

	if (message->outcome == PROBE_BEGINS || message->outcome >= ARRAY_SIZE(words)) {
		watch->in_step = true;
		if (!watch->joined)
			watch->step_ns = message->at_ns;
		memcpy(watch->step, message->name, sizeof(watch->step));
		return;
	}
	watch->in_step = false;
	watch->joined = message->with_next;
	if (message->outcome == PROBE_SKIPPED)
		report_line(watch->report, "  %-14s %s", message->name, words[message->outcome]);
	else if (message->with_next)
		report_line(watch->report, "  %-14s %-8s  timed with the next", message->name,
			    words[message->outcome]);
	else
		report_line(watch->report, "  %-14s %-8s %9.3f ms%s%s", message->name,
			    words[message->outcome], ms, message->text[0] ? "  " : "", message->text);
	/* what fails outside of probe_run() has no other verdict, and behind it is told beside the verdict */
	if (message->outcome == PROBE_FAILED && !watch->result->text[0])
		snprintf(watch->result->text, sizeof(watch->result->text), "step %s: %s", message->name,
			 message->text);
}

static void on_call(struct watch *watch, const struct probe_message *message)
{
	const char *status = message->error < 0	  ? dxg_status_name(message->status)
			     : message->error > 0 ? dxg_status_name(message->error)
						  : "";

	watch->in_call = !message->done;
	memcpy(watch->call, message->name, sizeof(watch->call));
	if (!message->done)
		return;
	if (message->error < 0)
		report_detail(watch->report, "      %-42s %8llu us  %s, status 0x%08x %s", message->name,
			      (unsigned long long)message->ns / 1000, strerror(-message->error),
			      (unsigned)message->status, status);
	else
		report_detail(watch->report, "      %-42s %8llu us  ok%s%s", message->name,
			      (unsigned long long)message->ns / 1000, *status ? ", " : "", status);
}

static void on_message(struct watch *watch, struct probe_message *message)
{
	message->name[sizeof(message->name) - 1] = '\0';
	message->text[sizeof(message->text) - 1] = '\0';
	watch->heard_ns = message->at_ns;
	switch (message->kind) {
	case PROBE_MESSAGE_STEP:
		on_step(watch, message);
		break;
	case PROBE_MESSAGE_CALL:
		on_call(watch, message);
		break;
	case PROBE_MESSAGE_LOG:
		report_detail(watch->report, "      the library says: %s", message->text);
		break;
	case PROBE_MESSAGE_STATE:
		break; /* its step shows it */
	case PROBE_MESSAGE_VERDICT:
		watch->verdict = true;
		watch->result->end = message->outcome ? RUNG_PASSED : RUNG_FAILED;
		watch->result->rule = message->rule;
		snprintf(watch->result->text, sizeof(watch->result->text), "%s", message->text);
		break; /* "" if it passed */
	default:
		break;
	}
}

/* One packet.  False: the child has closed its end, or what comes is no message. */
static bool hear(struct watch *watch)
{
	struct probe_message message;
	ssize_t size;

	do {
		size = recv(watch->socket, &message, sizeof(message), MSG_DONTWAIT);
	} while (size < 0 && errno == EINTR);
	if (size < 0 && errno == EAGAIN)
		return true;
	if (size != (ssize_t)sizeof(message))
		return false;
	on_message(watch, &message);
	return true;
}

/* Where the child is, in words. */
static void describe_place(const struct watch *watch, char text[160])
{
	int used = watch->in_step   ? snprintf(text, 160, "in step %s", watch->step)
		   : watch->step[0] ? snprintf(text, 160, "after step %s", watch->step)
				    : snprintf(text, 160, "before the first step");

	if (watch->in_call && used > 0)
		snprintf(text + used, 160 - (size_t)used, ", in the ioctl %s", watch->call);
}

static void listen_to(struct watch *watch)
{
	struct rung_result *result = watch->result;
	char place[160];

	for (;;) {
		struct pollfd fd = {.fd = watch->socket, .events = POLLIN};
		uint64_t now = probe_now_ns(), end = deadline(watch);
		struct timespec wait;
		int ready;

		if (stop_signal) {
			describe_place(watch, place);
			result->end = RUNG_INTERRUPTED;
			snprintf(result->text, sizeof(result->text), "stopped by a signal %s", place);
			return;
		}
		/* what it has told already counts first: this process may have been held up itself */
		wait = (struct timespec){0, 0};
		if (now < end)
			wait = (struct timespec){(time_t)((end - now) / NS_PER_S),
						 (long)((end - now) % NS_PER_S)};
		ready = ppoll(&fd, 1, &wait, &normal_mask);
		if (ready > 0 && !hear(watch))
			return;
		if ((ready <= 0 && now >= end) || watch->heard_ns >= deadline(watch)) {
			describe_place(watch, place);
			result->end = RUNG_HUNG;
			snprintf(result->text, sizeof(result->text), "no end within %.1f s %s",
				 (double)(probe_now_ns() -
					  (watch->in_step ? watch->step_ns : watch->heard_ns)) /
					 1e9,
				 place);
			return;
		}
	}
}

/* True when the process has ended within that time, with its status in watch->status. */
static bool ends_within(struct watch *watch, uint64_t ns)
{
	uint64_t end = probe_now_ns() + ns;
	sigset_t ended;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	for (;;) {
		uint64_t now = probe_now_ns();
		uint64_t left = now < end ? end - now : 0;
		struct timespec wait = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};

		if (waitpid(watch->child, &watch->status, WNOHANG) == watch->child)
			return true;
		if (!left)
			return false;
		/* SIGCHLD is blocked, so none is lost before this */
		sigtimedwait(&ended, NULL, &wait);
	}
}

/* Brings the child to its end and says how it came to it. */
static void reap(struct watch *watch)
{
	struct rung_result *result = watch->result;
	bool killed = result->end == RUNG_HUNG || result->end == RUNG_INTERRUPTED;
	char place[160];
	int status;

	if (!killed && !ends_within(watch, DEATH_NS)) {
		killed = true;
		result->end = RUNG_HUNG;
		snprintf(result->text, sizeof(result->text), "the process does not end after its last step");
	}
	if (killed) {
		kill(watch->child, SIGKILL);
		if (!ends_within(watch, DEATH_NS)) {
			/* nothing ends it; it would be waited for in vain */
			result->unkillable = true;
			return;
		}
	}
	status = watch->status;
	/* what it told after having been given up does not count */
	if (killed)
		return;
	if (WIFSIGNALED(status)) {
		describe_place(watch, place);
		result->end = RUNG_DIED;
		result->rule = 0;
		snprintf(result->text, sizeof(result->text), "the process died of signal %d (%s) %s",
			 WTERMSIG(status), strsignal(WTERMSIG(status)), place);
	} else if (WEXITSTATUS(status) && result->end == RUNG_PASSED) {
		result->end = RUNG_FAILED;
		if (!result->text[0])
			snprintf(result->text, sizeof(result->text), "the process ended with status %d",
				 WEXITSTATUS(status));
	} else if (!WEXITSTATUS(status) && !watch->verdict) {
		result->end = RUNG_PASSED; /* it had only to look */
	}
}

/*
 * Runs one rung in a process of its own to its end, which comes in bounded time, and prints every step.  *result
 * says what became of it.
 */
void watch_rung(struct report *report, const struct probe_target *target, enum gsp_rung rung,
		struct rung_result *result)
{
	struct watch watch = {.report = report, .target = target, .result = result};
	int ret;

	memset(result, 0, sizeof(*result));
	result->end = RUNG_FAILED;
	watch.began_ns = probe_now_ns();
	watch.heard_ns = watch.began_ns;
	ret = probe_child_start(target, rung, &watch.child, &watch.socket);
	if (ret) {
		snprintf(result->text, sizeof(result->text), "the process cannot be started: %s",
			 strerror(-ret));
		return;
	}
	listen_to(&watch);
	reap(&watch);
	close(watch.socket);
}
