// SPDX-License-Identifier: MIT
/*
 * What the files of the model share. One lock, model->lock, covers everything reachable from the model;
 * handlers run with it held. Guest events are only collected then (guest_raise) and delivered when the
 * lock is free again, so an upcall may come back with a message.
 */
#ifndef DXGSIM_HOST_TYPES_H
#define DXGSIM_HOST_TYPES_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/fixture.h"
#include "dxgsim/host/happenings.h"
#include "dxgsim/host/kinds.h"
#include "dxgsim/host/message.h"
#include "dxgsim/host/status.h"
#include "dxgsim/host/vidsch.h"
#include "dxgsim/report.h"

#define IO_BASE	       0x1000000000ull
#define IO_FENCE_BYTES (64ull << 20)
#define IO_STORE_BYTES (1ull << 40) /* sparse: behind allocations that the host backs */
#define FENCE_PAGES    (IO_FENCE_BYTES / HOST_PAGE_SIZE)
#define BIG_PAGE       0x10000ull
#define MAX_WAIT       64u /* objects of one wait kept by the model; longer ones are refused */
#define GPU_FENCE_BASE 0xffff800000000000ull

/* ---- objects and their handles (objects.c) ---- */

struct host_object {
	enum host_kind kind;
	d3dkmt_handle handle;
};

struct host_slot {
	struct host_object *object; /* NULL: free */
	uint32_t next_free;
	uint8_t unique;
	uint8_t last_kind;
};

struct host_handles {
	struct arena *arena; /* where they are counted */
	struct host_slot *slots;
	uint32_t used, size;
	uint32_t free_first, free_last, free_count; /* oldest first; indices + 1 */
};

struct host_model;
struct host_process;

/* Gives @object a handle. 0 or -ENOMEM. */
int objects_add(struct host_handles *handles, struct host_object *object, enum host_kind kind);
void objects_remove(struct host_handles *handles, struct host_object *object);
/*
 * The live object of that kind. NULL otherwise, reported as misuse of @call, for the guest driver does not
 * check the handles inside lists.
 */
void *objects_find(struct host_handles *handles, d3dkmt_handle handle, enum host_kind kind, const char *call);
/* The live object of any kind, NULL without a word. */
struct host_object *objects_peek(struct host_handles *handles, d3dkmt_handle handle);

/* ---- fences (vidmm_fence.c) ---- */

/* The value behind one or more fence handles. */
struct host_fence {
	uint64_t value;	      /* what the host wrote last */
	uint32_t page;	      /* in the fence area, or NO_FENCE_PAGE */
	uint32_t refs;	      /* sync objects, paging and hardware queues, queued work */
	uint32_t type;	      /* D3DDDI_... */
	uint32_t max_count;   /* semaphore */
	uint64_t guest_event; /* CPU_NOTIFICATION */
	bool gpu_visible;     /* the guest knows its GPU address */
	d3dkmt_handle owner;  /* the process that made it; others see it when they have opened it */
	bool kept_on_reset;   /* NO_SIGNAL_MAX_VALUE_ON_TDR */
	bool lost;	      /* all ones for good */
	d3dkmt_handle global;
	LIST_ENTRY(host_fence) shared_link;
};
#define NO_FENCE_PAGE UINT32_MAX

struct host_sync {
	struct host_object object;
	struct host_fence *fence;
	struct host_device *device; /* NULL when it outlives devices */
	/* whose fence it is: may be waited for, not signalled */
	struct host_paging_queue *paging_queue;
	struct host_hwqueue *hwqueue;
	LIST_ENTRY(host_sync) link;
};

struct host_wait {
	TAILQ_ENTRY(host_wait) link;
	struct host_process *process;
	uint64_t guest_event;
	bool any;
	uint32_t count;
	struct host_sync *syncs[MAX_WAIT];
	uint64_t values[MAX_WAIT];
};

/* ---- memory ---- */

struct host_allocation {
	struct host_object object;
	struct host_device *device;
	struct host_resource *resource;
	LIST_ENTRY(host_allocation) link;
	LIST_ENTRY(host_allocation) resource_link;
	uint64_t size;
	uint32_t flags;	      /* of AMD's private data */
	enum segment segment; /* where it is accounted: where it is resident, was last, or would be */
	bool system;	      /* lives in system memory only */
	bool existing;	      /* ... supplied by the guest */
	bool cpu_visible;
	bool read_only;	 /* the guest let its pages be read alone */
	bool uncached;	 /* bypasses the GPU's L2 */
	bool user_queue; /* ring memory of software queues of the engine with this id */
	uint32_t scheduler_id;
	uint64_t *pages; /* of guest memory, by address in this process; NULL until told */
	uint64_t page_count, pages_told;
	uint64_t store; /* offset in the IO window, 0: none */
	uint8_t *shown; /* ... where the GPU of this process finds it, NULL until it looks; see show_lock */
	uint32_t resident;
	bool placed;	/* has had a place: it has content that must not be lost */
	bool offered;	/* not to be used; if resident, then not until it is reclaimed */
	bool discarded; /* while it was offered */
	uint32_t offer_priority;
	uint64_t offer_number;	/* of the offers, ever */
	uint64_t offered_bytes; /* in place while it is offered */
	uint32_t locks;
	uint32_t mappings; /* GPU VA ranges that show it */
	bool was_mapped;
	uint32_t priority;
	bool retired;			       /* with its device: in no books any more */
	uint32_t used_by[FIXTURE_MAX_ENGINES]; /* last job of each engine that touched it */
};

struct host_resource {
	struct host_object object;
	struct host_device *device;
	LIST_HEAD(, host_allocation) allocations;
	LIST_ENTRY(host_resource) link;
};

struct host_gpadl {
	LIST_ENTRY(host_gpadl) link;
	uint32_t id;
	uint64_t page_count;
	uint64_t *pages;
	bool used;
};

enum va_state {
	VA_RESERVED, /* nothing there: a GPU access faults */
	VA_ZERO,
	VA_MAPPED,
};

/* Ranges are disjoint and sorted; a reservation may be split into several by mappings inside it. */
struct va_range {
	uint64_t start, end;
	uint64_t reservation; /* start of the reservation it belongs to, or NOT_RESERVED */
	enum va_state state;
	struct host_allocation *allocation;
	uint64_t offset;
	uint64_t protection, driver_protection;
	uint64_t ready_ns; /* when it is in the page tables, that is its paging fence; 0: it is */
};
#define NOT_RESERVED UINT64_MAX

/* What was mapped until lately, to explain faults. */
struct va_gone {
	uint64_t start, end;
	const char *how;
};
#define VA_GONE_KEPT 64u

/* Of one process on one adapter; what engines call a space. */
struct va_space {
	struct host_adapter *adapter;
	const struct host_process *process;
	struct va_range *ranges;
	uint32_t count, size;
	struct va_gone gone[VA_GONE_KEPT];
	uint32_t gone_count; /* ever */
};

struct host_paging_queue {
	struct host_object object;
	struct host_device *device;
	struct host_sync sync;
	uint64_t last_value;  /* handed out */
	uint64_t last_due_ns; /* when that is signalled */
	LIST_ENTRY(host_paging_queue) link;
};

struct host_context {
	struct host_object object;
	struct host_device *device;
	uint32_t node;
	bool takes_hwqueues; /* and no work of its own */
	int32_t priority, in_process_priority;
	struct host_fifo fifo;
	LIST_HEAD(, host_hwqueue) hwqueues;
	LIST_ENTRY(host_context) link;
};

struct host_hwqueue {
	struct host_object object;
	struct host_context *context;
	struct host_sync sync; /* of the progress fence */
	uint64_t last_id;      /* submitted */
	struct host_fifo fifo;
	LIST_ENTRY(host_hwqueue) link;
};

struct host_device {
	struct host_object object;
	struct host_process *process;
	struct host_adapter *adapter;
	uint32_t execution_state;
	bool retired;	  /* its vGPU is gone */
	bool high_clocks; /* asked for, and not taken back */
	struct d3dkmt_devicepagefault_state page_fault;
	LIST_HEAD(, host_context) contexts;
	LIST_HEAD(, host_paging_queue) paging_queues;
	LIST_HEAD(, host_sync) syncs;
	LIST_HEAD(, host_allocation) allocations;
	LIST_HEAD(, host_resource) resources;
	LIST_ENTRY(host_device) link;
};

/* What one process uses of one adapter. */
struct host_use {
	uint64_t resident[SEGMENTS]; /* by its own will; less may be in place */
	uint64_t committed[SEGMENTS];
	uint64_t reservation[SEGMENT_GROUPS];
	struct va_space va;
	uint32_t contexts;
};

struct host_process {
	d3dkmt_handle handle;
	pid_t pid;
	char name[16];
	struct host_handles handles;
	LIST_HEAD(, host_device) devices;
	LIST_HEAD(, host_sync) free_syncs; /* outlive their device */
	LIST_ENTRY(host_process) link;
	struct host_use use[];
};

struct host_adapter {
	struct host_model *model;
	struct fixture *fixture;
	uint32_t index;
	uint32_t pci_bus; /* made unique among the adapters */
	uint32_t luid_b;  /* of the guest's LUIDs */
	uint32_t told;	  /* which vGPU the guest knows, and whether it is there (happenings_vgpu.c) */
	/* how long its engines were kept from working, so far and since when; 0: they are not */
	uint64_t away_ns, away_since_ns;
	/* of this program's processes */
	uint64_t resident[SEGMENTS];
	uint64_t committed[SEGMENTS];
	uint64_t fresh[SEGMENTS];   /* of what is resident and not in place: without content */
	uint64_t offered[SEGMENTS]; /* in place when it was offered, and not discarded or reclaimed */
	uint64_t locked, pinned;
	uint64_t offers;	  /* ever */
	uint64_t paging_until_ns; /* memory is on its way in or out */
	uint64_t evicted_bytes;
	uint32_t next_queue_id;
	struct gpu_cache *cache;     /* shared by the engines */
	struct gpu_workers *workers; /* likewise */
	struct host_place *active;   /* executes packets at this moment */
	struct host_engine engines[FIXTURE_MAX_ENGINES];
};

/* A paging fence the worker signals when its time has come. */
struct host_completion {
	TAILQ_ENTRY(host_completion) link;
	uint64_t due_ns;
	struct host_paging_queue *queue;
	uint64_t value;
};

struct host_model {
	struct host_config config;
	struct arena *arena;	     /* what all processes of the VM use; NULL: this one is alone */
	struct gpu_profile *profile; /* of kernels; NULL: none is wanted */
	struct happenings happenings;
	const struct host_upcalls *upcalls;
	pthread_mutex_t lock;
	pthread_cond_t idle; /* no upcall in flight */
	uint32_t upcalls_in_flight;
	uint64_t *raise; /* guest events to deliver */
	uint32_t raise_count, raise_size;
	uint8_t *fence_memory;
	struct host_fence **page_fences; /* by page of the fence area */
	uint32_t *free_pages;
	uint32_t free_page_count;
	struct host_store_hole *holes; /* free parts of the store */
	uint32_t hole_count, hole_size;
	d3dkmt_handle next_process, next_global;
	uint32_t next_gpadl;
	bool state_changed;
	uint64_t slow_ns; /* what the message at hand adds to its paging operations */
	LIST_HEAD(, host_process) processes;
	LIST_HEAD(, host_fence) shared_fences;
	LIST_HEAD(, host_gpadl) gpadls;
	TAILQ_HEAD(, host_wait) waits;
	/* worker */
	pthread_t worker;
	pthread_cond_t work;
	bool worker_runs, worker_stop;
	TAILQ_HEAD(host_completions, host_completion) completions; /* by due_ns */
	/* scheduler */
	pthread_t scheduler;
	pthread_cond_t sched_work;
	bool sched_runs, sched_stop, sched_kick;
	uint64_t paused_ns;	   /* when the scheduler's thread last let go of the lock for a while */
	bool sched_dirty;	   /* a fence moved or work came: vidsch_advance() has to look */
	atomic_uint lock_wanted;   /* who waits for the lock in model_lock() */
	atomic_uint lock_given;	   /* how often somebody got it there */
	pthread_mutex_t show_lock; /* host_allocation.shown, while compute units are at work */
	uint32_t adapter_count;
	struct host_adapter adapters[HOST_MAX_VGPUS];
};

struct host_store_hole {
	uint64_t start, end;
};

/* What a handler works on; process is NULL before CREATEPROCESS, adapter NULL for messages to the VM. */
struct host_call {
	struct host_model *model;
	struct host_process *process;
	struct host_adapter *adapter;
	struct host_message *m;
	const char *name;
};

/* guest.c */
/* Raises a guest event as soon as the lock is free. Losing one for lack of memory ends the simulation. */
void guest_raise(struct host_model *model, uint64_t event);
uint64_t model_now_ns(void);
/* Delivers what guest_raise() collected; drops and takes the lock. */
void guest_deliver(struct host_model *model);

/* thread.c */
/* The lock, which the scheduler's thread hands over sooner or later however busy it is. */
void model_lock(struct host_model *model);
/* A thread of the host, which takes none of the program's signals. 0 or -errno. */
int host_thread(struct host_model *model, pthread_t *thread, void *(*main)(void *model));

/* vidmm_state.c */
/* Every guest cache of execution states is stale once one has changed. */
void vidmm_device_set_state(struct host_model *model, struct host_device *device, uint32_t state);
/*
 * A device that is lost takes nothing and is given nothing new: false, and the status says so. The program may not
 * know yet, so that is no misuse.
 */
bool vidmm_device_active(struct host_call *call, const struct host_device *device);

/* io_window.c */
int io_window_create(struct host_model *model);
void io_window_destroy(struct host_model *model);
/* In a fork child: a window of its own under the same descriptor and addresses. */
int io_window_forked(struct host_model *model);
int io_fence_page_get(struct host_model *model, uint32_t *page);
void io_fence_page_put(struct host_model *model, uint32_t page);
_Atomic uint64_t *io_fence_value(struct host_model *model, uint32_t page);
uint64_t io_fence_address(uint32_t page);
/* Address space in the window for an allocation of @size bytes, zero filled. 0 or -ENOMEM. */
int io_store_get(struct host_model *model, uint64_t size, uint64_t *offset);
void io_store_put(struct host_model *model, uint64_t offset, uint64_t size);
/* It reads as zeros again. */
void io_store_clear(struct host_model *model, uint64_t offset, uint64_t size);

/* vidmm_fence.c */
int fence_create(struct host_model *model, uint32_t type, uint64_t value, bool page, struct host_fence **out);
void fence_put(struct host_model *model, struct host_fence *fence);
void fence_set(struct host_model *model, struct host_fence *fence, uint64_t value);
/* A signal as the type of the object wants it. 0 or an NTSTATUS, after a report of what @who did. */
int32_t fence_signal(struct host_model *model, const struct host_point *point, bool rewind, const char *who);
/* Its device is gone: all ones, and no later write changes that. */
void fence_lose(struct host_model *model, struct host_fence *fence);
uint64_t fence_gpu_address(const struct host_fence *fence);
/* Whether that address is mapped in the process' address space. */
bool fence_is_mapped(const struct host_fence *fence, const struct host_process *process);
void fence_check_untouched(struct host_model *model, const struct host_fence *fence);
/* A sync object goes away: CPU waits that name it are released. */
void fence_release_waits(struct host_model *model, struct host_sync *sync);
void vidmm_sync_destroy(struct host_model *model, struct host_process *process, struct host_sync *sync);
void waits_drop(struct host_model *model, struct host_process *process);
void host_create_sync_object(struct host_call *call);
void host_destroy_sync_object(struct host_call *call);
void host_wait_from_cpu(struct host_call *call);
void host_create_nt_shared_object(struct host_call *call);
void host_open_sync_object(struct host_call *call);

/* vidmm_device.c */
void host_create_device(struct host_call *call);
void host_destroy_device(struct host_call *call);
void host_get_device_state(struct host_call *call);
void host_mark_device_as_error(struct host_call *call);
void vidmm_device_destroy(struct host_model *model, struct host_device *device);

/* vidmm_completion.c */
/* Takes @completion; the worker is woken when it is the first that is due. */
void paging_insert_completion(struct host_model *model, struct host_completion *completion);
/* What the queue has promised for later will not come. */
void paging_drop_completions(struct host_model *model, const struct host_paging_queue *queue);

/* vidmm_paging.c */
void host_create_paging_queue(struct host_call *call);
void host_destroy_paging_queue(struct host_call *call);
void vidmm_paging_queue_destroy(struct host_model *model, struct host_paging_queue *queue);
/*
 * Ends an operation of @queue: STATUS_PENDING with the fence value to wait for, or 0 with the last value
 * when it is complete already. @work: there was something to do.
 */
int32_t paging_complete(struct host_model *model, struct host_paging_queue *queue, bool work,
			uint64_t *value);
void paging_worker_stop(struct host_model *model);

/* vidmm_residency.c */
void host_make_resident(struct host_call *call);
void host_evict(struct host_call *call);
void host_query_residency(struct host_call *call);
/* The one of that handle, if it is of @device; else NULL, reported. */
struct host_allocation *vidmm_listed_allocation(struct host_call *call, const struct host_device *device,
						d3dkmt_handle handle);

/* vidmm_books.c */
/* Where it is accounted from now on. */
void segment_commit(struct host_allocation *allocation, enum segment segment);
void segment_uncommit(struct host_allocation *allocation);
/* In the books of process, adapter and VM from now on, or no more. */
void segment_enter(struct host_allocation *allocation);
void segment_leave(struct host_allocation *allocation);
/*
 * What of this program should be in place.  Several processes of one program may have more resident than there is: they
 * are not told apart.
 */
uint64_t presence_wanted(const struct host_adapter *adapter, enum segment segment);
/* Less is resident than was. */
void presence_shrink(struct host_adapter *adapter, enum segment segment);

/* vidmm_presence.c */
/*
 * Whether what is resident of this program is in its place in VRAM.  If not, it is being brought there, perhaps when
 * others have had their turn, and *@due_ns is when to ask again.
 */
bool presence_ready(struct host_adapter *adapter, uint64_t *due_ns);
/* Job after job: who ran longest ago has to give up its place first. */
void presence_ran(struct host_adapter *adapter);

/* vidmm_offer.c */
void host_offer_allocations(struct host_call *call);
void host_reclaim_allocations(struct host_call *call);

/* vidmm_discard.c */
/* What has been discarded since, by whoever needed the place, is marked so. */
void offers_sync(struct host_adapter *adapter);
/* Its bytes are gone: what comes back is new memory. */
void offer_lose(struct host_model *model, struct host_allocation *allocation);
/* It is no longer offered, whether its content is there or not. */
void offer_end(struct host_model *model, struct host_allocation *allocation);

/* vidmm_allocation.c */
void host_create_allocation(struct host_call *call);
void host_destroy_allocation(struct host_call *call);
void vidmm_allocation_destroy(struct host_model *model, struct host_allocation *allocation);
/* It takes no memory of the GPU any more, but stays what it is to the program. */
void vidmm_allocation_retire(struct host_model *model, struct host_allocation *allocation);
void vidmm_resource_destroy(struct host_model *model, struct host_resource *resource);
void host_set_allocation_priority(struct host_call *call);
void host_get_allocation_priority(struct host_call *call);

/* vidmm_sysmem.c */
/* Its pages are the program's alone again. */
void vidmm_unpin(struct host_allocation *allocation);
void host_gpadl_establish(struct host_call *call);
void host_gpadl_teardown(struct host_call *call);
void host_set_sysmem_store(struct host_call *call);
void host_set_sysmem_pages(struct host_call *call);

/* vidmm_lock.c */
/* Memory of an allocation that the guest does not supply. 0 or -ENOMEM. */
int vidmm_allocation_back(struct host_model *model, struct host_allocation *allocation);
void host_lock(struct host_call *call);
void host_unlock(struct host_call *call);
/* However often it was locked, its part of the window is free again. */
void vidmm_unlock_all(struct host_allocation *allocation);

/* vidmm_segment.c */
enum segment_group segment_group(enum segment segment);
uint64_t segment_size(const struct host_adapter *adapter, enum segment segment);
uint64_t segment_group_size(const struct host_adapter *adapter, enum segment_group group);
/* What Windows lets one process have of it while nobody else wants any. */
uint64_t segment_budget(const struct host_adapter *adapter, enum segment_group group);
/*
 * Where a resident allocation goes beside what its process has resident; SEGMENTS: nowhere, for want of *@lack bytes.
 * @squeeze: the whole segment may be filled, not only the budget.
 */
enum segment segment_find(const struct host_allocation *allocation, bool squeeze, uint64_t *lack);
/* Where it is accounted from the start. */
enum segment segment_first(const struct host_allocation *allocation);
void host_query_video_memory_info(struct host_call *call);
void host_change_reservation(struct host_call *call);
void host_query_statistics(struct host_call *call);

/* vidmm_va.c */
void va_free_all(struct va_space *va);
/* Calls @visit for every reservation, and every mapping outside one. */
void va_visit(const struct va_space *va, uint32_t adapter,
	      void (*visit)(void *arg, uint32_t adapter, uint64_t start, uint64_t end), void *arg);
/* NULL: nothing is there. */
const struct va_range *va_find(const struct va_space *va, uint64_t address);
/* What happened to the mapping that was at @address, "" if none is remembered. */
const char *va_history(const struct va_space *va, uint64_t address);
/* What caches of the GPU hold of it is lost. */
void va_forget_allocation(const struct va_space *va, const struct host_allocation *allocation);
void va_drop_allocation(struct va_space *va, struct host_allocation *allocation);
bool va_is_free(const struct va_space *va, uint64_t start, uint64_t end);
/* Lowest free place of @size inside [low, high) at a multiple of @align. */
bool va_find_free(const struct va_space *va, uint64_t low, uint64_t high, uint64_t size, uint64_t align,
		  uint64_t *out);
/*
 * Which reservation holds [start, end): 0 one does; 1 nothing is there; -EINVAL anything else, where @reservation is
 * what holds the first of it, which may be NOT_RESERVED.
 */
int va_place(const struct va_space *va, uint64_t start, uint64_t end, uint64_t *reservation);
/* Instead of all that is in its place. 0 or -ENOMEM. */
int va_put(struct va_space *va, const struct va_range *range);
/* Takes a whole reservation, with all that is mapped in it, or a whole mapping out. 0, or -EINVAL: it is neither. */
int va_free(struct va_space *va, uint64_t start, uint64_t size);

/* vidmm_map.c */
void host_reserve_gpu_va(struct host_call *call);
void host_map_gpu_va(struct host_call *call);
void host_free_gpu_va(struct host_call *call);

/* kmt_query.c, amd_adapter.c, amd_escape.c */
void host_query_adapter_info(struct host_call *call);
uint64_t adapter_gpu_counter(const struct host_adapter *adapter);
void host_query_clock_calibration(struct host_call *call);
void host_is_feature_enabled(struct host_call *call);
void host_escape(struct host_call *call);

#endif
