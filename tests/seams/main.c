/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program of the test source: ready, three sightings, and one that its row does not allow it
 * when the file `too-much` lies beside it.  Then it tells the address of what it is asked, and each
 * second that it lives.
 */
#include "base/clock.h"
#include "dnsparse/names/dns.h"
#include "source/fds.h"
#include "source/message.h"
#include "source/outbox.h"
#include "source/request.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void send_message(struct outbox *outbox, const struct message *message)
{
    if (outbox_put(outbox, message, clock_now().boot_ns) != OUTBOX_TAKEN || outbox_flush(outbox))
        exit(EXIT_FAILURE);
}

static void say_ready(struct outbox *outbox)
{
    struct message message;

    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_STATE;
    message.state.state = STATE_READY;
    message.state.link_type = -1;
    send_message(outbox, &message);
}

static void claim(struct outbox *outbox, const char *name, const char *text)
{
    struct message message;
    struct sighting *sighting = &message.sighting;
    struct address address;

    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_ANSWER;
    if (!dname_from_text(name, &sighting->question) || !address_from_text(text, &address) ||
        !address_from_text("192.0.2.53", &sighting->resolver))
        exit(EXIT_FAILURE);
    sighting->matched = sighting->owner = sighting->question;
    sighting->resolver_port = DNS_PORT;
    sighting->vlan = SIGHTING_NO_VLAN;
    sighting->chain_ttl = 300;
    sighting->address_count = 1;
    sighting->addresses[0] = (struct sighting_address){
        .address = address,
        .record = address.family == ADDRESS_IPV4 ? RECORD_A : RECORD_AAAA,
        .ttl = 300,
    };
    send_message(outbox, &message);
}

static bool lies_beside(const char *name)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length < 0)
        return false;
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, name);
    return access(path, F_OK) == 0;
}

/* One at a time: poll says when there is another. */
static void answer_request(struct outbox *outbox)
{
    struct source_request request;
    char name[DNAME_TEXT_MAX];

    if (request_receive(SOURCE_CHANNEL_FD, &request) != 1 || request.kind != SOURCE_REQUEST_RESOLVE)
        exit(EXIT_FAILURE);
    claim(outbox, dname_to_text(&request.name, name), "198.51.100.4");
}

int main(void)
{
    struct outbox *outbox = outbox_new(SOURCE_CHANNEL_FD);

    if (!outbox)
        return EXIT_FAILURE;
    say_ready(outbox);
    claim(outbox, "a.dormammu.lookback.io", "198.51.100.1");
    claim(outbox, "b.dormammu.lookback.io", "198.51.100.2");
    claim(outbox, "c.dormammu.lookback.io", "198.51.100.3");
    if (lies_beside("too-much"))
        claim(outbox, "d.dormammu.lookback.io", "2001:db8::4");
    for (;;) {
        struct pollfd asked = {.fd = SOURCE_CHANNEL_FD, .events = POLLIN};

        if (poll(&asked, 1, 1000) == 1)
            answer_request(outbox);
        say_ready(outbox);
    }
}
