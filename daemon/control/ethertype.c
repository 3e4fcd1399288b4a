/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Those that packets may be in; others go by their number. */
#include "daemon/control/ethertype.h"

#include <stddef.h>

enum {
    SHARE_LEAST = 5, /* per cent */
    FRAMES_LEAST = 16,
};

const char *ethertype_name(uint16_t type)
{
    static const struct {
        uint16_t type;
        const char *name;
    } names[] = {
        {0x22f3, ", TRILL"},
        {0x88e5, ", MACsec: encrypted by the switches"},
        {0x8100, ", 802.1Q"},
        {0x8906, ", FCoE"},
        {0x8892, ", PROFINET"},
        {0x893b, ", TRILL fine-grained labels"},
        {0x876b, ", TCP/IP compression"},
        {0x88b5, ", for experiments"},
        {0x88b6, ", for experiments"},
        {0x894f, ", NSH"},
        {0xd28b, ", Arista's header"},
        {0x8870, ", jumbo LLC"},
        {0x88ca, ", TIPC"},
        {0x8915, ", RoCE"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "";
}

bool ethertype_is_common(uint64_t frames, uint64_t all, unsigned *share)
{
    if (frames < FRAMES_LEAST || all == 0)
        return false;
    *share = frames >= all ? 100 : (unsigned)((double)frames * 100 / (double)all);
    return *share >= SHARE_LEAST;
}
