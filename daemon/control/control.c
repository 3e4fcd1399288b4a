/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket.  Nothing here waits: a reply goes out as its client reads, a list a slice at
 * a time, and a client that stops reading is dropped.  Those who watch all read from one ring of
 * events, each at its own pace; while nobody does there is none.
 */
#include "daemon/control/control.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/control/event_ring.h"
#include "daemon/control/listener.h"
#include "daemon/control/protocol.h"
#include "daemon/control/reply.h"
#include "daemon/control/request.h"
#include "setsync/policy/event.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 32,
    WATCHERS_MAX = 8,    /* of these: they keep their places, however silent */
    OBJECTS_A_TURN = 8,  /* sent before the loop looks at the sources again: about 0.1 ms */
    NEWS_ROOM = 4096,    /* events that one who watches may be behind: some 450 bytes each */
    REFUSALS_ROOM = 256, /* for `explain` */
    WAITS_ROOM = 128,    /* the same; strangers' packets are no reason to forget refusals */
    PATROL_MS = 1000,
    PAUSE_MS = 1000,
    WAKE_MS = 2, /* the answers that come together are learned before they are told */
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
    struct reply_rest rest;
    struct loop_watch *readable; /* while it may ask */
    struct loop_watch *writable; /* while it has a reply to read */
};

struct control {
    struct loop *loop;
    const struct daemon_views *views;
    struct listener listener;
    struct loop_watch *readable; /* NULL while no more clients can be taken */
    struct loop_watch *pause;    /* timer: to try again */
    bool pause_told;
    struct loop_watch *patrol;
    struct loop_watch *wake; /* timer: there is news for those who watch */
    bool waking;
    struct event_ring *news; /* NULL: nobody watches */
    struct event_ring *refusals, *waits;
    struct client clients[CLIENTS_MAX];
};

static void client_on_readable(void *context);
static void client_on_writable(void *context);

static unsigned watchers_count(const struct control *control)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        count += control->clients[i].rest.watching;
    return count;
}

static void client_drop(struct client *client)
{
    struct control *control = client->control;

    loop_unwatch(client->readable);
    loop_unwatch(client->writable);
    reply_rest_free(&client->rest);
    free(client->reply);
    close(client->fd);
    *client = (struct client){.control = control, .fd = -1};
    if (watchers_count(control) > 0)
        return;
    /* With the last who watched the news go. */
    event_ring_free(control->news);
    control->news = NULL;
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

static struct reply_terms terms_of(const struct client *client)
{
    const struct control *control = client->control;

    return (struct reply_terms){.views = control->views,
                                .may_forget = client->may_forget,
                                .may_watch = watchers_count(control) < WATCHERS_MAX,
                                .refusals = control->refusals,
                                .waits = control->waits,
                                .news = control->news};
}

/* From now on, and nothing of before. */
static bool client_watch(struct client *client)
{
    struct control *control = client->control;

    if (!control->news)
        control->news = event_ring_new(NEWS_ROOM);
    if (!control->news)
        return false;
    client->rest.event = event_ring_end(control->news);
    return true;
}

/* False when there is no memory for any answer. */
static bool client_answer(struct client *client, const char *bytes, size_t size)
{
    const struct reply_terms terms = terms_of(client);
    json_t *reply = reply_make(bytes, size, &terms, &client->rest);

    if (client->rest.watching && !client_watch(client)) {
        json_decref(reply);
        return false;
    }
    if (!reply && !reply_rest_is_empty(&client->rest))
        return true;
    return client_set_reply(client, reply) ||
           client_set_reply(client, reply_error("the reply is too long, or out of memory"));
}

static void client_on_readable(void *context)
{
    struct client *client = context;
    char bytes[REQUEST_MAX +
               1]; /* one more: a longer packet is cut there, and refused as too long */
    ssize_t size = recv(client->fd, bytes, sizeof(bytes), 0);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || client->rest.watching || client->rest.reload) {
        client_drop(client);
        return;
    }
    client->moved_ns = clock_now().boot_ns;
    if (!client_answer(client, bytes, (size_t)size)) {
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

/* Whether something of the rest is ready to be sent; else what the client does meanwhile. */
static bool client_continue(struct client *client)
{
    const struct reply_terms terms = terms_of(client);
    json_t *next = reply_next(&client->rest, &terms);

    if (!next && (client->rest.watching || client->rest.reload))
        client_listen(client); /* until there is news */
    if (!next || client_set_reply(client, next))
        return next != NULL;
    client_drop(client);
    return false;
}

static void client_on_writable(void *context)
{
    struct client *client = context;

    for (unsigned i = 0; i < OBJECTS_A_TURN; i++) {
        int sent = client_send(client);

        if (sent == 0)
            return;
        if (sent < 0) {
            client_drop(client);
            return;
        }
        if (reply_rest_is_empty(&client->rest)) {
            client_listen(client);
            return;
        }
        if (!client_continue(client))
            return;
    }
}

/* ---- news ---- */

static void control_on_wake(void *context)
{
    struct control *control = context;

    control->waking = false;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->rest.watching && !client->writable)
            client_speak(client);
    }
}

static void control_event(void *self, const struct event *event, uint64_t boot_ns)
{
    struct control *control = self;

    (void)boot_ns;
    /* What `explain` may have to speak of: why an address is not, or no longer, allowed. */
    if (event->kind == EVENT_REFUSED || event->kind == EVENT_ALARM ||
        event->kind == EVENT_EVICTED || event->kind == EVENT_FORGOTTEN)
        event_ring_add(control->refusals, event);
    if (event->kind == EVENT_WAITED)
        event_ring_add(control->waits, event);
    if (!control->news)
        return;
    event_ring_add(control->news, event);
    if (control->waking)
        return;
    control->waking = true;
    loop_timer_set(control->wake, WAKE_MS);
}

/* Those who wait for it are told. */
static void control_reloaded(void *self)
{
    struct control *control = self;

    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->rest.reload && !client->writable)
            client_speak(client);
    }
}

/* ---- all clients ---- */

/* Each second while someone has a reply to read. */
static void control_on_patrol(void *context)
{
    struct control *control = context;
    uint64_t now_ns = clock_now().boot_ns;
    bool again = false;

    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->fd < 0 || !client->writable || client->rest.watching)
            continue;
        if (now_ns - client->moved_ns > PATIENCE_NS)
            client_drop(client);
        else
            again = true;
    }
    if (again)
        loop_timer_set(control->patrol, PATROL_MS);
}

/*
 * A free place; when there is none, that of the client which has been silent longest, but for those
 * who watch: they only listen.
 */
static struct client *client_place(struct control *control)
{
    struct client *oldest = NULL;

    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->fd < 0)
            return client;
        if (client->rest.watching)
            continue;
        if (!oldest || client->moved_ns < oldest->moved_ns)
            oldest = client;
    }
    client_drop(oldest);
    return oldest;
}

static void listening_pause(struct control *control, int error)
{
    if (!control->pause_told)
        log_warning("control socket: cannot accept more clients (%s); retrying every second",
                    strerror(error));
    control->pause_told = true;
    loop_unwatch(control->readable);
    control->readable = NULL;
    loop_timer_set(control->pause, PAUSE_MS);
}

static void control_on_readable(void *context);

static void control_on_pause(void *context)
{
    struct control *control = context;

    control->readable = loop_readable(control->loop, control->listener.fd, LOOP_NORMAL,
                                      control_on_readable, control);
    if (!control->readable)
        loop_timer_set(control->pause, PAUSE_MS);
}

static void control_on_readable(void *context)
{
    struct control *control = context;
    bool trusted;
    int fd = listener_accept(&control->listener, &trusted);

    if (fd < 0) {
        /* Then the one who waits to be taken stays, and the listener would be readable for ever. */
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS)
            listening_pause(control, -fd);
        return;
    }
    control->pause_told = false;
    struct client *client = client_place(control);
    client->fd = fd;
    client->may_forget = trusted;
    client->moved_ns = clock_now().boot_ns;
    client_listen(client);
}

static void control_close(void *self)
{
    struct control *control = self;

    if (!control)
        return;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0)
            client_drop(&control->clients[i]);
    }
    loop_unwatch(control->readable);
    loop_unwatch(control->patrol);
    loop_unwatch(control->wake);
    loop_unwatch(control->pause);
    event_ring_free(control->refusals);
    event_ring_free(control->waits);
    listener_close(&control->listener);
    free(control);
}

static int control_open(const struct output_setting *setting, void **self, const char **what)
{
    struct control *control = calloc(1, sizeof(*control));

    *what = setting->control_path;
    if (!control)
        return -ENOMEM;
    control->loop = setting->loop;
    control->views = setting->views;
    control->listener.fd = -1;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        control->clients[i] = (struct client){.control = control, .fd = -1};

    int error = listener_open(setting->control_path, &control->listener);
    control->patrol = loop_timer(control->loop, control_on_patrol, control);
    control->wake = loop_timer(control->loop, control_on_wake, control);
    control->pause = loop_timer(control->loop, control_on_pause, control);
    control->refusals = event_ring_new(REFUSALS_ROOM);
    control->waits = event_ring_new(WAITS_ROOM);
    if (error == 0)
        control->readable = loop_readable(control->loop, control->listener.fd, LOOP_NORMAL,
                                          control_on_readable, control);
    if (error == 0 && !(control->patrol && control->wake && control->pause && control->refusals &&
                        control->waits && control->readable))
        error = -ENOMEM;
    if (error < 0) {
        control_close(control);
        return error;
    }
    *self = control;
    return 0;
}

const struct output control_output = {
    .name = "the control socket",
    .open = control_open,
    .close = control_close,
    .event = control_event,
    .reload_ended = control_reloaded,
};
