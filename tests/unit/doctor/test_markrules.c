/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule of iptables that accepts marked connections.
 */
#include "doctor/rules/markrules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool accepts(const char *text)
{
    return markrules_accept(text, strlen(text), 0x570000);
}

static void test_the_rule_is_found(void **state)
{
    (void)state;
    assert_true(accepts("*filter\n:FORWARD DROP [0:0]\n"
                        "-A FORWARD -m connmark --mark 0x570000/0xff0000 -j ACCEPT\nCOMMIT\n"));
    assert_true(accepts("*nat\nCOMMIT\n*filter\n-A X -m connmark --mark 0x570000 -j ACCEPT"));
}

static void test_other_rules_are_not_it(void **state)
{
    static const char *const texts[] = {
        "",
        "*filter\nCOMMIT\n",
        "*mangle\n-A FORWARD -m connmark --mark 0x570000/0xff0000 -j ACCEPT\nCOMMIT\n",
        "*filter\n-A FORWARD -m connmark --mark 0x580000/0xff0000 -j ACCEPT\n",
        "*filter\n-A FORWARD -m connmark --mark 0x570000/0xff0000 -j DROP\n",
        "*filter\n-A FORWARD -m connmark --mark 0x570000/0xff0000 -j ACCEPTED\n",
        "*filter\n-A FORWARD -m connmark ! --mark 0x570000/0xff0000 -j ACCEPT\n",
        "*filter\n-A FORWARD -i eth0 -m connmark --mark 0x570000/0xff0000 -j ACCEPT\n",
        "*filter\n-A FORWARD -m connmark --mark 0x570000/0xff0000 -m x --y -j ACCEPT\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (accepts(texts[i]))
            fail_msg("taken for the rule: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_is_found),
        cmocka_unit_test(test_other_rules_are_not_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
