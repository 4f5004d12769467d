// SPDX-License-Identifier: MIT
/*
 * The self-checks an adapter passes before anything is built on its driver's private data: numbers that
 * are known from another place must agree, so that a driver with another layout is found out and not
 * believed.  The numbers of the rules are those of docs/private-data.md.
 */
#ifndef KMD_CHECK_H
#define KMD_CHECK_H

#include "kmd/decode.h"
#include "util/compiler.h"

struct kmd_check {
	const struct kmd_replies *replies;
	const struct kmd_pci_ids *ids;
	const struct kmd_expected *expected; /* NULL: unknown device id */
	struct kmd_adapter *adapter;
	struct kmd_failure *why;
	int decode_error;
};

struct kmd_rule {
	uint32_t number;		       /* enum kmd_rule_number */
	int (*check)(struct kmd_check *check); /* 0, or -errno with *why filled: the adapter is hidden */
};

extern const struct kmd_rule kmd_rules[];
extern const uint32_t kmd_rule_count;

int kmd_check_run(struct kmd_check *check);
int kmd_adapter_decode(const struct kmd_replies *replies, const struct kmd_pci_ids *ids,
		       const struct kmd_expected *expected, struct kmd_adapter *out, struct kmd_failure *why);

void kmd_failure_set(struct kmd_failure *why, uint32_t rule, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool kmd_is_refusal(int error);
enum kmd_rule_number kmd_rule_of_refusal(int error, bool has_forms);

#endif
