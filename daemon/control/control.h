/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket, SOCK_SEQPACKET: a request is one JSON object, a reply is one JSON object or,
 * for `list`, one object a lease, in no order, and then {"protocol":1,"end":true}.  Clients that do
 * not read are dropped; nothing here can make the daemon wait.
 *
 *   {"protocol":1,"command":"status"}
 *   {"protocol":1,"command":"list","whitelist":"lookback"}      (whitelist: optional)
 *   {"protocol":1,"command":"list","as":"rows"}                 (for people: see daemon/listing.h)
 *   {"protocol":1,"command":"forget","address":"192.0.2.1"}     (or "name"; only root and wildset)
 *   {"protocol":1,"command":"explain","address":"192.0.2.1"}    (or "name"; daemon/explanation.h)
 *   {"protocol":1,"command":"watch"}
 *   {"protocol":1,"command":"reload"}                           (only root and wildset)
 *
 * An error is {"protocol":1,"error":"what is wrong and what to do"}.
 *
 * `watch` is answered {"protocol":1,"watching":true}, and from then on by one object an event, with
 * the keys of replay's lines and `event`, until the client goes: it may not ask anything else.  One
 * that is slow is told {"protocol":1,"lost":N} where it has missed N of them.
 *
 * `reload` is answered {"protocol":1,"reloaded":true} once the configuration is in force and the
 * sources work by it, or by an error; what has come meanwhile ends the connection.
 *
 * A packet holds at most CONTROL_MESSAGE_MAX bytes.  A reply of CONTROL_MESSAGE_MAX bytes or more
 * goes over several packets, all but the last of exactly that size; the last one is shorter.
 */
#ifndef WILDSET_DAEMON_CONTROL_CONTROL_H
#define WILDSET_DAEMON_CONTROL_CONTROL_H

#include "base/clock.h"
#include "base/loop.h"

#define CONTROL_DEFAULT_PATH "/run/wildset/control.sock"
enum {
    CONTROL_PROTOCOL = 1,
    CONTROL_MESSAGE_MAX = 65536,
    CONTROL_REPLY_MAX = 64 * CONTROL_MESSAGE_MAX, /* one object; a longer one is not sent */
};

struct config;
struct control;
struct event;
struct reloads;
struct resolvers;
struct setsync;
struct sources;
struct trusted;

/* What the replies are made of; all borrowed, the configuration may be replaced with
 * control_set_config. */
struct control_views {
    const struct config *config;
    struct setsync *sync;
    const struct sources *sources;
    const struct feeds *feeds; /* or NULL */
    const struct resolvers *resolvers;
    const struct trusted *trusted; /* whom to believe */
    struct reloads *reloads;       /* or NULL: nothing to read again */
    struct moment started;
};

/* Makes the socket (0660, group wildset when it exists), replacing a dead one.  0 or -errno. */
int control_open(struct loop *loop, const char *path, const struct control_views *views,
                 struct control **out);
void control_close(struct control *control);
void control_set_config(struct control *control, const struct config *config);
/* A reload has ended: those who wait for it are told. */
void control_reloaded(struct control *control);
/* After the kernel has it: kept for those who watch or ask why.  `control` may be NULL. */
void control_event(struct control *control, const struct event *event);

#endif
