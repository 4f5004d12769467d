// SPDX-License-Identifier: MIT
/* From a seed, a schedule. */
#include <string.h>

#include "schedules.h"

#define EARLIEST_MS 15u
#define TIMEOUT_MS  400u /* Windows' patience with a GPU, where one is to hang */

enum scope { SCOPE_ADAPTER, SCOPE_ALL };

enum shape {
	CONTROL,    /* what happens at a time; in its text %u is the adapter */
	CALL,	    /* at the n-th call; %u is n */
	CALL_COUNT, /* ... and how often from there on */
};

/* What can happen.  One that begins something has what ends it, some time later. */
static const struct {
	const char *text, *end;
	enum shape shape;
	enum scope scope;
	unsigned weight, harm, end_harm;
	uint32_t most; /* n */
} kinds[] = {
	{"reset:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 12, HARM_LOSES | HARM_TELLS, 0, 0},
	{"reset:adapter=%u:engine", NULL, CONTROL, SCOPE_ADAPTER, 8, HARM_LOSES, 0, 0},
	{"hang:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 5, HARM_LOSES | HARM_STALLS | HARM_ORDER, 0, 0},
	{"illegal:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 4, HARM_LOSES | HARM_STALLS | HARM_ORDER, 0, 0},
	{"page-fault:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 8, HARM_LOSES | HARM_ORDER, 0, 0},
	{"page-fault:va=0x7000123000:read:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 4,
	 HARM_LOSES | HARM_ORDER, 0, 0},
	{"remove:adapter=%u", "plug:adapter=%u", CONTROL, SCOPE_ADAPTER, 8,
	 HARM_LOSES | HARM_TELLS | HARM_TWICE | HARM_REMOVES, HARM_RETURNS, 0},
	{"remove:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 3,
	 HARM_LOSES | HARM_TELLS | HARM_TWICE | HARM_REMOVES, 0, 0},
	{"driver-restart:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 5, HARM_LOSES | HARM_TELLS | HARM_TWICE,
	 0, 0},
	{"driver-restart:version=32.0.31000.1:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 4,
	 HARM_LOSES | HARM_TELLS | HARM_TWICE | HARM_CHANGES, 0, 0},
	{"sleep", "resume", CONTROL, SCOPE_ALL, 6, HARM_SLEEP, HARM_WAKES, 0},
	{"sleep", "resume:lost", CONTROL, SCOPE_ALL, 6, HARM_SLEEP, HARM_WAKES | HARM_LOSES | HARM_TELLS, 0},
	{"dead-channel", "live-channel", CONTROL, SCOPE_ALL, 5,
	 HARM_LOSES | HARM_FAILS | HARM_SILENCE | HARM_STALLS, HARM_SPEECH, 0},
	{"dead-channel", NULL, CONTROL, SCOPE_ALL, 3, HARM_LOSES | HARM_FAILS | HARM_SILENCE | HARM_STALLS, 0,
	 0},
	{"starve:ms=150:adapter=%u", NULL, CONTROL, SCOPE_ADAPTER, 5, HARM_SLEEP, 0, 0},
	{"power=battery", "power=mains", CONTROL, SCOPE_ALL, 3, 0, 0, 0},
	{"ioctl=ANY:nth=%u:errno=ENOMEM", NULL, CALL, SCOPE_ALL, 6, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=ANY:nth=%u:errno=EINVAL", NULL, CALL, SCOPE_ALL, 6, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=ANY:nth=%u:errno=EAGAIN", NULL, CALL, SCOPE_ALL, 4, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=ANY:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 8, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=ANY:nth=%u:ring-full=2", NULL, CALL, SCOPE_ALL, 4, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=ANY:nth=%u:short", NULL, CALL, SCOPE_ALL, 4, HARM_FAILS | HARM_LOSES, 0, 500},
	{"ioctl=CREATEALLOCATION:nth=%u:refuse=0xC0000017", NULL, CALL, SCOPE_ALL, 3, HARM_FAILS, 0, 20},
	{"ioctl=SUBMITCOMMANDTOHWQUEUE:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 4,
	 HARM_FAILS | HARM_LOSES, 0, 40},
	{"ioctl=SUBMITCOMMAND:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 4, HARM_FAILS | HARM_LOSES, 0,
	 40},
	{"ioctl=SUBMITCOMMANDTOHWQUEUE:nth=%u:drop", NULL, CALL, SCOPE_ALL, 2,
	 HARM_FAILS | HARM_STALLS | HARM_LOSES, 0, 40},
	{"ioctl=SUBMITCOMMAND:nth=%u:drop", NULL, CALL, SCOPE_ALL, 2, HARM_FAILS | HARM_STALLS | HARM_LOSES,
	 0, 40},
	{"ioctl=MAKERESIDENT:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 3, HARM_FAILS | HARM_LOSES, 0,
	 20},
	{"ioctl=MAPGPUVIRTUALADDRESS:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 3,
	 HARM_FAILS | HARM_LOSES, 0, 30},
	{"ioctl=CREATEHWQUEUE:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 3, HARM_FAILS | HARM_LOSES, 0,
	 8},
	{"ioctl=CREATECONTEXTVIRTUAL:nth=%u:errno=EIO:lost", NULL, CALL, SCOPE_ALL, 3,
	 HARM_FAILS | HARM_LOSES, 0, 8},
	{"ioctl=CREATEDEVICE:nth=%u:errno=ENOMEM", NULL, CALL, SCOPE_ALL, 3, HARM_FAILS | HARM_LOSES, 0, 3},
	{"over-budget:nth=%u:count=%u", NULL, CALL_COUNT, SCOPE_ALL, 4, HARM_FAILS, 0, 20},
	{"host-oom:nth=%u:count=%u", NULL, CALL_COUNT, SCOPE_ALL, 4, HARM_FAILS, 0, 40},
	{"slow-paging:ms=60:nth=%u:count=%u", NULL, CALL_COUNT, SCOPE_ALL, 4, HARM_SLEEP, 0, 40},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct {
	const char *spec, *processor;
	bool integrated;
} machines[] = {
	{"rx6800", "gfx1030", false},	 {"rx7900xtx,hws", "gfx1100", false},
	{"rx7900xtx", "gfx1100", false}, {"rx9070xt,hws", "gfx1201", false},
	{"strixhalo", "gfx1151", true},	 {"strixhalo,hws", "gfx1151", true},
};
#define MACHINES (sizeof(machines) / sizeof(machines[0]))

/* splitmix64 (public domain, Sebastiano Vigna): any seed gives a good sequence. */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)(random_next(state) % limit);
}

static size_t pick_kind(uint64_t *random)
{
	uint32_t all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < KINDS; k++)
		all += kinds[k].weight;
	for (at = random_below(random, all); at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	return i;
}

/* Two numbers for texts that have at most so many places for them. */
__attribute__((format(printf, 2, 0))) static void write_spec(struct plan_fault *fault, const char *text,
							     uint32_t first, uint32_t second)
{
	char number[2][12], *out = fault->spec, *end = fault->spec + sizeof(fault->spec);
	unsigned used = 0;

	snprintf(number[0], sizeof(number[0]), "%u", first);
	snprintf(number[1], sizeof(number[1]), "%u", second);
	for (; *text && out < end - 12; text++) {
		if (text[0] != '%') {
			*out++ = *text;
			continue;
		}
		out += snprintf(out, (size_t)(end - out), "%s", number[used++ % 2]);
		text++;
	}
	*out = '\0';
}

static void add_fault(struct plan *plan, uint64_t *random)
{
	size_t kind = pick_kind(random);
	uint32_t adapter = random_below(random, plan->adapter_count);
	struct plan_fault *fault = &plan->faults[plan->fault_count++], *end;

	*fault = (struct plan_fault){
		.harm = kinds[kind].harm,
		.call = kinds[kind].shape != CONTROL,
		.adapters = kinds[kind].scope == SCOPE_ALL ? ALL_ADAPTERS : 1u << adapter,
	};
	if (fault->call) {
		fault->early = random_below(random, 3) == 0;
		write_spec(fault, kinds[kind].text, 1 + random_below(random, kinds[kind].most),
			   1 + random_below(random, 4));
		fault->pause_ms = fault->harm & HARM_SLEEP ? 400 : 0;
		return;
	}
	write_spec(fault, kinds[kind].text, adapter, 0);
	fault->at_ms = EARLIEST_MS + random_below(random, plan->work_ms - EARLIEST_MS);
	if (!kinds[kind].end) {
		fault->pause_ms = fault->harm & HARM_SLEEP ? 150 : 0;
		return;
	}
	end = &plan->faults[plan->fault_count++];
	*end = *fault;
	write_spec(end, kinds[kind].end, adapter, 0);
	end->harm = kinds[kind].end_harm;
	end->at_ms += 20 + random_below(random, 120);
	fault->pause_ms = fault->harm & HARM_SLEEP ? end->at_ms - fault->at_ms : 0;
}

static bool same_time(const struct plan_fault *a, const struct plan_fault *b)
{
	return !a->call && !b->call && a->at_ms <= b->at_ms;
}

/* What happens at times is in their order, behind what happens at calls. */
static void sort_faults(struct plan *plan)
{
	for (unsigned i = 1; i < plan->fault_count; i++) {
		struct plan_fault fault = plan->faults[i];
		unsigned at = i;

		while (at && !same_time(&plan->faults[at - 1], &fault) && !plan->faults[at - 1].call) {
			plan->faults[at] = plan->faults[at - 1];
			at--;
		}
		plan->faults[at] = fault;
	}
}

static bool is_ordered(const struct plan *plan, unsigned adapter)
{
	for (unsigned i = 0; i < plan->fault_count; i++)
		if (plan->faults[i].harm & HARM_STALLS && plan->faults[i].adapters & 1u << adapter)
			return true;
	return false;
}

static void choose_adapter(struct plan *plan, unsigned index, uint64_t *random)
{
	struct plan_adapter *adapter = &plan->adapters[index];
	size_t machine;
	int used;

	/* two that are alike could not be told apart */
	do
		machine = random_below(random, MACHINES);
	while (index && !strcmp(machines[machine].processor, plan->adapters[0].processor));
	adapter->processor = machines[machine].processor;
	adapter->atomics = machines[machine].integrated || random_below(random, 8);
	used = snprintf(adapter->spec, sizeof(adapter->spec), "%s,seed=%u%s", machines[machine].spec,
			random_below(random, 1000000), adapter->atomics ? "" : ",atomics=off");
	if (random_below(random, 3) == 0)
		used += snprintf(adapter->spec + used, sizeof(adapter->spec) - (size_t)used, ",pending=%s",
				 random_below(random, 2) ? "always" : "never");
	if (random_below(random, 3) == 0)
		snprintf(adapter->spec + used, sizeof(adapter->spec) - (size_t)used, ",dispatch-us=%u",
			 200 + random_below(random, 3000));
}

void plan_make(struct plan *plan, uint64_t seed)
{
	uint64_t random = seed * 0x2545f4914f6cdd1dull + 1;
	unsigned faults, async;

	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	plan->adapter_count = random_below(&random, 5) < 2 ? 2 : 1;
	for (unsigned i = 0; i < plan->adapter_count; i++)
		choose_adapter(plan, i, &random);
	async = random_below(&random, 3); /* holds for the whole VM */
	plan->workers = 2 + random_below(&random, SCHEDULE_WORKERS - 1);
	plan->work_ms = 120 + random_below(&random, 140);
	faults = 1 + random_below(&random, 4);
	for (unsigned i = 0; i < faults && plan->fault_count + 2 <= SCHEDULE_FAULTS; i++)
		add_fault(plan, &random);
	sort_faults(plan);
	for (unsigned i = 0; i < plan->adapter_count; i++) {
		char *spec = plan->adapters[i].spec;
		size_t used = strlen(spec);

		if (async < 2)
			used += (size_t)snprintf(spec + used, sizeof(plan->adapters[i].spec) - used,
						 ",async=%s", async ? "on" : "off");
		if (is_ordered(plan, i))
			snprintf(spec + used, sizeof(plan->adapters[i].spec) - used, ",timeout-ms=%u",
				 TIMEOUT_MS * slowness());
	}
	switch (random_below(&random, 6)) {
	case 0:
		plan->end = END_FORGETFUL;
		break;
	case 1:
		plan->end = END_EXIT;
		break;
	default:
		plan->end = END_TIDY;
	}
	plan->again = plan->end != END_EXIT && random_below(&random, 2);
}

void plan_print(const struct plan *plan, FILE *to)
{
	static const char *const ends[] = {"tidy", "forgetful", "exit"};

	fprintf(to, "schedule %llu: ", (unsigned long long)plan->seed);
	for (unsigned i = 0; i < plan->adapter_count; i++)
		fprintf(to, "%s%s", i ? ";" : "", plan->adapters[i].spec);
	fprintf(to, "; %u threads, %u ms, ends %s%s\n", plan->workers, plan->work_ms, ends[plan->end],
		plan->again ? ", and again" : "");
	for (unsigned i = 0; i < plan->fault_count; i++) {
		const struct plan_fault *fault = &plan->faults[i];

		if (fault->call)
			fprintf(to, "  %s%s\n", fault->spec, fault->early ? " (from the open on)" : "");
		else
			fprintf(to, "  %s:after-ms=%u\n", fault->spec, fault->at_ms);
	}
}
