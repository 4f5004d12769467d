// SPDX-License-Identifier: MIT
/*
 * What befalls the simulated Windows host from outside while programs run on it: resets, hangs, a GPU that goes and
 * comes back, sleep, a dead channel, the source of power.  All processes of the VM share it through the arena.
 *
 * What aims at one job (hang, page-fault, illegal, reset:engine) strikes one process alone: that in which
 * host_model_happen() was called, or, when it came through arena_happen(), the first whose job is there.
 */
#ifndef DXGSIM_HOST_HAPPENING_H
#define DXGSIM_HOST_HAPPENING_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct host_model;

enum happening_kind {
	HAPPENING_RESET,
	HAPPENING_HANG,
	HAPPENING_PAGE_FAULT,
	HAPPENING_ILLEGAL,
	HAPPENING_REMOVE,
	HAPPENING_PLUG,
	HAPPENING_DRIVER_RESTART,
	HAPPENING_SLEEP,
	HAPPENING_RESUME,
	HAPPENING_DEAD_CHANNEL,
	HAPPENING_LIVE_CHANNEL,
	HAPPENING_STARVE,
	HAPPENING_POWER,
};

enum host_power {
	HOST_POWER_UNKNOWN, /* at first */
	HOST_POWER_MAINS,
	HOST_POWER_BATTERY,
};

#define HAPPENING_ANY_NODE UINT32_MAX

struct happening {
	enum happening_kind kind;
	uint32_t adapter;
	uint32_t node;	       /* what aims at a job: on that engine; HAPPENING_ANY_NODE: on any */
	bool engine;	       /* reset: of what runs, not of the adapter */
	bool read;	       /* page-fault: of a read, not of a write */
	bool address_given;    /* page-fault: else it is that of the job's commands */
	bool lost;	       /* resume: the devices have not survived */
	uint64_t ms;	       /* starve */
	uint64_t address;      /* page-fault */
	uint64_t version;      /* driver-restart: 16 bits for each of a.b.c.d; 0: the same as before */
	enum host_power power; /* power */
};

/* Text for --help, a line for each kind. */
extern const char happening_grammar[];

/*
 * 0 and *@out, or -EINVAL with what is wrong in @reason, or -ENOENT: the first word names no happening, so that the text
 * may be something else.
 */
int happening_parse(const char *text, struct happening *out, char *reason, unsigned int reason_size);

/*
 * It happens, to every process of the VM: when this returns, the host of this process and its guest know, and the others
 * learn of it at once.  Not from inside a call of the host or an upcall, and with no lock that an upcall takes.
 * 0, -EINVAL: no such adapter or node, -EALREADY: it is so already (removed, plugged, asleep, awake, dead, alive),
 * -ENODEV: the adapter is removed, -EBUSY: too many jobs are to fail that have not come yet.
 */
int host_model_happen(struct host_model *model, const struct happening *happening);
/* The same for a launcher or a command, which has no host, and knows of adapters once a process has opened /dev/dxg. */
int arena_happen(struct arena *arena, const struct happening *happening);
/* The last HAPPENING_POWER.  Any thread, also in a process that has not joined; NULL: HOST_POWER_UNKNOWN. */
enum host_power arena_power(struct arena *arena);
/* ... of the model's arena, or of a model without one. */
enum host_power host_model_power(struct host_model *model);
/* Whether messages reach the host: its channel is not dead. */
bool host_model_reachable(struct host_model *model);

#endif
