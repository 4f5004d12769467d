// SPDX-License-Identifier: MIT
/*
 * What the seam and the driver ask of the program around them, without faults, traces or reports: here the
 * host is the scripted one and nothing stands between a call and the driver.
 */
#include "seam_stub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dxgsim/hooks.h"
#include "dxgsim/preload/seam.h"

static struct scripted_host *the_host;

void seam_stub_set_host(struct scripted_host *host)
{
	the_host = host;
}

int hook_host(const struct host_ops **ops, void **host)
{
	if (the_host == NULL)
		return -EINVAL;
	*ops = scripted_host_ops();
	*host = the_host;
	return 0;
}

int hook_setup(void)
{
	return 0;
}

bool hook_ioctl_begin(struct hook_call *call, unsigned long cmd, const void *arg, int *ret, int *err)
{
	(void)call, (void)cmd, (void)arg, (void)ret, (void)err;
	return true;
}

void hook_ioctl_end(struct hook_call *call, int ret, int err)
{
	(void)call, (void)ret, (void)err;
}

bool hook_open_begin(struct hook_call *call, int *ret, int *err)
{
	(void)call, (void)ret, (void)err;
	return true;
}

void hook_open_end(struct hook_call *call, int ret, int err)
{
	(void)call, (void)ret, (void)err;
}

void hook_close_begin(struct hook_call *call)
{
	(void)call;
}

void hook_close_end(struct hook_call *call)
{
	(void)call;
}

void hook_after_fork_in_child(void)
{
}

_Noreturn void hook_crashed(const char *text)
{
	fprintf(stderr, "misuse: %s\n", text);
	abort();
}

enum host_power hook_power(void)
{
	return HOST_POWER_UNKNOWN;
}

void hook_process_ending(void)
{
}

void hook_exit(void)
{
}

void hook_note(const char *text)
{
	fprintf(stderr, "note: %s\n", text);
}
