/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket, SOCK_SEQPACKET: a request is one JSON object, a reply is one JSON object or,
 * for `list`, one object a lease, in no order, and then {"protocol":1,"end":true}.  Clients that do
 * not read are dropped; nothing here can make the daemon wait.
 *
 *   {"protocol":1,"command":"status"}
 *   {"protocol":1,"command":"list","whitelist":"lookback"}      (whitelist: optional)
 *   {"protocol":1,"command":"list","as":"rows"}                 (for people: see lease_stream.h)
 *   {"protocol":1,"command":"forget","address":"192.0.2.1"}     (or "name"; only root and wildset)
 *   {"protocol":1,"command":"explain","address":"192.0.2.1"}    (or "name"; see explain.h)
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
#ifndef WILDSET_DAEMON_CONTROL_PROTOCOL_H
#define WILDSET_DAEMON_CONTROL_PROTOCOL_H

#define CONTROL_DEFAULT_PATH "/run/wildset/control.sock"
enum {
    CONTROL_PROTOCOL = 1,
    CONTROL_MESSAGE_MAX = 65536,
    CONTROL_REPLY_MAX = 64 * CONTROL_MESSAGE_MAX, /* one object; a longer one is not sent */
};

#endif
