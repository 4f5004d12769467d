// SPDX-License-Identifier: MIT
/* Messages to the host. */
#ifndef DXGSIM_DRIVER_VMBUS_H
#define DXGSIM_DRIVER_VMBUS_H

#include <stdint.h>

#include "dxgsim/driver/objects.h"
#include "dxgsim/host/message.h"

#define PACKET_MAX     131072u /* DXG_MAX_VM_BUS_PACKET_SIZE, both headers included */
#define COMMAND_HEADER 24u
#define EXT_HEADER     16u

#define STATUS_PENDING 0x103

/*
 * Prepares a message of a process to an adapter (NULL: VM-wide) with body bytes after the command header.
 * reply_expected is the wire size of the reply (0: none is looked at).  -EINVAL over PACKET_MAX.
 * Then fill m->request and m->reply and call message_send() or message_call().
 */
int message_init(struct host_message *m, const struct process *process, const struct adapter *adapter,
		 enum host_message_type type, uint64_t body, uint64_t reply_expected);
/*
 * Sends and waits for the reply: 0, -EAGAIN (ring full 50 times), -EOVERFLOW (short reply), -ENODEV or
 * another channel error.  On 0 the reply is filled; m->status has not been looked at.
 */
int message_send(struct host_message *m);
/* As message_send, then m->status as ntstatus_to_result(). */
int message_call(struct host_message *m);
/*
 * For the calls the host may take without answering: fire and forget (5000 tries) where it enabled that,
 * else message_call().
 */
int message_call_async(struct host_message *m);
/* A positive NTSTATUS as it is, 0, or the -errno dxgkrnl turns a failure into. */
int ntstatus_to_result(int32_t status);
/* Bytes of extension header in front of every message. */
uint32_t message_ext_header(void);

#endif
