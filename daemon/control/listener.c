/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bound so that nobody ever finds the socket with wider rights than it shall have, and that two
 * daemons do not take it from each other.
 */
#include "daemon/control/listener.h"

#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 32 };

/* A socket that a daemon left behind is removed; one that a daemon listens on is not. */
static int leftover_remove(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;

    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    if (error != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int socket_bind(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0117); /* 0660 from the first moment on */
    int error = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(before);
    if (error < 0)
        return error;
    /* Usually the daemon runs with the group wildset and the socket has it from birth. */
    const struct group *group = getgrnam("wildset");
    if (group && lchown(address->sun_path, (uid_t)-1, group->gr_gid) < 0)
        log_warning(
            "cannot change the group of %s to wildset: %s; its members cannot use `wildset status`",
            address->sun_path, strerror(errno));
    if (listen(fd, BACKLOG) == 0)
        return 0;
    error = -errno;
    unlink(address->sun_path);
    return error;
}

int listener_open(const char *path, struct listener *out)
{
    const struct passwd *owner = getpwnam("wildset");
    struct listener listener = {.address.sun_family = AF_UNIX,
                                .owner = owner ? owner->pw_uid : (uid_t)-1};

    if (strlen(path) >= sizeof(listener.address.sun_path))
        return -ENAMETOOLONG;
    strcpy(listener.address.sun_path, path);
    int error = leftover_remove(&listener.address);
    if (error < 0)
        return error;
    listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener.fd < 0)
        return -errno;
    error = socket_bind(listener.fd, &listener.address);
    if (error < 0) {
        close(listener.fd);
        return error;
    }
    *out = listener;
    return 0;
}

void listener_close(struct listener *listener)
{
    if (listener->fd < 0)
        return;
    unlink(listener->address.sun_path);
    close(listener->fd);
    listener->fd = -1;
}

int listener_accept(const struct listener *listener, bool *trusted)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    if (fd < 0)
        return -errno;
    *trusted = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
               peer.uid != (uid_t)-1 && (peer.uid == 0 || peer.uid == listener->owner);
    return fd;
}
