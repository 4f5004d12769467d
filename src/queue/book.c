// SPDX-License-Identifier: MIT
/*
 * The signals that are expected to be decremented, by address, and per lane the decrements in the order of their ordinals.
 *
 * A signal's entry begins with its value before any of the decrements it counts can have been executed.  What the
 * value ends at is known from there on as long as nobody else changes the signal, and a decrement that is not known of only
 * makes the end a number that is not zero, or the value one that does not match: then the answer is "unknown".
 */
#include "queue/book.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "queue/signal.h"
#include "util/compiler.h"

#define ENTRIES_PER_BLOCK 256U
#define FIRST_BUCKETS	  256U
#define FIRST_DECREMENTS  64U
#define LANE_BUCKETS	  64U
#define PENDING_MAX	  65536U /* of one lane */

struct entry {
	struct entry *next; /* in its bucket, or free */
	uint64_t signal;
	uint64_t ends_at;	/* the value when all that is expected was executed */
	uint32_t pending;	/* decrements */
	uint32_t run;		/* numbers the runs of decrements from one lane ... */
	uint32_t in_run;	/* ... and the pending ones of the present run */
	bool last;		/* of the latest decrement */
	bool unsure;		/* until nothing is pending */
	struct book_lane *lane; /* of the present run; NULL: none of it is pending */
	uint64_t ordinal;	/* of the latest decrement */
};

struct block {
	struct block *next;
	struct entry entries[ENTRIES_PER_BLOCK];
};

struct decrement {
	struct entry *entry;
	uint64_t ordinal;
	uint32_t run;
};

struct book_lane {
	struct book_lane *next; /* in its bucket */
	struct lane *lane;
	uint64_t made; /* the latest submission */
	uint64_t settled;
	bool settles;
	const volatile uint32_t *mark;
	/* a ring, oldest first; capacity a power of two */
	struct decrement *decrements;
	uint32_t capacity;
	uint32_t first;
	uint32_t count;
};

struct book {
	pthread_mutex_t lock;
	struct entry **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t entry_count;
	struct entry *free;
	struct block *blocks;
	struct book_lane *lanes[LANE_BUCKETS];
	bool blind; /* something was said of a lane that there was no memory to remember */
};

/* An empty book.  -ENOMEM. */
int book_create(struct book **out)
{
	struct book *book = calloc(1, sizeof(*book));

	*out = NULL;
	if (!book)
		return -ENOMEM;
	book->buckets = calloc(FIRST_BUCKETS, sizeof(*book->buckets));
	if (!book->buckets) {
		free(book);
		return -ENOMEM;
	}
	book->bucket_count = FIRST_BUCKETS;
	pthread_mutex_init(&book->lock, NULL);
	*out = book;
	return 0;
}

/* NULL is allowed. */
void book_destroy(struct book *book)
{
	if (!book)
		return;
	for (uint32_t i = 0; i < LANE_BUCKETS; i++) {
		struct book_lane *lane = book->lanes[i];

		while (lane) {
			struct book_lane *next = lane->next;

			free(lane->decrements);
			free(lane);
			lane = next;
		}
	}
	while (book->blocks) {
		struct block *next = book->blocks->next;

		free(book->blocks);
		book->blocks = next;
	}
	free(book->buckets);
	pthread_mutex_destroy(&book->lock);
	free(book);
}

/* Addresses are multiples of 64 mostly: Fibonacci hashing takes its bits from the top. */
static uint32_t hash(uint64_t address, uint32_t buckets)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ULL) >> 32) & (buckets - 1);
}

/* ---- entries ---- */

static struct entry *find_entry(const struct book *book, uint64_t signal)
{
	struct entry *entry = book->buckets[hash(signal, book->bucket_count)];

	while (entry && entry->signal != signal)
		entry = entry->next;
	return entry;
}

/* Without memory the chains grow longer instead. */
static void grow_buckets(struct book *book)
{
	uint32_t count = book->bucket_count * 2;
	struct entry **buckets = count ? calloc(count, sizeof(struct entry *)) : NULL;

	if (!buckets)
		return;
	for (uint32_t i = 0; i < book->bucket_count; i++) {
		struct entry *entry = book->buckets[i];

		while (entry) {
			struct entry *next = entry->next, **bucket = &buckets[hash(entry->signal, count)];

			entry->next = *bucket;
			*bucket = entry;
			entry = next;
		}
	}
	free(book->buckets);
	book->buckets = buckets;
	book->bucket_count = count;
}

static struct entry *take_entry(struct book *book)
{
	struct entry *entry;

	if (!book->free) {
		struct block *block = malloc(sizeof(*block));

		if (!block)
			return NULL;
		block->next = book->blocks;
		book->blocks = block;
		for (uint32_t i = 0; i < ENTRIES_PER_BLOCK; i++) {
			block->entries[i].next = book->free;
			book->free = &block->entries[i];
		}
	}
	entry = book->free;
	book->free = entry->next;
	return entry;
}

static struct entry *add_entry(struct book *book, uint64_t signal)
{
	struct entry *entry = take_entry(book), **bucket;

	if (!entry)
		return NULL;
	if (book->entry_count >= book->bucket_count)
		grow_buckets(book);
	bucket = &book->buckets[hash(signal, book->bucket_count)];
	*entry = (struct entry){
		.next = *bucket,
		.signal = signal,
		.ends_at = (uint64_t)signal_load(signal),
	};
	*bucket = entry;
	book->entry_count++;
	return entry;
}

static void remove_entry(struct book *book, struct entry *entry)
{
	struct entry **link = &book->buckets[hash(entry->signal, book->bucket_count)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	entry->next = book->free;
	book->free = entry;
	book->entry_count--;
}

static void drop(struct book *book, const struct decrement *decrement)
{
	struct entry *entry = decrement->entry;

	if (decrement->run == entry->run && !--entry->in_run)
		entry->lane = NULL; /* may end before the entry does */
	if (!--entry->pending)
		remove_entry(book, entry);
}

/* ---- lanes ---- */

static struct book_lane *find_lane(const struct book *book, const struct lane *lane)
{
	struct book_lane *known = book->lanes[hash(ptr_to_u64(lane), LANE_BUCKETS)];

	while (known && known->lane != lane)
		known = known->next;
	return known;
}

static struct book_lane *find_or_add_lane(struct book *book, struct lane *lane)
{
	struct book_lane *known = find_lane(book, lane), **bucket;

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	bucket = &book->lanes[hash(ptr_to_u64(lane), LANE_BUCKETS)];
	known->next = *bucket;
	known->lane = lane;
	*bucket = known;
	return known;
}

static struct decrement *decrement_at(const struct book_lane *lane, uint32_t index)
{
	return &lane->decrements[(lane->first + index) & (lane->capacity - 1)];
}

/* Drops what is over on a lane. */
static void reap(struct book *book, struct book_lane *lane)
{
	uint64_t over;

	if (!lane->count)
		return;
	over = lane_done(lane->lane);
	/* on a lost device nobody decrements any more */
	if (lane->settles && over != UINT64_MAX)
		over = lane->settled;
	while (lane->count && decrement_at(lane, 0)->ordinal <= over) {
		drop(book, decrement_at(lane, 0));
		lane->first = (lane->first + 1) & (lane->capacity - 1);
		lane->count--;
	}
}

/* Drops what is over of a signal's decrements.  The entry may be gone. */
static struct entry *reap_entry(struct book *book, struct entry *entry)
{
	uint64_t signal = entry->signal;

	if (entry->lane)
		reap(book, entry->lane);
	entry = find_entry(book, signal);
	if (!entry || entry->in_run == entry->pending)
		return entry;
	for (uint32_t i = 0; i < LANE_BUCKETS; i++)
		for (struct book_lane *lane = book->lanes[i]; lane; lane = lane->next)
			reap(book, lane);
	return find_entry(book, signal);
}

/* Room for one more decrement. */
static bool make_room(struct book_lane *lane)
{
	uint32_t capacity = lane->capacity ? lane->capacity * 2 : FIRST_DECREMENTS;
	struct decrement *decrements;

	if (lane->count < lane->capacity)
		return true;
	if (capacity > PENDING_MAX)
		return false;
	decrements = malloc(capacity * sizeof(*decrements));
	if (!decrements)
		return false;
	for (uint32_t i = 0; i < lane->count; i++)
		decrements[i] = *decrement_at(lane, i);
	free(lane->decrements);
	lane->decrements = decrements;
	lane->capacity = capacity;
	lane->first = 0;
	return true;
}

/* ---- what others call ---- */

static int expect(struct book *book, uint64_t signal, struct book_lane *lane, uint64_t ordinal, bool last)
{
	struct entry *entry;

	reap(book, lane);
	/* what is over must not count: a value that the signal has now may be a new one */
	entry = find_entry(book, signal);
	if (entry && entry->lane != lane)
		entry = reap_entry(book, entry);
	if (!make_room(lane)) {
		if (entry)
			entry->unsure = true;
		return -ENOMEM;
	}
	if (!entry)
		entry = add_entry(book, signal);
	if (!entry)
		return -ENOMEM;
	if (entry->lane != lane) {
		entry->lane = lane;
		entry->run++;
		entry->in_run = 0;
	}
	entry->ends_at--;
	entry->pending++;
	entry->in_run++;
	entry->ordinal = ordinal;
	entry->last = last;
	lane->count++;
	*decrement_at(lane, lane->count - 1) = (struct decrement){
		.entry = entry,
		.ordinal = ordinal,
		.run = entry->run,
	};
	return 0;
}

/*
 * Counts a decrement by one of a signal, whose memory is there.  By the submission that will have this ordinal on the
 * lane: the caller has the lane's lock, ordinals do not go back, and nothing of the submission was given to the host yet.
 * *last: nothing that takes time or may wait follows the decrement in its submission.
 *
 * -ENOMEM, also when more decrements of the lane are pending than the book remembers: the signal is unknown then, and the
 * submission can be made all the same.
 */
int book_expect(struct book *book, uint64_t signal, struct lane *lane, uint64_t ordinal, bool last)
{
	struct book_lane *known;
	struct entry *entry;
	int ret = -ENOMEM;

	pthread_mutex_lock(&book->lock);
	known = find_or_add_lane(book, lane);
	if (known) {
		ret = expect(book, signal, known, ordinal, last);
	} else {
		entry = find_entry(book, signal);
		if (entry)
			entry->unsure = true;
	}
	pthread_mutex_unlock(&book->lock);
	return ret;
}

/*
 * What became of a submission that decrements were expected of: made true, the host has it; else it never will, and they are
 * taken back.  What the signals are then is unknown until nothing of them is pending, for the host may have taken a part.
 * The caller has the lane's lock, since before book_expect().
 */
void book_submitted(struct book *book, struct lane *lane, uint64_t ordinal, bool made)
{
	struct book_lane *known;

	pthread_mutex_lock(&book->lock);
	known = find_lane(book, lane);
	if (known && made)
		known->made = ordinal;
	while (known && !made && known->count && decrement_at(known, known->count - 1)->ordinal == ordinal) {
		struct decrement *decrement = decrement_at(known, --known->count);

		decrement->entry->unsure = true;
		decrement->entry->ends_at++;
		drop(book, decrement);
	}
	pthread_mutex_unlock(&book->lock);
}

/*
 * For a lane whose decrements the CPU does, after their submissions: they are over up to this ordinal.  It has to be said of
 * such a lane (with ordinal 0) before anything is expected of it: of others the fence tells.
 */
void book_settled(struct book *book, struct lane *lane, uint64_t ordinal)
{
	struct book_lane *known;

	pthread_mutex_lock(&book->lock);
	known = find_or_add_lane(book, lane);
	if (known) {
		known->settles = true;
		known->settled = MAX(known->settled, ordinal);
	} else {
		book->blind = true;
	}
	pthread_mutex_unlock(&book->lock);
}

/*
 * For a lane whose submissions write their ordinal (its lower half) to *mark before their last decrement: what
 * book_find() says is then safe also against an owner who sees the signal reach zero and gives it a new value, or its memory
 * a new signal, before the fence of that submission is seen to pass.  The word is zero or older at first, the same for all
 * submissions of the lane, and stays until book_forget(); NULL: no longer.
 */
void book_mark(struct book *book, struct lane *lane, const volatile uint32_t *mark)
{
	struct book_lane *known;

	pthread_mutex_lock(&book->lock);
	known = find_or_add_lane(book, lane);
	if (known)
		known->mark = mark;
	else if (mark)
		book->blind = true;
	pthread_mutex_unlock(&book->lock);
}

/* The lane ends, also amid work, which the host drops then.  Its address may be another lane's afterwards. */
void book_forget(struct book *book, const struct lane *lane)
{
	struct book_lane *known, **link;

	pthread_mutex_lock(&book->lock);
	known = find_lane(book, lane);
	if (known) {
		reap(book, known);
		while (known->count) {
			struct decrement *decrement = decrement_at(known, --known->count);
			struct entry *entry = decrement->entry;

			entry->unsure = true;
			drop(book, decrement);
		}
		link = &book->lanes[hash(ptr_to_u64(lane), LANE_BUCKETS)];
		while (*link != known)
			link = &(*link)->next;
		*link = known->next;
		free(known->decrements);
		free(known);
	}
	pthread_mutex_unlock(&book->lock);
}

/* Whether the latest decrement may have been executed already; asked after the value was read. */
static bool may_be_over(const struct book_lane *lane, uint64_t ordinal)
{
	if (lane_read(lane->lane, ordinal) != GSP_FENCE_PENDING)
		return true;
	return lane->mark &&
	       (int32_t)(__atomic_load_n(lane->mark, __ATOMIC_ACQUIRE) - (uint32_t)ordinal) >= 0;
}

static bool is_predictable(const struct entry *entry)
{
	uint64_t value;

	if (entry->unsure || entry->ends_at || !entry->last || entry->in_run != entry->pending ||
	    entry->lane->made < entry->ordinal)
		return false;
	value = (uint64_t)signal_load(entry->signal);
	return value >= 1 && value <= entry->pending && !may_be_over(entry->lane, entry->ordinal);
}

/*
 * Whether the signal, whose memory is there, will be zero when one submission that was made is over, and that is not over yet.
 * *point is the submission's; the lane may end and its fence with it, so the point is for lane_submit(), not to be read.
 */
bool book_find(struct book *book, uint64_t signal, struct gsp_fence_point *point)
{
	struct entry *entry;
	bool found = false;

	pthread_mutex_lock(&book->lock);
	entry = book->blind ? NULL : find_entry(book, signal);
	if (entry)
		entry = reap_entry(book, entry);
	if (entry && is_predictable(entry)) {
		*point = lane_point(entry->lane->lane, entry->ordinal);
		found = true;
	}
	pthread_mutex_unlock(&book->lock);
	return found;
}
