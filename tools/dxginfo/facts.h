// SPDX-License-Identifier: MIT
/* Facts in words, shared by the list and the reports. */
#ifndef DXGINFO_FACTS_H
#define DXGINFO_FACTS_H

#include <stdio.h>

#include "dxginfo/machine.h"

void facts_print_machine(FILE *out, const struct machine *machine);
void facts_print_adapter(FILE *out, const struct machine *machine, const struct adapter *adapter);
const char *facts_driver_version(const struct adapter *adapter, char text[32]);
const char *facts_host(enum host_reports reports);

#endif
