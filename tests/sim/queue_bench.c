// SPDX-License-Identifier: MIT
#include "queue_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

const char *bench_adapters;
bool bench_hardware;

void bench_use(const char *adapters)
{
	bench_adapters = adapters;
	bench_hardware = strstr(adapters, "hws") != NULL;
}

/* The machine of the command line with one more modifier. */
struct bench *bench_open(const char *modifier)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	char text[256];

	assert_non_null(bench);
	assert_in_range(snprintf(text, sizeof(text), "%s%s", bench_adapters, modifier), 1, sizeof(text) - 1);
	aql_bench_open(&bench->aql, text);
	bench->plain = aql_bench_kernel(&bench->aql, AQL_KERNEL_PLAIN);
	aql_open(&bench->queue, &bench->aql.machine, bench->aql.node, SLOTS);
	return bench;
}

int bench_setup(void **state)
{
	*state = bench_open("");
	return 0;
}

int bench_teardown(void **state)
{
	struct bench *bench = *state;

	aql_close(&bench->queue);
	aql_bench_close(&bench->aql);
	free(bench);
	return machine_teardown(state);
}

void bench_sleep_ms(unsigned ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000 * NS_PER_MS)};

	nanosleep(&t, NULL);
}

struct aql_signal *bench_arm(const struct bench *bench, uint32_t index, int64_t value)
{
	return aql_bench_arm(&bench->aql, index, value);
}

void bench_open_queue(const struct bench *bench, struct aql_queue *queue)
{
	aql_open(queue, &bench->aql.machine, bench->aql.node, SLOTS);
}

void bench_assert_healthy(const struct aql_queue *queue)
{
	assert_int_equal(*queue->error, 0);
}

void bench_send(const struct bench *bench, struct aql_queue *queue, struct aql_signal *done)
{
	struct aql_packet packet = aql_dispatch(bench->plain, done);

	aql_send(queue, &packet);
}

void bench_send_barrier(struct aql_queue *queue, struct aql_signal *awaited, struct aql_signal *done)
{
	struct aql_packet packet = aql_barrier(false, &awaited, 1, done);

	aql_send(queue, &packet);
}

struct hold hold_alloc(const struct bench *bench)
{
	struct hold hold = {
		.commands = aql_commands_alloc(&bench->aql.machine, 64),
		.go = aql_alloc(&bench->aql.machine, 4096, false),
	};

	aql_commands_wait(&hold.commands, hold.go, 1);
	return hold;
}

void hold_send(const struct hold *hold, struct aql_queue *queue, struct aql_signal *done)
{
	struct aql_packet packet = aql_vendor(&hold->commands, done);

	aql_send(queue, &packet);
}

void hold_let_go(const struct hold *hold)
{
	__atomic_store_n(hold->go, 1, __ATOMIC_RELEASE);
}

void hold_free(struct hold *hold)
{
	aql_commands_free(&hold->commands);
	aql_free(hold->go);
}

void bench_sleep_until_zero(struct aql_signal *signal, HsaEvent *event)
{
	while (aql_value(signal))
		assert_status(hsaKmtWaitOnEvent(event, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
}
