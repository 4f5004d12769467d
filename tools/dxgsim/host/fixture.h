// SPDX-License-Identifier: MIT
/*
 * The description of one simulated adapter: what a file in adapters/ says, changed by modifiers.
 * File format and modifiers are documented in adapters/README.md.
 */
#ifndef DXGSIM_HOST_FIXTURE_H
#define DXGSIM_HOST_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_MAX_ENGINES 32
#define FIXTURE_MAX_SE	    6
#define FIXTURE_MAX_SA	    2
#define FIXTURE_NAME_MAX    64
#define FIXTURE_RAW_MAX	    (64u * 1024)

/* D3DKMDT engine types reported by NODEMETADATA (Microsoft: DXGK_ENGINE_TYPE). */
enum fixture_engine_type {
	FIXTURE_ENGINE_OTHER = 0,
	FIXTURE_ENGINE_3D = 1,
	FIXTURE_ENGINE_VIDEO_DECODE = 2,
	FIXTURE_ENGINE_VIDEO_ENCODE = 3,
	FIXTURE_ENGINE_COPY = 6,
};

struct fixture_engine {
	uint32_t scheduler_id;
	enum fixture_engine_type type;
	char name[32];
};

/* Bytes of a query answer that replace what would be computed. */
struct fixture_raw {
	struct fixture_raw *next;
	uint32_t type;
	uint32_t size;
	bool indexed; /* for requests that start with `index` only */
	uint32_t index;
	bool filled; /* the bytes not given are `fill`, not computed */
	uint8_t fill;
	uint32_t status; /* NTSTATUS: the query is refused with it; 0: it is answered */
	uint8_t *bytes;
	uint8_t *given; /* 1 where bytes[] counts */
};

/* The same, over everything else and whatever a request starts with: what a host tells wrong. */
struct fixture_patch {
	struct fixture_patch *next;
	uint32_t type;
	uint32_t size;
	uint32_t offset;
	uint32_t count;
	uint8_t bytes[];
};

enum fixture_malformed {
	FIXTURE_PRIVATE_GOOD,
	FIXTURE_PRIVATE_TRUNCATED, /* the second half of the answer is not written */
	FIXTURE_PRIVATE_ZEROED,
	FIXTURE_PRIVATE_FLIPPED,    /* one bit of every private answer */
	FIXTURE_PRIVATE_FUTURE,	    /* interface version 2.0 in the common header */
	FIXTURE_PRIVATE_UNANSWERED, /* nothing is written, but the query succeeds */
};

/* Private data that comes back. */
enum fixture_reply {
	FIXTURE_REPLY_SAME,
	FIXTURE_REPLY_REWRITTEN, /* every byte is another */
	FIXTURE_REPLY_LONG,	 /* and there are more of them than were sent; allocations only */
};

/* What becomes of submissions. */
enum fixture_submit {
	FIXTURE_SUBMIT_GOOD,
	FIXTURE_SUBMIT_LOST,	  /* accepted, never run: what is queued behind waits for ever */
	FIXTURE_SUBMIT_UNWRITTEN, /* done without a packet being executed */
	FIXTURE_SUBMIT_FAULT,	  /* the engine faults on the host's side */
	FIXTURE_SUBMIT_HANGS,
};

enum fixture_pending {
	FIXTURE_PENDING_AUTO, /* PENDING when a delay is set, else at once for what is already there */
	FIXTURE_PENDING_ALWAYS,
	FIXTURE_PENDING_NEVER,
};

struct fixture {
	char name[FIXTURE_NAME_MAX]; /* file name without .ini */

	/* [adapter] */
	char description[128];
	char driver_version[32]; /* a.b.c.d */
	uint64_t kmd_version;	 /* the same, 16 bits each */
	uint32_t vendor, device, revision, subvendor, subsystem;
	uint32_t pci_bus, pci_device, pci_function;
	bool integrated;
	bool compute_only;
	bool amd; /* vendor 0x1002: answers AMD's private queries */

	/* [chip]: names as in the private data */
	uint32_t family, external_revision, chip_revision, graphics_engine;
	uint32_t me_firmware, mec_firmware, pfp_firmware;
	uint32_t shader_engines, shader_arrays, cus_per_wgp, wave_size, vgprs;
	uint32_t rbs_per_se, tcc_blocks, sqcs_per_wgp;
	uint32_t sqc_instruction_bytes, sqc_data_bytes, gl1_bytes, gl2_bytes, mall_mib;
	uint16_t wgp_mask[FIXTURE_MAX_SE][FIXTURE_MAX_SA];
	uint64_t counter_hz;
	bool platform_atomics, firmware_state, hws_capable;
	uint32_t generation; /* 10, 11 or 12: major number of the gfx target */

	/* [memory] */
	uint32_t memory_type, bus_width;
	uint64_t vram_bytes, small_bar_bytes, shared_bytes;
	uint64_t va_start, va_end;
	uint32_t va_bits;
	uint32_t pte_fragment;

	/* [clocks] */
	uint64_t engine_hz, engine_max_hz, memory_hz, memory_max_hz, memory_bandwidth, pcie_bandwidth;

	/* [engines] */
	uint32_t engine_count;
	struct fixture_engine engines[FIXTURE_MAX_ENGINES];
	uint64_t timeout_mask;
	uint32_t ib_start, ib_size; /* alignment of command buffers for graphics and compute, bytes */

	struct fixture_raw *raw;
	struct fixture_patch *patches;

	/* [state]: what a machine was like when its adapter was written down; 0: as usual */
	uint32_t segments, nodes; /* counts that the statistics tell */
	bool calibration_given;
	uint64_t calibration_hz; /* 0: refused */
	bool hws_mask_given;
	uint64_t hws_mask;

	/* modifiers, which [state] may set too */
	bool hws;
	bool rebar;
	uint32_t host_interface; /* 40, or 27: an older host without status in query replies */
	bool async_messages;
	bool map_guest_memory;
	bool checksum_enforced;
	uint32_t allocation_version; /* 0: any */
	bool cpu_visible_ignored;
	bool statistics;
	enum fixture_pending pending;
	uint32_t paging_us;	    /* delay until a paging fence is signalled */
	uint32_t paging_us_per_mib; /* what it takes to move memory into or out of VRAM */
	uint64_t paging_fence_start;
	uint64_t pin_bytes;	  /* of the guest's memory, in the whole VM; 0: any number */
	uint64_t io_window_bytes; /* for locks, in the whole VM; 0: any number */
	bool lock_refused;
	bool lock_after_map;   /* VRAM that has been mapped on the GPU may still be locked */
	bool offers_discarded; /* at once */
	enum fixture_malformed malformed;
	uint32_t flip_offset, flip_bit;
	bool context_long;     /* only the long form of a context's private data is taken */
	uint32_t max_contexts; /* of one process */
	bool hwqueue_refused;
	bool user_queue_required; /* software queues without ring memory of the client never run */
	enum fixture_submit submit;
	bool sdma_hangs;
	uint32_t timeout_ms;		     /* Windows' GPU timeout */
	bool tdr_adapter;		     /* ... after which the whole adapter is reset */
	uint32_t dispatch_us;		     /* how long a kernel takes */
	bool kernels_skipped;		     /* none is executed, only what launches it is looked at */
	uint32_t workers;		     /* threads for kernels; 0: as many as there are cores */
	uint64_t seed;			     /* of what hardware leaves to chance; 0: a fixed one */
	bool strict_acquire, strict_release; /* see struct gpu_engine_config */
	enum fixture_reply allocation_reply, context_reply;
	bool escape_ignored;
};

/* Text of the first thing that is wrong, "file:line: reason". */
struct fixture_error {
	char text[256];
};

/*
 * Reads the adapter that @spec names, "NAME[,MODIFIER...]" or "PATH.ini[,MODIFIER...]"; a NAME is looked
 * up as NAME.ini in the directories of @path (':' between, may be NULL) and then in the installed one.
 * On success *@out belongs to the caller (fixture_free). Errors: -ENOENT no such file, -EINVAL a bad
 * file or modifier, -ENOMEM, or the errno of reading; @error says why.
 */
int fixture_load(const char *spec, const char *path, struct fixture **out, struct fixture_error *error);
/* Parses one file's text; for tests and the above. @name is used in messages. */
int fixture_parse(const char *name, const char *text, size_t size, struct fixture **out,
		  struct fixture_error *error);
/* Applies one modifier ("hws", "rebar=off", ...). -EINVAL: unknown, or does not fit this adapter. */
int fixture_modify(struct fixture *fixture, const char *modifier, struct fixture_error *error);
/* What fixture_modify() takes, for people. */
extern const char fixture_modifiers[];
/* Whether fixture_load() takes @name for a file rather than for a name to look up. */
bool fixture_is_path(const char *name);
void fixture_free(struct fixture *fixture);

/* Calls @each with name and one-line description of every adapter file that would be found. */
int fixture_list(const char *path, void (*each)(const char *name, const struct fixture *fixture, void *ctx),
		 void *ctx);

/* Derived facts, after modifiers. */
/* The second number of the gfx target. */
uint32_t fixture_gfx_minor(const struct fixture *fixture);
uint32_t fixture_cu_count(const struct fixture *fixture);
uint64_t fixture_visible_bytes(const struct fixture *fixture);
uint64_t fixture_invisible_bytes(const struct fixture *fixture);
/* Bits by node ordinal on which hardware queues may be made. */
uint64_t fixture_hws_mask(const struct fixture *fixture);
/* Takes "TYPE.SIZE@OFFSET=HEXBYTES". 0, -ENOMEM, or -EINVAL: not of this form. */
int fixture_add_patch(struct fixture *fixture, const char *text);
/* Writes what patches say of this query over its answer of @size bytes. */
void fixture_patch_answer(const struct fixture *fixture, uint32_t type, uint32_t size, uint8_t *answer);
/* Bytes for the request; @index is its first dword. One for that index wins over one for all. */
const struct fixture_raw *fixture_find_raw(const struct fixture *fixture, uint32_t type, uint32_t size,
					   uint32_t index);

#endif
