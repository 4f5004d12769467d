// SPDX-License-Identifier: MIT
/* Who is inside the library: calls are let in while it is open, and closing waits until they are out. */
#ifndef THUNK_GATE_H
#define THUNK_GATE_H

#include <stdbool.h>
#include <stdint.h>

int gate_create(void);
void gate_open(void);
void gate_close(void);
void gate_wait(void);
bool gate_wait_for_the_awake(uint64_t deadline_ns);
void gate_forget(void);

bool gate_is_open(void);
bool gate_enter(void);
void gate_leave(void);
void gate_falls_asleep(void);
void gate_woke_up(void);

void calling_begin(void);
void calling_end(void);
bool calling_now(void);

#endif
