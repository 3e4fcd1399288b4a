/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose tunnels are entered: by sender, number and port, and on what kind of interface.
 */
#include "packet.h"
#include "sniffer/decode/tunnelrules.h"

#include <setjmp.h>

#include <cmocka.h>

static struct plan_tunnel from(enum encapsulation encapsulation, const char *prefix)
{
    struct plan_tunnel tunnel = {.encapsulation = (uint8_t)encapsulation};

    assert_true(prefix_from_text(prefix, &tunnel.from));
    return tunnel;
}

static bool allows(const struct tunnelrules *rules, const char *sender, uint16_t port,
                   enum encapsulation encapsulation, int64_t number)
{
    const struct address address = address_of(sender);
    const struct tunnel_inner inner = {
        .encapsulation = encapsulation,
        .has_number = number >= 0,
        .number = number >= 0 ? (uint32_t)number : 0,
    };

    return tunnelrules_allow(rules, &address, port, &inner);
}

static void test_only_the_named_sender(void **state)
{
    const struct plan_tunnel tunnels[] = {from(ENCAPSULATION_VXLAN, "198.51.100.0/28"),
                                          from(ENCAPSULATION_GRE, "2001:db8::7")};
    const struct address known = address_of("198.51.100.15"), unknown = address_of("198.51.100.16");

    (void)state;
    for (unsigned mirror = 0; mirror < 2; mirror++) {
        const struct tunnelrules rules = tunnelrules_of(tunnels, 2, mirror);

        assert_true(allows(&rules, "198.51.100.15", 4789, ENCAPSULATION_VXLAN, 1));
        assert_false(allows(&rules, "198.51.100.16", 4789, ENCAPSULATION_VXLAN, 1));
        assert_false(allows(&rules, "198.51.100.15", 0, ENCAPSULATION_GRE, -1));
        assert_true(allows(&rules, "2001:db8::7", 0, ENCAPSULATION_GRE, -1));
        assert_false(allows(&rules, "198.51.100.15", 6081, ENCAPSULATION_GENEVE, 1));
        assert_true(tunnelrules_know(&rules, &known));
        assert_false(tunnelrules_know(&rules, &unknown));
    }
}

static void test_anybody_on_a_mirror_port_alone(void **state)
{
    const struct plan_tunnel tunnels[] = {{.encapsulation = ENCAPSULATION_VXLAN},
                                          {.encapsulation = ENCAPSULATION_GENEVE, .port = 5000}};
    const struct tunnelrules mirror = tunnelrules_of(tunnels, 2, true);
    const struct tunnelrules other = tunnelrules_of(tunnels, 2, false);

    (void)state;
    assert_true(allows(&mirror, "203.0.113.66", 4789, ENCAPSULATION_VXLAN, 1));
    assert_false(allows(&other, "203.0.113.66", 4789, ENCAPSULATION_VXLAN, 1));
    assert_int_equal(other.encapsulations, 0);
    assert_int_equal(tunnelrules_at_port(&mirror, 4789), ENCAPSULATION_VXLAN);
    assert_int_equal(tunnelrules_at_port(&mirror, 5000), ENCAPSULATION_GENEVE);
    assert_int_equal(tunnelrules_at_port(&other, 4789), ENCAPSULATION_NONE);
    assert_int_equal(tunnelrules_at_port(&other, 5000), ENCAPSULATION_NONE);
}

static void test_a_plan_says_where_mirror_ports_are(void **state)
{
    const struct plan_interface interfaces[] = {
        {.name = "lan"}, {.name = "tap", .mirror = true}, {.name = "any"}};
    struct plan_link links[] = {{.index = 3, .name = "lan"}, {.index = 7, .name = "tap"}};
    const struct plan plan = {
        .interfaces = interfaces, .interface_count = 3, .links = links, .link_count = 2};

    (void)state;
    assert_false(plan_may_mirror(&plan, 0));
    assert_true(plan_may_mirror(&plan, 1));
    assert_false(plan_may_mirror(&plan, 2));
    assert_false(plan_may_mirror(&plan, 3));
    assert_false(plan_mirrors(&plan, 0, 0));
    assert_true(plan_mirrors(&plan, 1, 0));
    assert_false(plan_mirrors(&plan, 2, 7));
    links[1].mirror = true;
    assert_true(plan_may_mirror(&plan, 2));
    assert_true(plan_mirrors(&plan, 2, 7));
    assert_false(plan_mirrors(&plan, 2, 3));
    assert_false(plan_mirrors(&plan, 2, 8));
}

static void test_a_number_that_is_named_has_to_be_there(void **state)
{
    struct plan_tunnel tunnel = from(ENCAPSULATION_GRE, "198.51.100.7");

    (void)state;
    tunnel.has_number = true;
    const struct tunnelrules rules = tunnelrules_of(&tunnel, 1, false);
    assert_true(allows(&rules, "198.51.100.7", 0, ENCAPSULATION_GRE, 0));
    assert_false(allows(&rules, "198.51.100.7", 0, ENCAPSULATION_GRE, 7));
    assert_false(allows(&rules, "198.51.100.7", 0, ENCAPSULATION_GRE, -1));
}

static void test_ports(void **state)
{
    struct plan_tunnel tunnels[] = {from(ENCAPSULATION_VXLAN, "198.51.100.7"),
                                    from(ENCAPSULATION_VXLAN, "198.51.100.8")};
    tunnels[1].port = 5000;
    const struct tunnelrules rules = tunnelrules_of(tunnels, 2, false);

    (void)state;
    assert_true(allows(&rules, "198.51.100.7", 4789, ENCAPSULATION_VXLAN, 1));
    assert_true(allows(&rules, "198.51.100.7", 8472, ENCAPSULATION_VXLAN, 1));
    assert_false(allows(&rules, "198.51.100.7", 5000, ENCAPSULATION_VXLAN, 1));
    assert_true(allows(&rules, "198.51.100.8", 5000, ENCAPSULATION_VXLAN, 1));
    assert_false(allows(&rules, "198.51.100.8", 4789, ENCAPSULATION_VXLAN, 1));
    assert_int_equal(tunnelrules_at_port(&rules, 5000), ENCAPSULATION_VXLAN);
    assert_int_equal(tunnelrules_at_port(&rules, 5001), ENCAPSULATION_NONE);
    assert_int_equal(tunnelrules_at_port(&rules, 6081), ENCAPSULATION_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_named_sender),
        cmocka_unit_test(test_anybody_on_a_mirror_port_alone),
        cmocka_unit_test(test_a_plan_says_where_mirror_ports_are),
        cmocka_unit_test(test_a_number_that_is_named_has_to_be_there),
        cmocka_unit_test(test_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
