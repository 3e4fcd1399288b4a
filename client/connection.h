/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to the daemon's control socket: one request, then replies (daemon/control.h).
 */
#ifndef WILDSET_CLIENT_CONNECTION_H
#define WILDSET_CLIENT_CONNECTION_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct connection;

/* 0 or -errno. */
int connection_open(const char *path, struct connection **out);
void connection_close(struct connection *connection);
/* Sends {"protocol":1,"command":command} and the members of `arguments` (may be NULL).  0 or
 * -errno. */
int connection_ask(struct connection *connection, const char *command, json_t *arguments);
/*
 * 1 and one reply (a new reference), 0 when the daemon closed, -EBADMSG for what is no JSON object,
 * -ETIMEDOUT after ten seconds of silence, or another -errno.
 */
int connection_receive(struct connection *connection, json_t **out);
/* From now on silence may last: for those who watch.  0 or -errno. */
int connection_be_patient(struct connection *connection);
/* Whether a reply, or the end, is there already. */
bool connection_has_more(const struct connection *connection);

/* The process that listens, 0 when it is not known. */
pid_t connection_process(const struct connection *connection);

/* What to do about an error of these functions. */
const char *connection_advice(int error);
/* Says on stderr what went wrong at `path` and what to do about it. */
void connection_explain(const char *path, int error);

/*
 * All of it for a reply of one object: opens, asks, receives, closes; says on stderr what went
 * wrong, the daemon's own error included.  NULL then, else a new reference.  Takes `arguments`.
 */
json_t *connection_request(const char *path, const char *command, json_t *arguments);
/* The error in a reply, or of another protocol than ours; said on stderr.  Whether there was one.
 */
bool reply_is_error(const json_t *reply);

#endif
