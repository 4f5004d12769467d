// SPDX-License-Identifier: MIT
/*
 * Messages to the host: which channel they take, how often a full ring is tried again, what counts as a reply and
 * what becomes of its NTSTATUS (dxgkrnl: dxgvmbus.c, misc.c).
 */
#include "dxgsim/driver/vmbus.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "dxgsim/driver/machine.h"
#include "util/compiler.h"

#define SYNC_TRIES  50u
#define ASYNC_TRIES 5000u

#define INTERFACE_WITH_EXT_HEADER 40u

uint32_t message_ext_header(void)
{
	return machine_config()->interface_version >= INTERFACE_WITH_EXT_HEADER ? EXT_HEADER : 0;
}

int message_init(struct host_message *m, const struct process *process, const struct adapter *adapter,
		 enum host_message_type type, uint64_t body, uint64_t reply_expected)
{
	uint64_t length = body + COMMAND_HEADER + message_ext_header();

	if (length > PACKET_MAX || body > PACKET_MAX || reply_expected > PACKET_MAX)
		return -EINVAL;
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->vgpu = adapter ? (int)adapter->index : HOST_VM;
	m->adapter = adapter;
	/* with asynchronous messages all traffic shares one ring, so that order is kept */
	m->global_channel = !adapter || machine_config()->async_messages;
	m->sync = true;
	m->length = (uint32_t)length;
	m->process = process ? process->host_handle : 0;
	m->reply_expected = (uint32_t)reply_expected;
	m->has_status = true;
	return 0;
}

/*
 * The guest sleeps 1 to 2 ms between tries; what matters to a client is how many there are, so here it only
 * lets others run.
 */
static int message_deliver(struct host_message *m, unsigned int tries)
{
	int ret = -EAGAIN;

	if (m->adapter && adapter_check_active(m->adapter))
		return -ENODEV;
	m->reply_length = m->reply_expected;
	for (unsigned int i = 0; i < tries && ret == -EAGAIN; i++) {
		if (i)
			sched_yield();
		ret = machine_send(m);
	}
	return ret;
}

int message_send(struct host_message *m)
{
	int ret = message_deliver(m, SYNC_TRIES);

	if (ret)
		return ret;
	return m->reply_length < m->reply_expected ? -EOVERFLOW : 0;
}

int message_call(struct host_message *m)
{
	int ret = message_send(m);

	return ret || !m->has_status ? ret : ntstatus_to_result(m->status);
}

int message_call_async(struct host_message *m)
{
	if (!machine_config()->async_messages)
		return message_call(m);
	m->sync = false;
	m->reply_expected = 0;
	return message_deliver(m, ASYNC_TRIES);
}

int ntstatus_to_result(int32_t status)
{
	static const struct {
		uint32_t status;
		int error;
	} errors[] = {
		{0xc0000035, EEXIST},	   /* OBJECT_NAME_COLLISION */
		{0xc0000017, ENOMEM},	   /* NO_MEMORY */
		{0xc000000d, EINVAL},	   /* INVALID_PARAMETER */
		{0xc0000033, ENOENT},	   /* OBJECT_NAME_INVALID */
		{0xc0000034, ENOENT},	   /* OBJECT_NAME_NOT_FOUND */
		{0xc0000023, EOVERFLOW},   /* BUFFER_TOO_SMALL */
		{0xc00002b6, ENODEV},	   /* DEVICE_REMOVED */
		{0xc0000022, EACCES},	   /* ACCESS_DENIED */
		{0xc00000bb, EPERM},	   /* NOT_SUPPORTED */
		{0xc0000002, EPERM},	   /* NOT_IMPLEMENTED */
		{0xc000001d, EOPNOTSUPP},  /* ILLEGAL_INSTRUCTION */
		{0xc0000008, EBADF},	   /* INVALID_HANDLE */
		{0xc01e0102, EINPROGRESS}, /* GRAPHICS_ALLOCATION_BUSY */
		{0xc0000024, EPROTOTYPE},  /* OBJECT_TYPE_MISMATCH */
	};

	if (status >= 0)
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].status == (uint32_t)status)
			return -errors[i].error;
	return -EINVAL;
}
