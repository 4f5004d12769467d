// SPDX-License-Identifier: MIT
/* What the programs with queues of HSA have in common: calls that have to succeed, the first agent of each kind, and signals. */
#ifndef TESTS_CLIENTS_HSA_CHECK_H
#define TESTS_CLIENTS_HSA_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include <hsa/hsa.h>

#include "condition.h"

#define PATIENCE_NS 60000000000ULL

static hsa_agent_t cpu, gpu;

#define MUST(call)                                                                               \
	do {                                                                                     \
		hsa_status_t status_ = (call);                                                   \
		const char *text_ = "?";                                                         \
		if (status_ != HSA_STATUS_SUCCESS) {                                             \
			hsa_status_string(status_, &text_);                                      \
			printf("FAIL line %d: %s: %s (%#x)\n", __LINE__, #call, text_, status_); \
			exit(1);                                                                 \
		}                                                                                \
	} while (0)

static inline hsa_status_t note_agent(hsa_agent_t agent, void *arg)
{
	hsa_device_type_t type;

	(void)arg;
	MUST(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
	if (type == HSA_DEVICE_TYPE_CPU && !cpu.handle)
		cpu = agent;
	if (type == HSA_DEVICE_TYPE_GPU && !gpu.handle)
		gpu = agent;
	return HSA_STATUS_SUCCESS;
}

/* Begins HSA, and sets cpu and gpu. */
static inline void find_agents(void)
{
	MUST(hsa_init());
	MUST(hsa_iterate_agents(note_agent, NULL));
	CHECK(cpu.handle && gpu.handle, "an agent is missing");
}

static inline hsa_signal_t make_signal(hsa_signal_value_t value)
{
	hsa_signal_t signal;

	MUST(hsa_signal_create(value, 0, NULL, &signal));
	return signal;
}

#endif
