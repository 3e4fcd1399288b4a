/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One read a connection and turn of the loop, so that none starves another.
 */
#include "dnstap/taps.h"

#include "base/log.h"
#include "dnstap/framing.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TAPS_MAX = 8,
    HALFWAY_MOST = 10,        /* pulses */
    STRANGER_TOLD_EVERY = 60, /* the same */
};

struct tap {
    struct taps *taps;
    int fd; /* -1: free */
    struct loop_watch *watch;
    unsigned halfway; /* pulses without a whole frame, in the midst of one */
    struct framing framing;
};

struct taps {
    struct loop *loop;
    int listener;
    struct loop_watch *watch;
    const struct dnstap_peers *peers;
    struct hearsay *hearsay;
    unsigned untold; /* pulses until a stranger is told again */
    struct tap tap[TAPS_MAX];
};

static void tap_end(struct tap *tap)
{
    loop_unwatch(tap->watch);
    close(tap->fd);
    tap->watch = NULL;
    tap->fd = -1;
}

static void tap_break(struct tap *tap)
{
    hearsay_count(tap->taps->hearsay, COUNTER_DNSTAP_BROKEN);
    tap_end(tap);
}

/* A few bytes into an empty socket: whoever does not take them is not listening. */
static bool send_reply(const struct tap *tap, const struct framing_piece *piece)
{
    return send(tap->fd, piece->bytes, piece->size, MSG_NOSIGNAL | MSG_DONTWAIT) ==
           (ssize_t)piece->size;
}

/* False when the connection is gone. */
static bool deal_next(struct tap *tap, const struct moment *now, bool *more)
{
    struct framing_piece piece = {0};

    switch (framing_next(&tap->framing, &piece)) {
    case FRAMING_WAITS:
        *more = false;
        return true;
    case FRAMING_DATA:
        tap->halfway = 0;
        hearsay_frame(tap->taps->hearsay, piece.bytes, piece.size, now);
        return true;
    case FRAMING_REPLY:
        if (send_reply(tap, &piece))
            return true;
        break;
    case FRAMING_GOODBYE:
        (void)send_reply(tap, &piece);
        tap_end(tap);
        return false;
    case FRAMING_ENDED:
        tap_end(tap);
        return false;
    case FRAMING_BROKEN:
        break;
    }
    tap_break(tap);
    return false;
}

static void tap_on_readable(void *context)
{
    struct tap *tap = context;
    size_t room;
    uint8_t *bytes = framing_room(&tap->framing, &room);
    ssize_t got = recv(tap->fd, bytes, room, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        tap_end(tap);
        return;
    }
    framing_filled(&tap->framing, (size_t)got);
    struct moment now = clock_now();
    bool more = true;
    while (more && deal_next(tap, &now, &more))
        continue;
}

static struct tap *free_tap(struct taps *taps)
{
    for (size_t i = 0; i < TAPS_MAX; i++)
        if (taps->tap[i].fd < 0)
            return &taps->tap[i];
    return NULL;
}

static bool is_peer(struct taps *taps, int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
        dnstap_peers_have(taps->peers, peer.uid))
        return true;
    hearsay_count(taps->hearsay, COUNTER_DNSTAP_STRANGERS);
    if (taps->untold == 0)
        log_warning("a process of user %u (pid %d) is refused: if it is your resolver, name its "
                    "user in dnstap { peers = { } }",
                    (unsigned)peer.uid, (int)peer.pid);
    taps->untold = STRANGER_TOLD_EVERY;
    return false;
}

static bool tap_begin(struct taps *taps, int fd)
{
    struct tap *tap = free_tap(taps);

    if (!is_peer(taps, fd))
        return false;
    if (!tap) {
        hearsay_count(taps->hearsay, COUNTER_DNSTAP_TOO_MANY);
        return false;
    }
    framing_init(&tap->framing);
    tap->halfway = 0;
    tap->watch = loop_readable(taps->loop, fd, LOOP_NORMAL, tap_on_readable, tap);
    if (!tap->watch)
        return false;
    tap->fd = fd;
    hearsay_count(taps->hearsay, COUNTER_DNSTAP_CONNECTIONS);
    return true;
}

static void on_connection(void *context)
{
    struct taps *taps = context;
    int fd = accept4(taps->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (!tap_begin(taps, fd))
        close(fd);
}

int taps_new(struct loop *loop, int listener, const struct dnstap_peers *peers,
             struct hearsay *hearsay, struct taps **out)
{
    struct taps *taps = calloc(1, sizeof(*taps));

    if (!taps)
        return -ENOMEM;
    taps->loop = loop;
    taps->listener = listener;
    taps->peers = peers;
    taps->hearsay = hearsay;
    for (size_t i = 0; i < TAPS_MAX; i++) {
        taps->tap[i].taps = taps;
        taps->tap[i].fd = -1;
    }
    taps->watch = loop_readable(loop, listener, LOOP_NORMAL, on_connection, taps);
    *out = taps;
    return taps->watch ? 0 : -ENOMEM;
}

void taps_pulse(struct taps *taps)
{
    taps->untold -= taps->untold > 0;
    for (size_t i = 0; i < TAPS_MAX; i++) {
        struct tap *tap = &taps->tap[i];

        if (tap->fd < 0)
            continue;
        tap->halfway = framing_is_halfway(&tap->framing) ? tap->halfway + 1 : 0;
        if (tap->halfway > HALFWAY_MOST)
            tap_break(tap);
    }
}
