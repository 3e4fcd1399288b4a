/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's end of the control socket.  The daemon is trusted, but not for ever: a reply has a
 * greatest size, and silence an end.
 */
#include "client/connection.h"

#include "daemon/control/protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
    int fd;
    char *reply; /* the packets of one reply, put together */
    size_t used;
};

enum { SILENCE_SECONDS = 10 };

int connection_open(const char *path, struct connection **out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval silence = {.tv_sec = SILENCE_SECONDS};
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return -ENOMEM;
    if (strlen(path) >= sizeof(address.sun_path)) {
        free(connection);
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    connection->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) < 0) {
        int error = -errno;

        connection_close(connection);
        return error;
    }
    *out = connection;
    return 0;
}

void connection_close(struct connection *connection)
{
    if (!connection)
        return;
    if (connection->fd >= 0)
        close(connection->fd);
    free(connection->reply);
    free(connection);
}

int connection_ask(struct connection *connection, const char *command, json_t *arguments)
{
    json_t *request = json_pack("{s:i, s:s}", "protocol", CONTROL_PROTOCOL, "command", command);
    int error = 0;

    if (!request || (arguments && json_object_update(request, arguments) < 0)) {
        json_decref(request);
        return -ENOMEM;
    }
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (!text)
        return -ENOMEM;
    if (send(connection->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        error = -errno;
    free(text);
    return error;
}

int connection_receive(struct connection *connection, json_t **out)
{
    ssize_t size;

    connection->used = 0;
    do { /* one packet behind what is there */
        if (connection->used > CONTROL_REPLY_MAX)
            return -EMSGSIZE;
        char *reply = realloc(connection->reply, connection->used + CONTROL_MESSAGE_MAX);
        if (!reply)
            return -ENOMEM;
        connection->reply = reply;
        size = recv(connection->fd, reply + connection->used, CONTROL_MESSAGE_MAX, 0);
        if (size < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (size == 0)
            return connection->used ? -EBADMSG : 0;
        connection->used += (size_t)size;
    } while (size == CONTROL_MESSAGE_MAX);

    json_t *reply = json_loadb(connection->reply, connection->used, 0, NULL);
    if (!json_is_object(reply)) {
        json_decref(reply);
        return -EBADMSG;
    }
    *out = reply;
    return 1;
}

int connection_be_patient(struct connection *connection)
{
    static const struct timeval forever = {.tv_sec = 0};

    return setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever)) < 0
               ? -errno
               : 0;
}

bool connection_has_more(const struct connection *connection)
{
    struct pollfd poller = {.fd = connection->fd, .events = POLLIN};

    return poll(&poller, 1, 0) > 0;
}

const char *connection_advice(int error)
{
    switch (-error) {
    case EACCES:
    case EPERM:
        return "only root and members of the group wildset may: try sudo, or add yourself with"
               " `sudo adduser $USER wildset` and log in again";
    case ENOENT:
    case ECONNREFUSED:
        return "is it running? try `systemctl status wildset`";
    case ETIMEDOUT:
        return "it does not answer: try `systemctl status wildset`";
    case EBADMSG:
    case EMSGSIZE:
        return "its reply is invalid: are wildset and wildsetd of the same version?";
    default:
        return "try `systemctl status wildset`";
    }
}

void connection_explain(const char *path, int error)
{
    fprintf(stderr, "wildset: cannot reach wildsetd at %s: %s; %s\n", path, strerror(-error),
            connection_advice(error));
}

pid_t connection_process(const struct connection *connection)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return 0;
    return peer.pid;
}

bool reply_is_error(const json_t *reply)
{
    const char *error = json_string_value(json_object_get(reply, "error"));
    json_int_t protocol = json_integer_value(json_object_get(reply, "protocol"));

    if (error) {
        fprintf(stderr, "wildset: %s\n", error);
        return true;
    }
    if (protocol == CONTROL_PROTOCOL)
        return false;
    fprintf(stderr,
            "wildset: wildsetd speaks protocol %" JSON_INTEGER_FORMAT
            ", this wildset speaks %d: install the same version of both\n",
            protocol, CONTROL_PROTOCOL);
    return true;
}

json_t *connection_request(const char *path, const char *command, json_t *arguments)
{
    struct connection *connection = NULL;
    json_t *reply = NULL;
    int error = connection_open(path, &connection);

    if (error == 0)
        error = connection_ask(connection, command, arguments);
    if (error == 0) {
        int got = connection_receive(connection, &reply);

        error = got == 0 ? -ECONNRESET : got < 0 ? got : 0;
    }
    connection_close(connection);
    json_decref(arguments);
    if (error < 0) {
        connection_explain(path, error);
        return NULL;
    }
    if (reply_is_error(reply)) {
        json_decref(reply);
        return NULL;
    }
    return reply;
}
