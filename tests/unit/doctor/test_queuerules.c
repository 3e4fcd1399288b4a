/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that give packets to wildsetd's queue, as nft and iptables-save show them: which are ours,
 * and which are in a chain whose rest, skipped behind a queue, drops packets.
 */
#include "doctor/rules/nftwalk.h"
#include "doctor/rules/queuerules.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- a ruleset in short ---- */

#define CHAIN(name) "{'chain':{'family':'inet','table':'filter','name':'" name "'}}"
#define BASE(name, hook, prio, policy)                                                             \
    "{'chain':{'family':'inet','table':'filter','name':'" name "','type':'filter','hook':'" hook   \
    "','prio':" prio ",'policy':'" policy "'}}"
#define RULE(chain, ...)                                                                           \
    "{'rule':{'family':'inet','table':'filter','chain':'" chain                                    \
    "','handle':7,'expr':[" __VA_ARGS__ "]}}"
#define JUMP(to) "{'jump':{'target':'" to "'}}"
#define GOTO(to) "{'goto':{'target':'" to "'}}"
#define DROP "{'drop':null}"
#define ACCEPT "{'accept':null}"
#define QUEUE "{'counter':{'packets':0,'bytes':0}},{'queue':{'num':5757,'flags':'bypass'}}"
#define OTHER "{'queue':{'num':5,'flags':'bypass'}}"
#define STATE "{'ct':{'key':'state'}}"
#define FORWARD(policy) BASE("forward", "forward", "0", policy)

struct seen {
    size_t count;
    struct queueplace last;
};

static void see(void *context, const struct queueplace *place)
{
    struct seen *seen = context;

    seen->count++;
    seen->last = *place;
}

static json_t *document_make(const char *items, struct nftruleset *ruleset)
{
    char text[8192];
    json_error_t error;

    snprintf(text, sizeof(text), "{'nftables':[{'metainfo':{}},%s]}", items);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *document = json_loads(text, 0, &error);
    if (!document)
        fail_msg("%s: %s", error.text, text);
    assert_true(nftruleset_read(document, ruleset));
    return document;
}

/* What `seen.last` points to lives as long as the document: only its plain members are looked at.
 */
static struct seen search(const char *items, const char *saved)
{
    const struct queuerules queues = {
        .number = 5757, .saved = {{.text = saved, .size = saved ? strlen(saved) : 0}}};
    struct nftruleset ruleset;
    struct seen seen = {.count = 0};
    json_t *document = document_make(items, &ruleset);

    assert_true(queuerules_each(&ruleset, &queues, see, &seen));
    nftruleset_free(&ruleset);
    json_decref(document);
    return seen;
}

static void test_where_it_is(void **state)
{
    static const struct {
        const char *what, *items;
        size_t count; /* base chains that lead to it */
        bool behind, before;
    } cases[] = {
        {"no rules", FORWARD("drop"), 0, false, false},
        {"a chain of its own", FORWARD("accept") "," RULE("forward", QUEUE), 1, false, false},
        {"the policy drops", FORWARD("drop") "," RULE("forward", QUEUE), 1, true, false},
        {"in front of a drop",
         FORWARD("accept") "," RULE("forward", QUEUE) "," RULE("forward", DROP), 1, true, false},
        {"in front of a reject",
         FORWARD("accept") "," RULE("forward", QUEUE) "," RULE("forward",
                                                               "{'reject':{'type':'icmpx'}}"),
         1, true, false},
        {"in front of a map that drops",
         FORWARD("accept") "," RULE("forward", QUEUE) "," RULE(
             "forward", "{'vmap':{'key':" STATE ",'data':{'set':[['established'," ACCEPT
                        "],['invalid'," DROP "]]}}}"),
         1, true, false},
        {"in front of a chain that drops",
         CHAIN("x") "," FORWARD("accept") "," RULE("x", DROP) "," RULE("forward", QUEUE) "," RULE(
             "forward", JUMP("x")),
         1, true, false},
        {"behind a drop alone",
         FORWARD("accept") "," RULE("forward", DROP) "," RULE("forward", QUEUE), 1, false, true},
        {"between two",
         FORWARD("accept") "," RULE("forward", DROP) "," RULE("forward", QUEUE) "," RULE("forward",
                                                                                         DROP),
         1, true, true},
        {"in a chain that is jumped to, the policy drops",
         CHAIN("x") "," FORWARD("drop") "," RULE("x", QUEUE) "," RULE("forward", JUMP("x")), 1,
         true, false},
        {"the same by a goto, from a chain between",
         CHAIN("x") "," CHAIN("y") "," FORWARD("accept") "," RULE("x", QUEUE) "," RULE(
             "y", GOTO("x")) "," RULE("forward", JUMP("y")) "," RULE("forward", DROP),
         1, true, false},
        {"from a map",
         CHAIN("x") "," FORWARD("drop") "," RULE("x", QUEUE) "," RULE(
             "forward", "{'vmap':{'key':" STATE ",'data':{'set':[['new'," JUMP("x") "]]}}}"),
         1, true, false},
        {"in a chain that nobody jumps to", CHAIN("x") "," FORWARD("drop") "," RULE("x", QUEUE), 0,
         false, false},
        {"another chain drops",
         FORWARD("drop") "," BASE("own", "forward", "-10", "accept") "," RULE("own", QUEUE), 1,
         false, false},
        {"from two base chains, the last of which drops",
         CHAIN("x") "," BASE("own", "forward", "-10", "accept") "," FORWARD("drop") "," RULE(
             "x", QUEUE) "," RULE("own", JUMP("x")) "," RULE("forward", JUMP("x")),
         2, true, false},
        {"another number", FORWARD("drop") "," RULE("forward", OTHER), 0, false, false},
        {"among several",
         FORWARD("drop") "," RULE(
             "forward", "{'queue':{'num':{'range':[5750,5760]},'flags':['bypass','fanout']}}"),
         1, true, false},
        {"not among several",
         FORWARD("drop") "," RULE("forward", "{'queue':{'num':{'range':[0,3]}}}"), 0, false, false},
        {"a calculated number",
         FORWARD("drop") "," RULE("forward", "{'queue':{'num':{'numgen':{'mode':'inc','mod':3}}}}"),
         0, false, false},
        {"a chain that jumps to itself",
         CHAIN("x") "," FORWARD("drop") "," RULE("x", JUMP("x")) "," RULE("x", QUEUE) "," RULE(
             "forward", JUMP("x")),
         1, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen seen = search(cases[i].items, NULL);

        if (seen.count != cases[i].count || seen.last.drops_behind != cases[i].behind ||
            seen.last.drops_before != cases[i].before)
            fail_msg("%s: %zu places, %d behind, %d before", cases[i].what, seen.count,
                     seen.last.drops_behind, seen.last.drops_before);
    }
}

static void test_bypass(void **state)
{
    (void)state;
    assert_true(search(FORWARD("accept") "," RULE("forward", QUEUE), NULL).last.read.bypass);
    assert_true(search(FORWARD("accept") "," RULE(
                           "forward", "{'queue':{'num':5757,'flags':['fanout','bypass']}}"),
                       NULL)
                    .last.read.bypass);
    assert_false(search(FORWARD("accept") "," RULE("forward", "{'queue':{'num':5757}}"), NULL)
                     .last.read.bypass);
}

/* ---- iptables-nft ---- */

#define IPTABLES(table, prio, policy)                                                              \
    "{'table':{'family':'ip','name':'" table "'}},{'chain':{'family':'ip','table':'" table         \
    "','name':'FORWARD','type':'filter','hook':'forward','prio':" prio ",'policy':'" policy "'}}"
#define TARGET(table, name)                                                                        \
    "{'rule':{'family':'ip','table':'" table "','chain':'FORWARD','handle':2,'expr':["             \
    "{'match':{'op':'==','left':{'meta':{'key':'l4proto'}},'right':'tcp'}},"                       \
    "{'counter':{'packets':0,'bytes':0}},{'xt':{'type':'target','name':'" name "'}}]}}"

static void test_rules_of_iptables(void **state)
{
    static const char saved[] =
        "# Generated by iptables-save v1.8.9 (nf_tables)\n"
        "*filter\n:FORWARD DROP [0:0]\n:FORWARDS - [0:0]\n"
        "-A FORWARDS -j NFQUEUE --queue-num 1\n"
        "-A FORWARD\n"
        "-A FORWARD -p tcp -m comment --comment \"a -j NFQUEUE --queue-num 1\" -j NFQUEUE "
        "--queue-num 5757 --queue-bypass\n"
        "COMMIT\n"
        "*mangle\n:FORWARD ACCEPT [0:0]\n"
        "-A FORWARD -p tcp -j NFQUEUE --queue-balance 5756:5758\n"
        "COMMIT\n"
        "*raw\n-A FORWARD -p tcp -j NFQUEUE --queue-num 5 --queue-bypass\nCOMMIT\n";
    static const char empty[] =
        "{'rule':{'family':'ip','table':'filter','chain':'FORWARD','handle':9,'expr':[]}}";
    char items[2048];
    struct seen seen;

    (void)state;
    snprintf(items, sizeof(items), "%s,%s,%s", IPTABLES("filter", "0", "drop"), empty,
             TARGET("filter", "NFQUEUE"));
    seen = search(items, saved);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.read.ours, TRUTH_YES);
    assert_true(seen.last.read.bypass);
    assert_int_equal(seen.last.read.position, 2);
    assert_true(seen.last.drops_behind);

    seen = search(IPTABLES("mangle", "-150",
                           "accept") "," TARGET("mangle", "NFQUEUE") "," TARGET("mangle", "REJECT"),
                  saved);
    assert_int_equal(seen.last.read.ours, TRUTH_YES);
    assert_false(seen.last.read.bypass);
    assert_true(seen.last.drops_behind);

    seen = search(IPTABLES("raw", "-300", "drop") "," TARGET("raw", "NFQUEUE"), saved);
    assert_int_equal(seen.count, 0);
    seen = search(IPTABLES("raw", "-300", "drop") "," TARGET("raw", "TPROXY"), saved);
    assert_int_equal(seen.count, 0);
    /* Nothing is known of its number. */
    seen = search(IPTABLES("raw", "-300", "drop") "," TARGET("raw", "NFQUEUE"), NULL);
    assert_int_equal(seen.last.read.ours, TRUTH_MAYBE);
}

static void test_an_endless_ruleset_ends(void **state)
{
    const struct queuerules queues = {.number = 5757};
    char items[8192] = FORWARD("drop");
    size_t used = strlen(items);
    struct nftruleset ruleset;
    struct seen seen = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        used += (size_t)snprintf(items + used, sizeof(items) - used,
                                 ",{'chain':{'family':'inet','table':'filter','name':'c%u'}}", i);
    for (unsigned i = 0; i < 20; i++)
        used += (size_t)snprintf(
            items + used, sizeof(items) - used,
            ",{'rule':{'family':'inet','table':'filter','chain':'c%u','expr':["
            "{'jump':{'target':'c%u'}},{'jump':{'target':'c%u'}},{'jump':{'target':'c%u'}}]}}",
            i, i + 1, i + 1, i + 1);
    snprintf(items + used, sizeof(items) - used, ",%s", RULE("forward", JUMP("c0")));
    json_t *document = document_make(items, &ruleset);
    assert_false(queuerules_each(&ruleset, &queues, see, &seen));
    nftruleset_free(&ruleset);
    json_decref(document);
}

/* ---- what reaches it ---- */

#define DADDR "{'payload':{'protocol':'ip','field':'daddr'}}"
#define TCP "{'payload':{'protocol':'tcp','field':'dport'}}"
#define MATCH(op, left, right) "{'match':{'op':'" op "','left':" left ",'right':" right "}}"
#define NEW MATCH("in", STATE, "'new'")
#define NOT_IN_SET MATCH("!=", DADDR, "'@lookback4'")
#define IN_SET MATCH("==", DADDR, "'@lookback4'")
/* As `wildset rules --hold` makes it. */
#define HOLD(prio)                                                                                                                                                                              \
    CHAIN("hold-queue")                                                                                                                                                                         \
    "," CHAIN("hold-meter") "," CHAIN("hold") "," BASE("hold-forward", "forward", prio, "accept") "," RULE("hold-queue", "{'limit':{'rate':2000,'burst':500,'per':'second'}}," QUEUE) "," RULE( \
        "hold-meter",                                                                                                                                                                           \
        "{'set':{'op':'add','elem':{'payload':{'protocol':'ip','field':'saddr'}},"                                                                                                              \
        "'set':'@hold4','stmt':[{'limit':{'rate':100,'burst':50,'per':'second'}}]}}," GOTO(                                                                                                     \
            "hold-queue")) "," RULE("hold",                                                                                                                                                     \
                                    IN_SET "," MATCH(                                                                                                                                           \
                                        "==", TCP,                                                                                                                                              \
                                        "443") ",{'return':null}") "," RULE("hold", NOT_IN_SET                                                                                                  \
                                                                            "," MATCH("==", TCP, "443") "," GOTO(                                                                               \
                                                                                "hold-meter")) "," RULE("hold-forward",                                                                         \
                                                                                                        NEW                                                                                     \
                                                                                                        "," JUMP(                                                                               \
                                                                                                            "hold"))
#define USES_SET RULE("forward", IN_SET "," ACCEPT)

static struct nftwalk walk(const char *items, bool outside, uint16_t port)
{
    const struct queuerules queues = {.number = 5757};
    struct nftruleset ruleset;
    struct set_name set;
    json_t *document = document_make(items, &ruleset);

    assert_true(set_name_from_text("inet filter lookback4", &set));
    const struct nftpacket packet = {.family = ADDRESS_IPV4,
                                     .protocol = IPPROTO_TCP,
                                     .port = port,
                                     .set = &set,
                                     .outside = outside,
                                     .connection_mark = {.known = true}};
    struct nftwalk result = nftwalk(&ruleset, &packet, &queues, NFTWALK_FORWARD);
    nftruleset_free(&ruleset);
    json_decref(document);
    return result;
}

static void test_what_reaches_it(void **state)
{
    struct nftwalk result = walk(HOLD("-10") "," FORWARD("drop") "," USES_SET, true, 443);

    (void)state;
    assert_true(result.queued);
    assert_string_equal(result.queue, "inet filter hold-queue, handle 7");
    assert_string_equal(result.late, "");
    assert_int_equal(result.outcome, NFTWALK_DROPPED); /* what decides is behind it */
    assert_false(walk(HOLD("-10") "," FORWARD("drop") "," USES_SET, true, 80).queued);
    result = walk(HOLD("-10") "," FORWARD("drop") "," USES_SET, false, 443);
    assert_false(result.queued);
    assert_int_equal(result.outcome, NFTWALK_PASSES);
    assert_true(result.by_set);
}

static void test_too_late(void **state)
{
    /* Behind the chain that looks at the set; and one that drops in front of it. */
    struct nftwalk result = walk(HOLD("10") "," FORWARD("accept") "," USES_SET, true, 443);

    (void)state;
    assert_true(result.queued);
    assert_string_equal(result.late, "inet filter forward, handle 7");
    assert_false(walk(HOLD("10") "," FORWARD("drop") "," USES_SET, true, 443).queued);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_it_is),       cmocka_unit_test(test_bypass),
        cmocka_unit_test(test_rules_of_iptables), cmocka_unit_test(test_an_endless_ruleset_ends),
        cmocka_unit_test(test_what_reaches_it),   cmocka_unit_test(test_too_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
