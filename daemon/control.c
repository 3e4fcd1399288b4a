/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket.  Nothing here waits: a reply goes out as its client reads, a list one lease
 * after the other from a snapshot, and a client that stops reading is dropped.
 */
#include "daemon/control.h"

#include "daemon/config.h"
#include "daemon/listing.h"
#include "daemon/overview.h"
#include "daemon/request.h"
#include "runtime/log.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 32,
    LISTINGS_MAX = 2,   /* snapshots at a time: each costs about 150 bytes a lease */
    LEASES_A_TURN = 64, /* sent before the loop looks at the sources again */
    PATROL_MS = 1000,
};
/* A client that takes nothing for so long is dropped. */
#define PATIENCE_NS (10 * NS_PER_SECOND)

struct client {
    struct control *control;
    int fd; /* -1: a free place */
    bool may_forget;
    uint64_t moved_ns; /* when it last sent or took something */
    char *reply;       /* what is still to be sent, or NULL */
    size_t reply_size, reply_sent;
    struct listing *listing;     /* more leases to come, or NULL */
    struct loop_watch *readable; /* while it may ask */
    struct loop_watch *writable; /* while it has a reply to read */
};

struct control {
    struct loop *loop;
    struct control_views views;
    int fd;
    bool bound;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    uid_t owner; /* the user wildset, or (uid_t)-1 */
    struct loop_watch *readable;
    struct loop_watch *patrol;
    struct client clients[CLIENTS_MAX];
};

static void client_on_readable(void *context);
static void client_on_writable(void *context);

static void client_drop(struct client *client)
{
    loop_unwatch(client->readable);
    loop_unwatch(client->writable);
    listing_free(client->listing);
    free(client->reply);
    close(client->fd);
    *client = (struct client){.control = client->control, .fd = -1};
}

/* Takes questions again. */
static void client_listen(struct client *client)
{
    loop_unwatch(client->writable);
    client->writable = NULL;
    client->readable =
        loop_readable(client->control->loop, client->fd, LOOP_NORMAL, client_on_readable, client);
    if (!client->readable)
        client_drop(client);
}

/* Takes no question until it has read its reply: one reply a client is all that is kept. */
static void client_speak(struct client *client)
{
    loop_unwatch(client->readable);
    client->readable = NULL;
    client->writable = loop_writable(client->control->loop, client->fd, client_on_writable, client);
    if (!client->writable) {
        client_drop(client);
        return;
    }
    loop_timer_set(client->control->patrol, PATROL_MS);
}

/* Takes `object`.  Padded where its last packet would be a full one (see the header). */
static bool client_set_reply(struct client *client, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    size_t size = text ? strlen(text) : 0;

    json_decref(object);
    if (text && size % CONTROL_MESSAGE_MAX == 0)
        text[size++] = ' ';
    if (!text || size > CONTROL_REPLY_MAX) {
        free(text);
        return false;
    }
    client->reply = text;
    client->reply_size = size;
    client->reply_sent = 0;
    return true;
}

static json_t *error_to_json(const char *error)
{
    return json_pack("{s:i, s:s}", "protocol", CONTROL_PROTOCOL, "error", error);
}

static json_t *answer_status(struct client *client, const struct request *request)
{
    struct moment now = clock_now();

    (void)request;
    return overview_to_json(&client->control->views, &now);
}

static unsigned listings_count(const struct control *control)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        count += control->clients[i].listing != NULL;
    return count;
}

static json_t *whitelist_unknown(const struct config *config, const char *name)
{
    char error[REQUEST_ERROR_MAX];
    int used = snprintf(error, sizeof(error), "there is no whitelist \"%s\"; there are", name);

    for (size_t i = 0; i < config->whitelist_count && used < (int)sizeof(error); i++)
        used += snprintf(error + used, sizeof(error) - (size_t)used, "%s %s", i ? "," : "",
                         config->whitelists[i].name);
    return error_to_json(error);
}

static json_t *next_of_list(struct client *client)
{
    json_t *lease = listing_next(client->listing);

    if (lease)
        return lease;
    listing_free(client->listing);
    client->listing = NULL;
    return json_pack("{s:i, s:b}", "protocol", CONTROL_PROTOCOL, "end", 1);
}

static json_t *answer_list(struct client *client, const struct request *request)
{
    const struct control *control = client->control;
    const char *whitelist = *request->whitelist ? request->whitelist : NULL;
    struct moment now = clock_now();

    if (whitelist && !config_whitelist(control->views.config, whitelist))
        return whitelist_unknown(control->views.config, whitelist);
    if (listings_count(control) == LISTINGS_MAX)
        return error_to_json("others are reading the list already: try again in a moment");
    client->listing = listing_new(control->views.sync, whitelist, &now);
    if (!client->listing)
        return error_to_json("memory is out: try again later");
    return next_of_list(client);
}

static json_t *answer_forget(struct client *client, const struct request *request)
{
    struct setsync *sync = client->control->views.sync;
    struct moment now = clock_now();

    if (!client->may_forget)
        return error_to_json("forget is only for root and the user wildset: try sudo");

    size_t count = request->name.length != 0
                       ? setsync_forget_name(sync, &request->name, &now)
                       : setsync_forget_address(sync, &request->address, &now);
    return json_pack("{s:i, s:I}", "protocol", CONTROL_PROTOCOL, "forgotten", (json_int_t)count);
}

static json_t *answer(struct client *client, const char *bytes, size_t size)
{
    static json_t *(*const answers[REQUEST_COUNT])(struct client *, const struct request *) = {
        [REQUEST_STATUS] = answer_status,
        [REQUEST_LIST] = answer_list,
        [REQUEST_FORGET] = answer_forget,
    };
    struct request request;
    char error[REQUEST_ERROR_MAX];

    if (!request_read(bytes, size, &request, error))
        return error_to_json(error);
    return answers[request.command](client, &request);
}

static void client_on_readable(void *context)
{
    struct client *client = context;
    char bytes[REQUEST_MAX +
               1]; /* one more: a longer packet is cut there, and refused as too long */
    ssize_t size = recv(client->fd, bytes, sizeof(bytes), 0);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        client_drop(client);
        return;
    }
    client->moved_ns = clock_now().boot_ns;
    if (!client_set_reply(client, answer(client, bytes, (size_t)size)) &&
        !client_set_reply(client, error_to_json("the reply is too long, or memory is out"))) {
        client_drop(client);
        return;
    }
    client_speak(client);
}

/* 1 when the reply is out, 0 when the client has to read first, or -errno. */
static int client_send(struct client *client)
{
    while (client->reply_sent < client->reply_size) {
        size_t left = client->reply_size - client->reply_sent;
        size_t size = left < CONTROL_MESSAGE_MAX ? left : CONTROL_MESSAGE_MAX;

        if (send(client->fd, client->reply + client->reply_sent, size, MSG_NOSIGNAL) < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        client->reply_sent += size;
        client->moved_ns = clock_now().boot_ns;
    }
    free(client->reply);
    client->reply = NULL;
    return 1;
}

static void client_on_writable(void *context)
{
    struct client *client = context;

    for (unsigned i = 0; i < LEASES_A_TURN; i++) {
        int sent = client_send(client);

        if (sent == 0)
            return;
        if (sent < 0) {
            client_drop(client);
            return;
        }
        if (!client->listing) {
            client_listen(client);
            return;
        }
        if (!client_set_reply(client, next_of_list(client))) {
            client_drop(client);
            return;
        }
    }
}

/* Each second while someone has a reply to read. */
static void control_on_patrol(void *context)
{
    struct control *control = context;
    uint64_t now_ns = clock_now().boot_ns;
    bool again = false;

    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->fd < 0 || !client->writable)
            continue;
        if (now_ns - client->moved_ns > PATIENCE_NS)
            client_drop(client);
        else
            again = true;
    }
    if (again)
        loop_timer_set(control->patrol, PATROL_MS);
}

/* A free place; when there is none, that of the client which has been silent longest. */
static struct client *client_place(struct control *control)
{
    struct client *oldest = &control->clients[0];

    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->fd < 0)
            return client;
        if (client->moved_ns < oldest->moved_ns)
            oldest = client;
    }
    client_drop(oldest);
    return oldest;
}

static bool peer_may_forget(const struct control *control, int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid == (uid_t)-1)
        return false;
    return peer.uid == 0 || peer.uid == control->owner;
}

static void control_on_readable(void *context)
{
    struct control *control = context;
    int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    struct client *client = client_place(control);
    client->fd = fd;
    client->may_forget = peer_may_forget(control, fd);
    client->moved_ns = clock_now().boot_ns;
    client_listen(client);
}

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

/* Usually the daemon runs with the group wildset and the socket has it from birth. */
static void group_set(const char *path)
{
    const struct group *group = getgrnam("wildset");

    if (group && lchown(path, (uid_t)-1, group->gr_gid) < 0)
        log_warning("cannot give %s to group wildset: %s; its members cannot use `wildset status`",
                    path, strerror(errno));
}

static int control_bind(struct control *control)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, control->path, sizeof(address.sun_path));
    int error = leftover_remove(&address);
    if (error < 0)
        return error;
    control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0)
        return -errno;

    mode_t before = umask(0117); /* 0660 from the first moment on */
    error = bind(control->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
    umask(before);
    if (error < 0)
        return error;
    control->bound = true;
    group_set(control->path);
    return listen(control->fd, CLIENTS_MAX) < 0 ? -errno : 0;
}

static int control_watch(struct control *control)
{
    control->patrol = loop_timer(control->loop, control_on_patrol, control);
    control->readable =
        loop_readable(control->loop, control->fd, LOOP_NORMAL, control_on_readable, control);
    return control->patrol && control->readable ? 0 : -ENOMEM;
}

int control_open(struct loop *loop, const char *path, const struct control_views *views,
                 struct control **out)
{
    struct control *control = calloc(1, sizeof(*control));
    const struct passwd *owner = getpwnam("wildset");

    if (!control)
        return -ENOMEM;
    control->loop = loop;
    control->views = *views;
    control->fd = -1;
    control->owner = owner ? owner->pw_uid : (uid_t)-1;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        control->clients[i] = (struct client){.control = control, .fd = -1};

    int error = -ENAMETOOLONG;
    if (strlen(path) < sizeof(control->path)) {
        strcpy(control->path, path);
        error = control_bind(control);
    }
    if (error == 0)
        error = control_watch(control);
    if (error < 0) {
        control_close(control);
        return error;
    }
    *out = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0)
            client_drop(&control->clients[i]);
    }
    loop_unwatch(control->readable);
    loop_unwatch(control->patrol);
    if (control->fd >= 0)
        close(control->fd);
    if (control->bound)
        unlink(control->path);
    free(control);
}

void control_set_config(struct control *control, const struct config *config)
{
    control->views.config = config;
}
