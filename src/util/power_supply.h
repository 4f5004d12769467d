// SPDX-License-Identifier: MIT
/* Where the machine's power comes from. */
#ifndef UTIL_POWER_SUPPLY_H
#define UTIL_POWER_SUPPLY_H

enum power_source {
	POWER_UNKNOWN,
	POWER_MAINS,
	POWER_BATTERY,
};

enum power_source power_supply_now(void);
enum power_source power_supply_read(int directory);

#endif
