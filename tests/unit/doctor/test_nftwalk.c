/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rulesets as nft prints them, and what becomes of a new connection to an address in a set.
 */
#include "doctor/rules/nftwalk.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- a ruleset in short ---- */

#define CHAIN(table, name) "{'chain':{'family':'inet','table':'" table "','name':'" name "'}}"
#define BASE(table, name, hook, prio, policy)                                                      \
    "{'chain':{'family':'inet','table':'" table "','name':'" name                                  \
    "','type':'filter','hook':'" hook "','prio':" prio ",'policy':'" policy "'}}"
#define RULE(table, chain, ...)                                                                    \
    "{'rule':{'family':'inet','table':'" table "','chain':'" chain                                 \
    "','handle':7,'expr':[" __VA_ARGS__ "]}}"
#define MATCH(op, left, right) "{'match':{'op':'" op "','left':" left ",'right':" right "}}"
#define DADDR "{'payload':{'protocol':'ip','field':'daddr'}}"
#define DADDR6 "{'payload':{'protocol':'ip6','field':'daddr'}}"
#define TCP "{'payload':{'protocol':'tcp','field':'dport'}}"
#define UDP "{'payload':{'protocol':'udp','field':'dport'}}"
#define STATE "{'ct':{'key':'state'}}"
#define MARK "{'ct':{'key':'mark'}}"
#define ACCEPT "{'accept':null}"
#define DROP "{'drop':null}"
#define TO_SET MATCH("==", DADDR, "'@lookback4'")
#define FORWARD BASE("filter", "forward", "forward", "0", "drop")
#define ESTABLISHED                                                                                \
    RULE("filter", "forward", MATCH("in", STATE, "['established','related']") "," ACCEPT)

static struct nftwalk walk(const char *items, enum address_family family, uint8_t protocol,
                           uint16_t port)
{
    char text[8192];
    struct nftruleset ruleset;
    struct set_name set;
    json_error_t error;

    snprintf(text, sizeof(text), "{'nftables':[{'metainfo':{}},%s]}", items);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *document = json_loads(text, 0, &error);
    if (!document)
        fail_msg("%s: %s", error.text, text);
    assert_true(nftruleset_read(document, &ruleset));
    assert_true(set_name_from_text(
        family == ADDRESS_IPV4 ? "inet filter lookback4" : "inet filter lookback6", &set));
    const struct nftpacket packet = {.family = family,
                                     .protocol = protocol,
                                     .port = port,
                                     .set = &set,
                                     .connection_mark = {.known = true}};
    struct nftwalk result = nftwalk(&ruleset, &packet, NULL, NFTWALK_FORWARD);
    nftruleset_free(&ruleset);
    json_decref(document);
    return result;
}

static void test_outcomes(void **state)
{
    static const struct {
        const char *what, *items;
        enum nftwalk_outcome outcome; /* of TCP to port 443 over IPv4 */
        bool by_set;
    } cases[] = {
        {"no chain at all", CHAIN("filter", "x"), NFTWALK_PASSES, false},
        {"nothing but a policy", FORWARD, NFTWALK_DROPPED, false},
        {"established only", FORWARD "," ESTABLISHED, NFTWALK_DROPPED, false},
        {"the set and the port",
         FORWARD "," RULE("filter", "forward", TO_SET "," MATCH("==", TCP, "443") "," ACCEPT),
         NFTWALK_PASSES, true},
        {"the set alone", FORWARD "," RULE("filter", "forward", TO_SET "," ACCEPT), NFTWALK_PASSES,
         true},
        {"another port",
         FORWARD "," RULE("filter", "forward", TO_SET "," MATCH("==", TCP, "80") "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"the other protocol",
         FORWARD "," RULE("filter", "forward", TO_SET "," MATCH("==", UDP, "443") "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"the other family",
         FORWARD "," RULE("filter", "forward", MATCH("==", DADDR6, "'@lookback6'") "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"a range and a list of ports",
         FORWARD
         "," RULE("filter", "forward",
                  TO_SET "," MATCH("==", TCP, "{'set':[80,{'range':[440,450]}]}") "," ACCEPT),
         NFTWALK_PASSES, true},
        {"a set of the same name in another table",
         BASE("other", "forward", "forward", "0", "drop") "," RULE("other", "forward",
                                                                   TO_SET "," ACCEPT),
         NFTWALK_MAY_PASS, false},
        {"every address but those in the set",
         FORWARD "," RULE("filter", "forward", MATCH("!=", DADDR, "'@lookback4'") "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"the set, from an interface",
         FORWARD "," RULE("filter", "forward",
                          MATCH("==", "{'meta':{'key':'iifname'}}", "'lan'") "," TO_SET "," ACCEPT),
         NFTWALK_MAY_PASS, true},
        {"the set, but for the loopback",
         FORWARD "," RULE("filter", "forward",
                          MATCH("!=", "{'meta':{'key':'iifname'}}", "'lo'") "," TO_SET "," ACCEPT),
         NFTWALK_PASSES, true},
        {"a rule that counts only",
         FORWARD "," RULE("filter", "forward", TO_SET ",{'counter':{'packets':1}}"),
         NFTWALK_DROPPED, false},
        {"dropped before it is accepted",
         FORWARD
         "," RULE("filter", "forward", DROP) "," RULE("filter", "forward", TO_SET "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"rejected",
         BASE("filter", "forward", "forward", "0",
              "accept") "," RULE("filter", "forward", TO_SET ",{'reject':{'type':'icmpx'}}"),
         NFTWALK_DROPPED, false},
        {"through a jump",
         CHAIN("filter", "w") "," FORWARD
                              "," RULE("filter", "w", MATCH("==", TCP, "443") "," ACCEPT) "," RULE(
                                  "filter", "forward", TO_SET ",{'jump':{'target':'w'}}"),
         NFTWALK_PASSES, true},
        {"a goto does not come back",
         CHAIN("filter", "w") "," FORWARD
                              "," RULE("filter", "forward", "{'goto':{'target':'w'}}") "," RULE(
                                  "filter", "forward", TO_SET "," ACCEPT),
         NFTWALK_DROPPED, false},
        {"a jump does",
         CHAIN("filter", "w") "," FORWARD "," RULE("filter", "w", "{'return':null}") "," RULE(
             "filter", "forward", "{'jump':{'target':'w'}}") "," RULE("filter", "forward",
                                                                      TO_SET "," ACCEPT),
         NFTWALK_PASSES, true},
        {"a map of states",
         FORWARD
         "," RULE("filter", "forward",
                  "{'vmap':{'key':" STATE ",'data':{'set':[['established'," ACCEPT
                  "],['invalid'," DROP "]]}}}") "," RULE("filter", "forward", TO_SET "," ACCEPT),
         NFTWALK_PASSES, true},
        {"a map of ports",
         FORWARD "," RULE("filter", "forward",
                          TO_SET ",{'vmap':{'key':" TCP ",'data':{'set':[[80," DROP "],[443," ACCEPT
                                 "]]}}}"),
         NFTWALK_PASSES, true},
        {"a map of another protocol's ports",
         FORWARD "," RULE("filter", "forward",
                          "{'vmap':{'key':" UDP ",'data':{'set':[[443," ACCEPT "]]}}}"),
         NFTWALK_DROPPED, false},
        {"accepted here, dropped by a later table",
         FORWARD "," BASE("late", "forward", "forward", "10", "drop") "," RULE("filter", "forward",
                                                                               TO_SET "," ACCEPT),
         NFTWALK_DROPPED, true},
        {"another hook's policy is not asked", BASE("filter", "input", "input", "0", "drop"),
         NFTWALK_PASSES, false},
        {"iptables' extensions", FORWARD "," RULE("filter", "forward", "{'xt':null}," ACCEPT),
         NFTWALK_MAY_PASS, false},
        {"a chain that is not there",
         FORWARD "," RULE("filter", "forward", "{'jump':{'target':'nowhere'}}"), NFTWALK_DROPPED,
         false},
        {"a chain that jumps to itself",
         CHAIN("filter", "w") "," FORWARD
                              "," RULE("filter", "w", "{'jump':{'target':'w'}}") "," RULE(
                                  "filter", "forward", "{'jump':{'target':'w'}}"),
         NFTWALK_DROPPED, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct nftwalk result = walk(cases[i].items, ADDRESS_IPV4, IPPROTO_TCP, 443);

        if (result.outcome != cases[i].outcome || result.by_set != cases[i].by_set)
            fail_msg("%s: outcome %d, %sby the set; %s", cases[i].what, (int)result.outcome,
                     result.by_set ? "" : "not ", result.place);
    }
}

/* As `wildset rules --shape mark` makes it, and a firewall that accepts by the mark. */
static void test_marks(void **state)
{
    static const char marks[] =
        BASE("wildset", "mark", "forward", "-150", "accept") "," FORWARD "," RULE(
            "wildset", "mark",
            MATCH("==", TCP,
                  "443") ",{'mangle':{'key':" MARK ",'value':{'|':[{'&':[" MARK
                         ",4283957247]},5701632]}}}") "," RULE("filter", "forward",
                                                               MATCH("==",
                                                                     "{'&':[" MARK ",16711680]}",
                                                                     "5701632") "," ACCEPT);
    struct nftwalk result = walk(marks, ADDRESS_IPV4, IPPROTO_TCP, 443);

    (void)state;
    assert_int_equal(result.outcome, NFTWALK_PASSES);
    assert_true(result.mark.known);
    assert_int_equal(result.mark.value, 0x570000);
    assert_false(result.by_set); /* no rule has asked the set */
    result = walk(marks, ADDRESS_IPV4, IPPROTO_TCP, 80);
    assert_int_equal(result.outcome, NFTWALK_DROPPED);
    assert_int_equal(result.mark.value, 0);
    assert_non_null(strstr(result.place, "inet filter forward, by its policy"));
}

/* Of two with one priority the kernel passes the newer one first; nft lists it behind. */
static void test_the_newer_chain_comes_first(void **state)
{
    static const char marks[] =
        FORWARD "," RULE("filter", "forward", MATCH("==", MARK, "5") "," ACCEPT) "," BASE(
            "newer", "forward", "forward", "0",
            "accept") "," RULE("newer", "forward", "{'mangle':{'key':" MARK ",'value':5}}");

    (void)state;
    assert_int_equal(walk(marks, ADDRESS_IPV4, IPPROTO_TCP, 443).outcome, NFTWALK_PASSES);
}

static void test_a_mark_from_the_set_is_by_the_set(void **state)
{
    static const char marks[] =
        BASE("filter", "mark", "forward", "-150", "accept") "," FORWARD "," RULE(
            "filter", "mark",
            TO_SET ",{'mangle':{'key':" MARK
                   ",'value':5}}") "," RULE("filter", "forward", MATCH("==", MARK, "5") "," ACCEPT);
    struct nftwalk result = walk(marks, ADDRESS_IPV4, IPPROTO_UDP, 19305);

    (void)state;
    assert_int_equal(result.outcome, NFTWALK_PASSES);
    assert_true(result.by_set);
}

static void test_a_rule_before_it_is_a_doubt(void **state)
{
    struct nftwalk result = walk(
        FORWARD "," RULE("filter", "forward", MATCH("==", DADDR, "'192.0.2.1'") "," DROP) "," RULE(
            "filter", "forward", TO_SET "," ACCEPT),
        ADDRESS_IPV4, IPPROTO_TCP, 443);

    (void)state;
    assert_int_equal(result.outcome, NFTWALK_PASSES);
    assert_string_equal(result.doubt, "inet filter forward, handle 7");
    assert_string_equal(result.place, "");
}

/* Chains that each jump twice to the next one: more ways than anybody can go. */
static void test_a_huge_ruleset_ends(void **state)
{
    char items[8192] = FORWARD;
    size_t used = strlen(items);

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
    snprintf(items + used, sizeof(items) - used, ",%s",
             RULE("filter", "forward", "{'jump':{'target':'c0'}}"));
    struct nftwalk result = walk(items, ADDRESS_IPV4, IPPROTO_TCP, 443);
    assert_true(result.incomplete);
}

static void test_references(void **state)
{
    static const char text[] =
        "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"c\"}},"
        "{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"match\":"
        "{\"op\":\"==\",\"left\":{\"concat\":[1,2]},\"right\":\"@s\"}}]}},"
        "{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"vmap\":"
        "{\"key\":1,\"data\":\"@s\"}}]}},"
        "{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"match\":"
        "{\"right\":\"@ss\"}}]}}]}";
    json_t *document = json_loads(text, 0, NULL);
    struct nftruleset ruleset;
    struct set_name set;

    (void)state;
    assert_true(nftruleset_read(document, &ruleset));
    assert_true(set_name_from_text("ip t s", &set));
    assert_int_equal(nftruleset_references(&ruleset, &set), 2);
    assert_true(set_name_from_text("ip6 t s", &set));
    assert_int_equal(nftruleset_references(&ruleset, &set), 0);
    nftruleset_free(&ruleset);
    json_decref(document);
}

static void test_what_is_no_ruleset(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"nftables\":{}}", "{\"nftables\":[{\"chain\":{\"family\":\"ip\"}}]}",
        "{\"nftables\":[{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c\"}}]}"};
    struct nftruleset ruleset;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *document = json_loads(texts[i], 0, NULL);
        assert_false(nftruleset_read(document, &ruleset));
        json_decref(document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_the_newer_chain_comes_first),
        cmocka_unit_test(test_a_mark_from_the_set_is_by_the_set),
        cmocka_unit_test(test_a_rule_before_it_is_a_doubt),
        cmocka_unit_test(test_a_huge_ruleset_ends),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_what_is_no_ruleset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
