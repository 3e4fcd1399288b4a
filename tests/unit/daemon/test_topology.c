/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From interfaces and addresses to mirror ports and to who may come in where.
 */
#include "daemon/sources/topology.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LO = 1, WAN = 2, LAN = 3, LAN_10 = 4, LAN_20 = 5, BRIDGE = 6, PORT = 7, TAP = 8 };

static struct topology_link links[] = {
    {.index = LO, .name = "lo", .loopback = true, .plain = true},
    {.index = WAN, .name = "wan", .plain = true},
    {.index = LAN, .name = "lan", .plain = true},
    {.index = LAN_10, .name = "lan.10", .lower = LAN, .made = true},
    {.index = LAN_20, .name = "lan.20", .lower = LAN, .made = true},
    {.index = BRIDGE, .name = "br0", .made = true},
    {.index = PORT, .name = "port", .plain = true, .master = BRIDGE},
    {.index = TAP, .name = "tap", .plain = true},
};

static struct topology_address addresses[4];
static struct topology_past past;
static const struct mirror_choice detect = {.detect = true};

static struct topology_address address(uint32_t link, const char *own, const char *connected)
{
    struct topology_address made = {.link = link};

    assert_true(address_from_text(own, &made.own));
    assert_true(prefix_from_text(connected, &made.connected));
    return made;
}

static struct topology machine(void)
{
    addresses[0] = address(LO, "127.0.0.1", "127.0.0.0/8");
    addresses[1] = address(WAN, "198.51.100.1", "198.51.100.0/24");
    addresses[2] = address(LAN_10, "10.10.0.1", "10.10.0.0/16");
    addresses[3] = address(BRIDGE, "10.30.0.1", "10.30.0.0/16");
    return (struct topology){links, sizeof(links) / sizeof(links[0]), addresses, 4};
}

static enum mirror_verdict judge(size_t number, const struct mirror_choice *choice)
{
    const struct topology topology = machine();

    return topology_judge(&topology, &past, choice, &links[number - 1]);
}

static int forget(void **state)
{
    (void)state;
    past.count = 0;
    return 0;
}

static void test_only_the_evident_one_is_a_mirror_port(void **state)
{
    (void)state;
    assert_int_equal(judge(LO, &detect), MIRROR_ORDINARY);
    assert_int_equal(judge(WAN, &detect), MIRROR_ORDINARY);
    assert_int_equal(judge(LAN, &detect), MIRROR_PART);    /* carries tags */
    assert_int_equal(judge(LAN_20, &detect), MIRROR_PART); /* is one */
    assert_int_equal(judge(BRIDGE, &detect), MIRROR_ORDINARY);
    assert_int_equal(judge(PORT, &detect), MIRROR_PART);
    assert_int_equal(judge(TAP, &detect), MIRROR_EVIDENT);
}

static void test_what_forwards_has_to_be_named(void **state)
{
    static const struct plan_interface named = {.name = "tap"};
    const struct mirror_choice choice = {.named = &named, .count = 1};

    (void)state;
    links[TAP - 1].forwards = true;
    assert_int_equal(judge(TAP, &detect), MIRROR_FORWARDS);
    assert_int_equal(judge(TAP, &choice), MIRROR_NAMED);
    links[TAP - 1].forwards = false;
    assert_int_equal(judge(LAN, &choice), MIRROR_ORDINARY);
}

static void test_a_bridge_without_addresses_is_none(void **state)
{
    struct topology topology = machine();

    (void)state;
    topology.address_count = 3;
    assert_int_equal(topology_judge(&topology, &past, &detect, &links[BRIDGE - 1]), MIRROR_PART);
}

static void test_what_had_addresses_is_none(void **state)
{
    struct topology topology = machine();

    (void)state;
    topology_remember(&past, &topology);
    topology.address_count = 1;
    assert_int_equal(topology_judge(&topology, &past, &detect, &links[WAN - 1]), MIRROR_ADDRESSED);
    assert_int_equal(topology_judge(&topology, &past, &detect, &links[TAP - 1]), MIRROR_EVIDENT);
}

static void test_none_is_found_when_none_is_looked_for(void **state)
{
    const struct mirror_choice none = {.detect = false};

    (void)state;
    assert_int_equal(judge(TAP, &none), MIRROR_ORDINARY);
}

static struct topology_part part_for(const struct plan_interface *interfaces, size_t count)
{
    const struct plan plan = {.interfaces = interfaces, .interface_count = count};
    const struct topology topology = machine();
    struct topology_part part;

    assert_int_equal(topology_plan(&topology, &past, &detect, &plan, &part), 0);
    return part;
}

static bool comes_in(const struct topology_part *part, uint32_t link, const char *source)
{
    struct address address;
    bool found = false;

    assert_true(address_from_text(source, &address));
    for (size_t i = 0; i < part->origin_count; i++)
        found |=
            part->origins[i].link == link && prefix_contains(&part->origins[i].prefix, &address);
    return found;
}

static void test_senders_come_in_up_and_down_but_not_beside(void **state)
{
    static const struct plan_interface any = {.name = "any"};
    struct topology_part part = part_for(&any, 1);

    (void)state;
    assert_true(comes_in(&part, 0, "10.10.0.1"));
    assert_true(comes_in(&part, LAN_10, "10.10.0.9"));
    assert_true(comes_in(&part, LAN, "10.10.0.9"));
    assert_false(comes_in(&part, LAN_20, "10.10.0.9"));
    assert_false(comes_in(&part, WAN, "10.10.0.9"));
    assert_true(comes_in(&part, PORT, "10.30.0.9"));
    assert_false(comes_in(&part, LAN, "10.30.0.9"));
    topology_part_free(&part);
}

static void test_only_what_is_read_is_in_the_plan(void **state)
{
    static const struct plan_interface interfaces[] = {{.name = "wan"}, {.name = "tap"}};
    struct topology_part part = part_for(interfaces, 2);

    (void)state;
    assert_int_equal(part.link_count, 2);
    assert_int_equal(part.links[0].index, WAN);
    assert_false(part.links[0].mirror);
    assert_true(part.links[1].mirror);
    assert_true(comes_in(&part, LAN_10, "10.10.0.9")); /* and so not over wan */
    topology_part_free(&part);
}

/* The same machine in another order, or with one more container, is no change. */
static void test_what_does_not_matter_changes_nothing(void **state)
{
    static const struct plan_interface any = {.name = "any"};
    const struct plan plan = {.interfaces = &any, .interface_count = 1};
    struct topology_part before = part_for(&any, 1), after;
    struct topology_link more[9];
    struct topology topology = machine();
    struct topology_address swapped = addresses[1];

    (void)state;
    addresses[1] = addresses[2];
    addresses[2] = swapped;
    memcpy(more, links, sizeof(links));
    more[8] = (struct topology_link){
        .index = 40, .name = "veth40", .plain = true, .made = true, .master = BRIDGE};
    topology.links = more;
    topology.link_count = 9;
    assert_int_equal(topology_plan(&topology, &past, &detect, &plan, &after), 0);
    assert_int_equal(before.link_count, after.link_count);
    assert_int_equal(before.origin_count, after.origin_count);
    assert_memory_equal(before.links, after.links, before.link_count * sizeof(*before.links));
    assert_memory_equal(before.origins, after.origins,
                        before.origin_count * sizeof(*before.origins));
    topology_part_free(&before);
    topology_part_free(&after);
}

static void test_networks_of_a_vrf_are_nobody_elses(void **state)
{
    static const struct plan_interface any = {.name = "any"};

    (void)state;
    links[BRIDGE - 1].vrf = true;
    links[WAN - 1].master = BRIDGE;
    struct topology_part part = part_for(&any, 1);
    assert_false(comes_in(&part, WAN, "198.51.100.9"));
    assert_true(comes_in(&part, 0, "198.51.100.1"));
    assert_true(part.links[1].any_source);
    topology_part_free(&part);
    links[BRIDGE - 1].vrf = false;
    links[WAN - 1].master = 0;
}

/* This machine's own: loopback is there, with its address or without. */
static void test_the_kernel_is_asked(void **state)
{
    struct topology topology;

    (void)state;
    assert_int_equal(topology_read(&topology), 0);
    assert_true(topology.link_count >= 1);
    assert_string_equal(topology.links[0].name, "lo");
    assert_true(topology.links[0].loopback);
    topology_free(&topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_only_the_evident_one_is_a_mirror_port, forget),
        cmocka_unit_test_setup(test_what_forwards_has_to_be_named, forget),
        cmocka_unit_test_setup(test_a_bridge_without_addresses_is_none, forget),
        cmocka_unit_test_setup(test_what_had_addresses_is_none, forget),
        cmocka_unit_test_setup(test_none_is_found_when_none_is_looked_for, forget),
        cmocka_unit_test_setup(test_senders_come_in_up_and_down_but_not_beside, forget),
        cmocka_unit_test_setup(test_only_what_is_read_is_in_the_plan, forget),
        cmocka_unit_test_setup(test_what_does_not_matter_changes_nothing, forget),
        cmocka_unit_test_setup(test_networks_of_a_vrf_are_nobody_elses, forget),
        cmocka_unit_test(test_the_kernel_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
