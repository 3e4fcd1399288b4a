/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rulesets in nft's JSON: every walk ends, and says where.
 */
#include "doctor/rules/nftwalk.h"

#include "tests/fuzz/require.h"

#include <netinet/in.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void walk_both_ways(const struct nftruleset *ruleset, const struct nftpacket *packet)
{
    for (unsigned way = NFTWALK_FORWARD; way <= NFTWALK_OUTPUT; way++) {
        struct nftwalk walk = nftwalk(ruleset, packet, (enum nftwalk_way)way);

        REQUIRE(memchr(walk.place, '\0', sizeof(walk.place)) != NULL);
        REQUIRE(memchr(walk.doubt, '\0', sizeof(walk.doubt)) != NULL);
        REQUIRE((walk.outcome == NFTWALK_DROPPED) == (walk.place[0] != '\0'));
        REQUIRE(walk.outcome != NFTWALK_DROPPED || walk.filtered);
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
        walk_both_ways(&ruleset, &packet);
        packet.family = ADDRESS_IPV6;
        packet.protocol = IPPROTO_UDP;
        walk_both_ways(&ruleset, &packet);
        nftruleset_references(&ruleset, &set);
        nftruleset_free(&ruleset);
    }
    json_decref(document);
    return 0;
}
