// SPDX-License-Identifier: MIT
/*
 * Two processes work on one GPU, and one of them has it lost: where Windows resets an engine, the other one notices nothing; where it resets the
 * adapter, it is told, and both go on.  Under the launcher, which gives both one machine.
 *
 * usage: dxgsim --adapter ... --adapter ... -- losses_processes engine|adapter|reset software|hws
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "losses.h"

#define LIMIT_S	   60u
#define ROUNDS	   5u /* before and after the loss */
#define PATIENCE_S 30u

static struct shared {
	atomic_uint rounds; /* of the bystander */
	atomic_bool over;   /* the other one has its GPU again */
} * shared;

static const struct loss_kind *at_fault, *beside;
static bool hardware;
static struct loss_scene scene;

static const struct loss_kind *kind_named(const char *name)
{
	const struct loss_kind *kind = loss_kinds;

	while (kind->name && strcmp(kind->name, name))
		kind++;
	assert_non_null(kind->name);
	return kind;
}

static void wait_for_rounds(unsigned count)
{
	for (unsigned i = 0; i < PATIENCE_S * 1000 && atomic_load(&shared->rounds) < count; i++)
		loss_pause_ms(1);
	assert_true(atomic_load(&shared->rounds) >= count);
}

static void the_one_at_fault_recovers(void **state)
{
	(void)state;
	scene_open(&scene, at_fault, getenv("DXGSIM_ADAPTERS"), hardware);
	wait_for_rounds(ROUNDS);
	if (at_fault->order == LOSS_OF_NEXT) {
		loss_strike(at_fault, hardware);
		scene_work(&scene);
		scene_watch(&scene);
	} else {
		scene_watch(&scene);
		loss_strike(at_fault, hardware);
		while (scene_round(&scene))
			;
	}
	scene_join(&scene);
	scene_expect_told(&scene);
	scene_free_vram(&scene);
	scene_proves(&scene);
	scene_other_works(&scene);
	atomic_store(&shared->over, true);
	wait_for_rounds(atomic_load(&shared->rounds) + ROUNDS);
	scene_close(&scene);
}

static void work_until(const atomic_bool *over)
{
	while (!atomic_load(over) && scene_round(&scene))
		atomic_fetch_add(&shared->rounds, 1);
}

static void work_to_the_end(void)
{
	for (unsigned i = 0; i < 2 * ROUNDS; i++) {
		assert_true(scene_round(&scene));
		atomic_fetch_add(&shared->rounds, 1);
	}
}

static void the_one_beside_it_goes_on(void **state)
{
	(void)state;
	scene_open(&scene, beside, getenv("DXGSIM_ADAPTERS"), hardware);
	scene_watch(&scene);
	work_until(&shared->over);
	if (beside->raises == LOSS_RAISES_NOTHING) {
		work_to_the_end();
		scene_join(&scene);
		scene_expect_told(&scene);
		scene_proves(&scene);
	} else {
		scene_join(&scene);
		scene_expect_told(&scene);
		scene_free_vram(&scene);
		scene_proves(&scene);
		for (unsigned i = 0; i < LOSS_QUEUES; i++) {
			aql_close(&scene.queues[i]);
			aql_open(&scene.queues[i], &scene.bench.machine, scene.node, 64);
		}
		work_until(&shared->over);
		work_to_the_end();
	}
	scene_other_works(&scene);
	scene_close(&scene);
}

static pid_t start(const char *name, void (*body)(void **state))
{
	const struct CMUnitTest tests[] = {{name, body, NULL, NULL, NULL}};
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	alarm(LIMIT_S);
	exit(cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0);
}

static bool ends_well(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	pid_t first, second;
	bool good;

	if (argc != 3 || !getenv("DXGSIM_ADAPTERS")) {
		fprintf(stderr, "usage: dxgsim ... -- %s engine|adapter|reset software|hws\n", argv[0]);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	hardware = !strcmp(argv[2], "hws");
	at_fault = kind_named(!strcmp(argv[1], "reset") ? "reset" : "hang");
	beside = kind_named(!strcmp(argv[1], "engine") ? "nothing" : "reset");
	first = start("the_one_beside_it_goes_on", the_one_beside_it_goes_on);
	second = start("the_one_at_fault_recovers", the_one_at_fault_recovers);
	good = ends_well(second);
	if (!good)
		atomic_store(&shared->over, true);
	return ends_well(first) && good ? 0 : 1;
}
