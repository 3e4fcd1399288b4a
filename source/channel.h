/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel from a source to the daemon: a SOCK_SEQPACKET pair that carries struct message and
 * nothing else.  Of one that is one-way the reader's writing half and the writer's reading half are
 * shut down; the other kind carries struct source_request (source/request.h) there.
 */
#ifndef WILDSET_SOURCE_CHANNEL_H
#define WILDSET_SOURCE_CHANNEL_H

struct message;

enum channel_directions {
    CHANNEL_ONE_WAY,
    CHANNEL_BOTH_WAYS,
};

/* Both close-on-exec, the reader non-blocking.  0 or -errno. */
int channel_pair(enum channel_directions directions, int *reader, int *writer);
/* 0, -EAGAIN when the daemon does not keep up, -EPIPE when it is gone, or another -errno. */
int channel_send(int writer, const struct message *message);
/* 1 with a message, 0 at the end, -EAGAIN when empty, -EBADMSG for a wrong size, or another -errno.
 */
int channel_receive(int reader, struct message *out);

enum { CHANNEL_TOGETHER = 64 };
/*
 * What waits, at most `most` messages; how many.  *stopped is 1 when there may be more, else what
 * channel_receive would have said behind them.
 */
unsigned channel_receive_waiting(int reader, struct message *out, unsigned most, int *stopped);

#endif
