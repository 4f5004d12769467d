// SPDX-License-Identifier: MIT
/*
 * What ROCr of ROCm 7 and later does with librocdxg, in its order and once for each of its generations: looks for
 * /dev/dxg, loads the library by name, resolves every name before it uses one, agrees on structure sizes, comes
 * up, works, goes down, and unloads.  Afterwards no thread, no descriptor and no mapping of the library's is left,
 * and all of it can be done again.
 *
 *   rocr7_LAYOUT GENERATION GPUS [untranslated]
 *
 * Compiled with the structures of the generation.  `untranslated`: the nodes must not say that AQL packets are translated, and the
 * runtime sleeps on events and brings its own scratch.  Exits with 1 after telling each step that failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rocr7.h"

#define ROUNDS 3

/* What may come and go in the address space from round to round: stacks of threads that have ended, which glibc keeps up to 40 MiB. */
#define SLACK_KILOBYTES (40UL << 10)
/*
 * Of the heap, from the second round on: what glibc counts as used is also what it keeps in its caches for threads.  Queues that were not
 * freed on two GPUs are more.
 */
#define SLACK_BYTES ((size_t)16 << 10)

/* There when /dev/dxg is played by dxgsim, which has a thread of its own until it is told to start over. */
extern void dxgsim_reset(void) __attribute__((weak));

bool judge(struct run *run, const char *step, bool holds)
{
	if (!holds) {
		fprintf(stderr, "ROCr %s, round %d: %s does not hold\n", run->generation->name, run->round,
			step);
		run->failures++;
	}
	return holds;
}

bool judge_status(struct run *run, const char *step, HSAKMT_STATUS status, HSAKMT_STATUS wanted)
{
	if (status != wanted) {
		fprintf(stderr, "ROCr %s, round %d: %s: status %d, not %d\n", run->generation->name,
			run->round, step, (int)status, (int)wanted);
		run->failures++;
	}
	return status == wanted;
}

static const struct generation *find_generation(const char *name)
{
	for (size_t i = 0; i < GENERATION_COUNT; i++)
		if (!strcmp(generations[i].name, name))
			return &generations[i];
	return NULL;
}

/* hsa_init up to the first look at the nodes. */
static bool come_up(struct run *run)
{
	const struct thunk *thunk = &run->thunk;
	HsaVersionInfo version = {0};
	HSAuint32 capabilities = 1;
	bool model = true;

	if (!SUCCEEDS(run, thunk->hsaKmtOpenKFD()))
		return false;
	SUCCEEDS(run, thunk->hsaKmtGetVersion(&version));
	EXPECT(run, version.KernelInterfaceMajorVersion == 1 && version.KernelInterfaceMinorVersion >= 4);
	/* what 12 and 15 promise, dmabufs and the virtual memory API, is not there */
	EXPECT(run, version.KernelInterfaceMinorVersion < 12);
	/* SUCCESS and NOT_SUPPORTED are the two answers that ROCr goes on with */
	ANSWERS(run, NOT_SUPPORTED, thunk->hsaKmtRuntimeEnable(NULL, true));
	SUCCEEDS(run, thunk->hsaKmtGetRuntimeCapabilities(&capabilities));
	EXPECT(run, capabilities == 0);
	SUCCEEDS(run, thunk->hsaKmtModelEnabled(&model));
	EXPECT(run, !model);
	/* before the first acquire */
	return SUCCEEDS(run, thunk->hsaKmtReleaseSystemProperties());
}

static void go_down(struct run *run)
{
	const struct thunk *thunk = &run->thunk;

	/* a failure here would keep ROCr from the rest */
	SUCCEEDS(run, thunk->hsaKmtRuntimeDisable());
	SUCCEEDS(run, thunk->hsaKmtReleaseSystemProperties());
	SUCCEEDS(run, thunk->hsaKmtCloseKFD());
	ANSWERS(run, KERNEL_IO_CHANNEL_NOT_OPENED, thunk->hsaKmtCloseKFD());
}

static void ask_for_what_is_optional(struct run *run)
{
	const struct thunk *thunk = &run->thunk;
	HSA_EXTERNAL_SEMAPHORE_HANDLE semaphore;
	HSAint32 xnack = -1;

	ANSWERS(run, NOT_SUPPORTED, thunk->hsaKmtGetXNACKMode(&xnack));
	if (run->generation->id >= MID_2026 && thunk->hsaKmtImportExternalSemaphore)
		ANSWERS(run, NOT_SUPPORTED,
			thunk->hsaKmtImportExternalSemaphore(
				1, &semaphore, HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32, &semaphore));
}

static void live(struct run *run)
{
	HsaNodeProperties *nodes;
	HSAuint32 count;

	if (!come_up(run))
		return;
	nodes = read_topology(run, &count);
	ask_for_what_is_optional(run);
	for (HSAuint32 id = 0; nodes && id < count; id++)
		if (is_gpu(&nodes[id]))
			use_gpu(run, id, &nodes[id]);
	free(nodes);
	go_down(run);
}

static void play_round(struct run *run, struct residue *previous)
{
	struct residue now;

	if (detect_dxg(run) && load_thunk(run))
		live(run);
	unload_thunk(run);
	take_residue(&now);
	EXPECT(run, now.descriptors == previous->descriptors);
	EXPECT(run, !now.maps_dxg);
	if (run->round > 1) {
		EXPECT(run, now.threads == previous->threads);
		EXPECT(run, now.kilobytes < previous->kilobytes + SLACK_KILOBYTES);
	}
	if (run->round > 2)
		EXPECT(run, now.heap < previous->heap + SLACK_BYTES);
	*previous = now;
}

int main(int argc, char **argv)
{
	bool untranslated = argc == 4 && !strcmp(argv[3], "untranslated");
	struct run run = {
		.generation = argc == 3 || untranslated ? find_generation(argv[1]) : NULL,
		.translated = !untranslated,
	};
	struct residue first, last;

	if (!run.generation || run.generation->layout != HSAKMT_LAYOUT) {
		fprintf(stderr, "usage: rocr7_LAYOUT GENERATION GPUS [untranslated]\n");
		return 2;
	}
	_Static_assert(sizeof(HsaNodeProperties) == HSAKMT_LAYOUT, "the layout's name is its size");
	run.gpus = (unsigned int)strtoul(argv[2], NULL, 10);
	prepare_residue();
	take_residue(&first);
	/* a simulated device keeps a descriptor of its own once it was opened */
	detect_dxg(&run);
	take_residue(&last);
	for (run.round = 1; run.round <= ROUNDS && !run.failures; run.round++)
		play_round(&run, &last);
	if (dxgsim_reset)
		dxgsim_reset();
	take_residue(&last);
	EXPECT(&run, last.threads == first.threads);
	printf("ROCr %s: %d failures\n", run.generation->name, run.failures);
	return run.failures != 0;
}
