/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rulesets in nft's JSON: every walk ends, and says where.
 */
#include "doctor/rules/nftwalk.h"

#include "tests/fuzz/require.h"

#include <netinet/in.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char saved[] =
    "*filter\n-A FORWARD -j NFQUEUE --queue-num 5757 --queue-bypass\nCOMMIT\n";
static const struct queuerules asked = {.number = 5757,
                                        .saved = {{.text = saved, .size = sizeof(saved) - 1}}};

static void look_at_place(void *context, const struct queueplace *place)
{
    (void)context;
    REQUIRE(place->base->hook && place->chain && place->rule);
    REQUIRE(place->read.ours != TRUTH_NO);
    REQUIRE((place->drop != NULL) == (place->drops_behind || place->drops_before));
}

static void walk_both_ways(const struct nftruleset *ruleset, const struct nftpacket *packet,
                           const struct queuerules *queues)
{
    for (unsigned way = NFTWALK_FORWARD; way <= NFTWALK_OUTPUT; way++) {
        struct nftwalk walk = nftwalk(ruleset, packet, queues, (enum nftwalk_way)way);

        REQUIRE(memchr(walk.place, '\0', sizeof(walk.place)) != NULL);
        REQUIRE(memchr(walk.doubt, '\0', sizeof(walk.doubt)) != NULL);
        REQUIRE((walk.outcome == NFTWALK_DROPPED) == (walk.place[0] != '\0'));
        REQUIRE(walk.outcome != NFTWALK_DROPPED || walk.filtered);
        REQUIRE(walk.queued == (walk.queue[0] != '\0') && (queues || !walk.queued));
        REQUIRE(walk.queued || walk.late[0] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *document = json_loadb((const char *)bytes, size, 0, NULL);
    struct nftpacket packet = {
        .protocol = IPPROTO_TCP, .port = 443, .connection_mark = {.known = true}};
    struct nftruleset ruleset;
    struct set_name set;

    REQUIRE(set_name_from_text("inet wildset lookback4", &set));
    packet.set = &set;
    if (document && nftruleset_read(document, &ruleset)) {
        packet.family = ADDRESS_IPV4;
        walk_both_ways(&ruleset, &packet, NULL);
        packet.family = ADDRESS_IPV6;
        packet.protocol = IPPROTO_UDP;
        packet.outside = true;
        walk_both_ways(&ruleset, &packet, &asked);
        queuerules_each(&ruleset, &asked, look_at_place, NULL);
        nftruleset_references(&ruleset, &set);
        nftruleset_free(&ruleset);
    }
    json_decref(document);
    return 0;
}
