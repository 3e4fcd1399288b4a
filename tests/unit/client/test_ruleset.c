/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks as people write them, and which whitelists rules can be made of.  What the rules let pass
 * is tried with packets in tests/golden/rules.py.
 */
#include "client/commands/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

static void test_marks_that_are_read(void **state)
{
    static const struct {
        const char *text;
        uint32_t value, mask;
    } cases[] = {{"0x00570000/0x00ff0000", 0x570000, 0xff0000},
                 {"1", 1, 0xffffffff},
                 {"16/0x30", 16, 0x30},
                 {"0xffffffff/0xffffffff", 0xffffffff, 0xffffffff}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ruleset_mark mark = {.value = 0};
        assert_true(ruleset_mark_from_text(cases[i].text, &mark));
        assert_int_equal(mark.value, cases[i].value);
        assert_int_equal(mark.mask, cases[i].mask);
    }
}

static void test_marks_that_are_refused(void **state)
{
    static const char *const cases[] = {
        "",  "0",  "0/0xff", "0x100/0xff", "1/", "/1", "1/0", "1 /1",        "-1",           "1/-1",
        "x", "1x", "1/1x",   "1/1/1",      "+1", " 1", "0x",  "0x100000000", "1/0x100000000"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ruleset_mark mark = {.value = 7, .mask = 7};
        if (ruleset_mark_from_text(cases[i], &mark))
            fail_msg("\"%s\" was read", cases[i]);
        assert_int_equal(mark.value, 7);
        assert_int_equal(mark.mask, 7);
    }
}

static struct service services[] = {
    {.protocol = IPPROTO_UDP, .first_port = 19305, .last_port = 19309},
    {.protocol = IPPROTO_TCP, .first_port = 443, .last_port = 443},
};

static struct whitelist whitelist_with(const char *set4, const char *set6)
{
    struct whitelist whitelist = {.name = "w", .services = services, .service_count = 2};

    assert_true(set_name_from_text(set4, &whitelist.set4));
    assert_true(set_name_from_text(set6, &whitelist.set6));
    return whitelist;
}

static struct ruleset ruleset_of(const struct whitelist *whitelist)
{
    return (struct ruleset){.whitelist = whitelist,
                            .set4 = whitelist->set4,
                            .set6 = whitelist->set6,
                            .size4 = 304,
                            .size6 = 65536,
                            .chain = "forward",
                            .mark = {.value = 1, .mask = 0xffffffff}};
}

static void test_problems(void **state)
{
    struct whitelist good = whitelist_with("inet a b4", "inet a b6");
    struct whitelist apart = whitelist_with("ip a b4", "ip6 a b6");
    struct whitelist crossed = whitelist_with("ip6 a b4", "ip6 a b6");
    struct whitelist none = good;
    struct ruleset ruleset = ruleset_of(&good);

    (void)state;
    assert_null(ruleset_problem(&ruleset));
    ruleset = ruleset_of(&apart);
    assert_null(ruleset_problem(&ruleset));
    ruleset = ruleset_of(&crossed);
    assert_non_null(ruleset_problem(&ruleset));
    none.service_count = 0;
    ruleset = ruleset_of(&none);
    assert_non_null(strstr(ruleset_problem(&ruleset), "services"));
}

/* Sets in two tables: each gets its chain and its jump, and no rule names the other's set. */
static void test_two_tables(void **state)
{
    struct whitelist whitelist = whitelist_with("ip one b4", "ip6 two b6");
    struct ruleset ruleset = ruleset_of(&whitelist);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    ruleset_print_table(&ruleset, out);
    fclose(out);
    assert_non_null(strstr(text, "#     nft insert rule ip one forward jump wildset-w\n"));
    assert_non_null(strstr(text, "#     nft insert rule ip6 two forward jump wildset-w\n"));
    assert_non_null(strstr(text, "add rule ip one wildset-w ip daddr @b4 tcp dport 443 "));
    assert_non_null(
        strstr(text, "add rule ip6 two wildset-w ip6 daddr @b6 udp dport 19305-19309 "));
    assert_non_null(
        strstr(text, "add set ip one b4 { type ipv4_addr; size 304; flags timeout; }\n"));
    assert_non_null(
        strstr(text, "add set ip6 two b6 { type ipv6_addr; size 65536; flags timeout; }\n"));
    assert_null(strstr(text, "TO DO"));
    free(text);
}

/* set4 = "none": nothing of the rules speaks of that family. */
static void test_one_family_alone(void **state)
{
    struct whitelist whitelist = whitelist_with("none", "inet a b6");
    struct ruleset ruleset = ruleset_of(&whitelist);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_null(ruleset_problem(&ruleset));
    ruleset_print_table(&ruleset, out);
    ruleset_print_mark(&ruleset, out);
    fclose(out);
    assert_non_null(strstr(text, "add rule inet a wildset-w ip6 daddr @b6 tcp dport 443 "));
    assert_null(strstr(text, "ip daddr"));
    assert_null(strstr(text, "none"));
    assert_null(strstr(text, "TO DO"));
    free(text);
}

static void test_services_stand_in_their_order(void **state)
{
    struct whitelist whitelist = whitelist_with("inet a b4", "inet a b6");
    struct ruleset ruleset = ruleset_of(&whitelist);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    ruleset_print_mark(&ruleset, out);
    fclose(out);
    const char *first = strstr(text, "udp dport 19305-19309");
    const char *second = strstr(text, "tcp dport 443");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second);
    assert_non_null(strstr(text, "ct mark set 0x00000001"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_that_are_read),
        cmocka_unit_test(test_marks_that_are_refused),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_two_tables),
        cmocka_unit_test(test_one_family_alone),
        cmocka_unit_test(test_services_stand_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
