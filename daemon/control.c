/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket.  Nothing here waits: a reply goes out as its client reads, a list one lease
 * after the other from a snapshot, and a client that stops reading is dropped.
 */
#include "daemon/control.h"

#include "daemon/listener.h"
#include "daemon/listing.h"
#include "daemon/reply.h"
#include "daemon/request.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 32,
    LISTINGS_MAX = 2,   /* snapshots at a time: each costs about 150 bytes a lease */
    LEASES_A_TURN = 16, /* sent before the loop looks at the sources again: about 0.1 ms */
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
    struct listener listener;
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

static unsigned listings_count(const struct control *control)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        count += control->clients[i].listing != NULL;
    return count;
}

static json_t *client_answer(struct client *client, const char *bytes, size_t size)
{
    const struct control *control = client->control;
    const struct reply_terms terms = {.views = &control->views,
                                      .may_forget = client->may_forget,
                                      .may_list = listings_count(control) < LISTINGS_MAX};

    return reply_make(bytes, size, &terms, &client->listing);
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
    if (!client_set_reply(client, client_answer(client, bytes, (size_t)size)) &&
        !client_set_reply(client, reply_error("the reply is too long, or memory is out"))) {
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
        if (!client_set_reply(client, reply_next(&client->listing))) {
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

static void control_on_readable(void *context)
{
    struct control *control = context;
    bool trusted;
    int fd = listener_accept(&control->listener, &trusted);

    if (fd < 0)
        return;
    struct client *client = client_place(control);
    client->fd = fd;
    client->may_forget = trusted;
    client->moved_ns = clock_now().boot_ns;
    client_listen(client);
}

static int control_watch(struct control *control)
{
    control->patrol = loop_timer(control->loop, control_on_patrol, control);
    control->readable = loop_readable(control->loop, control->listener.fd, LOOP_NORMAL,
                                      control_on_readable, control);
    return control->patrol && control->readable ? 0 : -ENOMEM;
}

int control_open(struct loop *loop, const char *path, const struct control_views *views,
                 struct control **out)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control)
        return -ENOMEM;
    control->loop = loop;
    control->views = *views;
    control->listener.fd = -1;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        control->clients[i] = (struct client){.control = control, .fd = -1};

    int error = listener_open(path, &control->listener);
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
    listener_close(&control->listener);
    free(control);
}

void control_set_config(struct control *control, const struct config *config)
{
    control->views.config = config;
}
