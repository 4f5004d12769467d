// SPDX-License-Identifier: MIT
/*
 * The watching thread has the pages protected only while it sleeps without timeout, and takes the protection off before it
 * calls anybody: a thread whose store faults is stuck until then, perhaps with locks that the call needs.
 *
 * After a store the thread looks on: at once for SPIN_NS, then with pauses of a quarter of the time that nothing
 * happened, and protects the pages again when that was QUIET_NS.  So one store after a quiet time costs a fault and about fifteen looks,
 * and a burst of stores one fault.  What is stored between the last look and the protection is found by one more look:
 * when the kernel has protected a page no processor writes to it any more, and what was written is visible.
 *
 * Without userfaultfd the same looks go on, at most DOORBELL_LOOK_MAX_NS apart.
 *
 * The kernel itself cannot write to a protected page (UFFD_USER_MODE_ONLY): read(2) into a cell is -EFAULT.
 */
#include "queue/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/compiler.h"
#include "util/ending.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/relax.h"
#include "util/signals.h"

#define CELLS	   4096U
#define CELL_BYTES 64U /* a cache line each: those who store to different ones do not meet */
#define ALL_BYTES  ((size_t)CELLS * CELL_BYTES)
#define WORD_BITS  64U

#define SPIN_NS	      20000ULL
#define PAUSE_MIN_NS  20000ULL
#define SLACK_NS      5000UL
#define QUIET_NS      2000000ULL
#define GRACE_NS      20000000ULL /* for a store that faulted to take place: its thread has to be scheduled */
#define FOREVER	      UINT64_MAX
#define MAX_ATTEMPTS  1000U
#define WRITEPROTECTS (1ULL << _UFFDIO_WRITEPROTECT)

enum method {
	METHOD_NONE, /* nothing was watched yet, there is no thread */
	METHOD_USERFAULTFD,
	METHOD_LOOKS,
};

struct doorbells {
	uint8_t *cells;
	size_t page_size;
	bool forced_fallback;
	_Atomic enum method method;
	_Atomic size_t populated; /* bytes, from the begin; grows only */

	pthread_mutex_t lock; /* never held at a store to a cell, which may have to wait for the thread */
	pthread_cond_t returned;
	uint64_t taken[CELLS / WORD_BITS];
	struct doorbell *watched[CELLS];
	uint32_t watched_count;
	struct doorbell *ringing; /* whose rung() is running; may be gone already */
	bool stop;
	pthread_t thread;
	int control; /* eventfd: the thread is to look at what is above */

	/* the thread's */
	int faults; /* userfaultfd, or -1 */
	bool protected;
	bool faulted; /* since a cell changed */
	uint64_t quiet_since;
};

static uint64_t cell_read(const struct doorbell *doorbell)
{
	return __atomic_load_n(doorbell->cell, __ATOMIC_ACQUIRE);
}

/*
 * The value without any order, for a look while the page may be protected: ThreadSanitizer's atomic stores have a lock of
 * the cell, with which they fault, and its atomic loads wait for that.
 */
__attribute__((no_sanitize("thread"))) static uint64_t cell_peek(const struct doorbell *doorbell)
{
	return *(const volatile uint64_t *)doorbell->cell;
}

/*
 * The cells of a process, of which it needs one; nothing is asked of the kernel but memory before a cell is watched.
 * forced_fallback: userfaultfd is not tried.  -ENOMEM.
 */
int doorbells_create(bool forced_fallback, struct doorbells **out)
{
	struct doorbells *doorbells = calloc(1, sizeof(*doorbells));
	void *cells;

	*out = NULL;
	if (!doorbells)
		return -ENOMEM;
	cells = mmap(NULL, ALL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		     0);
	if (cells == MAP_FAILED) {
		free(doorbells);
		return -ENOMEM;
	}
	/*
	 * A fork child has the cells, for it may store to them, but pages of its own, on which nobody waits for a
	 * fault.  Where the kernel cannot wipe them they are copies, with the same outcome.
	 */
	if (madvise(cells, ALL_BYTES, MADV_WIPEONFORK))
		log_debug("doorbells: MADV_WIPEONFORK: %s", strerror(errno));
	doorbells->cells = cells;
	doorbells->page_size = (size_t)sysconf(_SC_PAGESIZE);
	doorbells->forced_fallback = forced_fallback;
	doorbells->control = -1;
	doorbells->faults = -1;
	pthread_mutex_init(&doorbells->lock, NULL);
	pthread_cond_init(&doorbells->returned, NULL);
	*out = doorbells;
	return 0;
}

/* The protection of all cells on or off; off also wakes those who fault. */
static int protect(struct doorbells *doorbells, bool on)
{
	struct uffdio_writeprotect request = {
		.range = {ptr_to_u64(doorbells->cells), atomic_load(&doorbells->populated)},
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	for (unsigned attempt = 0; ioctl(doorbells->faults, UFFDIO_WRITEPROTECT, &request); attempt++)
		if ((errno != EAGAIN && errno != EINTR) || attempt == MAX_ATTEMPTS)
			return -errno;
	doorbells->protected = on;
	return 0;
}

/*
 * Nothing faults any more.  Closing alone would not do: a fork child may have the file too.  And when unregistering fails
 * closing is what is left.
 */
static void close_faults(struct doorbells *doorbells)
{
	struct uffdio_range range = {ptr_to_u64(doorbells->cells), ALL_BYTES};

	if (doorbells->faults < 0)
		return;
	if (protect(doorbells, false))
		log_warn("doorbells: unprotecting: %s", strerror(errno));
	if (ioctl(doorbells->faults, UFFDIO_UNREGISTER, &range))
		log_warn("doorbells: UFFDIO_UNREGISTER: %s", strerror(errno));
	close(doorbells->faults);
	doorbells->faults = -1;
	doorbells->protected = false;
}

static int open_faults(struct doorbells *doorbells, const char **step)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
	struct uffdio_register registration = {
		.range = {ptr_to_u64(doorbells->cells), ALL_BYTES},
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	int fd, ret = 0;

	*step = "userfaultfd";
	fd = fd_above_stdio((int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK));
	if (fd < 0)
		return fd;
	*step = "UFFDIO_API";
	if (ioctl(fd, UFFDIO_API, &api)) {
		ret = -errno;
	} else {
		*step = "UFFDIO_REGISTER";
		if (ioctl(fd, UFFDIO_REGISTER, &registration))
			ret = -errno;
		else if (!(registration.ioctls & WRITEPROTECTS))
			ret = -EOPNOTSUPP;
	}
	if (ret) {
		close(fd);
		return ret;
	}
	doorbells->faults = fd;
	return 0;
}

static void fall_back(struct doorbells *doorbells, const char *step, int error)
{
	close_faults(doorbells);
	atomic_store(&doorbells->method, METHOD_LOOKS);
	log_info("doorbells: %s: %s; they are looked at, every %llu ms at least", step, strerror(-error),
		 DOORBELL_LOOK_MAX_NS / 1000000);
}

static void set_protection(struct doorbells *doorbells, bool on)
{
	int ret = protect(doorbells, on);

	if (ret)
		fall_back(doorbells, on ? "protecting" : "unprotecting", ret);
}

static bool wants_ring(const struct doorbell *doorbell)
{
	return doorbell->owed || cell_peek(doorbell) != doorbell->seen;
}

static bool anyone_wants_ring(const struct doorbells *doorbells)
{
	for (uint32_t i = 0; i < doorbells->watched_count; i++)
		if (wants_ring(doorbells->watched[i]))
			return true;
	return false;
}

/*
 * With the lock, which is dropped for each call.  Another cell may be moved meanwhile to a place that was looked at:
 * the next look, which follows whenever somebody was rung, finds it.
 */
static void ring_all(struct doorbells *doorbells)
{
	for (uint32_t i = 0; i < doorbells->watched_count; i++) {
		struct doorbell *doorbell = doorbells->watched[i];
		uint64_t value = cell_read(doorbell);

		if (!doorbell->owed && value == doorbell->seen)
			continue;
		doorbell->owed = false;
		doorbell->seen = value;
		doorbells->ringing = doorbell;
		pthread_mutex_unlock(&doorbells->lock);
		doorbell->rung(doorbell, value);
		pthread_mutex_lock(&doorbells->lock);
		doorbells->ringing = NULL;
		pthread_cond_broadcast(&doorbells->returned);
	}
}

enum look {
	LOOK_STOP,
	LOOK_NONE_WATCHED,
	LOOK_QUIET,
	LOOK_RANG,
};

static enum look look(struct doorbells *doorbells)
{
	enum look found = LOOK_QUIET;

	pthread_mutex_lock(&doorbells->lock);
	if (doorbells->stop) {
		found = LOOK_STOP;
	} else if (!doorbells->watched_count) {
		found = LOOK_NONE_WATCHED;
	} else if (anyone_wants_ring(doorbells)) {
		found = LOOK_RANG;
		if (doorbells->protected) {
			pthread_mutex_unlock(&doorbells->lock);
			set_protection(doorbells, false);
			pthread_mutex_lock(&doorbells->lock);
		}
		ring_all(doorbells);
	}
	pthread_mutex_unlock(&doorbells->lock);
	return found;
}

/* A store faulted, and yet no cell has changed since: it stored what was there before. */
static void owe_all(struct doorbells *doorbells)
{
	pthread_mutex_lock(&doorbells->lock);
	for (uint32_t i = 0; i < doorbells->watched_count; i++)
		doorbells->watched[i]->owed = true;
	pthread_mutex_unlock(&doorbells->lock);
}

/*
 * Sleeps until a store faults, the control file is written to, or `ns` are over.  A fault needs no reading: with the
 * protection its entry goes.  It may show only after the protection was taken off, when the two met; so it is looked for while
 * the pages are not protected too.
 */
static void pause_for(struct doorbells *doorbells, uint64_t ns)
{
	struct pollfd files[2] = {{.fd = doorbells->control, .events = POLLIN},
				  {.fd = doorbells->faults, .events = POLLIN}};
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
	int ret = ppoll(files, ARRAY_SIZE(files), ns == FOREVER ? NULL : &time, NULL);
	uint64_t count;

	if (ret < 0 && errno == EINTR)
		return;
	if (ret < 0 || (files[0].revents | files[1].revents) & ~POLLIN) {
		/* somebody closed the files: nobody wakes this thread any more */
		time = (struct timespec){.tv_nsec = (long)MIN(ns, DOORBELL_LOOK_MAX_NS)};
		if (doorbells->faults >= 0)
			fall_back(doorbells, "poll", ret < 0 ? -errno : -EBADF);
		nanosleep(&time, NULL);
		return;
	}
	if (files[0].revents && read(doorbells->control, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_warn("doorbells: eventfd: %s", strerror(errno));
	if (files[1].revents) {
		set_protection(doorbells, false);
		doorbells->faulted = true;
		doorbells->quiet_since = clock_ns();
	}
}

/* What is to be done after a look that found no store. */
static void stay_quiet(struct doorbells *doorbells)
{
	bool faults = doorbells->faults >= 0;
	uint64_t quiet = clock_ns() - doorbells->quiet_since;

	if (doorbells->protected) {
		pause_for(doorbells, FOREVER);
	} else if (faults && quiet >= (doorbells->faulted ? GRACE_NS : QUIET_NS)) {
		if (doorbells->faulted)
			owe_all(doorbells);
		else
			set_protection(doorbells, true);
		doorbells->faulted = false;
	} else if (quiet < SPIN_NS) {
		relax();
	} else {
		pause_for(doorbells, MIN(MAX(quiet / 4, PAUSE_MIN_NS),
					 faults ? DOORBELL_PAUSE_MAX_NS : DOORBELL_LOOK_MAX_NS));
	}
}

static void *watch_cells(void *arg)
{
	struct doorbells *doorbells = arg;

	/* the default of 50 us is more than the pauses after a store; where it stays they are that much longer */
	prctl(PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
	for (;;) {
		switch (look(doorbells)) {
		case LOOK_STOP:
			return NULL;
		case LOOK_NONE_WATCHED:
			if (doorbells->protected)
				set_protection(doorbells, false);
			doorbells->faulted = false;
			pause_for(doorbells, FOREVER);
			break;
		case LOOK_RANG:
			doorbells->faulted = false;
			doorbells->quiet_since = clock_ns();
			break;
		case LOOK_QUIET:
			stay_quiet(doorbells);
			break;
		}
	}
}

static void wake_thread(struct doorbells *doorbells)
{
	const uint64_t one = 1;

	/* the counter cannot be full; where the file was closed under us the thread looks by itself */
	if (write(doorbells->control, &one, sizeof(one)) < 0)
		log_warn("doorbells: eventfd: %s", strerror(errno));
}

/* Signals are the process' business: none is handled on this thread. */
static int make_thread(struct doorbells *doorbells)
{
	sigset_t before;
	int ret;

	signals_block(&before);
	ret = pthread_create(&doorbells->thread, NULL, watch_cells, doorbells);
	signals_restore(&before);
	if (!ret)
		pthread_setname_np(doorbells->thread, "hsakmt-doorbell");
	return -ret;
}

/* With the lock.  A later attempt may succeed where this fails. */
static int start(struct doorbells *doorbells)
{
	int control = fd_eventfd(), ret = 0;
	const char *step;

	if (control < 0)
		return control;
	doorbells->control = control;
	if (!doorbells->forced_fallback)
		ret = open_faults(doorbells, &step);
	if (ret)
		fall_back(doorbells, step, ret);
	atomic_store(&doorbells->method, doorbells->faults >= 0 ? METHOD_USERFAULTFD : METHOD_LOOKS);
	ret = make_thread(doorbells);
	if (ret) {
		close_faults(doorbells);
		close(doorbells->control);
		doorbells->control = -1;
		atomic_store(&doorbells->method, METHOD_NONE);
	}
	return ret;
}

static bool is_started(const struct doorbells *doorbells)
{
	return doorbells->control >= 0;
}

/* Ends the thread.  All cells were put; nobody calls any more.  Not for a fork child, which has no such thread. */
void doorbells_destroy(struct doorbells *doorbells)
{
	if (!doorbells)
		return;
	if (is_started(doorbells)) {
		pthread_mutex_lock(&doorbells->lock);
		doorbells->stop = true;
		pthread_mutex_unlock(&doorbells->lock);
		wake_thread(doorbells);
		pthread_join(doorbells->thread, NULL);
		close_faults(doorbells);
		close(doorbells->control);
	}
	ending_unmap(doorbells->cells, ALL_BYTES);
	pthread_cond_destroy(&doorbells->returned);
	pthread_mutex_destroy(&doorbells->lock);
	free(doorbells);
}

/* With the lock: the lowest index that is free, on a page that is there; CELLS: none. */
static uint32_t take_index(struct doorbells *doorbells)
{
	size_t populated = atomic_load(&doorbells->populated);

	for (uint32_t word = 0; word < ARRAY_SIZE(doorbells->taken); word++) {
		uint32_t index;

		if (!~doorbells->taken[word])
			continue;
		index = word * WORD_BITS + (uint32_t)__builtin_ctzll(~doorbells->taken[word]);
		doorbells->taken[word] |= 1ULL << index % WORD_BITS;
		if ((size_t)index * CELL_BYTES >= populated) {
			/* before Linux 6.4 a page that is not there cannot be protected */
			__atomic_store_n(doorbells->cells + populated, 0, __ATOMIC_RELAXED);
			atomic_store(&doorbells->populated, populated + doorbells->page_size);
		}
		return index;
	}
	return CELLS;
}

/*
 * A cell that holds `initial` and is not watched; all of *doorbell but rung() is set.  It stays at its address until
 * doorbell_put().  -ENOSPC: 4096 are in use.
 */
int doorbell_get(struct doorbells *doorbells, uint64_t initial, struct doorbell *doorbell)
{
	uint32_t index;

	pthread_mutex_lock(&doorbells->lock);
	index = take_index(doorbells);
	pthread_mutex_unlock(&doorbells->lock);
	if (index == CELLS)
		return -ENOSPC;
	doorbell->index = index;
	doorbell->cell = (uint64_t *)(void *)(doorbells->cells + (size_t)index * CELL_BYTES);
	doorbell->watched = false;
	doorbell->owed = false;
	doorbell->seen = initial;
	__atomic_store_n(doorbell->cell, initial, __ATOMIC_RELEASE);
	return 0;
}

/*
 * From now on rung() is called after stores, on the watching thread and without a lock: first soon after this call, whatever the
 * cell holds.  Stores that come while it runs or shortly after each other may be told as one, of the last value.
 *
 * The thread is made by the first call: -EAGAIN, -ENOMEM, -EMFILE, -ENFILE as pthread_create() and eventfd().
 */
int doorbell_watch(struct doorbells *doorbells, struct doorbell *doorbell)
{
	int ret = 0;

	pthread_mutex_lock(&doorbells->lock);
	if (!is_started(doorbells))
		ret = start(doorbells);
	if (!ret && !doorbell->watched) {
		doorbell->watched = true;
		doorbell->owed = true;
		doorbells->watched[doorbells->watched_count++] = doorbell;
	}
	pthread_mutex_unlock(&doorbells->lock);
	if (!ret)
		wake_thread(doorbells);
	return ret;
}

/*
 * No rung() any more.  When this returns it is not running either, unless this was called on the watching thread; then
 * *doorbell may be given up all the same, and is not looked at after its rung() has returned.
 */
void doorbell_unwatch(struct doorbells *doorbells, struct doorbell *doorbell)
{
	pthread_mutex_lock(&doorbells->lock);
	for (uint32_t i = 0; doorbell->watched; i++) {
		if (doorbells->watched[i] != doorbell)
			continue;
		doorbells->watched[i] = doorbells->watched[--doorbells->watched_count];
		doorbell->watched = false;
	}
	if (is_started(doorbells) && !pthread_equal(doorbells->thread, pthread_self()))
		while (doorbells->ringing == doorbell)
			pthread_cond_wait(&doorbells->returned, &doorbells->lock);
	pthread_mutex_unlock(&doorbells->lock);
}

/* Gives the cell back; it is not watched any more, and nobody stores to it. */
void doorbell_put(struct doorbells *doorbells, struct doorbell *doorbell)
{
	pthread_mutex_lock(&doorbells->lock);
	doorbells->taken[doorbell->index / WORD_BITS] &= ~(1ULL << doorbell->index % WORD_BITS);
	pthread_mutex_unlock(&doorbells->lock);
	doorbell->cell = NULL;
}

/* How cells are watched; it may change to "looks" when the kernel refuses later. */
const char *doorbells_method(const struct doorbells *doorbells)
{
	static const char *const names[] = {
		[METHOD_NONE] = "none",
		[METHOD_USERFAULTFD] = "userfaultfd",
		[METHOD_LOOKS] = "looks",
	};

	return names[atomic_load(&doorbells->method)];
}
