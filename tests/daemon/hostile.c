/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sniffer, or (as `registry`) a registry process, that has been taken over.  It does what the
 * file `mode` beside it says, then claims one address more in a message that is right in every
 * field: whether that one is granted shows whether it was still listened to.  The names and
 * addresses are those of test-hostile.
 */
#include "base/clock.h"
#include "source/fds.h"
#include "source/message.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTED "eu1.dormammu.lookback.io"
#define OUTSIDE "eu1.dormammu.lookback.io.evil.example"

static struct dname name_of(const char *text)
{
    struct dname name;
    if (!dname_from_text(text, &name))
        abort();
    return name;
}

static struct address address_of(const char *text)
{
    struct address address;
    if (!address_from_text(text, &address))
        abort();
    return address;
}

static void send_bytes(const void *bytes, size_t size)
{
    if (send(SOURCE_CHANNEL_FD, bytes, size, MSG_NOSIGNAL) < 0)
        exit(3);
}

static void send_message(const struct message *message)
{
    send_bytes(message, sizeof(*message));
}

static struct message answer(const char *question, const char *address)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_ANSWER;
    message.sighting = (struct sighting){
        .question = name_of(question),
        .matched = name_of(question),
        .owner = name_of(question),
        .resolver = address_of("192.0.2.53"),
        .client = address_of("192.0.2.10"),
        .resolver_port = 53,
        .client_port = 4242,
        .vlan = SIGHTING_NO_VLAN,
        .transport = TRANSPORT_UDP,
        .chain_ttl = 300,
        .address_count = 1,
    };
    message.sighting.addresses[0] = (struct sighting_address){
        .address = address_of(address),
        .record = address_of(address).family == ADDRESS_IPV4 ? RECORD_A : RECORD_AAAA,
        .ttl = 300,
    };
    return message;
}

static void claim(const char *question, const char *address)
{
    struct message message = answer(question, address);
    send_message(&message);
}

static void say_state(uint8_t state, const char *interface)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_STATE;
    message.state.state = state;
    message.state.link_type = -1;
    strncpy(message.state.interface, interface, IFNAMSIZ - 1);
    send_message(&message);
}

/* ---- what our own sniffer would never send ---- */

static void short_message(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    send_bytes(&message, sizeof(message) - 1);
}

static void long_message(void)
{
    char bytes[sizeof(struct message) + 1] = {0};
    struct message message = answer(LISTED, "203.0.113.1");
    memcpy(bytes, &message, sizeof(message));
    send_bytes(bytes, sizeof(bytes));
}

static void empty_message(void)
{
    send_bytes("", 0);
}

static void garbage(void)
{
    struct message message;
    memset(&message, 0xa5, sizeof(message));
    send_message(&message);
}

static void unknown_kind(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.kind = 77;
    send_message(&message);
}

static void padding(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.zero[3] = 1;
    send_message(&message);
}

static void behind_the_union(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    ((unsigned char *)&message)[sizeof(message) - 1] = 1;
    send_message(&message);
}

static void unknown_transport(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.transport = 99;
    send_message(&message);
}

static void too_many_addresses(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.address_count = 255;
    send_message(&message);
}

static void list_record(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.addresses[0].record = RECORD_LIST;
    send_message(&message);
}

static void wrong_family(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.addresses[0].record = RECORD_AAAA;
    send_message(&message);
}

static void upper_case(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.question.wire[1] = 'E';
    send_message(&message);
}

static void name_too_long(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.question.length = 255;
    send_message(&message);
}

static void address_tail(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.addresses[0].address.bytes[15] = 1;
    send_message(&message);
}

static struct message part(const char *question)
{
    struct message message = answer(question, "203.0.113.1");
    for (unsigned i = 0; i < SIGHTING_ADDRESSES_MAX; i++) {
        message.sighting.addresses[i] = message.sighting.addresses[0];
        message.sighting.addresses[i].address.bytes[3] = (uint8_t)(1 + i);
    }
    message.sighting.address_count = SIGHTING_ADDRESSES_MAX;
    message.sighting.more = 1;
    return message;
}

static void broken_off(void)
{
    struct message message = part(LISTED);
    send_message(&message);
    say_state(STATE_UP, "lo");
}

static void mixed_parts(void)
{
    struct message message = part(LISTED);
    send_message(&message);
    claim("eu2.dormammu.lookback.io", "203.0.113.20");
}

static void endless_parts(void)
{
    struct message message = part(LISTED);
    for (unsigned i = 0; i < 300; i++)
        send_message(&message);
}

static void other_interface(void)
{
    say_state(STATE_UP, "eth999");
}

static void say_frames(uint64_t frames)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_COUNTERS;
    message.counters.value[COUNTER_FRAMES] = frames;
    send_message(&message);
}

static void counters_going_back(void)
{
    say_frames(5);
    say_frames(4);
}

static void counts(void)
{
    say_frames(3);
    say_frames(5);
}

static void caught_up_unasked(void)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_CAUGHT_UP;
    send_message(&message);
}

/* ---- right in form, and nothing that may be granted ---- */

static void outside_name(void)
{
    claim(OUTSIDE, "203.0.113.1");
    claim("notdormammu.lookback.io", "203.0.113.2");
    claim("lookback.io", "203.0.113.3");
}

static void outside_question_for_a_listed_name(void)
{
    struct message message = answer(OUTSIDE, "203.0.113.1");
    message.sighting.matched = name_of(LISTED);
    message.sighting.owner = name_of(LISTED);
    send_message(&message);
}

/* Hints as fast as they go, of a listed name and of others: no grant, and no stop to grants. */
static void endless_hints(void)
{
    static const char *const names[] = {LISTED, OUTSIDE, "."};
    for (unsigned i = 0; i < 30000; i++) {
        struct message message;
        memset(&message, 0, sizeof(message));
        message.kind = MESSAGE_ASKED;
        message.asked.question = name_of(names[i % 3]);
        send_message(&message);
    }
}

static void never_derived(void)
{
    struct message message = answer("cdn.evil.example", "203.0.113.1");
    message.sighting.matched = name_of("cdn.evil.example");
    send_message(&message);
}

static void refused_addresses(void)
{
    static const char *const addresses[] = {
        "127.0.0.1",       "0.0.0.1",         "169.254.1.1", "192.0.0.1",
        "224.0.0.1",       "255.255.255.255", "10.0.0.1",    "172.16.0.1",
        "192.168.1.1",     "100.64.0.1",      "192.0.2.200", "::1",
        "fe80::1",         "fc00::1",         "ff02::1",     "::ffff:192.0.2.1",
        "64:ff9b::7f00:1", "2002:7f00:1::1",
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        claim(LISTED, addresses[i]);
}

/* Descriptors that nobody asked for must not stay open in the daemon. */
static void descriptors(void)
{
    struct message message = answer(LISTED, "198.51.100.9");
    struct iovec piece = {.iov_base = &message, .iov_len = sizeof(message)};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {.bytes = {0}};
    struct msghdr header = {.msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    int fd = STDERR_FILENO;

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    for (unsigned i = 0; i < 100; i++)
        if (sendmsg(SOURCE_CHANNEL_FD, &header, MSG_NOSIGNAL) < 0)
            exit(3);
}

static void good(void)
{
    struct message message = part("eu3.dormammu.lookback.io");
    claim(LISTED, "198.51.100.7");
    claim(LISTED, "2001:db8::7");
    send_message(&message);
    claim("eu3.dormammu.lookback.io", "203.0.113.17");
}

/* Right in form, and of eleven seconds ago. */
static void stale(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.sighting.captured_ns = clock_now().real_ns - 11 * NS_PER_SECOND;
    send_message(&message);
    message.sighting.addresses[0].address = address_of("203.0.113.2");
    message.sighting.captured_ns += 5 * NS_PER_SECOND;
    send_message(&message);
}

static void alarm_sent(void);

/* Its successor reads the same by now: an alarm is told once, an answer still counts. */
static void on_drain(int number)
{
    (void)number;
    alarm_sent();
    claim("eu9.dormammu.lookback.io", "203.0.113.90");
}

static void drains(void)
{
    signal(SIGTERM, on_drain);
    alarm_sent();
}

/* What it was started with, as an address that it claims. */
static void privileges(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long long permitted = 1;

    while (status && fgets(line, sizeof(line), status))
        sscanf(line, "CapPrm: %llx", &permitted);
    claim(LISTED, permitted == 0                     ? "203.0.113.80"
                  : permitted == 1ULL << CAP_NET_RAW ? "203.0.113.81"
                                                     : "203.0.113.82");
}

/* One that hangs awake; one that hangs asleep has a mode that is not in the table. */
static void spin(void)
{
    for (;;)
        clock_now();
}

/* As a good source does: each second it says that it lives. */
static void lives(void)
{
    for (;;) {
        sleep(1);
        say_state(STATE_READY, "");
    }
}

/* As fast as it can, valid, for ever: the daemon has to live beside it. */
static void flood(void)
{
    struct message message = answer(OUTSIDE, "203.0.113.1");
    for (;;)
        send_message(&message);
}

/* ---- a registry's own ---- */

static void listed(const char *question, const char *address)
{
    struct message message = answer(question, address);
    message.sighting.addresses[0].record = RECORD_LIST;
    send_message(&message);
}

/* Not granted: this whitelist takes no addresses of lists, the other does not match. */
static void list_addresses(void)
{
    listed(LISTED, "203.0.113.1");
    listed("*.dormammu.lookback.io", "203.0.113.2");
    listed(OUTSIDE, "203.0.113.3");
    listed("www.taken.example", "127.0.0.1");
    listed("www.taken.example", "198.51.100.8");
}

static void say_report(uint8_t whitelist, uint8_t outcome)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_REGISTRY;
    message.registry.whitelist = whitelist;
    message.registry.outcome = outcome;
    send_message(&message);
}

static void unknown_outcome(void)
{
    say_report(0, REGISTRY_OUTCOME_COUNT);
}

static void unknown_whitelist(void)
{
    say_report(64, REGISTRY_GOOD);
}

/* Right in form, about a whitelist that is not there: told to nobody. */
static void absent_whitelist(void)
{
    say_report(63, REGISTRY_GOOD);
}

static void report(void)
{
    say_report(0, REGISTRY_GOOD);
}

static void interface_up(void)
{
    say_state(STATE_UP, "lo");
}

static void counters(void)
{
    struct message message;
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_COUNTERS;
    send_message(&message);
}

static void alarm_sent(void)
{
    struct message message = answer(LISTED, "203.0.113.1");
    message.kind = MESSAGE_ALARM;
    message.sighting.reason = REASON_EXTRA_ANSWER;
    send_message(&message);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"list-addresses", list_addresses},
    {"unknown-outcome", unknown_outcome},
    {"unknown-whitelist", unknown_whitelist},
    {"absent-whitelist", absent_whitelist},
    {"report", report},
    {"interface-up", interface_up},
    {"counters", counters},
    {"alarm", alarm_sent},
    {"short", short_message},
    {"long", long_message},
    {"empty", empty_message},
    {"garbage", garbage},
    {"unknown-kind", unknown_kind},
    {"padding", padding},
    {"behind-the-union", behind_the_union},
    {"unknown-transport", unknown_transport},
    {"too-many-addresses", too_many_addresses},
    {"list-record", list_record},
    {"wrong-family", wrong_family},
    {"upper-case", upper_case},
    {"name-too-long", name_too_long},
    {"address-tail", address_tail},
    {"broken-off", broken_off},
    {"mixed-parts", mixed_parts},
    {"endless-parts", endless_parts},
    {"other-interface", other_interface},
    {"counters-going-back", counters_going_back},
    {"counts", counts},
    {"outside-name", outside_name},
    {"outside-question", outside_question_for_a_listed_name},
    {"endless-hints", endless_hints},
    {"caught-up-unasked", caught_up_unasked},
    {"never-derived", never_derived},
    {"refused-addresses", refused_addresses},
    {"descriptors", descriptors},
    {"stale", stale},
    {"spin", spin},
    {"lives", lives},
    {"privileges", privileges},
    {"drains", drains},
    {"good", good},
    {"flood", flood},
};

/* The file `mode` in the program's folder: the daemon passes neither arguments nor environment. */
static void read_mode(char *out, size_t size)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 8);
    FILE *file;

    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length <= 0)
        exit(2);
    strcpy(path + length, "mode");
    file = fopen(path, "r");
    if (!file || !fgets(out, (int)size, file))
        exit(2);
    fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

int main(void)
{
    char mode[64];

    read_mode(mode, sizeof(mode));
    say_state(STATE_READY, "");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(modes[i].name, mode) == 0)
            modes[i].run();
    claim(LISTED, "203.0.113.66");
    for (;;)
        pause();
}
