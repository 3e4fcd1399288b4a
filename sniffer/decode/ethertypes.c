/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few places: what is common keeps its own (the space-saving algorithm of Metwally and others).
 */
#include "sniffer/decode/ethertypes.h"

#include <stdbool.h>
#include <stddef.h>

/* Protocols of their own, on every wire: nobody's packets are in them. */
static bool is_quiet(uint16_t type)
{
    static const uint16_t quiet[] = {
        0x0806 /* ARP */,       0x8035 /* RARP */,
        0x8809 /* LACP, OAM */, 0x8863 /* PPPoE discovery */,
        0x888e /* 802.1X */,    0x88cc /* LLDP */,
        0x88f7 /* PTP */,       0x88f5 /* MVRP */,
        0x8902 /* 802.1ag */,   0x9000 /* loop */,
        0x887b /* HomePlug */,  0x88e1 /* HomePlug AV */,
    };

    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        if (quiet[i] == type)
            return true;
    }
    return false;
}

void ethertypes_count(struct ethertypes *types, uint16_t type)
{
    struct ethertype_count *rarest = &types->kept[0];

    if (is_quiet(type))
        return;
    for (size_t i = 0; i < ETHERTYPES_KEPT; i++) {
        struct ethertype_count *one = &types->kept[i];

        if (one->frames > 0 && one->type == type) {
            one->frames++;
            return;
        }
        if (one->frames < rarest->frames)
            rarest = one;
    }
    rarest->type = type;
    rarest->frames++;
}

struct ethertype_count ethertypes_most(const struct ethertypes *types)
{
    struct ethertype_count most = {0, 0};

    for (size_t i = 0; i < ETHERTYPES_KEPT; i++) {
        if (types->kept[i].frames > most.frames)
            most = types->kept[i];
    }
    return most;
}
