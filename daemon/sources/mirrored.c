/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asked at a start and at a reload alone; afterwards the sniffer's plan says which frames are a
 * mirror port's, so that an interface that is none any more costs no security.
 */
#include "daemon/sources/mirrored.h"

#include "daemon/sources/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool one_is_named(const struct config *config)
{
    for (size_t i = 0; i < config->mirror_count; i++) {
        if (strcmp(config->mirrors[i].name, "auto") != 0)
            return true;
    }
    return false;
}

static bool is_there(const struct topology *topology, const char *name)
{
    if (strcmp(name, "any") == 0)
        return true;
    for (size_t i = 0; i < topology->link_count; i++) {
        if (strncmp(topology->links[i].name, name, IFNAMSIZ) == 0)
            return true;
    }
    return false;
}

static bool all_are_there(const struct topology *topology, const struct config *config)
{
    for (size_t i = 0; i < config->interface_count; i++) {
        if (!is_there(topology, config->interfaces[i].name))
            return false;
    }
    return true;
}

static bool one_is_evident(const struct topology *topology, const struct config *config)
{
    const struct mirror_choice choice = {.detect = true};
    const struct plan plan = {.interfaces = config->interfaces,
                              .interface_count = config->interface_count};
    struct topology_past *past = calloc(1, sizeof(*past)); /* large */
    struct mirror_port ports[PLAN_INTERFACES_MAX];
    bool evident = false;

    size_t count = past ? topology_ports(topology, past, &choice, &plan, ports) : 0;
    for (size_t i = 0; i < count; i++)
        evident |= mirror_is_taken((enum mirror_verdict)ports[i].verdict);
    free(past);
    return evident;
}

/* When the kernel does not tell, nothing is refused for that: then no tunnel is entered, either. */
static bool may_have_mirror(const struct config *config)
{
    struct topology topology;

    if (one_is_named(config) || !config->mirrors_auto)
        return one_is_named(config);
    if (topology_read(&topology) < 0)
        return true;
    bool may = !all_are_there(&topology, config) || one_is_evident(&topology, config);
    topology_free(&topology);
    return may;
}

int mirrored_config_read(const char *path, struct config **out, char error[static CONFIG_ERROR_MAX])
{
    struct config *config;
    int result = config_read(path, &config, error);

    if (result)
        return result;
    if (config->open_tunnel && !may_have_mirror(config)) {
        snprintf(error, CONFIG_ERROR_MAX, "%s", config->open_tunnel);
        config_free(config);
        return -EINVAL;
    }
    *out = config;
    return 0;
}
