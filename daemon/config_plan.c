/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the configuration to the sniffer's plan: what it has to know, and nothing else.
 */
#include "daemon/config.h"

#include <errno.h>
#include <stdlib.h>

static size_t pattern_total(const struct config *config)
{
    size_t total = 0;
    for (size_t i = 0; i < config->whitelist_count; i++)
        total += config->whitelists[i].pattern_count;
    return total;
}

static void fill_patterns(const struct config *config, struct whitelist_pattern *patterns)
{
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];
        for (size_t j = 0; j < whitelist->pattern_count; j++)
            *patterns++ = (struct whitelist_pattern){.pattern = whitelist->patterns[j],
                                                     .whitelist = (uint8_t)i};
    }
}

int config_plan(const struct config *config, struct plan *out, struct whitelist_pattern **patterns)
{
    size_t count = pattern_total(config);
    struct whitelist_pattern *all = calloc(count ? count : 1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    fill_patterns(config, all);
    *out = (struct plan){
        .interfaces = config->interfaces,
        .interface_count = config->interface_count,
        .resolvers = config->resolvers,
        .resolver_count = config->resolver_count,
        .patterns = all,
        .pattern_count = count,
        .vlans = config->vlans,
        .vlan_count = config->vlan_count,
        .decapsulate = config->decapsulate,
        .require_query = config->require_query,
        .checksums = config->checksums,
        .latency = config->latency,
    };
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];
        if (whitelist->match == MATCH_CHAIN)
            out->chain_whitelists |= (whitelist_mask)1 << i;
        if (whitelist->follow == FOLLOW_ACROSS)
            out->follow_whitelists |= (whitelist_mask)1 << i;
        out->ttl_min[i] = whitelist->ttl_min;
        out->ttl_max[i] = whitelist->ttl_max;
    }
    *patterns = all;
    return 0;
}
