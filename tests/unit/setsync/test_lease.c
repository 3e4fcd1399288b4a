/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap, the table of leases, claims and quotas. */
#include "tests/unit/setsync/fixture.h"

#include "base/heap.h"

static void test_a_heap_gives_back_in_order(void **context)
{
    (void)context;
    enum { MANY = 1000 };
    static struct heap_node nodes[MANY];
    struct heap heap = {0};
    uint32_t random = 1;
    for (size_t i = 0; i < MANY; i++) {
        random = random * 1664525 + 1013904223;
        assert_int_equal(heap_put(&heap, &nodes[i], random >> 20), 0);
    }
    for (size_t i = 0; i < MANY; i += 3)
        heap_take(&heap, &nodes[i]);
    for (size_t i = 1; i < MANY; i += 3)
        assert_int_equal(heap_put(&heap, &nodes[i], 5000 - nodes[i].key), 0);
    heap_take(&heap, &nodes[0]); /* out already */
    uint64_t last = 0;
    size_t count = 0;
    for (struct heap_node *node; (node = heap_top(&heap)) != NULL; count++) {
        assert_true(node->key >= last);
        last = node->key;
        heap_take(&heap, node);
        assert_int_equal(node->place, 0);
    }
    assert_int_equal(count, MANY - (MANY + 2) / 3);
    heap_free(&heap);
}

static struct lease_claim claim_of(const struct whitelist *whitelist, const char *pattern,
                                   uint64_t expires_ns)
{
    struct lease_claim claim = {
        .whitelist = whitelist, .pattern = pattern_of(pattern), .expires_ns = expires_ns};
    return claim;
}

static struct lease_table *table_of(void)
{
    struct lease_table *table = NULL;
    assert_int_equal(lease_table_new(&table), 0);
    return table;
}

static void test_a_table_of_many_leases(void **context)
{
    (void)context;
    enum { MANY = 100000 };
    struct lease_table *table = table_of();
    struct set_name sets[2] = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        struct address address = address_from_ipv4((uint8_t[]){10, i >> 16, i >> 8 & 255, i & 255});
        struct lease *lease = lease_add(table, &sets[i & 1], &address);
        assert_non_null(lease);
        assert_int_equal(lease_set_due(table, lease, MANY - i), 0);
    }
    assert_int_equal(lease_table_count(table), MANY);
    struct address address = address_of("10.0.1.1");
    struct lease *lease = lease_find(table, &sets[1], &address);
    assert_non_null(lease);
    assert_true(address_equal(&lease->address, &address));
    assert_null(lease_find(table, &sets[0], &address)); /* sets are apart */
    lease_remove(table, lease);
    assert_null(lease_find(table, &sets[1], &address));
    lease_free(lease);
    assert_int_equal(lease_first_due(table)->due.key, 1);
    lease_table_free(table);
}

static void test_a_lease_is_extended_and_never_shortened(void **context)
{
    (void)context;
    struct lease_table *table = table_of();
    struct lease_quota quota = {0};
    struct whitelist whitelist = {0};
    struct set_name set = {0};
    struct address address = address_of("198.51.100.7");
    struct lease *lease = lease_add(table, &set, &address);
    struct lease_claim claim = claim_of(&whitelist, "*.example.net", 100);
    claim.granted_ns = 1;
    assert_int_equal(lease_claim(lease, &claim, &quota), 0);
    claim.granted_ns = 2;
    claim.seen_ns = 2;
    claim.expires_ns = 50;
    assert_int_equal(lease_claim(lease, &claim, &quota), 0);
    assert_int_equal(lease->expires_ns, 100);
    assert_int_equal(lease->claim_count, 1);
    assert_int_equal(lease->claims[0].granted_ns, 1);
    assert_int_equal(lease->claims[0].seen_ns, 2);
    claim.expires_ns = 150;
    assert_int_equal(lease_claim(lease, &claim, &quota), 0);
    assert_int_equal(lease->expires_ns, 150);
    assert_int_equal(quota.entries.count, 1);
    assert_int_equal(quota_entry_end(lease_quota_entry(lease, &whitelist)), 150);
    quota_free(&quota);
    lease_table_free(table);
}

static bool keep_second(const void *context, const struct lease_claim *claim)
{
    return claim->whitelist == context;
}

static void test_what_another_whitelist_claims_stays(void **context)
{
    (void)context;
    struct lease_table *table = table_of();
    struct lease_quota quotas[2] = {0};
    struct whitelist whitelists[2] = {0};
    struct set_name set = {0};
    struct address address = address_of("198.51.100.7");
    struct lease *lease = lease_add(table, &set, &address);
    struct lease_claim first = claim_of(&whitelists[0], "*.example.net", 100);
    struct lease_claim second = claim_of(&whitelists[1], "*.example.net", 70);
    assert_int_equal(lease_claim(lease, &first, &quotas[0]), 0);
    assert_int_equal(lease_claim(lease, &second, &quotas[1]), 0);
    assert_int_equal(lease->expires_ns, 100);
    lease_retain(lease, keep_second, &whitelists[1]);
    assert_int_equal(lease->claim_count, 1);
    assert_int_equal(lease->expires_ns, 70);
    assert_int_equal(quotas[0].entries.count, 0);
    assert_int_equal(quotas[1].entries.count, 1);
    assert_ptr_equal(quota_nearest_end(&quotas[1], 1), lease);
    assert_null(quota_nearest_end(&quotas[0], 1));
    quota_free(&quotas[0]);
    quota_free(&quotas[1]);
    lease_table_free(table);
}

static void test_a_ninth_claim_takes_the_place_of_the_shortest(void **context)
{
    (void)context;
    struct lease_table *table = table_of();
    struct lease_quota quotas[10] = {0};
    struct whitelist whitelists[10] = {0};
    struct set_name set = {0};
    struct address address = address_of("198.51.100.7");
    struct lease *lease = lease_add(table, &set, &address);
    for (unsigned i = 0; i < 10; i++) {
        struct lease_claim claim = claim_of(&whitelists[i], "*", i == 4 ? 10 : 100 + i);
        assert_int_equal(lease_claim(lease, &claim, &quotas[i]), 0);
    }
    assert_int_equal(lease->claim_count, LEASE_CLAIMS_MAX);
    assert_int_equal(quotas[4].entries.count, 0);
    assert_int_equal(quotas[0].entries.count, 0);
    assert_int_equal(quotas[9].entries.count, 1);
    assert_int_equal(lease->expires_ns, 109);
    for (unsigned i = 0; i < 10; i++)
        quota_free(&quotas[i]);
    lease_table_free(table);
}

static void test_the_last_eight_clients_are_kept(void **context)
{
    (void)context;
    struct lease lease = {0};
    struct address none = {0};
    lease_note_client(&lease, &none);
    assert_int_equal(lease.client_count, 0);
    for (unsigned i = 1; i <= 10; i++) {
        struct address client = address_from_ipv4((uint8_t[]){192, 0, 2, (uint8_t)i});
        lease_note_client(&lease, &client);
        lease_note_client(&lease, &client);
    }
    assert_int_equal(lease.client_count, LEASE_CLIENTS_MAX);
    assert_int_equal(lease.clients[0].bytes[3], 3);
    assert_int_equal(lease.clients[7].bytes[3], 10);
    free(lease.clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_heap_gives_back_in_order),
        cmocka_unit_test(test_a_table_of_many_leases),
        cmocka_unit_test(test_a_lease_is_extended_and_never_shortened),
        cmocka_unit_test(test_what_another_whitelist_claims_stays),
        cmocka_unit_test(test_a_ninth_claim_takes_the_place_of_the_shortest),
        cmocka_unit_test(test_the_last_eight_clients_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
