/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One queue of the kernel's nfnetlink_queue: packets come, and go on.  ACCEPT is the only verdict
 * there is, and says "on to the next chain": what may pass is for the rules behind the queue to
 * say.  The only place that knows the queue's messages and libmnl here.
 */
#ifndef WILDSET_DAEMON_HOLD_QUEUE_H
#define WILDSET_DAEMON_HOLD_QUEUE_H

#include "daemon/hold/queued.h"

#include <stdbool.h>
#include <stdint.h>

enum { QUEUE_LENGTH = 256 }; /* packets that the kernel keeps for us; more pass on by themselves */

struct queue;

struct queue_figures {
    uint64_t packets;  /* read */
    uint64_t overruns; /* passed on by the kernel, since we did not read in time */
    uint64_t gone;     /* dropped by the kernel while they waited: a chain was deleted */
    int error;         /* of the last verdict that failed otherwise: -errno; 0: none did */
};

/*
 * 0; -EPERM when another program has the number (or this one lacks CAP_NET_ADMIN), -EINVAL or
 * -ENOENT where the kernel has no such queues, or another -errno.
 */
int queue_open(uint16_t number, struct queue **out);
/* Lets all go on that the kernel still holds. */
void queue_close(struct queue *queue);
/* To be watched for reading. */
int queue_descriptor(const struct queue *queue);

typedef void queue_take(void *context, const struct queued *packet);
/* Calls `take` for each packet that is there, about `most` of them. */
void queue_read(struct queue *queue, unsigned most, queue_take *take, void *context);
/* The packet goes on; together with others, at the latest at queue_flush. */
void queue_accept(struct queue *queue, uint32_t id);
void queue_flush(struct queue *queue);

const struct queue_figures *queue_figures(const struct queue *queue);

#endif
