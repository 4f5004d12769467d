// SPDX-License-Identifier: MIT
/* Lines from elsewhere, made fit for a report that others will read. */
#ifndef DXGINFO_PLAIN_H
#define DXGINFO_PLAIN_H

void plain_line(char *line);

#endif
