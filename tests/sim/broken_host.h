// SPDX-License-Identifier: MIT
/*
 * A machine with two adapters, one of which has a host that breaks one self-check, and what a process
 * with the library in it gets to see of both.
 */
#ifndef TESTS_SIM_BROKEN_HOST_H
#define TESTS_SIM_BROKEN_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmt.h>

#include "gsp/caps.h"
#include "queue/probe.h"

#define BROKEN_HOST_PATCHES 3

/* Bytes of an answer to AMD's query of `size` bytes; hex digits, lowest address first. */
struct answer_patch {
	uint32_t size;
	uint32_t offset;
	const char *bytes;
};

struct broken_host {
	const char *adapter;   /* NULL: rx7900xtx; "rx6800" needs a device-id modifier */
	const char *modifiers; /* NULL, or such as "hws,submit=lost" */
	struct answer_patch patches[BROKEN_HOST_PATCHES];
	const char *sections; /* NULL, or lines behind the adapter's file */
	const char *both;     /* NULL, or a modifier that holds for the whole machine */
	const char *fault;    /* NULL, or what becomes of a call while this adapter is probed */
	const char *override; /* NULL, or HSA_OVERRIDE_GFX_VERSION */
	uint32_t device;      /* PCI device id; 0: the adapter's */
	uint64_t step_ns;     /* a step of the probe on this adapter; 0: its default */
	int log_level;	      /* 0: LOG_INFO */
};

/* What became of one adapter. */
struct seen_adapter {
	bool node[2]; /* at the first opening of the library and at the second */
	uint32_t compute_units;
	HSAKMT_STATUS memory[2]; /* mapping host memory there, once per opening */
	uint64_t allocations[2]; /* CREATEALLOCATION for that */
	/* below the API: as the topology has it, and the ladder of the probe on it, twice from the beginning */
	bool read;
	struct kmd_adapter info;
	uint32_t hidden_rule;
	int ladder[2];
	enum gsp_rung rung[2];
	struct probe_result result[2];
	uint64_t contexts[2]; /* CREATECONTEXTVIRTUAL for that */
};

struct sighting {
	struct seen_adapter broken, healthy;
	unsigned gpu_nodes;
	uint64_t queries; /* QUERYADAPTERINFO until the nodes are known */
	uint64_t misuse, leaks;
	char findings[2048];
	int step; /* what could not be done, for messages: 0 if all could */
	char said[16384];
};

/* Boots the machine and looks at it, in a child; the running test fails when that does not come to its end. */
void broken_host_look(const struct broken_host *host, struct sighting *out);

#endif
