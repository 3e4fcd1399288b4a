/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sniffer/plan.h"
#include "source/message.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct plan_interface interfaces[2] = {{.name = "eth0", .mirror = true}, {.name = "any"}};
static struct plan_resolver resolvers[2];
static struct whitelist_pattern patterns[3];
static struct derived_name derived[1];
static struct plan_tunnel tunnels[2];
static const uint16_t vlans[] = {0, 7, 4094};
static struct plan_link links[] = {{.index = 1, .name = "lo", .loopback = true},
                                   {.index = 7, .name = "eth0", .mirror = true}};
static struct plan_origin origins[2] = {{.link = 0}, {.link = 7}};

static struct plan example(void)
{
    struct plan plan = {
        .interfaces = interfaces,
        .interface_count = 2,
        .resolvers = resolvers,
        .resolver_count = 2,
        .patterns = patterns,
        .pattern_count = 3,
        .derived = derived,
        .derived_count = 1,
        .vlans = vlans,
        .vlan_count = 3,
        .links = links,
        .link_count = 2,
        .origins = origins,
        .origin_count = 2,
        .chain_whitelists = 2,
        .follow_whitelists = 3,
        .tunnels = tunnels,
        .tunnel_count = 2,
        .require_query = true,
        .checksums = CHECKSUMS_VERIFY,
        .latency = LATENCY_NORMAL,
    };

    assert_true(prefix_from_text("192.0.2.1", &origins[0].prefix));
    assert_true(prefix_from_text("192.0.2.0/24", &origins[1].prefix));
    plan.ttl_min[1] = 60;
    plan.ttl_max[63] = 86400;
    assert_true(prefix_from_text("192.0.2.53", &resolvers[0].prefix));
    assert_true(prefix_from_text("2001:db8::/32", &resolvers[1].prefix));
    strcpy(resolvers[1].interface, "eth0");
    resolvers[1].port = 5335;
    tunnels[0].encapsulation = ENCAPSULATION_VXLAN;
    tunnels[0].port = 8472;
    tunnels[0].has_number = true;
    tunnels[0].number = 42;
    assert_true(prefix_from_text("198.51.100.7", &tunnels[0].from));
    tunnels[1].encapsulation = ENCAPSULATION_GTP;
    assert_true(pattern_from_text("*.dormammu.lookback.io", &patterns[0].pattern));
    assert_true(pattern_from_text("dormammu.lookback.io", &patterns[1].pattern));
    assert_true(pattern_from_text("*", &patterns[2].pattern));
    patterns[2].whitelist = 63;
    assert_true(dname_from_text("lb.example.net", &derived[0].name));
    assert_true(dname_from_text("eu.dormammu.lookback.io", &derived[0].root));
    derived[0].expires_ns = 42;
    derived[0].steps = 1;
    return plan;
}

static void assert_plans_equal(const struct plan *a, const struct plan *b)
{
    assert_int_equal(a->interface_count, b->interface_count);
    assert_int_equal(a->resolver_count, b->resolver_count);
    assert_int_equal(a->pattern_count, b->pattern_count);
    assert_int_equal(a->vlan_count, b->vlan_count);
    assert_int_equal(a->derived_count, b->derived_count);
    assert_int_equal(a->link_count, b->link_count);
    assert_int_equal(a->origin_count, b->origin_count);
    assert_memory_equal(a->links, b->links, a->link_count * sizeof(*a->links));
    assert_memory_equal(a->origins, b->origins, a->origin_count * sizeof(*a->origins));
    assert_memory_equal(a->derived, b->derived, a->derived_count * sizeof(*a->derived));
    assert_memory_equal(a->interfaces, b->interfaces, a->interface_count * sizeof(*a->interfaces));
    assert_memory_equal(a->resolvers, b->resolvers, a->resolver_count * sizeof(*a->resolvers));
    assert_memory_equal(a->patterns, b->patterns, a->pattern_count * sizeof(*a->patterns));
    assert_memory_equal(a->vlans, b->vlans, a->vlan_count * sizeof(*a->vlans));
    assert_memory_equal(a->ttl_min, b->ttl_min, sizeof(a->ttl_min));
    assert_memory_equal(a->ttl_max, b->ttl_max, sizeof(a->ttl_max));
    assert_int_equal(a->chain_whitelists, b->chain_whitelists);
    assert_int_equal(a->follow_whitelists, b->follow_whitelists);
    assert_int_equal(a->tunnel_count, b->tunnel_count);
    assert_memory_equal(a->tunnels, b->tunnels, a->tunnel_count * sizeof(*a->tunnels));
    assert_int_equal(a->require_query, b->require_query);
    assert_int_equal(a->checksums, b->checksums);
    assert_int_equal(a->latency, b->latency);
}

static void test_a_sealed_plan_says_the_same(void **state)
{
    const struct plan plan = example();
    struct plan opened;
    int fd = plan_seal(&plan);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(plan_open(fd, &opened), 0);
    assert_plans_equal(&plan, &opened);
    close(fd);
}

static void test_a_plan_with_nothing_in_it(void **state)
{
    const struct plan plan = {.latency = LATENCY_LOW};
    struct plan opened;
    int fd = plan_seal(&plan);

    (void)state;
    assert_int_equal(plan_open(fd, &opened), 0);
    assert_int_equal(opened.interface_count + opened.resolver_count + opened.pattern_count, 0);
    close(fd);
}

static void test_a_sealed_plan_cannot_be_changed(void **state)
{
    const struct plan plan = example();
    int fd = plan_seal(&plan);

    (void)state;
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_ptr_equal(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    close(fd);
}

static void test_too_much_is_not_sealed(void **state)
{
    struct plan plan = example();

    (void)state;
    plan.interface_count = PLAN_INTERFACES_MAX + 1;
    assert_int_equal(plan_seal(&plan), -E2BIG);
}

/* The bytes of the example, to be spoilt. */
static uint8_t *sealed_bytes(size_t *size)
{
    const struct plan plan = example();
    int fd = plan_seal(&plan);
    struct stat status;
    uint8_t *bytes;

    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    bytes = malloc(*size);
    assert_int_equal(pread(fd, bytes, *size, 0), *size);
    close(fd);
    return bytes;
}

static void test_what_is_not_sealed_is_no_plan(void **state)
{
    size_t size;
    uint8_t *bytes = sealed_bytes(&size);
    int fd = memfd_create("test", MFD_ALLOW_SEALING);
    struct plan opened = {.pattern_count = 42};

    (void)state;
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(plan_open(fd, &opened), -EBADMSG);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(plan_open(fd, &opened), -EBADMSG);
    assert_int_equal(opened.pattern_count, 42);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL), 0);
    assert_int_equal(plan_open(fd, &opened), 0);
    close(fd);
    assert_int_equal(plan_open(-1, &opened), -EBADF);
    free(bytes);
}

static void test_another_size_is_no_plan(void **state)
{
    size_t size;
    uint8_t *bytes = sealed_bytes(&size);
    struct plan opened;

    (void)state;
    assert_true(plan_read(bytes, size, &opened));
    for (size_t cut = 0; cut < size; cut += 7)
        assert_false(plan_read(bytes, cut, &opened));
    free(bytes);
}

/* A value of the opened plan, found again in the bytes. */
static void assert_spoils(const void *value, size_t value_size, const void *other)
{
    size_t size;
    uint8_t *bytes = sealed_bytes(&size), *found;
    struct plan opened;

    assert_true(plan_read(bytes, size, &opened));
    found = memmem(bytes, size, value, value_size);
    assert_non_null(found);
    memcpy(found, other, value_size);
    assert_false(plan_read(bytes, size, &opened));
    free(bytes);
}

static void test_values_out_of_bounds_are_no_plan(void **state)
{
    struct plan_interface endless, slash = {.name = "a/b"}, nameless = {.name = ""}, doubtful;
    struct plan_tunnel none, unknown, loose, unsure;
    struct plan_resolver beyond, host_bits, no_family;
    struct whitelist_pattern upper, stranger, kind;
    struct derived_name rootless, nobody, endless_chain, no_step;
    const uint16_t tags[] = {0, 7, 4095};

    (void)state;
    example();
    memset(&endless, 'x', sizeof(endless));
    assert_spoils(&interfaces[0], sizeof(endless), &endless);
    assert_spoils(&interfaces[0], sizeof(slash), &slash);
    assert_spoils(&interfaces[0], sizeof(nameless), &nameless);
    doubtful = interfaces[0];
    memset(&doubtful.mirror, 2, sizeof(doubtful.mirror));
    assert_spoils(&interfaces[0], sizeof(doubtful), &doubtful);
    beyond = host_bits = no_family = resolvers[0];
    beyond.prefix.length = 33;
    host_bits.prefix.length = 31;
    no_family.prefix.address.family = 5;
    assert_spoils(&resolvers[0], sizeof(beyond), &beyond);
    assert_spoils(&resolvers[0], sizeof(host_bits), &host_bits);
    assert_spoils(&resolvers[0], sizeof(no_family), &no_family);
    upper = stranger = kind = patterns[0];
    upper.pattern.name.wire[1] = 'D';
    stranger.whitelist = WHITELISTS_MAX;
    kind.pattern.kind = PATTERN_ANY + 1;
    assert_spoils(&patterns[0], sizeof(upper), &upper);
    assert_spoils(&patterns[0], sizeof(stranger), &stranger);
    assert_spoils(&patterns[0], sizeof(kind), &kind);
    assert_spoils(vlans, sizeof(vlans), tags);
    none = unknown = loose = unsure = tunnels[0];
    none.encapsulation = ENCAPSULATION_NONE;
    unknown.encapsulation = ENCAPSULATION_COUNT;
    loose.from.length = 31;
    memset(&unsure.has_number, 2, sizeof(unsure.has_number));
    assert_spoils(&tunnels[0], sizeof(none), &none);
    assert_spoils(&tunnels[0], sizeof(unknown), &unknown);
    assert_spoils(&tunnels[0], sizeof(loose), &loose);
    assert_spoils(&tunnels[0], sizeof(unsure), &unsure);
    rootless = nobody = endless_chain = no_step = derived[0];
    rootless.root.length = 0;
    nobody.whitelist = WHITELISTS_MAX;
    endless_chain.steps = DERIVED_STEPS_MAX + 1;
    no_step.steps = 0;
    assert_spoils(&derived[0], sizeof(rootless), &rootless);
    assert_spoils(&derived[0], sizeof(nobody), &nobody);
    assert_spoils(&derived[0], sizeof(endless_chain), &endless_chain);
    assert_spoils(&derived[0], sizeof(no_step), &no_step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sealed_plan_says_the_same),
        cmocka_unit_test(test_a_plan_with_nothing_in_it),
        cmocka_unit_test(test_a_sealed_plan_cannot_be_changed),
        cmocka_unit_test(test_too_much_is_not_sealed),
        cmocka_unit_test(test_what_is_not_sealed_is_no_plan),
        cmocka_unit_test(test_another_size_is_no_plan),
        cmocka_unit_test(test_values_out_of_bounds_are_no_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
