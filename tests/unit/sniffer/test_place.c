/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a packet was seen, and whether that lets it be believed.
 */
#include "sniffer/decode/place.h"

#include "source/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LO = 1, LAN = 2, WAN = 3, TAP = 4, TAP2 = 5, PROXY = 6, NEW = 99 };

static const struct plan_link links[] = {
    {.index = LO, .name = "lo", .loopback = true},
    {.index = LAN, .name = "lan"},
    {.index = WAN, .name = "wan"},
    {.index = TAP, .name = "tap", .mirror = true},
    {.index = TAP2, .name = "tap2", .mirror = true},
    {.index = PROXY, .name = "dmz", .any_source = true},
};

static struct plan_origin origins[5];

static struct plan_origin origin(uint32_t link, const char *prefix)
{
    struct plan_origin made = {.link = link};

    assert_true(prefix_from_text(prefix, &made.prefix));
    return made;
}

static struct plan plan(void)
{
    origins[0] = origin(0, "192.0.2.1");
    origins[1] = origin(0, "2001:db8:a::1");
    origins[2] = origin(LAN, "192.0.2.0/24");
    origins[3] = origin(WAN, "192.0.2.128/25"); /* the longer one counts */
    origins[4] = origin(LAN, "2001:db8:a::/64");
    return (struct plan){
        .links = links,
        .link_count = sizeof(links) / sizeof(links[0]),
        .origins = origins,
        .origin_count = sizeof(origins) / sizeof(origins[0]),
    };
}

static struct place at(uint32_t link, enum frame_way way, int16_t vlan)
{
    const struct plan made = plan();
    const struct segment segment = {.link = link, .way = (uint8_t)way, .vlan = vlan};

    return place_of(&made, &segment);
}

static bool pairs(struct place question, struct place answer)
{
    return place_pairs(&question, &answer);
}

static void test_an_exchange_goes_both_ways_on_one_interface(void **state)
{
    (void)state;
    assert_true(pairs(at(LAN, WAY_IN, -1), at(LAN, WAY_OUT, -1)));
    assert_true(pairs(at(WAN, WAY_OUT, -1), at(WAN, WAY_IN, -1)));
    assert_true(pairs(at(NEW, WAY_OUT, -1), at(NEW, WAY_IN, -1)));
    assert_false(pairs(at(WAN, WAY_IN, -1), at(WAN, WAY_IN, -1)));
    assert_false(pairs(at(WAN, WAY_OUT, -1), at(WAN, WAY_OUT, -1)));
    assert_false(pairs(at(LAN, WAY_OUT, -1), at(WAN, WAY_IN, -1)));
}

/* A router on one wire tells its networks apart by their tags; 0 is a priority and no network. */
static void test_a_tag_is_an_interface_of_its_own(void **state)
{
    (void)state;
    assert_true(pairs(at(LAN, WAY_IN, 10), at(LAN, WAY_OUT, 10)));
    assert_false(pairs(at(LAN, WAY_IN, 10), at(LAN, WAY_OUT, 20)));
    assert_false(pairs(at(LAN, WAY_IN, 10), at(LAN, WAY_OUT, -1)));
    assert_true(pairs(at(LAN, WAY_IN, 0), at(LAN, WAY_OUT, -1)));
}

static void test_mirror_ports_are_one_place(void **state)
{
    (void)state;
    assert_true(pairs(at(TAP, WAY_IN, -1), at(TAP, WAY_IN, -1)));
    assert_true(pairs(at(TAP, WAY_IN, 10), at(TAP2, WAY_IN, 20)));
    assert_true(pairs(at(TAP, WAY_UNKNOWN, -1), at(TAP2, WAY_UNKNOWN, -1)));
    assert_false(pairs(at(LAN, WAY_IN, -1), at(TAP, WAY_IN, -1)));
    assert_false(pairs(at(TAP, WAY_IN, -1), at(LAN, WAY_OUT, -1)));
}

/* It is entered because its sender is named, or on a mirror port. */
static void test_what_is_in_a_tunnel_is_mirrored(void **state)
{
    const struct plan made = plan();
    struct segment segment = {.link = WAN, .way = WAY_IN, .vlan = SIGHTING_NO_VLAN};

    (void)state;
    assert_true(address_from_text("198.51.100.7", &segment.outer_peer));
    struct place place = place_of(&made, &segment);
    assert_int_equal(place.passage, PASSAGE_MIRROR);
    assert_false(pairs(at(WAN, WAY_OUT, -1), place));
}

static void test_loopback_shows_what_comes_in_alone(void **state)
{
    (void)state;
    assert_true(pairs(at(LO, WAY_IN, -1), at(LO, WAY_IN, -1)));
    assert_false(pairs(at(LO, WAY_IN, -1), at(LAN, WAY_IN, -1)));
}

static void test_who_does_not_know_the_way_believes_nothing(void **state)
{
    (void)state;
    assert_false(pairs(at(LAN, WAY_UNKNOWN, -1), at(LAN, WAY_UNKNOWN, -1)));
    assert_false(pairs(at(LAN, WAY_IN, -1), at(LAN, WAY_UNKNOWN, -1)));
    assert_false(pairs(at(0, WAY_IN, -1), at(0, WAY_OUT, -1)));
}

static void test_a_file_is_one_place(void **state)
{
    (void)state;
    assert_true(pairs(at(0, WAY_UNTOLD, -1), at(0, WAY_UNTOLD, 7)));
    assert_false(pairs(at(0, WAY_UNTOLD, -1), at(LAN, WAY_OUT, -1)));
}

static bool refused(uint32_t link, enum frame_way way, const char *source)
{
    const struct plan made = plan();
    const struct place place = at(link, way, SIGHTING_NO_VLAN);
    struct address address;

    assert_true(address_from_text(source, &address));
    return place_refuses_source(&made, &place, &address);
}

static void test_nobody_comes_in_with_our_address(void **state)
{
    (void)state;
    for (uint32_t link = LAN; link <= NEW;
         link = link == WAN ? PROXY : link + (link == PROXY ? 93 : 1)) {
        assert_true(refused(link, WAY_IN, "192.0.2.1"));
        assert_true(refused(link, WAY_IN, "2001:db8:a::1"));
        assert_false(refused(link, WAY_OUT, "192.0.2.1"));
    }
    assert_false(refused(TAP, WAY_IN, "192.0.2.1")); /* said to others, elsewhere */
    assert_false(refused(LO, WAY_IN, "192.0.2.1"));
}

static void test_nobody_comes_in_with_nobodys_address(void **state)
{
    static const char *const nobodys[] = {"127.0.0.1",       "127.8.8.8", "0.0.0.0", "224.0.0.1",
                                          "255.255.255.255", "::",        "::1",     "ff02::1"};

    (void)state;
    for (unsigned i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++) {
        assert_true(refused(WAN, WAY_IN, nobodys[i]));
        assert_true(refused(NEW, WAY_IN, nobodys[i]));
        assert_false(refused(LO, WAY_IN, nobodys[i]));
    }
}

static void test_who_is_behind_one_interface_is_behind_no_other(void **state)
{
    (void)state;
    assert_false(refused(LAN, WAY_IN, "192.0.2.9"));
    assert_true(refused(WAN, WAY_IN, "192.0.2.9"));
    assert_true(refused(WAN, WAY_IN, "2001:db8:a::9"));
    assert_false(refused(WAN, WAY_IN, "192.0.2.129"));
    assert_true(refused(LAN, WAY_IN, "192.0.2.129"));
    assert_false(refused(WAN, WAY_IN, "8.8.8.8"));
    /* Nothing is known of these. */
    assert_false(refused(PROXY, WAY_IN, "192.0.2.9"));
    assert_false(refused(NEW, WAY_IN, "192.0.2.9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exchange_goes_both_ways_on_one_interface),
        cmocka_unit_test(test_a_tag_is_an_interface_of_its_own),
        cmocka_unit_test(test_mirror_ports_are_one_place),
        cmocka_unit_test(test_what_is_in_a_tunnel_is_mirrored),
        cmocka_unit_test(test_loopback_shows_what_comes_in_alone),
        cmocka_unit_test(test_who_does_not_know_the_way_believes_nothing),
        cmocka_unit_test(test_a_file_is_one_place),
        cmocka_unit_test(test_nobody_comes_in_with_our_address),
        cmocka_unit_test(test_nobody_comes_in_with_nobodys_address),
        cmocka_unit_test(test_who_is_behind_one_interface_is_behind_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
