/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ethtool's features: their names and which are active, asked for by ioctl, since packet sockets
 * are at hand and nobody needs rights for it.
 */
#include "sniffer/live/merging.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    FEATURES_MAX = 256, /* Linux 6.18 has 64 */
    BLOCK_BITS = 32,
};

static bool features_ask(int fd, const char *interface, void *request)
{
    struct ifreq ifr = {.ifr_data = request};

    memcpy(ifr.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
    return ioctl(fd, SIOCETHTOOL, &ifr) == 0;
}

/* Both replies have room for as many as were counted. */
static bool features_merge(int fd, const char *interface, struct ethtool_gstrings *names,
                           struct ethtool_gfeatures *features)
{
    uint32_t most = names->len;

    if (!features_ask(fd, interface, names) || !features_ask(fd, interface, features))
        return false;
    for (uint32_t i = 0; i < names->len && i < most; i++) {
        const char *name = (const char *)names->data + i * ETH_GSTRING_LEN;
        uint32_t active = features->features[i / BLOCK_BITS].active;

        if (active >> i % BLOCK_BITS & 1 &&
            (strncmp(name, "rx-udp-gro-forwarding", ETH_GSTRING_LEN) == 0 ||
             strncmp(name, "rx-gro-list", ETH_GSTRING_LEN) == 0))
            return true;
    }
    return false;
}

static bool interface_merges(int fd, const char *interface)
{
    union {
        struct ethtool_sset_info info;
        uint8_t bytes[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
    } request = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
    struct ethtool_gstrings *names;
    struct ethtool_gfeatures *features;
    uint32_t count, blocks;
    bool found = false;

    if (!features_ask(fd, interface, &request) || request.info.sset_mask == 0)
        return false;
    memcpy(&count, request.bytes + sizeof(request.info), sizeof(count));
    if (count == 0 || count > FEATURES_MAX)
        return false;
    blocks = (count + BLOCK_BITS - 1) / BLOCK_BITS;
    names = calloc(1, sizeof(*names) + count * ETH_GSTRING_LEN);
    features = calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
    if (names && features) {
        *names = (struct ethtool_gstrings){
            .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
        *features = (struct ethtool_gfeatures){.cmd = ETHTOOL_GFEATURES, .size = blocks};
        found = features_merge(fd, interface, names, features);
    }
    free(names);
    free(features);
    return found;
}

bool merging_is_on(int fd, const char *interface)
{
    struct if_nameindex *all;
    bool any = false;

    if (strcmp(interface, "any") != 0)
        return interface_merges(fd, interface);
    all = if_nameindex();
    for (size_t i = 0; all && all[i].if_index != 0 && !any; i++)
        any = interface_merges(fd, all[i].if_name);
    if (all)
        if_freenameindex(all);
    return any;
}
