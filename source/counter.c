/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of counters and their texts.
 */
#include "source/counter.h"

static const struct {
    const char *name;
    const char *text;
} counters[COUNTER_COUNT] = {
    [COUNTER_FRAMES] = {"frames", "frames that reached the program"},
    [COUNTER_NOT_DNS] = {"not-dns", "frames without port 53"},
    [COUNTER_BAD_FRAMES] = {"bad-frames", "frames with truncated or inconsistent headers"},
    [COUNTER_MERGED_DATAGRAMS] = {"merged-datagrams",
                                  "datagrams that the kernel had put behind another one"},
    [COUNTER_OTHER_PORT] = {"other-port", "answers of trusted resolvers from a port other than 53"},
    [COUNTER_FRAGMENTS] = {"fragments", "IP fragments"},
    [COUNTER_OTHER_VLAN] = {"other-vlan", "frames with other tags than `vlans`"},
    [COUNTER_CUT_BY_SNAPLEN] = {"cut-by-snaplen", "frames captured shorter than they were"},
    [COUNTER_CUT_BEFORE] = {"cut-before", "frames truncated before they were captured"},
    [COUNTER_QUESTIONS] = {"questions", "questions that match"},
    [COUNTER_REPEATED_SIGHTS] = {"repeated-sights", "questions seen twice within 100 ms"},
    [COUNTER_RETRANSMISSIONS] = {"retransmissions", "questions asked again"},
    [COUNTER_QUESTIONS_DROPPED] = {"questions-dropped", "pending questions that were evicted"},
    [COUNTER_ANSWERS] = {"answers", "DNS responses"},
    [COUNTER_FOREIGN_ANSWERS] = {"foreign-answers", "responses whose question matches nothing"},
    [COUNTER_MATCHING_ANSWERS] = {"matching-answers", "responses whose question matches"},
    [COUNTER_LEARNED] = {"learned", "answers that the daemon took"},
    [COUNTER_ALARMS] = {"alarms", "different answers to a question already settled"},
    [COUNTER_ALARMS_ASKED_AGAIN] = {"alarms-asked-again",
                                    "of these, to questions that were asked again"},
    [COUNTER_BARE_CHECKSUMS] = {"bare-checksums", "checksums left to an offloading interface"},
    [COUNTER_BARE_CHECKSUMS_REFUSED] = {"bare-checksums-refused",
                                        "the same, refused by `checksums = \"verify\"`"},
    [COUNTER_DERIVED_NAMES] = {"derived-names", "names that a matching answer led to"},
    [COUNTER_ANTICIPATIONS] = {"anticipations", "questions for which the CPU was kept awake"},
    [COUNTER_ANTICIPATIONS_REFUSED] = {"anticipations-refused", "the same, past the budget"},
    [COUNTER_ANSWERS_LOST] = {"answers-lost", "answers that the daemon was too busy to receive"},
    [COUNTER_REPORTS_SUPPRESSED] = {"reports-suppressed",
                                    "refusals counted but not reported one by one"},
    [COUNTER_REASSEMBLED] = {"reassembled", "datagrams reassembled from IP fragments"},
    [COUNTER_FRAGMENTS_REFUSED] = {"fragments-refused",
                                   "fragments that overlap or have inconsistent lengths"},
    [COUNTER_FRAGMENTS_FORGOTTEN] = {"fragments-forgotten", "datagrams with missing fragments"},
    [COUNTER_TCP_SEGMENTS] = {"tcp-segments", "TCP segments to and from trusted servers"},
    [COUNTER_TCP_REPEATED] = {"tcp-repeated", "TCP segments with nothing new in them"},
    [COUNTER_TCP_CONFLICTS] = {"tcp-conflicts", "TCP segments retransmitted with different data"},
    [COUNTER_TCP_LOST] = {"tcp-lost", "TCP segments after missing data"},
    [COUNTER_TCP_GIVEN_UP] = {"tcp-given-up", "TCP segments of streams without DNS messages"},
    [COUNTER_TCP_UNTRUSTED] = {"tcp-untrusted", "TCP segments to and from other servers"},
    [COUNTER_EARLY_ANSWERS] = {"early-answers", "answers that were read before their questions"},
    [COUNTER_IN_8021Q] = {"in-8021q", "frames with 802.1Q tags"},
    [COUNTER_IN_8021AD] = {"in-8021ad", "frames with 802.1ad tags"},
    [COUNTER_IN_QINQ] = {"in-qinq", "frames with pre-802.1ad QinQ tags"},
    [COUNTER_IN_MPLS] = {"in-mpls", "frames with MPLS labels"},
    [COUNTER_IN_PPPOE] = {"in-pppoe", "frames in a PPPoE session"},
    [COUNTER_IN_NSH] = {"in-nsh", "packets behind a network service header"},
    [COUNTER_IN_ETAG] = {"in-etag", "frames with 802.1BR E-tags"},
    [COUNTER_IN_VNTAG] = {"in-vntag", "frames with VN-tags"},
    [COUNTER_IN_SGT] = {"in-sgt", "frames with security group tags"},
    [COUNTER_IN_FABRICPATH] = {"in-fabricpath", "frames in FabricPath"},
    [COUNTER_IN_PBB] = {"in-pbb", "frames in a provider's backbone (802.1ah)"},
    [COUNTER_IN_GRE] = {"in-gre", "frames with a packet in GRE"},
    [COUNTER_IN_ERSPAN] = {"in-erspan", "frames with a frame in ERSPAN"},
    [COUNTER_IN_VXLAN] = {"in-vxlan", "frames with a frame in VXLAN"},
    [COUNTER_IN_GENEVE] = {"in-geneve", "frames with a packet in Geneve"},
    [COUNTER_IN_IPIP] = {"in-ipip", "frames with an IP packet in another"},
    [COUNTER_IN_TZSP] = {"in-tzsp", "frames with a frame in TZSP"},
    [COUNTER_IN_GTP] = {"in-gtp", "frames with an IP packet in GTP-U"},
    [COUNTER_STRANGE_TUNNELS] = {"strange-tunnels",
                                 "packets in tunnels that `decapsulate` does not name"},
    [COUNTER_ENCRYPTED_DNS] = {"encrypted-dns", "connections to port 853: DNS over TLS or QUIC"},
    [COUNTER_ENCRYPTED_DNS_HTTPS] = {"encrypted-dns-https",
                                     "connections to port 443 of public DNS resolvers"},
    [COUNTER_DNSTAP_CONNECTIONS] = {"dnstap-connections",
                                    "connections of resolvers that are named in `peers`"},
    [COUNTER_DNSTAP_STRANGERS] = {"dnstap-strangers",
                                  "connections of users that `peers` does not name: refused"},
    [COUNTER_DNSTAP_TOO_MANY] = {"dnstap-too-many", "connections past the bound: refused"},
    [COUNTER_DNSTAP_BROKEN] =
        {"dnstap-broken", "connections ended for what they sent, or for standing still halfway"},
    [COUNTER_DNSTAP_FRAMES] = {"dnstap-frames", "frames"},
    [COUNTER_DNSTAP_OTHER_KIND] = {"dnstap-other-kind", "frames that are no answer to a client"},
    [COUNTER_DNSTAP_MALFORMED] = {"dnstap-malformed", "frames that are no dnstap message"},
    [COUNTER_DNSTAP_STALE] = {"dnstap-stale",
                              "answers that were told more than ten minutes late: not learned"},
    [COUNTER_DNSTAP_AGE_10MS] = {"dnstap-age-10ms", "answers that were told within 10 ms"},
    [COUNTER_DNSTAP_AGE_100MS] = {"dnstap-age-100ms", "answers that were told within 100 ms"},
    [COUNTER_DNSTAP_AGE_500MS] = {"dnstap-age-500ms", "answers that were told within 500 ms"},
    [COUNTER_DNSTAP_AGE_1S] = {"dnstap-age-1s", "answers that were told within 1 s"},
    [COUNTER_DNSTAP_AGE_2S] = {"dnstap-age-2s", "answers that were told within 2 s"},
    [COUNTER_DNSTAP_AGE_10S] = {"dnstap-age-10s", "answers that were told within 10 s"},
    [COUNTER_DNSTAP_AGE_MORE] = {"dnstap-age-more", "answers that were told later than that"},
};

const char *counter_name(enum counter counter)
{
    return (unsigned)counter < COUNTER_COUNT ? counters[counter].name : "";
}

const char *counter_text(enum counter counter)
{
    return (unsigned)counter < COUNTER_COUNT ? counters[counter].text : "";
}
