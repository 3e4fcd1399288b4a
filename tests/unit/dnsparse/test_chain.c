/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains of CNAME and DNAME records from the question's name to their end. */
#include "tests/unit/dnsparse/fixture.h"

#include <stdio.h>

static void test_without_alias_the_question_is_the_end(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 1, 1);
    put_a(&f->message, "eu1.example", 300, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 0);
    assert_int_equal(f->answer.chain_ttl, UINT32_MAX);
    assert_name(answer_owner(&f->answer), "eu1.example");
    assert_int_equal(f->answer.address_count, 1);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 300);
    assert_int_equal(f->answer.target_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
}

static void test_cnames_are_followed_with_the_least_ttl(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 1, 4);
    put_alias(&f->message, "eu1.example", 5, 600, "a.example");
    put_alias(&f->message, "a.example", 5, 60, "lb.example.net");
    put_a(&f->message, "lb.example.net", 300, 0xc6336407);
    put_a(&f->message, "lb.example.net", 30, 0xc6336408);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 2);
    assert_int_equal(f->answer.chain_ttl, 60);
    assert_name(&f->answer.chain[0], "a.example");
    assert_name(answer_owner(&f->answer), "lb.example.net");
    assert_int_equal(f->answer.address_count, 2);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 60);
    assert_address(&f->answer, 1, "198.51.100.8", RECORD_A, 30);
    assert_int_equal(f->answer.target_count, 0);
}

static void test_record_order_does_not_matter(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 1, 3);
    put_a(&f->message, "lb.example.net", 300, 0xc6336407);
    put_alias(&f->message, "a.example", 5, 60, "lb.example.net");
    put_alias(&f->message, "eu1.example", 5, 600, "a.example");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 2);
    assert_int_equal(f->answer.address_count, 1);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 60);
    assert_int_equal(f->answer.stray_count, 0);
}

/* Question, owner and target differ in case (0x20), as resolvers send them. */
static void test_case_does_not_break_the_chain(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;

    put_header(m, FLAG_RESPONSE, 1, 2);
    put_bytes(m, "\3eU1\7ExAmPlE", 13); /* QNAME */
    put_u16(m, 1);                      /* QTYPE A */
    put_u16(m, 1);                      /* QCLASS IN */
    put_bytes(m, "\3Eu1\7eXaMpLe", 13); /* owner */
    rr_open(m, 5, 60);                  /* CNAME */
    put_bytes(m, "\2Lb\7EXAMPLE", 12);  /* target */
    rr_close(m);
    put_bytes(m, "\2lB\7example", 12); /* owner */
    rr_open(m, 1, 60);                 /* A */
    put_u32(m, 0xc6336407);
    rr_close(m);
    assert_outcome(f, ANSWER_OK);
    assert_name(&f->answer.question, "eu1.example");
    assert_name(answer_owner(&f->answer), "lb.example");
    assert_int_equal(f->answer.address_count, 1);
    assert_memory_equal(m->bytes + QUESTION_AT, "\3eU1", 4); /* the message is only lent */
}

static void test_dname_with_its_cname(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.old.example", 28, 3);
    put_alias(&f->message, "old.example", 39, 100, "new.example");
    put_alias(&f->message, "eu1.old.example", 5, 90, "eu1.new.example");
    put_aaaa(&f->message, "eu1.new.example", 300, 7);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 1);
    assert_int_equal(f->answer.chain_ttl, 90);
    assert_address(&f->answer, 0, "2001:db8::7", RECORD_AAAA, 90);
}

static void test_dname_alone_is_substituted(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.eu1.old.example", 28, 2);
    put_alias(&f->message, "old.example", 39, 100, "new.test");
    put_aaaa(&f->message, "a.eu1.new.test", 300, 7);
    assert_outcome(f, ANSWER_OK);
    assert_name(answer_owner(&f->answer), "a.eu1.new.test");
    assert_address(&f->answer, 0, "2001:db8::7", RECORD_AAAA, 100);
}

static void test_dname_does_not_rename_its_owner_nor_lookalikes(void **state)
{
    static const char *const names[] = {"old.example", "notold.example", "x\\.old.example"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        response_start(&f->message, names[i], 1, 1);
        put_alias(&f->message, "old.example", 39, 100, "new.example");
        assert_outcome(f, ANSWER_OK);
        assert_int_equal(f->answer.chain_count, 0);
    }
}

static void test_topmost_dname_counts_in_any_order(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 2; round++) {
        response_start(&f->message, "x.y.old.example", 1, 2);
        if (round == 0)
            put_alias(&f->message, "old.example", 39, 100, "top.test");
        put_alias(&f->message, "y.old.example", 39, 100, "low.test");
        if (round == 1)
            put_alias(&f->message, "old.example", 39, 100, "top.test");
        assert_outcome(f, ANSWER_OK);
        assert_name(answer_owner(&f->answer), "x.y.top.test");
    }
}

/* Four labels that make the name 251 bytes long; the DNAME adds more than fit. */
static void test_dname_that_makes_the_name_too_long_is_malformed(void **state)
{
    struct fixture *f = *state;
    char name[DNAME_TEXT_MAX];

    memset(name, 'a', sizeof name);
    name[63] = name[127] = name[191] = '.';
    strcpy(name + 245, ".io");
    response_start(&f->message, name, 1, 1);
    put_alias(&f->message, "io", 39, 100, "longer1");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(answer_owner(&f->answer)->length, 255);
    response_start(&f->message, name, 1, 1);
    put_alias(&f->message, "io", 39, 100, "longer12");
    assert_outcome(f, ANSWER_MALFORMED);
}

static void test_loops_are_refused(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 1);
    put_alias(&f->message, "a.example", 5, 60, "A.example");
    assert_outcome(f, ANSWER_LOOP);
    response_start(&f->message, "a.example", 1, 3);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "b.example", 5, 60, "c.example");
    put_alias(&f->message, "c.example", 5, 60, "b.example");
    assert_outcome(f, ANSWER_LOOP);
    response_start(&f->message, "x.a.example", 1, 2);
    put_alias(&f->message, "a.example", 39, 60, "b.example");
    put_alias(&f->message, "b.example", 39, 60, "a.example");
    assert_outcome(f, ANSWER_LOOP);
}

/* A DNAME to a name below itself grows without end. */
static void test_dname_below_itself_is_a_chain_too_long(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "x.a.example", 1, 1);
    put_alias(&f->message, "a.example", 39, 60, "y.a.example");
    assert_outcome(f, ANSWER_TOO_LONG_CHAIN);
}

static void put_chain(struct message *m, unsigned steps)
{
    char from[32], to[32];

    response_start(m, "n0.example", 1, steps + 1);
    for (unsigned i = steps; i > 0; i--) {
        snprintf(from, sizeof from, "n%u.example", i - 1);
        snprintf(to, sizeof to, "n%u.example", i);
        put_alias(m, from, 5, 60, to);
    }
    snprintf(to, sizeof to, "n%u.example", steps);
    put_a(m, to, 60, 0xc6336407);
}

static void test_sixteen_steps_are_followed_seventeen_are_not(void **state)
{
    struct fixture *f = *state;

    put_chain(&f->message, 16);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, ANSWER_CHAIN_MAX);
    assert_name(answer_owner(&f->answer), "n16.example");
    assert_int_equal(f->answer.address_count, 1);
    put_chain(&f->message, 17);
    assert_outcome(f, ANSWER_TOO_LONG_CHAIN);
}

/* glibc uses the last one, unbound the first, musl, c-ares and dnsmasq both. */
static void test_of_two_cnames_both_are_followed(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 6);
    put_a(&f->message, "d.example", 300, 0xc6336408);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "a.example", 5, 50, "c.example");
    put_alias(&f->message, "c.example", 5, 40, "d.example");
    put_a(&f->message, "b.example", 300, 0xc6336407);
    put_a(&f->message, "c.example", 30, 0xc6336409);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 3);
    assert_name(answer_name(&f->answer, 0), "a.example");
    assert_name(answer_name(&f->answer, 1), "b.example");
    assert_name(answer_name(&f->answer, 2), "c.example");
    assert_name(answer_name(&f->answer, 3), "d.example");
    assert_int_equal(f->answer.leads[0], 15);
    assert_int_equal(f->answer.leads[1], 2);
    assert_int_equal(f->answer.leads[2], 12);
    assert_int_equal(f->answer.leads[3], 8);
    assert_int_equal(f->answer.address_count, 3);
    assert_address(&f->answer, 0, "198.51.100.8", RECORD_A, 40);
    assert_int_equal(f->answer.addresses[0].owners, 8);
    assert_address(&f->answer, 1, "198.51.100.7", RECORD_A, 40);
    assert_int_equal(f->answer.addresses[1].owners, 2);
    assert_address(&f->answer, 2, "198.51.100.9", RECORD_A, 30);
    assert_int_equal(f->answer.addresses[2].owners, 4);
    assert_int_equal(f->answer.target_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
}

/* Each branch that holds no address is open. */
static void test_each_branch_has_an_end(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 3);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "a.example", 5, 60, "c.example");
    put_a(&f->message, "a.example", 300, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
    assert_int_equal(f->answer.addresses[0].owners, 1);
    assert_int_equal(f->answer.target_count, 2);
    assert_target(&f->answer, 0, "b.example", 60);
    assert_target(&f->answer, 1, "c.example", 60);
    assert_int_equal(f->answer.targets[1].owners, 4);
}

static void test_branches_that_meet_again_are_no_loop(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 5);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "a.example", 5, 60, "c.example");
    put_alias(&f->message, "b.example", 5, 60, "d.example");
    put_alias(&f->message, "c.example", 5, 60, "d.example");
    put_a(&f->message, "d.example", 300, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 3);
    assert_int_equal(f->answer.leads[0], 15);
    assert_int_equal(f->answer.address_count, 1);
    put_alias(&f->message, "d.example", 5, 60, "c.example");
    patch_u16(&f->message, 6, 6);
    assert_outcome(f, ANSWER_LOOP);
}

static void test_an_address_with_two_owners_counts_once(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 4);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "a.example", 5, 60, "c.example");
    put_a(&f->message, "b.example", 60, 0xc6336407);
    put_a(&f->message, "c.example", 50, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 50);
    assert_int_equal(f->answer.addresses[0].owners, 6);
    assert_int_equal(answer_next_owned(&f->answer, 0, 7, 1), 0);
    assert_int_equal(answer_next_owned(&f->answer, 0, 7, 2), 1);
    assert_int_equal(answer_next_owned(&f->answer, 0, 4, 2), 0);
    assert_int_equal(answer_next_owned(&f->answer, 0, 1, 0), 1);
}

/* As VMware's NAT writes it; without the address nobody can use it. */
static void test_an_alias_to_itself_beside_an_address_is_idle(void **state)
{
    struct fixture *f = *state;

    for (unsigned at_end = 0; at_end <= 1; at_end++) {
        const char *name = at_end ? "b.example" : "a.example";

        response_start(&f->message, "a.example", 1, 2 + at_end);
        if (at_end)
            put_alias(&f->message, "a.example", 5, 60, "b.example");
        put_alias(&f->message, name, 5, 5, name);
        put_a(&f->message, name, 300, 0xc6336406);
        assert_outcome(f, ANSWER_OK);
        assert_int_equal(f->answer.chain_count, at_end);
        assert_int_equal(f->answer.address_count, 1);
        assert_int_equal(f->answer.target_count, 0);
        patch_u16(&f->message, 6, 1 + at_end);
        assert_outcome(f, ANSWER_LOOP);
    }
}

static void test_an_address_in_a_real_loop_changes_nothing(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 3);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "b.example", 5, 60, "a.example");
    put_a(&f->message, "a.example", 60, 0xc6336407);
    assert_outcome(f, ANSWER_LOOP);
}

static void test_two_different_dnames_at_one_name_are_malformed(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "x.a.example", 1, 2);
    put_alias(&f->message, "a.example", 39, 60, "b.example");
    put_alias(&f->message, "a.example", 39, 60, "c.example");
    assert_outcome(f, ANSWER_MALFORMED);
}

/* Whoever owns them: no honest answer has so many. */
static void test_more_aliases_than_anybody_needs_are_refused(void **state)
{
    struct fixture *f = *state;

    for (unsigned type = 5; type <= 39; type += 34)
        for (unsigned count = ANSWER_ALIASES_MAX; count <= ANSWER_ALIASES_MAX + 1; count++) {
            response_start(&f->message, "a.example", 1, count);
            for (unsigned i = 0; i < count; i++)
                put_alias(&f->message, "other.example", type, 60, "b.example");
            assert_outcome(f, count > ANSWER_ALIASES_MAX ? ANSWER_TOO_LONG_CHAIN : ANSWER_OK);
        }
}

static void test_the_same_cname_twice_is_one(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 2);
    put_alias(&f->message, "a.example", 5, 60, "b.example");
    put_alias(&f->message, "A.example", 5, 50, "B.example");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 1);
    assert_int_equal(f->answer.chain_ttl, 50);
}

static void test_alias_with_the_top_ttl_bit_counts_as_zero(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 2);
    put_alias(&f->message, "a.example", 5, 0x80000000, "b.example");
    put_a(&f->message, "b.example", 300, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_ttl, 0);
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 0);
}

static void test_aliases_beside_the_chain_do_not_move_it(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "a.example", 1, 3);
    put_alias(&f->message, "evil.example", 5, 60, "a.example");
    put_a(&f->message, "a.example", 300, 0xc6336407);
    put_alias(&f->message, "b.example", 5, 60, "evil.example");
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.chain_count, 0);
    assert_int_equal(f->answer.address_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_without_alias_the_question_is_the_end),
        fixture_test(test_cnames_are_followed_with_the_least_ttl),
        fixture_test(test_record_order_does_not_matter),
        fixture_test(test_case_does_not_break_the_chain),
        fixture_test(test_dname_with_its_cname),
        fixture_test(test_dname_alone_is_substituted),
        fixture_test(test_dname_does_not_rename_its_owner_nor_lookalikes),
        fixture_test(test_topmost_dname_counts_in_any_order),
        fixture_test(test_dname_that_makes_the_name_too_long_is_malformed),
        fixture_test(test_loops_are_refused),
        fixture_test(test_dname_below_itself_is_a_chain_too_long),
        fixture_test(test_sixteen_steps_are_followed_seventeen_are_not),
        fixture_test(test_of_two_cnames_both_are_followed),
        fixture_test(test_each_branch_has_an_end),
        fixture_test(test_branches_that_meet_again_are_no_loop),
        fixture_test(test_an_address_with_two_owners_counts_once),
        fixture_test(test_an_alias_to_itself_beside_an_address_is_idle),
        fixture_test(test_an_address_in_a_real_loop_changes_nothing),
        fixture_test(test_two_different_dnames_at_one_name_are_malformed),
        fixture_test(test_more_aliases_than_anybody_needs_are_refused),
        fixture_test(test_the_same_cname_twice_is_one),
        fixture_test(test_alias_with_the_top_ttl_bit_counts_as_zero),
        fixture_test(test_aliases_beside_the_chain_do_not_move_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
