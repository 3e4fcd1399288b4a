/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as a value: made with the defaults, asked, freed.
 */
#include "daemon/config/config.h"

#include "daemon/config/reader.h"
#include "dnsparse/names/pattern_index.h"

#include <stdlib.h>
#include <string.h>

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof(*config));
    if (!config)
        return NULL;
    *config = (struct config){
        .require_query = true,
        .checksums = CHECKSUMS_AUTO,
        .latency = LATENCY_LOW,
        .hold_queue = CONFIG_HOLD_QUEUE,
        .log = CONFIG_LOG_GRANTS,
        .whitelists = calloc(WHITELISTS_MAX, sizeof(*config->whitelists)),
    };
    if (config->whitelists)
        return config;
    free(config);
    return NULL;
}

void config_free_whitelist(struct whitelist *whitelist)
{
    patternindex_free(whitelist->index);
    free(whitelist->patterns);
    free(whitelist->services);
    free(whitelist->refuse);
    free(whitelist->dns64);
    free(whitelist->registry);
    free(whitelist->registry_ca);
}

static void lines_free(struct config_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
    free(lines->line);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->whitelist_count; i++)
        config_free_whitelist(&config->whitelists[i]);
    lines_free(&config->warnings);
    lines_free(&config->notes);
    free(config->dnstap_socket);
    free(config->dnstap_peers);
    free(config->tunnels);
    free(config->open_tunnel);
    free(config->whitelists);
    free(config->vlans);
    free(config->resolvers);
    free(config->registry_resolvers);
    free(config->mirrors);
    free(config->interfaces);
    free(config);
}

void config_warnings(const struct config *config, void (*warn)(void *context, const char *line),
                     void *context)
{
    for (size_t i = 0; i < config->warnings.count; i++)
        warn(context, config->warnings.line[i]);
}

void config_notes(const struct config *config, void (*note)(void *context, const char *line),
                  void *context)
{
    for (size_t i = 0; i < config->notes.count; i++)
        note(context, config->notes.line[i]);
}

bool config_resolver_is_default(const struct plan_resolver *resolver)
{
    return resolver->prefix.address.family == ADDRESS_NONE;
}

bool config_believes_default(const struct config *config)
{
    for (size_t i = 0; i < config->resolver_count; i++) {
        if (config_resolver_is_default(&config->resolvers[i]))
            return true;
    }
    return config->resolver_count == 0;
}

const struct whitelist *config_whitelist(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->whitelist_count; i++)
        if (strcmp(config->whitelists[i].name, name) == 0)
            return &config->whitelists[i];
    return NULL;
}
