/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the configuration to the sources' plans: what each has to know, and nothing else.
 */
#include "daemon/config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static size_t pattern_total(const struct config *config)
{
    size_t total = 0;
    for (size_t i = 0; i < config->whitelist_count; i++)
        total += config->whitelists[i].pattern_count;
    return total;
}

/* NULL when out of memory. */
static struct whitelist_pattern *all_patterns(const struct config *config)
{
    struct whitelist_pattern *all = calloc(pattern_total(config) + 1, sizeof(*all));
    struct whitelist_pattern *next = all;

    for (size_t i = 0; all && i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];
        for (size_t j = 0; j < whitelist->pattern_count; j++)
            *next++ = (struct whitelist_pattern){.pattern = whitelist->patterns[j],
                                                 .whitelist = (uint8_t)i};
    }
    return all;
}

int config_plan(const struct config *config, struct plan *out, struct whitelist_pattern **patterns)
{
    size_t count = pattern_total(config);
    struct whitelist_pattern *all = all_patterns(config);
    if (!all)
        return -ENOMEM;
    *out = (struct plan){
        .interfaces = config->interfaces,
        .interface_count = config->interface_count,
        .patterns = all,
        .pattern_count = count,
        .vlans = config->vlans,
        .vlan_count = config->vlan_count,
        .tunnels = config->tunnels,
        .tunnel_count = config->tunnel_count,
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

static void fill_poll(const struct whitelist *whitelist, struct registry_whitelist *out)
{
    *out = (struct registry_whitelist){
        .interval = whitelist->registry_interval,
        .keep = whitelist->registry_keep,
        .shrink = whitelist->registry_shrink,
        .ttl_min = whitelist->ttl_min,
        .ttl_max = whitelist->ttl_max,
        .grace = whitelist->grace,
        .takes_addresses = whitelist->registry_addresses,
        .resolves = whitelist->resolve,
        .follows = whitelist->follow == FOLLOW_ACROSS,
        .discovers = whitelist->dns64_discover,
    };
    snprintf(out->name, sizeof(out->name), "%s", whitelist->name);
    snprintf(out->url, sizeof(out->url), "%s", whitelist->registry ? whitelist->registry : "");
    snprintf(out->ca, sizeof(out->ca), "%s", whitelist->registry_ca ? whitelist->registry_ca : "");
}

void config_poll_free(struct config_poll *poll)
{
    free(poll->whitelists);
    free(poll->patterns);
}

int config_poll_plan(const struct config *config, struct config_poll *out)
{
    struct config_poll poll = {
        .whitelists = calloc(config->whitelist_count + 1, sizeof(*poll.whitelists)),
        .patterns = all_patterns(config),
    };

    if (!poll.whitelists || !poll.patterns) {
        config_poll_free(&poll);
        return -ENOMEM;
    }
    for (size_t i = 0; i < config->whitelist_count; i++)
        fill_poll(&config->whitelists[i], &poll.whitelists[i]);
    poll.plan = (struct registry_plan){
        .whitelists = poll.whitelists,
        .whitelist_count = config->whitelist_count,
        .patterns = poll.patterns,
        .pattern_count = pattern_total(config),
        .resolvers = config->registry_resolvers,
        .resolver_count = config->registry_resolver_count,
    };
    *out = poll;
    return 0;
}
