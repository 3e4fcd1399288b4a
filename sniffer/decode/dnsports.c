/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of at most eight, which is empty nearly everywhere.
 */
#include "sniffer/decode/dnsports.h"

bool dnsports_have_other(const struct dnsports *ports, uint16_t port)
{
    for (unsigned i = 0; i < ports->count; i++) {
        if (ports->others[i] == port)
            return true;
    }
    return false;
}

struct dnsports dnsports_of(const struct plan_resolver *resolvers, size_t count)
{
    struct dnsports ports = {.count = 0};

    for (size_t i = 0; i < count && ports.count < PLAN_PORTS_MAX; i++) {
        if (!dnsports_have(&ports, plan_resolver_port(&resolvers[i])))
            ports.others[ports.count++] = resolvers[i].port;
    }
    return ports;
}
