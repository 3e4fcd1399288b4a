/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Found by asking nft 1.0.6 about every word of its manual and of its library; `destroy` is of
 * later ones.  tests/golden/rules.py asks the nft that is there about each of them again.
 */
#include "daemon/config/words.h"

#include <stddef.h>
#include <string.h>

static const char *const words[] = {
    "accept",   "add",        "ah",        "all",      "and",      "arp",       "auto-merge",
    "bridge",   "cgroup",     "chain",     "comment",  "comp",     "constant",  "continue",
    "counter",  "cpu",        "create",    "ct",       "day",      "dccp",      "define",
    "delete",   "describe",   "destroy",   "device",   "devices",  "dnat",      "drop",
    "dst",      "dup",        "dynamic",   "ecn",      "element",  "elements",  "eq",
    "esp",      "ether",      "exists",    "expires",  "export",   "exthdr",    "fib",
    "flags",    "flow",       "flowtable", "flush",    "frag",     "fwd",       "gc-interval",
    "ge",       "get",        "goto",      "gt",       "handle",   "hbh",       "hook",
    "hour",     "ibriport",   "ibrname",   "icmp",     "icmpv6",   "igmp",      "iif",
    "iifgroup", "iifname",    "iiftype",   "import",   "include",  "index",     "inet",
    "insert",   "interval",   "ip",        "ip6",      "ipsec",    "jhash",     "jump",
    "le",       "limit",      "list",      "log",      "lshift",   "lt",        "map",
    "mark",     "masquerade", "meta",      "meter",    "mh",       "missing",   "monitor",
    "ne",       "netdev",     "nftrace",   "not",      "notrack",  "numgen",    "obriport",
    "obrname",  "offload",    "oif",       "oifgroup", "oifname",  "oiftype",   "or",
    "osf",      "pkttype",    "policy",    "position", "priority", "queue",     "quota",
    "random",   "redefine",   "redirect",  "reject",   "rename",   "replace",   "reset",
    "return",   "rshift",     "rt",        "rt0",      "rt2",      "rtclassid", "rule",
    "ruleset",  "sctp",       "secmark",   "set",      "size",     "skgid",     "skuid",
    "snat",     "socket",     "srh",       "symhash",  "synproxy", "table",     "tcp",
    "th",       "time",       "timeout",   "tproxy",   "type",     "typeof",    "udp",
    "udplite",  "undefine",   "update",    "vlan",     "vmap",     "xor",       "xt",
};

/* Names as such, but "@ll" and "@nh" begin an expression about a packet's bytes. */
static const char *const set_words[] = {"ll", "nh"};

bool config_word_is_taken(const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

const char *config_taken_word(const struct set_name *name)
{
    if (config_word_is_taken(name->table))
        return name->table;
    for (size_t i = 0; i < sizeof(set_words) / sizeof(set_words[0]); i++) {
        if (strcmp(set_words[i], name->set) == 0)
            return name->set;
    }
    return config_word_is_taken(name->set) ? name->set : NULL;
}
