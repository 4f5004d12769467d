// SPDX-License-Identifier: MIT
/*
 * What tests of the order of things have: the machine of their command line with a queue, and work that stands still until it is let go.
 */
#ifndef TESTS_SIM_QUEUE_BENCH_H
#define TESTS_SIM_QUEUE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "aql_user.h"

#define SLOTS	    256u
#define NS_PER_MS   1000000ull
#define NS_PER_S    1000000000ull
#define PATIENCE_NS (20 * NS_PER_S)
#define NOT_YET_MS  20u /* what must not happen is looked for that long */

/* Of the command line; "hws" in it is hardware queues, which run beside each other. */
extern const char *bench_adapters;
extern bool bench_hardware;
void bench_use(const char *adapters);

struct bench {
	struct aql_bench aql;
	struct aql_queue queue;
	uint64_t plain;
};

/* With one more modifier, which begins with a comma, or "". */
struct bench *bench_open(const char *modifier);
int bench_setup(void **state);
int bench_teardown(void **state);

void bench_sleep_ms(unsigned ms);
struct aql_signal *bench_arm(const struct bench *bench, uint32_t index, int64_t value);
void bench_open_queue(const struct bench *bench, struct aql_queue *queue);
void bench_assert_healthy(const struct aql_queue *queue);
void bench_send(const struct bench *bench, struct aql_queue *queue, struct aql_signal *done);
void bench_send_barrier(struct aql_queue *queue, struct aql_signal *awaited, struct aql_signal *done);
void bench_sleep_until_zero(struct aql_signal *signal, HsaEvent *event);

/* The engine stands at these commands until hold_let_go(). */
struct hold {
	struct aql_commands commands;
	uint32_t *go;
};

struct hold hold_alloc(const struct bench *bench);
void hold_send(const struct hold *hold, struct aql_queue *queue, struct aql_signal *done);
void hold_let_go(const struct hold *hold);
void hold_free(struct hold *hold);

#endif
