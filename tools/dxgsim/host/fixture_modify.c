// SPDX-License-Identifier: MIT
/* Adapter modifiers ("rx7900xtx,hws,rebar=off") and the facts that depend on them. */
#include "dxgsim/host/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/fixture_text.h"

/* argp breaks lines of more than 78 characters, and loses its margins */
const char fixture_modifiers[] =
	"Modifiers of an adapter, with the default in parentheses:\n"
	"  hws=on|off          hardware scheduling, RX 7000 series and later (off)\n"
	"  rebar=on|off        resizable BAR (on)\n"
	"  host=40|27          age of the Windows host (40)\n"
	"  async=on|off, map-guest=on|off\n"
	"                      these host abilities alone (on)\n"
	"  atomics=on|off      PCIe atomics (as the adapter's file says); without them those\n"
	"                      of the GPU on system memory are errors\n"
	"  statistics=on|off   whether QUERYSTATISTICS is answered (on)\n"
	"  checksum=enforced   allocations without the checksum are refused\n"
	"  allocation-version=N\n"
	"                      allocations with another version word are refused\n"
	"  cpu-visible=ignored|honoured\n"
	"                      whether VRAM can be locked (honoured)\n"
	"  pending=always|never|auto\n"
	"                      which paging operations end later (auto)\n"
	"  paging-us=N, paging-fence=N\n"
	"                      delay of a paging fence; its first value\n"
	"  paging-us-per-mib=N what it takes to move memory into or out of VRAM (1)\n"
	"  pin-mib=N           how much of programs' memory is pinned (any number)\n"
	"  io-window-mib=N     how much is locked at one time (any number)\n"
	"  lock=granted|refused\n"
	"                      any memory of the host's (granted)\n"
	"  lock-after-map=refused|allowed\n"
	"                      VRAM that has been mapped on the GPU (refused)\n"
	"  offers=kept|discarded\n"
	"                      what becomes of offered memory (kept until its place is\n"
	"                      needed)\n"
	"  vram-mib=N          another VRAM size\n"
	"  private=good|truncated|zeroed|unanswered|future|flip:OFFSET.BIT\n"
	"                      AMD's private answers (good)\n"
	"  patch=TYPE.SIZE@OFFSET=HEXBYTES\n"
	"                      bytes of the answer to one query; may be repeated\n"
	"  device-id=N         another PCI device id, wherever it is told\n"
	"  context=any|long    which form of a context's private data is taken (any)\n"
	"  contexts=N          how many contexts one process gets (any number)\n"
	"  hwqueue=granted|refused\n"
	"                      hardware queues, where the adapter promises them\n"
	"                      (granted)\n"
	"  user-queue=free|required\n"
	"                      software queues without client's ring memory never run\n"
	"                      (free)\n"
	"  submit=good|lost|unwritten|fault|hangs\n"
	"                      what becomes of command buffers (good)\n"
	"  sdma=good|hangs     the same for the SDMA engines alone (good)\n"
	"  timeout-ms=N        Windows' GPU timeout (2000)\n"
	"  timeout-mask=N      ordinals of the engines that are exempt from it\n"
	"  tdr=engine|adapter  what is reset after it (engine)\n"
	"  dispatch-us=N       how long every kernel takes (0)\n"
	"  kernels=run|skip    whether their code is executed (run)\n"
	"  workers=N           threads that execute kernels (as many as there are\n"
	"                      cores, up to 8)\n"
	"  seed=N              what hardware leaves to chance: the order of kernels\n"
	"  strict=acquire|release|all|none\n"
	"                      forgotten cache actions are reported for certain (none)\n"
	"  allocation-reply=same|rewritten|long, context-reply=same|rewritten\n"
	"                      private data that comes back (same)\n"
	"  escape=answered|ignored\n"
	"                      AMD's escapes (answered)\n";

typedef int (*modifier_fn)(struct fixture *fixture, const char *value, struct fixture_error *error);

static int modify_bool(bool *member, const char *name, const char *value, struct fixture_error *error)
{
	if (fixture_boolean(value, member))
		return fixture_fail(error, "%s is on or off, not '%s'", name, value);
	return 0;
}

static int modify_number(uint64_t *member, uint64_t max, const char *name, const char *value,
			 struct fixture_error *error)
{
	uint64_t number;

	if (fixture_number(value, &number) || number > max)
		return fixture_fail(error, "%s is a number up to %llu, not '%s'", name,
				    (unsigned long long)max, value);
	*member = number;
	return 0;
}

/* Hardware scheduling exists from the RX 7000 series on; Windows refuses it on older boards. */
static int modify_hws(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	int rc = modify_bool(&fixture->hws, "hws", value, error);

	if (!rc && fixture->hws && !fixture->hws_capable)
		return fixture_fail(error, "%s has no hardware scheduling (RX 7000 series and later only)",
				    fixture->name);
	return rc;
}

static int modify_rebar(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	if (fixture->integrated)
		return fixture_fail(error, "rebar: %s is an APU", fixture->name);
	return modify_bool(&fixture->rebar, "rebar", value, error);
}

/* What the two generations of hosts offer; later modifiers may change the parts. */
static int modify_host(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	if (!strcmp(value, "40") || !strcmp(value, "new")) {
		fixture->host_interface = 40;
		fixture->async_messages = true;
		fixture->map_guest_memory = true;
		return 0;
	}
	if (!strcmp(value, "27") || !strcmp(value, "old")) {
		fixture->host_interface = 27;
		fixture->async_messages = false;
		fixture->map_guest_memory = false;
		return 0;
	}
	return fixture_fail(error, "host is 27 (old) or 40 (new), not '%s'", value);
}

static int modify_async(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_bool(&fixture->async_messages, "async", value, error);
}

static int modify_map_guest(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_bool(&fixture->map_guest_memory, "map-guest", value, error);
}

static int modify_statistics(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_bool(&fixture->statistics, "statistics", value, error);
}

static int modify_atomics(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_bool(&fixture->platform_atomics, "atomics", value, error);
}

static int modify_checksum(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	if (!strcmp(value, "enforced")) {
		fixture->checksum_enforced = true;
		return 0;
	}
	return modify_bool(&fixture->checksum_enforced, "checksum", value, error);
}

static int modify_allocation_version(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t version = 0;
	int rc = modify_number(&version, 9, "allocation-version", value, error);

	if (!rc)
		fixture->allocation_version = (uint32_t)version;
	return rc;
}

static int modify_cpu_visible(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	if (!strcmp(value, "ignored")) {
		fixture->cpu_visible_ignored = true;
		return 0;
	}
	if (!strcmp(value, "honoured")) {
		fixture->cpu_visible_ignored = false;
		return 0;
	}
	return fixture_fail(error, "cpu-visible is ignored or honoured, not '%s'", value);
}

static int modify_pending(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	if (!strcmp(value, "always"))
		fixture->pending = FIXTURE_PENDING_ALWAYS;
	else if (!strcmp(value, "never"))
		fixture->pending = FIXTURE_PENDING_NEVER;
	else if (!strcmp(value, "auto"))
		fixture->pending = FIXTURE_PENDING_AUTO;
	else
		return fixture_fail(error, "pending is always, never or auto, not '%s'", value);
	return 0;
}

static int modify_paging_us(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t delay = 0;
	int rc = modify_number(&delay, 60u * 1000 * 1000, "paging-us", value, error);

	if (!rc)
		fixture->paging_us = (uint32_t)delay;
	return rc;
}

static int modify_paging_rate(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t rate = 0;
	int rc = modify_number(&rate, 1000000, "paging-us-per-mib", value, error);

	if (!rc)
		fixture->paging_us_per_mib = (uint32_t)rate;
	return rc;
}

/* A limit of which 0 is none. */
static int modify_mib(uint64_t *bytes, const char *name, const char *value, struct fixture_error *error)
{
	uint64_t mib = 0;
	int rc = modify_number(&mib, 1u << 24, name, value, error);

	if (!rc && !mib)
		return fixture_fail(error, "%s must not be 0", name);
	if (!rc)
		*bytes = mib << 20;
	return rc;
}

static int modify_pin(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_mib(&fixture->pin_bytes, "pin-mib", value, error);
}

static int modify_io_window(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_mib(&fixture->io_window_bytes, "io-window-mib", value, error);
}

static int modify_paging_fence(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_number(&fixture->paging_fence_start, 1ull << 62, "paging-fence", value, error);
}

static int modify_vram(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t mib = 0;
	int rc = modify_number(&mib, 1u << 20, "vram-mib", value, error);

	if (rc)
		return rc;
	if (!mib)
		return fixture_fail(error, "vram-mib must not be 0");
	fixture->vram_bytes = mib << 20;
	if (fixture->small_bar_bytes > fixture->vram_bytes)
		fixture->small_bar_bytes = fixture->vram_bytes;
	return 0;
}

static int modify_private(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	char offset[16], bit[8], rest[2];
	uint64_t where, which;

	if (!strcmp(value, "good")) {
		fixture->malformed = FIXTURE_PRIVATE_GOOD;
	} else if (!strcmp(value, "truncated")) {
		fixture->malformed = FIXTURE_PRIVATE_TRUNCATED;
	} else if (!strcmp(value, "zeroed")) {
		fixture->malformed = FIXTURE_PRIVATE_ZEROED;
	} else if (!strcmp(value, "future")) {
		fixture->malformed = FIXTURE_PRIVATE_FUTURE;
	} else if (!strcmp(value, "unanswered")) {
		fixture->malformed = FIXTURE_PRIVATE_UNANSWERED;
	} else if (sscanf(value, "flip:%15[^.].%7[0-9]%1s", offset, bit, rest) == 2 &&
		   !fixture_number(offset, &where) && !fixture_number(bit, &which) && which < 8 &&
		   where < FIXTURE_RAW_MAX) {
		fixture->malformed = FIXTURE_PRIVATE_FLIPPED;
		fixture->flip_offset = (uint32_t)where;
		fixture->flip_bit = (uint32_t)which;
	} else {
		return fixture_fail(error,
				    "private is good, truncated, zeroed, unanswered, future or "
				    "flip:OFFSET.BIT, not '%s'",
				    value);
	}
	return 0;
}

static int modify_patch(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	int rc = fixture_add_patch(fixture, value);

	if (rc == -EINVAL)
		fixture_fail(error, "patch is TYPE.SIZE@OFFSET=HEXBYTES inside the answer, not '%s'", value);
	return rc;
}

static int modify_device_id(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t device = 0;
	int rc = modify_number(&device, UINT16_MAX, "device-id", value, error);

	if (!rc)
		fixture->device = (uint32_t)device;
	return rc;
}

/* One of two words. */
static int modify_choice(bool *member, const char *name, const char *no, const char *yes, const char *value,
			 struct fixture_error *error)
{
	*member = !strcmp(value, yes);
	if (*member || !strcmp(value, no))
		return 0;
	return fixture_fail(error, "%s is %s or %s, not '%s'", name, no, yes, value);
}

static int modify_lock(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->lock_refused, "lock", "granted", "refused", value, error);
}

static int modify_lock_after_map(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->lock_after_map, "lock-after-map", "refused", "allowed", value, error);
}

static int modify_offers(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->offers_discarded, "offers", "kept", "discarded", value, error);
}

static int modify_context(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->context_long, "context", "any", "long", value, error);
}

static int modify_contexts(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t count = 0;
	int rc = modify_number(&count, UINT32_MAX, "contexts", value, error);

	if (!rc)
		fixture->max_contexts = (uint32_t)count;
	return rc;
}

static int modify_hwqueue(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->hwqueue_refused, "hwqueue", "granted", "refused", value, error);
}

static int modify_user_queue(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->user_queue_required, "user-queue", "free", "required", value, error);
}

static int modify_submit(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	static const char *const names[] = {
		[FIXTURE_SUBMIT_GOOD] = "good",		  [FIXTURE_SUBMIT_LOST] = "lost",
		[FIXTURE_SUBMIT_UNWRITTEN] = "unwritten", [FIXTURE_SUBMIT_FAULT] = "fault",
		[FIXTURE_SUBMIT_HANGS] = "hangs",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]))
			continue;
		fixture->submit = (enum fixture_submit)i;
		return 0;
	}
	return fixture_fail(error, "submit is good, lost, unwritten, fault or hangs, not '%s'", value);
}

static int modify_sdma(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->sdma_hangs, "sdma", "good", "hangs", value, error);
}

static int modify_timeout(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t timeout = 0;
	int rc = modify_number(&timeout, 60u * 60 * 1000, "timeout-ms", value, error);

	if (!rc && !timeout)
		return fixture_fail(error, "timeout-ms must not be 0");
	if (!rc)
		fixture->timeout_ms = (uint32_t)timeout;
	return rc;
}

/* Which engines Windows' GPU timeout passes over; a driver that exempts others than its board is known for. */
static int modify_timeout_mask(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t mask = 0;
	int rc = modify_number(&mask, UINT64_MAX, "timeout-mask", value, error);

	if (!rc && mask >> fixture->engine_count)
		return fixture_fail(error, "timeout-mask names engines that %s does not have", fixture->name);
	if (!rc)
		fixture->timeout_mask = mask;
	return rc;
}

static int modify_tdr(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->tdr_adapter, "tdr", "engine", "adapter", value, error);
}

static int modify_dispatch_us(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t duration = 0;
	int rc = modify_number(&duration, 60u * 1000 * 1000, "dispatch-us", value, error);

	if (!rc)
		fixture->dispatch_us = (uint32_t)duration;
	return rc;
}

static int modify_kernels(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->kernels_skipped, "kernels", "run", "skip", value, error);
}

static int modify_workers(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	uint64_t count = 0;
	int rc = modify_number(&count, 8, "workers", value, error);

	if (!rc)
		fixture->workers = (uint32_t)count;
	return rc;
}

static int modify_seed(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_number(&fixture->seed, UINT64_MAX, "seed", value, error);
}

/* One adds to the other, for a list has commas of its own. */
static int modify_strict(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	bool all = !strcmp(value, "all"), none = !strcmp(value, "none");
	bool acquire = !strcmp(value, "acquire"), release = !strcmp(value, "release");

	if (!all && !none && !acquire && !release)
		return fixture_fail(error, "strict is acquire, release, all or none, not '%s'", value);
	fixture->strict_acquire = !none && (fixture->strict_acquire || all || acquire);
	fixture->strict_release = !none && (fixture->strict_release || all || release);
	return 0;
}

static int modify_allocation_reply(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	static const char *const names[] = {
		[FIXTURE_REPLY_SAME] = "same",
		[FIXTURE_REPLY_REWRITTEN] = "rewritten",
		[FIXTURE_REPLY_LONG] = "long",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]))
			continue;
		fixture->allocation_reply = (enum fixture_reply)i;
		return 0;
	}
	return fixture_fail(error, "allocation-reply is same, rewritten or long, not '%s'", value);
}

static int modify_context_reply(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	bool rewritten = false;
	int rc = modify_choice(&rewritten, "context-reply", "same", "rewritten", value, error);

	fixture->context_reply = rewritten ? FIXTURE_REPLY_REWRITTEN : FIXTURE_REPLY_SAME;
	return rc;
}

static int modify_escape(struct fixture *fixture, const char *value, struct fixture_error *error)
{
	return modify_choice(&fixture->escape_ignored, "escape", "answered", "ignored", value, error);
}

int fixture_modify(struct fixture *fixture, const char *modifier, struct fixture_error *error)
{
	static const struct {
		const char *name;
		modifier_fn apply;
		const char *bare; /* the value when none is given */
	} modifiers[] = {
		{"hws", modify_hws, "on"},
		{"rebar", modify_rebar, "on"},
		{"host", modify_host, NULL},
		{"async", modify_async, "on"},
		{"map-guest", modify_map_guest, "on"},
		{"statistics", modify_statistics, "on"},
		{"atomics", modify_atomics, "on"},
		{"checksum", modify_checksum, "enforced"},
		{"allocation-version", modify_allocation_version, NULL},
		{"cpu-visible", modify_cpu_visible, NULL},
		{"pending", modify_pending, NULL},
		{"paging-us", modify_paging_us, NULL},
		{"paging-fence", modify_paging_fence, NULL},
		{"paging-us-per-mib", modify_paging_rate, NULL},
		{"pin-mib", modify_pin, NULL},
		{"io-window-mib", modify_io_window, NULL},
		{"lock", modify_lock, NULL},
		{"lock-after-map", modify_lock_after_map, NULL},
		{"offers", modify_offers, NULL},
		{"vram-mib", modify_vram, NULL},
		{"private", modify_private, NULL},
		{"patch", modify_patch, NULL},
		{"device-id", modify_device_id, NULL},
		{"context", modify_context, NULL},
		{"contexts", modify_contexts, NULL},
		{"hwqueue", modify_hwqueue, NULL},
		{"user-queue", modify_user_queue, NULL},
		{"submit", modify_submit, NULL},
		{"sdma", modify_sdma, NULL},
		{"timeout-ms", modify_timeout, NULL},
		{"timeout-mask", modify_timeout_mask, NULL},
		{"tdr", modify_tdr, NULL},
		{"dispatch-us", modify_dispatch_us, NULL},
		{"kernels", modify_kernels, NULL},
		{"workers", modify_workers, NULL},
		{"seed", modify_seed, NULL},
		{"strict", modify_strict, "all"},
		{"allocation-reply", modify_allocation_reply, NULL},
		{"context-reply", modify_context_reply, NULL},
		{"escape", modify_escape, NULL},
	};
	size_t length = strcspn(modifier, "=");
	const char *value = modifier[length] ? modifier + length + 1 : NULL;

	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
		if (strlen(modifiers[i].name) != length || memcmp(modifiers[i].name, modifier, length))
			continue;
		if (!value)
			value = modifiers[i].bare;
		if (!value)
			return fixture_fail(error, "modifier '%s' needs a value", modifier);
		return modifiers[i].apply(fixture, value, error);
	}
	return fixture_fail(error, "unknown adapter modifier '%s'", modifier);
}
