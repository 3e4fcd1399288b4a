/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams in pieces: any order is put together, and every trick with overlaps is refused.
 */
#include "sniffer/reassembly/fragments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t payload[65536];

static int open_table(void **state)
{
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7 + i / 256);
    *state = fragments_new();
    return *state ? 0 : -1;
}

static int close_table(void **state)
{
    fragments_free(*state);
    return 0;
}

static struct fragment piece(uint32_t id, uint32_t offset, size_t size, bool more)
{
    struct fragment fragment = {
        .id = id,
        .offset = offset,
        .size = size,
        .more = more,
        .protocol = 17,
        .bytes = payload + offset,
    };

    assert_true(address_from_text("192.0.2.53", &fragment.source));
    assert_true(address_from_text("192.0.2.10", &fragment.destination));
    return fragment;
}

static enum fragments_outcome add(struct fragments *table, struct fragment fragment,
                                  struct datagram *whole)
{
    return fragments_add(table, &fragment, 1, whole);
}

static void test_any_order_is_put_together(void **state)
{
    static const struct {
        uint32_t offset, size;
    } parts[] = {{0, 1480}, {1480, 1480}, {2960, 1140}};
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct datagram whole = {0};

    for (unsigned o = 0; o < 6; o++) {
        for (unsigned i = 0; i < 3; i++) {
            unsigned p = orders[o][i];
            enum fragments_outcome outcome =
                add(*state, piece(o, parts[p].offset, parts[p].size, p != 2), &whole);

            assert_int_equal(outcome, i == 2 ? FRAGMENTS_WHOLE : FRAGMENTS_WAITING);
        }
        assert_int_equal(whole.size, 4100);
        assert_memory_equal(whole.bytes, payload, 4100);
    }
    assert_int_equal(fragments_bytes(*state), 0);
}

static void test_copies_are_duplicates_before_and_after(void **state)
{
    struct datagram whole;

    assert_int_equal(add(*state, piece(1, 0, 800, true), &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(1, 0, 800, true), &whole), FRAGMENTS_DUPLICATE);
    assert_int_equal(add(*state, piece(1, 800, 5, false), &whole), FRAGMENTS_WHOLE);
    assert_int_equal(add(*state, piece(1, 800, 5, false), &whole), FRAGMENTS_DUPLICATE);
}

static void test_an_overlap_gives_the_datagram_up(void **state)
{
    struct fragment other = piece(1, 0, 800, true);
    struct datagram whole;

    assert_int_equal(add(*state, piece(1, 0, 800, true), &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(1, 792, 80, false), &whole), FRAGMENTS_REFUSED);
    assert_int_equal(add(*state, piece(1, 800, 80, false), &whole), FRAGMENTS_REFUSED);
    assert_int_equal(fragments_bytes(*state), 0);

    other.id = 2;
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other.bytes = payload + 1; /* the same place with other bytes */
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_REFUSED);
    assert_int_equal(add(*state, piece(2, 800, 80, false), &whole), FRAGMENTS_REFUSED);
}

static void test_lying_offsets_and_lengths_are_refused(void **state)
{
    static const struct {
        uint32_t offset, size;
        bool more;
    } lies[] = {
        {0, 0, true}, {4, 8, true}, {0, 9, true}, {65528, 8, false}, {UINT32_MAX & ~7u, 16, true},
    };
    struct datagram whole;

    for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct fragment fragment = piece(i, 0, lies[i].size, lies[i].more);

        fragment.offset = lies[i].offset;
        assert_int_equal(add(*state, fragment, &whole), FRAGMENTS_REFUSED);
    }
    /* An end that moves, and an end before what is there. */
    assert_int_equal(add(*state, piece(10, 16, 4, false), &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(10, 24, 4, false), &whole), FRAGMENTS_REFUSED);
    assert_int_equal(add(*state, piece(11, 16, 8, true), &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(11, 8, 4, false), &whole), FRAGMENTS_REFUSED);
}

static void test_datagrams_do_not_mix(void **state)
{
    struct fragment other = piece(1, 800, 8, false);
    struct datagram whole;

    assert_int_equal(add(*state, piece(1, 0, 800, true), &whole), FRAGMENTS_WAITING);
    other.protocol = 6;
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other = piece(2, 800, 8, false);
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other = piece(1, 800, 8, false);
    assert_true(address_from_text("192.0.2.54", &other.source));
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other = piece(1, 800, 8, false);
    other.place = (struct place){.link = 3, .vlan = -1, .passage = PASSAGE_IN};
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other.place.passage = PASSAGE_OUT;
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other.place.vlan = 7;
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    other = piece(1, 800, 8, false);
    assert_true(address_from_text("198.51.100.7", &other.peer));
    assert_int_equal(add(*state, other, &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(1, 800, 8, false), &whole), FRAGMENTS_WHOLE);
}

static void test_an_old_piece_is_forgotten(void **state)
{
    struct fragment first = piece(1, 0, 800, true), last = piece(1, 800, 8, false);
    struct datagram whole;

    assert_int_equal(fragments_add(*state, &first, 1, &whole), FRAGMENTS_WAITING);
    assert_int_equal(fragments_add(*state, &last, 2 + FRAGMENTS_LIFETIME_NS, &whole),
                     FRAGMENTS_WAITING);
    assert_int_equal(fragments_add(*state, &first, 3 + FRAGMENTS_LIFETIME_NS, &whole),
                     FRAGMENTS_WHOLE);
}

static void test_hostile_datagrams_stay_in_the_budget(void **state)
{
    struct datagram whole;

    for (uint32_t i = 0; i < 100000; i++) {
        struct fragment fragment = piece(i, 32768 + (i % 4000) * 8, 8, true);

        fragments_add(*state, &fragment, i, &whole);
        assert_true(fragments_bytes(*state) <= FRAGMENTS_BYTES_MAX);
    }
    assert_int_equal(add(*state, piece(200000, 0, 8, true), &whole), FRAGMENTS_WAITING);
    assert_int_equal(add(*state, piece(200000, 8, 8, false), &whole), FRAGMENTS_WHOLE);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)

/* Many datagrams from one address to another, small or with as many bytes as may be. */
static void flood(struct fragments *table, uint32_t offset, struct datagram *whole)
{
    for (uint32_t id = 0; id < 4 * FRAGMENTS_DATAGRAMS_MAX; id++) {
        struct fragment forged = piece(id + offset, offset, 8, true);

        assert_true(address_from_text("203.0.113.9", &forged.source));
        assert_int_equal(add(table, forged, whole), FRAGMENTS_WAITING);
        assert_true(fragments_bytes(table) <= FRAGMENTS_BYTES_MAX);
    }
}

static void test_a_flood_costs_nobody_but_itself(void **state)
{
    static const uint32_t offsets[] = {0, 65000};
    struct datagram whole;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(add(*state, piece(i, 0, 1480, true), &whole), FRAGMENTS_WAITING);
        flood(*state, offsets[i], &whole);
        assert_int_equal(add(*state, piece(i, 1480, 500, false), &whole), FRAGMENTS_WHOLE);
        assert_int_equal(whole.size, 1980);
        assert_memory_equal(whole.bytes, payload, 1980);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(test_any_order_is_put_together),
        WITH_TABLE(test_copies_are_duplicates_before_and_after),
        WITH_TABLE(test_an_overlap_gives_the_datagram_up),
        WITH_TABLE(test_lying_offsets_and_lengths_are_refused),
        WITH_TABLE(test_datagrams_do_not_mix),
        WITH_TABLE(test_an_old_piece_is_forgotten),
        WITH_TABLE(test_hostile_datagrams_stay_in_the_budget),
        WITH_TABLE(test_a_flood_costs_nobody_but_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
