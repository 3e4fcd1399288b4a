/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS messages over TCP, however the segments are cut, ordered, repeated or forged.
 */
#include "sniffer/reassembly/seen_bytes.h"
#include "sniffer/reassembly/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MESSAGES = 4, MESSAGE_SIZE = 40, STREAM_SIZE = MESSAGES * (MESSAGE_SIZE + 2) };

struct lab {
    struct streams *streams;
    struct streams_hooks hooks;
    uint8_t wire[STREAM_SIZE]; /* four messages with their length prefixes */
    unsigned delivered;
    unsigned numbers[64]; /* which messages came, by their id */
    uint64_t now_ns;
};

static void deliver(void *context, const uint8_t *bytes, size_t size)
{
    struct lab *lab = context;

    assert_int_equal(size, MESSAGE_SIZE);
    assert_true(lab->delivered < 64);
    lab->numbers[lab->delivered++] = bytes[1];
}

static int open_lab(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));

    for (unsigned m = 0; m < MESSAGES; m++) {
        uint8_t *at = lab->wire + m * (MESSAGE_SIZE + 2);

        at[1] = MESSAGE_SIZE; /* length prefix */
        at[3] = (uint8_t)m;   /* id */
        at[4] = 0x81;         /* QR, RD */
        at[7] = 1;            /* one question */
        for (unsigned i = 15; i < 37; i++)
            at[i] = (uint8_t)(i * 5 + m);
        at[14] = 22; /* one label, and the root */
        at[39] = 1;  /* type A */
        at[41] = 1;  /* class IN */
    }
    lab->streams = streams_new();
    lab->hooks = (struct streams_hooks){.message = deliver, .context = lab};
    lab->now_ns = 1;
    *state = lab;
    return lab->streams ? 0 : -1;
}

static int close_lab(void **state)
{
    struct lab *lab = *state;

    streams_free(lab->streams);
    free(lab);
    return 0;
}

static struct stream_segment segment(const struct lab *lab, uint32_t offset, size_t size)
{
    struct stream_segment s = {
        .source_port = 53,
        .destination_port = 40000,
        .sequence = UINT32_MAX - 20 + offset, /* wraps inside the first message */
        .flags = STREAM_ACK,
        .acknowledgment = UINT32_MAX - 20,
        .payload = lab->wire + offset,
        .payload_size = size,
    };

    assert_true(address_from_text("192.0.2.53", &s.source));
    assert_true(address_from_text("192.0.2.10", &s.destination));
    return s;
}

static enum streams_outcome add(struct lab *lab, struct stream_segment s)
{
    return streams_add(lab->streams, &s, lab->now_ns, &lab->hooks);
}

static void handshake(struct lab *lab)
{
    struct stream_segment syn = segment(lab, 0, 0);

    syn.sequence--;
    syn.flags = STREAM_SYN;
    assert_int_equal(add(lab, syn), STREAMS_OK);
}

static void all_came_in_order(const struct lab *lab)
{
    assert_int_equal(lab->delivered, MESSAGES);
    for (unsigned m = 0; m < MESSAGES; m++)
        assert_int_equal(lab->numbers[m], m);
    assert_true(streams_bytes(lab->streams) <= SEEN_BYTES_MAX); /* nothing waits */
}

static void test_several_messages_in_one_segment(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_one_byte_a_segment(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    for (uint32_t i = 0; i < STREAM_SIZE; i++)
        assert_int_equal(add(lab, segment(lab, i, 1)), STREAMS_OK);
    all_came_in_order(lab);
}

static void restart(struct lab *lab)
{
    streams_free(lab->streams);
    lab->streams = streams_new();
    assert_non_null(lab->streams);
    lab->delivered = 0;
    handshake(lab);
}

/* Cut at two places, each of them anywhere, a length prefix included; in every order. */
static void test_cut_anywhere(void **state)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct lab *lab = *state;

    for (uint32_t first = 1; first < STREAM_SIZE - 1; first++) {
        for (uint32_t second = first + 1; second < STREAM_SIZE; second += 1 + second % 5) {
            const uint32_t cuts[] = {0, first, second, STREAM_SIZE};
            const unsigned *order = orders[(first + second) % 6];

            restart(lab);
            for (unsigned i = 0; i < 3; i++) {
                uint32_t start = cuts[order[i]], end = cuts[order[i] + 1];
                assert_int_equal(add(lab, segment(lab, start, end - start)), STREAMS_OK);
            }
            all_came_in_order(lab);
        }
    }
}

static void test_backwards(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    for (uint32_t i = STREAM_SIZE; i >= 12; i -= 12)
        assert_int_equal(add(lab, segment(lab, i - 12, 12)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_random_cuts_orders_and_repeats(void **state)
{
    struct lab *lab = *state;

    srand(7);
    for (unsigned turn = 0; turn < 100; turn++) {
        uint32_t starts[STREAM_SIZE], count = 0;

        for (uint32_t at = 0; at < STREAM_SIZE; at += 1 + (uint32_t)rand() % 30)
            starts[count++] = at;
        handshake(lab);
        lab->delivered = 0;
        for (uint32_t i = 0; i < count && count <= 24; i++) {
            uint32_t other = i + (uint32_t)rand() % (count - i), start = starts[other];
            uint32_t length = 1 + 30 + (uint32_t)rand() % 9;

            starts[other] = starts[i];
            if (length > STREAM_SIZE - start)
                length = STREAM_SIZE - start;
            add(lab, segment(lab, start, length));
        }
        if (count <= 24)
            all_came_in_order(lab);
        streams_free(lab->streams);
        lab->streams = streams_new();
    }
}

static void test_the_first_copy_counts_and_a_forged_one_is_told(void **state)
{
    struct lab *lab = *state;
    struct stream_segment forged;
    uint8_t other[MESSAGE_SIZE + 2];

    handshake(lab);
    memcpy(other, lab->wire, sizeof(other));
    other[30] ^= 1;
    forged = segment(lab, 0, sizeof(other));
    forged.payload = other;
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_OK);
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_DUPLICATE);
    assert_int_equal(add(lab, forged), STREAMS_CONFLICT);
    assert_int_equal(lab->delivered, 1);

    forged = segment(lab, 42 + 10, 20);
    assert_int_equal(add(lab, forged), STREAMS_OK); /* waits behind a hole */
    forged.payload = other;
    assert_int_equal(add(lab, forged), STREAMS_CONFLICT);
    assert_int_equal(add(lab, segment(lab, 42, 126)), STREAMS_OK);
    all_came_in_order(lab);
}

static struct stream_segment forged_copy(const struct lab *lab, uint32_t offset, size_t size,
                                         uint8_t bytes[static STREAM_SIZE], size_t changed)
{
    struct stream_segment forged = segment(lab, offset, size);

    memcpy(bytes, lab->wire, STREAM_SIZE);
    bytes[changed] ^= 1;
    forged.payload = bytes + offset;
    return forged;
}

/* Whatever was delivered is held against what comes again, however that is cut. */
static void test_a_forged_copy_that_is_cut_otherwise_is_told(void **state)
{
    struct lab *lab = *state;
    uint8_t bytes[STREAM_SIZE];

    for (uint32_t at = 0; at < 126; at++) {
        for (uint32_t start = at > 50 ? at - 50 : 0; start <= at; start += 7) {
            restart(lab);
            assert_int_equal(add(lab, segment(lab, 0, 126)), STREAMS_OK);
            /* Up to the end of what was delivered, and past it. */
            assert_int_equal(add(lab, forged_copy(lab, start, at - start + 1, bytes, at)),
                             start == at && at == 125 ? STREAMS_DUPLICATE : STREAMS_CONFLICT);
            assert_int_equal(add(lab, forged_copy(lab, start, STREAM_SIZE - start, bytes, at)),
                             STREAMS_CONFLICT);
            all_came_in_order(lab);
        }
    }
}

static void test_a_forged_copy_behind_the_end_is_told(void **state)
{
    struct lab *lab = *state;
    struct stream_segment end = segment(lab, 42, 42);
    uint8_t bytes[STREAM_SIZE];

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_OK);
    end.flags = STREAM_FIN;
    assert_int_equal(add(lab, end), STREAMS_OK);
    assert_int_equal(add(lab, segment(lab, 0, 84)), STREAMS_DUPLICATE);
    assert_int_equal(add(lab, forged_copy(lab, 0, 42, bytes, 40)), STREAMS_CONFLICT);
    assert_int_equal(lab->delivered, 2);
}

/* RFC 9293 section 3.8.4: one octet of garbage where the last one was. */
static void test_a_keep_alive_is_no_forgery(void **state)
{
    struct lab *lab = *state;
    uint8_t garbage = 0x5a;

    handshake(lab);
    for (uint32_t at = 0; at < STREAM_SIZE; at += 21) {
        struct stream_segment probe = segment(lab, at, 1), bare = probe;

        probe.sequence--;
        probe.payload = &garbage;
        assert_int_equal(add(lab, probe), STREAMS_DUPLICATE);
        bare.sequence--;
        bare.payload_size = 0;
        assert_int_equal(add(lab, bare), STREAMS_OK);
        assert_int_equal(add(lab, segment(lab, at, 21)), STREAMS_OK);
    }
    all_came_in_order(lab);
}

/* A probe of a closed window is the next byte by itself; it comes again with what follows. */
static void test_a_window_probe_is_sent_again(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    for (uint32_t at = 0; at < STREAM_SIZE; at += 21) {
        assert_int_equal(add(lab, segment(lab, at, 1)), STREAMS_OK);
        assert_int_equal(add(lab, segment(lab, at, 1)), STREAMS_DUPLICATE);
        assert_int_equal(add(lab, segment(lab, at, 21)), STREAMS_OK);
    }
    all_came_in_order(lab);
}

/* From wherever the capture begins: whole messages or none, and those at a segment's start. */
static void test_joined_anywhere(void **state)
{
    struct lab *lab = *state;

    for (uint32_t start = 1; start < STREAM_SIZE; start++) {
        streams_free(lab->streams);
        lab->streams = streams_new();
        lab->delivered = 0;
        for (uint32_t at = start; at < STREAM_SIZE; at = (at / 42 + 1) * 42)
            add(lab, segment(lab, at, 42 - at % 42));
        assert_int_equal(lab->delivered, (STREAM_SIZE - start) / 42);
        for (unsigned i = 0; i < lab->delivered; i++)
            assert_int_equal(lab->numbers[i], MESSAGES - lab->delivered + i);
    }
}

static void test_a_stream_is_joined_in_the_middle(void **state)
{
    struct lab *lab = *state;

    assert_int_equal(add(lab, segment(lab, 50, 34)), STREAMS_LOST);
    assert_int_equal(lab->delivered, 0);
    assert_int_equal(add(lab, segment(lab, 84, 84)), STREAMS_OK);
    assert_int_equal(lab->delivered, 2);
    assert_int_equal(lab->numbers[0], 2);
}

/* A length and its message in segments of their own, cut at each place of the message too. */
static void test_joined_where_a_beginning_is_cut(void **state)
{
    struct lab *lab = *state;

    for (uint32_t cut = 1; cut < 42; cut++) {
        streams_free(lab->streams);
        lab->streams = streams_new();
        lab->delivered = 0;
        assert_int_equal(add(lab, segment(lab, 20, 22)), STREAMS_LOST);
        for (uint32_t at = 42; at < STREAM_SIZE; at += 42) {
            assert_int_equal(add(lab, segment(lab, at, cut)), STREAMS_OK);
            assert_int_equal(add(lab, segment(lab, at + cut, 42 - cut)), STREAMS_OK);
        }
        assert_int_equal(lab->delivered, MESSAGES - 1);
    }
}

static void test_joined_byte_by_byte(void **state)
{
    struct lab *lab = *state;

    for (uint32_t at = 42; at < STREAM_SIZE; at++)
        add(lab, segment(lab, at, 1));
    assert_int_equal(lab->delivered, MESSAGES - 1);
}

/* Each segment twice, and once another one between a length and its message. */
static void test_a_beginning_may_come_twice(void **state)
{
    struct lab *lab = *state;

    for (unsigned i = 0; i < 2; i++)
        add(lab, segment(lab, 42, 2));
    for (unsigned i = 0; i < 2; i++)
        add(lab, segment(lab, 44, 40));
    assert_int_equal(lab->delivered, 1);
    lab->now_ns += STREAM_IDLE_NS + 1;
    add(lab, segment(lab, 84, 2));
    assert_int_equal(add(lab, segment(lab, 50, 34)), STREAMS_LOST);
    assert_int_equal(add(lab, segment(lab, 86, 40)), STREAMS_LOST);
    assert_int_equal(add(lab, segment(lab, 126, 42)), STREAMS_OK);
    assert_int_equal(lab->delivered, 2);
    assert_int_equal(lab->numbers[1], 3);
}

/* However long it was no beginning: the next one is found. */
static void test_the_next_message_is_found_after_much_else(void **state)
{
    struct lab *lab = *state;

    for (unsigned i = 1; i <= 10 * STREAM_TRIES_MAX; i++)
        assert_int_equal(add(lab, segment(lab, 50, 34)),
                         i < STREAM_TRIES_MAX ? STREAMS_LOST : STREAMS_GIVEN_UP);
    assert_int_equal(add(lab, segment(lab, 84, 84)), STREAMS_OK);
    assert_int_equal(lab->delivered, 2);
    assert_int_equal(add(lab, segment(lab, 50, 34)), STREAMS_DUPLICATE);
}

/* Of each kind one field, which a message that anybody waits for does not have. */
static void test_what_begins_no_message_is_not_joined(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
    } odd[] = {
        {1, 16},   /* a length without room for a question */
        {4, 0x01}, /* a question from the server */
        {4, 0x91}, /* opcode STATUS */
        {5, 0x40}, /* the reserved bit */
        {6, 1},    /* 257 questions */
        {7, 0},    /* none */
        {14, 64},  /* no label */
        {14, 23},  /* a name that does not end in the message */
        {41, 7},   /* an unknown class */
    };
    struct lab *lab = *state;

    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        uint8_t bytes[42];
        struct stream_segment s = segment(lab, 42, 42);

        memcpy(bytes, s.payload, sizeof(bytes));
        s.payload = bytes;
        bytes[odd[i].at] = odd[i].value;
        s.destination_port = (uint16_t)(50000 + i);
        assert_int_equal(add(lab, s), STREAMS_LOST);
    }
    assert_int_equal(lab->delivered, 0);
}

static struct stream_segment turned(struct stream_segment s);

/* Who sees neither direction of a connection under way cannot join it with bytes of his own. */
static void test_blind_bytes_are_not_joined(void **state)
{
    struct lab *lab = *state;
    struct stream_segment client = turned(segment(lab, 50, 20));
    struct stream_segment blind = segment(lab, 0, STREAM_SIZE);

    add(lab, client);
    blind.acknowledgment += 5000000;
    assert_int_equal(add(lab, blind), STREAMS_LOST);
    blind = segment(lab, 0, STREAM_SIZE);
    blind.sequence += 5000000;
    assert_int_equal(add(lab, blind), STREAMS_LOST);
    blind = segment(lab, 0, STREAM_SIZE);
    blind.flags = 0;
    assert_int_equal(add(lab, blind), STREAMS_LOST);
    blind.flags = STREAM_RST | STREAM_ACK; /* nothing is believed of it either */
    blind.acknowledgment += 5000000;
    blind.payload_size = 0;
    add(lab, turned(blind));
    assert_int_equal(lab->delivered, 0);
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_what_is_no_dns_is_given_up(void **state)
{
    struct lab *lab = *state;
    struct stream_segment s;

    handshake(lab);
    s = segment(lab, 0, 4);
    s.payload = (const uint8_t *)"\0\5ab"; /* a message of five bytes */
    assert_int_equal(add(lab, s), STREAMS_GIVEN_UP);
    assert_int_equal(add(lab, segment(lab, 4, 42)), STREAMS_GIVEN_UP);

    s.destination_port = 40001;
    for (unsigned i = 0; i < STREAM_TRIES_MAX - 1; i++)
        assert_int_equal(add(lab, s), STREAMS_LOST);
    assert_int_equal(add(lab, s), STREAMS_GIVEN_UP);
    assert_int_equal(streams_bytes(lab->streams), 0);
}

static void test_a_lost_hole_is_left_behind(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 10, 74)), STREAMS_OK);
    lab->now_ns += STREAM_HOLE_NS + 1;
    assert_int_equal(add(lab, segment(lab, 84, 42)), STREAMS_LOST);
    assert_int_equal(lab->delivered, 1);
    assert_int_equal(lab->numbers[0], 2);
    assert_int_equal(add(lab, segment(lab, 126, 42)), STREAMS_OK);
    assert_int_equal(lab->delivered, 2);
}

static void test_ends_close_only_at_the_right_place(void **state)
{
    struct lab *lab = *state;
    struct stream_segment end = segment(lab, 99, 0);

    handshake(lab);
    end.flags = STREAM_RST;
    add(lab, end); /* blind: not where the next byte is expected */
    assert_int_equal(streams_open(lab->streams), 1);
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_OK);
    end = segment(lab, 42, 42);
    end.flags = STREAM_FIN;
    assert_int_equal(add(lab, end), STREAMS_OK);
    assert_int_equal(lab->delivered, 2);
    assert_int_equal(add(lab, segment(lab, 84, 42)),
                     STREAMS_DUPLICATE); /* nothing comes after it */
    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_DUPLICATE); /* a mirrored copy */
    assert_int_equal(lab->delivered, 2);
}

static void test_idle_streams_are_forgotten(void **state)
{
    struct lab *lab = *state;
    struct stream_segment other = segment(lab, 0, 0);

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 41)), STREAMS_OK);
    assert_int_not_equal(streams_bytes(lab->streams), 0);
    lab->now_ns += STREAM_IDLE_NS + 1;
    other.source_port = 54;
    other.flags = STREAM_SYN;
    add(lab, other);
    assert_int_equal(streams_open(lab->streams), 1);
    assert_int_equal(streams_bytes(lab->streams), 0);
}

static struct stream_segment another_syn(const struct lab *lab, uint32_t distance)
{
    struct stream_segment syn = segment(lab, 0, 0);

    syn.sequence += distance - 1;
    syn.flags = STREAM_SYN;
    return syn;
}

/* RFC 5961 section 4: in the midst of a connection nobody can make the stream forget its place. */
static void test_a_blind_syn_changes_nothing(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 42)), STREAMS_OK);
    add(lab, another_syn(lab, 1000000));
    assert_int_equal(add(lab, segment(lab, 42, STREAM_SIZE - 42)), STREAMS_OK);
    all_came_in_order(lab);
}

/* Which SYN is the host's is told by what follows it, whichever came first and however many. */
static void test_a_blind_syn_before_the_real_one_hides_nothing(void **state)
{
    struct lab *lab = *state;

    add(lab, another_syn(lab, 1000000));
    handshake(lab);
    add(lab, another_syn(lab, 2000000));
    add(lab, another_syn(lab, 3000000));
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_forged_bytes_behind_a_blind_syn_hide_nothing(void **state)
{
    struct lab *lab = *state;
    struct stream_segment forged = segment(lab, 0, MESSAGE_SIZE + 2);

    handshake(lab);
    add(lab, another_syn(lab, 1000000));
    forged.sequence += 1000000;
    assert_int_equal(add(lab, forged), STREAMS_OK);
    assert_int_equal(add(lab, segment(lab, 0, 2 * (MESSAGE_SIZE + 2))), STREAMS_OK);
    forged.sequence += MESSAGE_SIZE + 2;
    add(lab, forged);
    lab->delivered = 2;
    assert_int_equal(add(lab, segment(lab, 2 * (MESSAGE_SIZE + 2), 2 * (MESSAGE_SIZE + 2))),
                     STREAMS_OK);
    assert_int_equal(lab->delivered, MESSAGES);
    assert_int_equal(lab->numbers[3], 3);
}

static void test_nothing_is_taken_over_under_way(void **state)
{
    struct lab *lab = *state;
    struct stream_segment forged = segment(lab, 0, MESSAGE_SIZE + 2);

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 100)), STREAMS_OK);
    add(lab, another_syn(lab, 1000000));
    forged.sequence += 1000000;
    assert_int_equal(add(lab, forged), STREAMS_LOST);
    assert_int_equal(add(lab, segment(lab, 100, STREAM_SIZE - 100)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_a_client_makes_room_in_its_own_streams(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    for (unsigned i = 0; i < 3 * STREAMS_PER_CLIENT; i++) {
        struct stream_segment s = another_syn(lab, 0);

        s.destination.bytes[3] = 99;
        s.destination_port = (uint16_t)(1024 + i);
        add(lab, s);
        assert_true(streams_open(lab->streams) <= STREAMS_PER_CLIENT + 1);
    }
    assert_int_equal(streams_open(lab->streams), STREAMS_PER_CLIENT + 1);
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_a_new_connection_between_the_same_ports(void **state)
{
    struct lab *lab = *state;
    struct stream_segment data = segment(lab, 0, STREAM_SIZE);

    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 10)), STREAMS_OK);
    lab->now_ns += STREAM_ALIVE_NS + 1;
    add(lab, another_syn(lab, 1000000));
    data.sequence += 1000000;
    assert_int_equal(add(lab, data), STREAMS_OK);
    all_came_in_order(lab);
}

static struct stream_segment turned(struct stream_segment s)
{
    struct address source = s.source;
    uint16_t port = s.source_port;

    s.source = s.destination;
    s.destination = source;
    s.source_port = s.destination_port;
    s.destination_port = port;
    return s;
}

/* A reset of one side ends the other too, and the client may use its port again at once. */
static void test_a_reset_ends_both_directions(void **state)
{
    struct lab *lab = *state;
    struct stream_segment reset = turned(segment(lab, 0, 0)), data = segment(lab, 0, STREAM_SIZE);
    struct stream_segment syn = reset;

    syn.sequence--;
    syn.flags = STREAM_SYN;
    handshake(lab);
    assert_int_equal(add(lab, syn), STREAMS_OK);
    assert_int_equal(add(lab, segment(lab, 0, 10)), STREAMS_OK);
    reset.flags = STREAM_RST;
    reset.sequence += 5; /* blind */
    add(lab, reset);
    assert_int_equal(add(lab, segment(lab, 10, 32)), STREAMS_OK);
    assert_int_equal(lab->delivered, 1);
    reset.sequence -= 5;
    add(lab, reset);
    assert_int_equal(add(lab, segment(lab, 42, 42)), STREAMS_DUPLICATE);
    add(lab, another_syn(lab, 1000000));
    data.sequence += 1000000;
    assert_int_equal(add(lab, data), STREAMS_OK);
    assert_int_equal(lab->delivered, 1 + MESSAGES);
}

/* Who sees neither direction cannot say what the client has sent: not with a SYN, not with bytes.
 */
static void test_what_acknowledges_nothing_is_no_hosts(void **state)
{
    struct lab *lab = *state;
    struct stream_segment client = turned(segment(lab, 0, 0));
    struct stream_segment blind = another_syn(lab, 1000000);
    struct stream_segment forged = segment(lab, 0, MESSAGE_SIZE + 2);

    client.flags = STREAM_SYN;
    client.sequence += 4000000; /* a blind one, before the client's own */
    add(lab, client);
    client.sequence = UINT32_MAX - 21;
    add(lab, client);
    blind.flags = STREAM_SYN | STREAM_ACK;
    blind.acknowledgment = 77000000;
    assert_int_equal(add(lab, blind), STREAMS_LOST);
    blind.flags = STREAM_SYN;
    assert_int_equal(add(lab, blind), STREAMS_LOST);
    struct stream_segment real = segment(lab, 0, 0);
    real.sequence--;
    real.flags |= STREAM_SYN;
    assert_int_equal(add(lab, real), STREAMS_OK);
    forged.acknowledgment = 77000000;
    assert_int_equal(add(lab, forged), STREAMS_LOST);
    assert_int_equal(lab->delivered, 0);
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
    /* What the server acknowledged is where the client's own stream starts. */
    lab->delivered = 0;
    assert_int_equal(add(lab, turned(segment(lab, 0, STREAM_SIZE))), STREAMS_OK);
    all_came_in_order(lab);
}

/* The SYN was not seen: what follows an end is another connection when it is nowhere near it. */
static void test_a_new_connection_joined_behind_an_end(void **state)
{
    struct lab *lab = *state;
    struct stream_segment end = segment(lab, 0, 0), data = segment(lab, 0, STREAM_SIZE);

    handshake(lab);
    end.flags = STREAM_FIN;
    assert_int_equal(add(lab, end), STREAMS_OK);
    data.sequence += 1000000;
    assert_int_equal(add(lab, data), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_hostile_streams_stay_in_the_budget(void **state)
{
    struct lab *lab = *state;

    for (unsigned i = 0; i < 200000; i++) {
        struct stream_segment s = segment(lab, 0, 0);

        s.destination_port = (uint16_t)i;
        s.source.bytes[3] = (uint8_t)(i >> 16);
        s.flags = STREAM_SYN;
        add(lab, s);
        s.flags = 0;
        s.sequence += 60000;
        s.payload = lab->wire;
        s.payload_size = STREAM_SIZE;
        add(lab, s);
        assert_true(streams_bytes(lab->streams) <= STREAMS_BYTES_MAX);
        assert_true(streams_open(lab->streams) <= STREAMS_MAX);
    }
    handshake(lab);
    assert_int_equal(add(lab, segment(lab, 0, 41)), STREAMS_OK);
    assert_int_equal(add(lab, segment(lab, 41, STREAM_SIZE - 41)), STREAMS_OK);
    assert_int_equal(lab->delivered, MESSAGES);
}

/* Whoever fills the budget pays for it: a stream in use keeps its bytes and its place. */
static void test_a_flood_of_holes_does_not_cost_a_stream_in_use(void **state)
{
    struct lab *lab = *state;

    handshake(lab);
    for (uint32_t at = 0; at < STREAM_SIZE; at++) {
        assert_int_equal(add(lab, segment(lab, at, 1)), STREAMS_OK);
        for (unsigned i = 0; i < 40; i++) {
            struct stream_segment s = segment(lab, 0, 0);

            s.destination_port = (uint16_t)(at * 40 + i);
            s.source.bytes[3] = 99;
            s.flags = STREAM_SYN;
            s.sequence--;
            add(lab, s);
            s = segment(lab, 0, 42);
            s.destination_port = (uint16_t)(at * 40 + i);
            s.source.bytes[3] = 99;
            s.sequence += STREAM_WINDOW_MAX - 42;
            assert_int_equal(add(lab, s), STREAMS_OK);
            assert_true(streams_bytes(lab->streams) <= STREAMS_BYTES_MAX);
        }
    }
    assert_int_equal(lab->delivered, MESSAGES);
}

static void test_past_the_window_is_lost_not_kept(void **state)
{
    struct lab *lab = *state;
    struct stream_segment s = segment(lab, 0, 42);

    handshake(lab);
    s.sequence += STREAM_WINDOW_MAX;
    assert_int_equal(add(lab, s), STREAMS_LOST);
    assert_int_equal(streams_bytes(lab->streams), 0);
    /* Blind: it did not put the stream out of step. */
    assert_int_equal(add(lab, segment(lab, 0, STREAM_SIZE)), STREAMS_OK);
    all_came_in_order(lab);
}

static void test_too_much_lost_is_left_behind(void **state)
{
    struct lab *lab = *state;
    struct stream_segment s = segment(lab, 0, STREAM_SIZE);

    handshake(lab);
    s.sequence += STREAM_WINDOW_MAX;
    assert_int_equal(add(lab, s), STREAMS_LOST);
    assert_int_equal(lab->delivered, 0);
    lab->now_ns += STREAM_HOLE_NS + 1;
    assert_int_equal(add(lab, s), STREAMS_LOST);
    all_came_in_order(lab);
}

static struct stream_segment at(struct stream_segment s, uint32_t link, enum passage passage)
{
    s.place = (struct place){.link = link, .vlan = -1, .passage = (uint8_t)passage};
    return s;
}

static struct stream_segment asked_by_client(const struct lab *lab, uint32_t sequence,
                                             uint8_t flags)
{
    struct stream_segment s = segment(lab, 0, 0), client = s;

    client.source = s.destination;
    client.destination = s.source;
    client.source_port = s.destination_port;
    client.destination_port = s.source_port;
    client.sequence = sequence;
    client.flags = flags;
    return client;
}

/* The first half of a message here, the other one there: of neither place it is whole. */
static void test_segments_of_two_places_do_not_mix(void **state)
{
    static const struct {
        uint32_t link;
        enum passage passage;
    } elsewhere[] = {{2, PASSAGE_IN}, {1, PASSAGE_OUT}};
    struct lab *lab = *state;

    for (unsigned i = 0; i < 2; i++) {
        struct stream_segment syn = segment(lab, 0, 0);

        syn.sequence--;
        syn.flags = STREAM_SYN;
        add(lab, at(syn, 1, PASSAGE_IN));
        add(lab, at(syn, elsewhere[i].link, elsewhere[i].passage));
        add(lab, at(segment(lab, 0, 20), elsewhere[i].link, elsewhere[i].passage));
        add(lab, at(segment(lab, 20, STREAM_SIZE - 20), 1, PASSAGE_IN));
        assert_int_equal(lab->delivered, 0);
    }
    add(lab, at(segment(lab, 0, 20), 1, PASSAGE_IN));
    all_came_in_order(lab);
}

/* The server's came in where the client's did: what goes out there is that, sent back. */
static void test_what_is_sent_back_does_not_count(void **state)
{
    struct lab *lab = *state;
    struct stream_segment syn = segment(lab, 0, 0);

    syn.sequence--;
    syn.flags = STREAM_SYN | STREAM_ACK;
    add(lab, at(asked_by_client(lab, UINT32_MAX - 21, STREAM_SYN), 1, PASSAGE_IN));
    add(lab, at(syn, 1, PASSAGE_OUT));
    add(lab, at(segment(lab, 0, STREAM_SIZE), 1, PASSAGE_IN));
    lab->delivered = 0;
    assert_int_equal(add(lab, at(segment(lab, 0, STREAM_SIZE), 1, PASSAGE_OUT)), STREAMS_LOST);
    assert_int_equal(lab->delivered, 0);
}

#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LAB(test_several_messages_in_one_segment),
        IN_LAB(test_segments_of_two_places_do_not_mix),
        IN_LAB(test_what_is_sent_back_does_not_count),
        IN_LAB(test_one_byte_a_segment),
        IN_LAB(test_cut_anywhere),
        IN_LAB(test_backwards),
        IN_LAB(test_random_cuts_orders_and_repeats),
        IN_LAB(test_the_first_copy_counts_and_a_forged_one_is_told),
        IN_LAB(test_a_forged_copy_that_is_cut_otherwise_is_told),
        IN_LAB(test_a_forged_copy_behind_the_end_is_told),
        IN_LAB(test_a_keep_alive_is_no_forgery),
        IN_LAB(test_a_window_probe_is_sent_again),
        IN_LAB(test_a_stream_is_joined_in_the_middle),
        IN_LAB(test_joined_anywhere),
        IN_LAB(test_joined_where_a_beginning_is_cut),
        IN_LAB(test_joined_byte_by_byte),
        IN_LAB(test_a_beginning_may_come_twice),
        IN_LAB(test_the_next_message_is_found_after_much_else),
        IN_LAB(test_what_begins_no_message_is_not_joined),
        IN_LAB(test_blind_bytes_are_not_joined),
        IN_LAB(test_what_is_no_dns_is_given_up),
        IN_LAB(test_a_lost_hole_is_left_behind),
        IN_LAB(test_ends_close_only_at_the_right_place),
        IN_LAB(test_idle_streams_are_forgotten),
        IN_LAB(test_a_blind_syn_changes_nothing),
        IN_LAB(test_a_blind_syn_before_the_real_one_hides_nothing),
        IN_LAB(test_forged_bytes_behind_a_blind_syn_hide_nothing),
        IN_LAB(test_nothing_is_taken_over_under_way),
        IN_LAB(test_a_client_makes_room_in_its_own_streams),
        IN_LAB(test_a_new_connection_between_the_same_ports),
        IN_LAB(test_a_reset_ends_both_directions),
        IN_LAB(test_what_acknowledges_nothing_is_no_hosts),
        IN_LAB(test_a_new_connection_joined_behind_an_end),
        IN_LAB(test_hostile_streams_stay_in_the_budget),
        IN_LAB(test_a_flood_of_holes_does_not_cost_a_stream_in_use),
        IN_LAB(test_past_the_window_is_lost_not_kept),
        IN_LAB(test_too_much_lost_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
