// SPDX-License-Identifier: MIT
#include "memory/user_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/pressure.h"
#include "memory/step.h"
#include "memory/user_back.h"
#include "memory/user_windows.h"
#include "util/compiler.h"
#include "util/log.h"

struct user_pin {
	struct gsp_retire retire;
	struct user_chore chore;
	struct user_pin *next; /* of those that go together */
	struct users *users;
	struct buffer *buffer;
	struct backing *backing;
	unsigned gpu;
	uint64_t start;
	uint64_t end;
	bool read_only;
	bool uncached;
	uint32_t live; /* pieces in use */
};

struct user_piece {
	struct tree_node node;
	uint64_t start;
	uint64_t end;
	struct user_pin *pin;
	struct user_window *window;
	uint32_t uses;
};

static struct user_piece *of_node(const struct tree_node *node)
{
	return node ? tree_entry(node, struct user_piece, node) : NULL;
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	uint64_t x = of_node(a)->start, y = of_node(b)->start;

	return (x > y) - (x < y);
}

static struct user_piece *next_piece(const struct user_piece *piece)
{
	return of_node(tree_next(&piece->node));
}

/* The piece that an address lies in, else the next above, or NULL.  With the lock held, as all of these. */
static struct user_piece *piece_from(struct users *users, unsigned gpu, uint64_t address)
{
	struct tree *pieces = &users->gpus[gpu].pieces;
	struct user_piece probe = {.start = address};
	struct user_piece *piece = of_node(tree_at_or_before(pieces, &probe.node, compare));

	if (piece && address < piece->end)
		return piece;
	return of_node(tree_at_or_after(pieces, &probe.node, compare));
}

/* Cuts the piece that `address` is inside of in two there. */
static int split(struct users *users, unsigned gpu, uint64_t address)
{
	struct user_piece *piece = piece_from(users, gpu, address), *upper;

	if (!piece || piece->start >= address)
		return 0;
	upper = malloc(sizeof(*upper));
	if (!upper)
		return -ENOMEM;
	*upper = *piece;
	upper->start = address;
	piece->end = address;
	piece->window->pieces++;
	piece->pin->live += piece->uses ? 1 : 0;
	tree_insert(&users->gpus[gpu].pieces, &upper->node, compare);
	return 0;
}

/* Adds the pin to those that go, if nothing of it is in use any more. */
static void piece_left(struct user_pin *pin, struct user_pin **going)
{
	if (--pin->live)
		return;
	pin->next = *going;
	*going = pin;
}

static int set_mapping(struct user_pin *pin, d3dkmt_handle allocation, uint64_t start, uint64_t end,
		       uint64_t protection)
{
	struct gsp_device *device = pin->backing->device;
	const struct gsp_handles *handles;
	struct dxg_gpu_va_map map = {
		.allocation = allocation,
		.base = start,
		.offset = allocation ? start - pin->start : 0,
		.size = end - start,
		.protection = protection,
	};
	uint64_t va, fence;
	int ret = gsp_device_open(device, &handles);

	if (ret)
		return ret;
	map.paging_queue = handles->paging.handle;
	ret = gsp_device_result(device, dxg_map_gpu_va(gsp_device_dxg(device), &map, &va, &fence));
	if (!ret)
		pin->backing->fence = MAX(pin->backing->fence, fence);
	else if (ret == -EEXIST && va && va != start)
		/* mapped, but elsewhere */
		gsp_device_result(device, dxg_free_gpu_va(gsp_device_dxg(device), gsp_device_adapter(device),
							  va, map.size));
	return ret;
}

/* Takes [start, end) away on the GPU.  At the second try if need be: a host may be short of memory for a moment. */
static int unmap(struct user_pin *pin, uint64_t start, uint64_t end)
{
	int ret = set_mapping(pin, 0, start, end, D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS);

	if (ret && ret != -ENODEV)
		ret = set_mapping(pin, 0, start, end, D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS);
	return ret;
}

/* Takes neighbouring pieces of the pin from the tree; false: it has none left. */
static bool take_pieces(struct user_pin *pin, struct user_window **window, uint64_t *start, uint64_t *end,
			uint32_t *count)
{
	struct users *users = pin->users;
	struct user_piece *piece = piece_from(users, pin->gpu, pin->start), *next;

	while (piece && piece->start < pin->end && piece->pin != pin)
		piece = next_piece(piece);
	if (!piece || piece->start >= pin->end)
		return false;
	*window = piece->window;
	*start = *end = piece->start;
	*count = 0;
	for (; piece && piece->pin == pin && piece->window == *window && piece->start == *end; piece = next) {
		next = next_piece(piece);
		*end = piece->end;
		++*count;
		tree_remove(&users->gpus[pin->gpu].pieces, &piece->node);
		free(piece);
	}
	return true;
}

/* Takes what is left of a pin off the GPU; its allocation goes when the GPU has let go. */
static void end_pin(struct user_chore *chore)
{
	struct user_pin *pin = tree_entry(chore, struct user_pin, chore);
	struct users *users = pin->users;
	struct user_window *window;
	struct user_claim claim;
	uint64_t start, end;
	uint32_t count;
	int ret;

	pthread_mutex_lock(&users->lock);
	if (!user_claim_try(users, &claim, pin->start, pin->end)) {
		user_put_off(users, chore);
		pthread_mutex_unlock(&users->lock);
		return;
	}
	while (take_pieces(pin, &window, &start, &end, &count)) {
		pthread_mutex_unlock(&users->lock);
		ret = unmap(pin, start, end);
		if (ret && ret != -ENODEV)
			/* it goes with its allocation */
			log_warn("GPU %u: unmapping user memory at %#llx: %s", pin->gpu,
				 (unsigned long long)start, strerror(-ret));
		pthread_mutex_lock(&users->lock);
		user_window_took_out(window, count, pin->backing->device, pin->backing->fence);
	}
	pthread_mutex_unlock(&users->lock);
	backing_retire(pin->backing, NULL);
	buffer_put(pin->buffer);
	free(pin);
	user_claim_end(users, &claim);
	users_put(users);
}

/* No submission uses it any more. */
static void unused(struct gsp_retire *item, int why)
{
	struct user_pin *pin = tree_entry(item, struct user_pin, retire);

	(void)why; /* lost or too late, it goes all the same */
	end_pin(&pin->chore);
}

/* Pins without a piece in use go when what is submitted by now is over. */
static void retire_pins(struct user_pin *pin)
{
	struct user_pin *next;

	for (; pin; pin = next) {
		struct memory *memory = pin->users->memory;
		struct gsp_device *device = pin->backing->device;

		next = pin->next;
		pin->chore.run = end_pin;
		pin->retire = (struct gsp_retire){
			.run = unused,
			.moment = gsp_moment_take(&device, 1),
		};
		gsp_retire_add(&memory->retired, &pin->retire);
	}
}

/* What a registration needs on a GPU while it is being provided. */
struct taking {
	struct users *users;
	unsigned gpu;
	struct gsp_device *device;
	uint64_t end; /* of all of it */
	bool read_only;
	bool uncached;
	struct user_runs runs;
	struct backing *last; /* the newest */
};

static int make_buffer(struct memory *memory, uint64_t start, struct buffer **out)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));
	int ret;

	*out = NULL;
	if (!buffer)
		return -ENOMEM;
	buffer->memory = memory;
	buffer->start = start;
	buffer->kind = MEMORY_USER;
	buffer->gpu = MEMORY_HOST;
	atomic_init(&buffer->references, 1);
	ret = node_set_of(&memory->node_sets, 0, &buffer->nodes);
	if (ret)
		free(buffer);
	else
		*out = buffer;
	return ret;
}

/* Pins pages from `start` on, up to `limit` at most. */
static int make_pin(struct taking *t, uint64_t start, uint64_t limit, struct user_pin **out)
{
	struct user_pages pages = {
		.gpu = t->gpu,
		.device = t->device,
		.start = start,
		.end = limit,
		.all_end = t->end,
		.gpu_va = start,
		.read_only = t->read_only,
		.uncached = t->uncached,
	};
	struct user_pin *pin = calloc(1, sizeof(*pin));
	int ret;

	if (!pin)
		return -ENOMEM;
	ret = make_buffer(t->users->memory, start, &pin->buffer);
	if (!ret)
		ret = user_back(pin->buffer, &pages, &t->runs, &pin->backing, &pin->read_only);
	if (ret) {
		if (pin->buffer)
			buffer_put(pin->buffer);
		free(pin);
		return ret;
	}
	pin->users = t->users;
	pin->gpu = t->gpu;
	pin->start = start;
	pin->end = start + pin->backing->size;
	pin->uncached = t->uncached;
	pin->buffer->span = pin->buffer->size = pin->backing->size;
	atomic_fetch_add(&t->users->references, 1);
	*out = pin;
	return 0;
}

/*
 * The next piece of a pin: from `start` on as far as one mapping can go, which is to the end of the reservation or to where
 * the use of what was there before changes.
 */
static struct user_piece next_of(const struct user_pin *pin, uint64_t start)
{
	struct users *users = pin->users;
	struct user_piece next = {.start = start, .pin = (struct user_pin *)(uintptr_t)pin, .uses = 1};
	const struct user_piece *old;

	pthread_mutex_lock(&users->lock);
	next.window = user_window_at(users, pin->gpu, start);
	next.end = MIN(pin->end, next.window->end);
	for (old = piece_from(users, pin->gpu, start); old && old->start < next.end; old = next_piece(old)) {
		if (!old->uses)
			continue;
		if (old->start > start) {
			next.end = old->start;
		} else {
			next.end = MIN(next.end, old->end);
			next.uses += old->uses;
		}
		break;
	}
	pthread_mutex_unlock(&users->lock);
	return next;
}

/* Puts a piece that was mapped in the place of what was there. */
static void put_piece(struct user_piece *piece, struct user_pin **going)
{
	struct users *users = piece->pin->users;
	unsigned gpu = piece->pin->gpu;
	struct user_piece *old, *next;

	pthread_mutex_lock(&users->lock);
	piece->window->pieces++;
	piece->pin->live++;
	for (old = piece_from(users, gpu, piece->start); old && old->start < piece->end; old = next) {
		next = next_piece(old);
		tree_remove(&users->gpus[gpu].pieces, &old->node);
		old->window->pieces--; /* not the last one */
		if (old->uses)
			piece_left(old->pin, going);
		free(old);
	}
	tree_insert(&users->gpus[gpu].pieces, &piece->node, compare);
	pthread_mutex_unlock(&users->lock);
}

/* Maps a new pin, over what nobody uses or what it replaces.  *reached: how far that went. */
static int map_pin(struct user_pin *pin, uint64_t *reached)
{
	uint64_t write = D3DDDIGPUVA_PROTECTION_TYPE_WRITE, rights = pin->read_only ? 0 : write;
	struct users *users = pin->users;
	int ret;

	memory_step(MEMORY_STEP_MAP);
	pthread_mutex_lock(&users->lock);
	ret = split(users, pin->gpu, pin->end);
	pthread_mutex_unlock(&users->lock);
	while (!ret && *reached < pin->end) {
		struct user_piece *piece = malloc(sizeof(*piece));
		struct user_pin *going = NULL;

		if (!piece)
			return -ENOMEM;
		*piece = next_of(pin, *reached);
		ret = set_mapping(pin, pin->backing->chunks[0], piece->start, piece->end, rights);
		if (ret) {
			free(piece);
			break;
		}
		*reached = piece->end;
		put_piece(piece, &going);
		retire_pins(going);
	}
	/* the host does not map where it should */
	return ret == -EEXIST ? -EADDRNOTAVAIL : ret;
}

/* Provides for pages from *reached on, where nothing is that can be shared, up to `limit` at most. */
static int add_pin(struct taking *t, uint64_t limit, uint64_t *reached)
{
	struct user_pin *pin = NULL;
	int ret = make_pin(t, *reached, limit, &pin);

	if (ret)
		return ret;
	ret = map_pin(pin, reached);
	if (ret && *reached == pin->start) {
		pin->next = NULL;
		retire_pins(pin);
	} else {
		t->last = pin->backing;
	}
	return ret;
}

/* Whether the process may write some page of a piece now, however it was when the piece was pinned. */
static bool became_writable(const struct user_piece *piece)
{
	struct user_runs runs;
	bool writable;

	if (user_runs_read(&runs, piece->start, piece->end))
		return false;
	writable = runs.count > 1 || runs.runs[0].writable;
	user_runs_free(&runs);
	return writable;
}

/*
 * Whether a piece does for another registration.  One that was made read-only, or cached, for the first one does not if the
 * second wants more; it is mapped over then, with the same pages and all rights, and serves both.
 */
static bool can_share(const struct taking *t, const struct user_piece *piece)
{
	if (!piece->uses || piece->pin->backing->device != t->device)
		return false;
	if (t->uncached && !piece->pin->uncached)
		return false;
	return t->read_only || !piece->pin->read_only || !became_writable(piece);
}

/* The first piece of a claimed range; what is found stays.  Beyond the range, pieces are others' and come and go. */
static struct user_piece *claimed_piece(const struct taking *t, uint64_t address)
{
	struct user_piece *piece;

	pthread_mutex_lock(&t->users->lock);
	piece = piece_from(t->users, t->gpu, address);
	if (piece && piece->start >= t->end)
		piece = NULL;
	pthread_mutex_unlock(&t->users->lock);
	return piece;
}

/* The piece at `at`, if it can be shared, or else NULL and how far (*limit) there is none. */
static struct user_piece *find_shared(const struct taking *t, uint64_t at, uint64_t *limit)
{
	struct user_piece *piece = claimed_piece(t, at);

	while (piece && !can_share(t, piece))
		piece = piece->end < t->end ? claimed_piece(t, piece->end) : NULL;
	*limit = piece ? piece->start : t->end;
	return piece && piece->start <= at ? piece : NULL;
}

static int cut_at_ends(struct taking *t, uint64_t start)
{
	int ret;

	pthread_mutex_lock(&t->users->lock);
	ret = split(t->users, t->gpu, start);
	if (!ret)
		ret = split(t->users, t->gpu, t->end);
	pthread_mutex_unlock(&t->users->lock);
	return ret;
}

/*
 * Has the pages [start, end), which the caller has claimed, on a GPU at their CPU addresses, for one more user.  *last is
 * what remains to be settled, NULL: nothing; it is valid as long as the claim.  flags: MEMORY_UNCACHED, _COARSE,
 * _READ_ONLY.  -EADDRNOTAVAIL: that GPU cannot have these addresses; -EFAULT: a page is not there; and the errors of
 * backings.  On failure nothing is taken.
 */
int user_pins_take(struct users *users, unsigned gpu, uint64_t start, uint64_t end, uint32_t flags,
		   struct backing **last)
{
	struct taking t = {
		.users = users,
		.gpu = gpu,
		.device = memory_gpu_device(&users->memory->gpus[gpu]),
		.end = end,
		.read_only = flags & MEMORY_READ_ONLY,
		.uncached = memory_is_uncached(flags),
	};
	uint64_t at = start;
	int ret = user_windows_open(users, gpu, t.device, start, end);

	*last = NULL;
	if (!ret)
		ret = cut_at_ends(&t, start);
	while (!ret && at < end) {
		uint64_t limit;
		struct user_piece *piece = find_shared(&t, at, &limit);

		if (piece) {
			piece->uses++; /* the claimant's to change */
			at = piece->end;
		} else {
			ret = add_pin(&t, limit, &at);
		}
	}
	user_runs_free(&t.runs);
	if (!ret) {
		*last = t.last;
		return 0;
	}
	/* what was mapped over to be better serves others now */
	if (t.last)
		backing_settle(t.last, BACKING_DEFER);
	if (at > start)
		user_pins_give(users, gpu, start, at);
	user_windows_close_unused(users, gpu, start, end);
	return ret;
}

/* Undoes one user_pins_take() of this range (or the part that was taken), which the caller has claimed. */
void user_pins_give(struct users *users, unsigned gpu, uint64_t start, uint64_t end)
{
	struct user_pin *going = NULL;
	struct user_piece *piece;

	pthread_mutex_lock(&users->lock);
	for (piece = piece_from(users, gpu, start); piece && piece->start < end; piece = next_piece(piece))
		if (!--piece->uses)
			piece_left(piece->pin, &going);
	pthread_mutex_unlock(&users->lock);
	retire_pins(going);
}
