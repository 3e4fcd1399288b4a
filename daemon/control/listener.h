/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place where clients of the control socket come in: a listening SOCK_SEQPACKET socket in the
 * file system.
 */
#ifndef WILDSET_DAEMON_CONTROL_LISTENER_H
#define WILDSET_DAEMON_CONTROL_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

struct listener {
    int fd; /* -1: closed */
    struct sockaddr_un address;
    uid_t owner; /* the user wildset, looked up before the sandbox closes; (uid_t)-1: none */
};

/*
 * 0660 and group wildset, where there is one; non-blocking.  A socket that a dead daemon left
 * behind is replaced.  0; -EADDRINUSE when a daemon listens there, -EEXIST when a file of another
 * kind is in the way, -ENAMETOOLONG, or another -errno.
 */
int listener_open(const char *path, struct listener *out);
/* Removes the socket from the file system too. */
void listener_close(struct listener *listener);
/* The next client, non-blocking, or -errno.  Whether it may change things: root and user wildset.
 */
int listener_accept(const struct listener *listener, bool *trusted);

#endif
