// SPDX-License-Identifier: MIT
/*
 * The gate is one word: bit 31 says that the library is open, the rest counts the callers inside.
 * A caller counts itself in first and looks at the bit then, so close can turn the bit off and wait
 * for the count to reach zero.  The words live on a page that the kernel wipes in a fork child: also
 * after a bare clone() the child finds the library closed, and its calls are refused until it opens.
 */
#include "thunk/gate.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dxg/dxg.h"
#include "util/clock.h"
#include "util/log.h"

#define GATE_OPEN 0x80000000U

struct gate {
	_Atomic uint32_t word;
	_Atomic uint32_t asleep;  /* of the callers: they wait for events, and touch nothing else */
	_Atomic uint32_t changes; /* of both while it is closed: what is slept on until they are right */
};

static struct gate *gate; /* set once, before the first open succeeds */

static struct gate *load(void)
{
	return __atomic_load_n(&gate, __ATOMIC_ACQUIRE);
}

/* Who waits for the callers looks again. */
static void tell_change(struct gate *g)
{
	atomic_fetch_add(&g->changes, 1);
	syscall(SYS_futex, &g->changes, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/*
 * A thread that is cancelled goes on until its call is over: where it would end amid one it may hold locks, and stand in lists by its stack.
 * libhsakmt's calls are ioctls, no cancellation points either.
 */
static _Thread_local struct {
	unsigned depth;
	int state;
} calling;

/* This thread is amid a call from here to calling_end(). */
void calling_begin(void)
{
	if (!calling.depth++)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calling.state);
}

void calling_end(void)
{
	if (!--calling.depth)
		pthread_setcancelstate(calling.state, NULL);
}

/* True in a signal handler that interrupted one of our own calls: what waits for calls would wait for this one. */
bool calling_now(void)
{
	return calling.depth;
}

/* The page, once per process.  -ENOMEM. */
int gate_create(void)
{
	struct gate *page;

	if (load())
		return 0;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	/* Without MADV_WIPEONFORK (Linux < 4.14) only pthread_atfork tells of a fork. */
	if (madvise(page, DXG_PAGE_SIZE, MADV_WIPEONFORK))
		log_debug("MADV_WIPEONFORK is not available: a child of bare clone() is not detected");
	__atomic_store_n(&gate, page, __ATOMIC_RELEASE);
	return 0;
}

/* Lets calls in; after gate_create(). */
void gate_open(void)
{
	atomic_fetch_or(&load()->word, GATE_OPEN);
}

/* Lets no more calls in; those that are inside go on. */
void gate_close(void)
{
	atomic_fetch_and(&load()->word, ~GATE_OPEN);
}

/* Waits until nobody is inside; after gate_close(), and not from inside of a call (calling_now()). */
void gate_wait(void)
{
	struct gate *g = load();

	for (;;) {
		uint32_t seen = atomic_load(&g->changes);

		if (!atomic_load(&g->word))
			return;
		syscall(SYS_futex, &g->changes, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
	}
}

/*
 * Waits until all who are inside are asleep, at most until then (clock_ns()); after gate_close().  False: somebody is not.
 * Who is asleep may wake up at any time, and then has only what events are made of.
 */
bool gate_wait_for_the_awake(uint64_t deadline_ns)
{
	struct gate *g = load();

	for (;;) {
		uint32_t seen = atomic_load(&g->changes);
		/* callers first: there are only fewer of them later, and whoever falls asleep meanwhile is right */
		uint32_t callers = atomic_load(&g->word), asleep = atomic_load(&g->asleep);
		uint64_t now = clock_ns(), left = deadline_ns - now;
		struct timespec timeout = {(time_t)(left / 1000000000ULL), (long)(left % 1000000000ULL)};

		if (callers == asleep)
			return true;
		if (now >= deadline_ns)
			return false;
		syscall(SYS_futex, &g->changes, FUTEX_WAIT_PRIVATE, seen, &timeout, NULL, 0);
	}
}

/* In a fork child: nobody is inside. */
void gate_forget(void)
{
	struct gate *g = load();

	if (!g)
		return;
	atomic_store(&g->word, 0);
	atomic_store(&g->asleep, 0);
}

/* True while the library is open in this process. */
bool gate_is_open(void)
{
	struct gate *g = load();

	return g && (atomic_load(&g->word) & GATE_OPEN);
}

/* Ends a call. */
void gate_leave(void)
{
	struct gate *g = load();

	if (!(atomic_fetch_sub(&g->word, 1) & GATE_OPEN))
		tell_change(g);
	calling_end();
}

/* True: the caller is inside until gate_leave(); false: closed, closing, or a fork child that has not opened. */
bool gate_enter(void)
{
	struct gate *g = load();

	if (!g)
		return false;
	calling_begin();
	if (atomic_fetch_add(&g->word, 1) & GATE_OPEN)
		return true;
	gate_leave();
	return false;
}

/* Inside, about to wait for an event, perhaps for ever. */
void gate_falls_asleep(void)
{
	struct gate *g = load();

	atomic_fetch_add(&g->asleep, 1);
	if (!(atomic_load(&g->word) & GATE_OPEN))
		tell_change(g);
}

void gate_woke_up(void)
{
	atomic_fetch_sub(&load()->asleep, 1);
}
