/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where resolvers answer: at port 53, and where the plan's own do at others ("192.0.2.53@5353"),
 * of which there are a few at most.
 */
#ifndef WILDSET_SNIFFER_DECODE_DNSPORTS_H
#define WILDSET_SNIFFER_DECODE_DNSPORTS_H

#include "dnsparse/names/dns.h"
#include "sniffer/plan.h"

#include <stdbool.h>
#include <stdint.h>

struct dnsports {
    uint16_t others[PLAN_PORTS_MAX];
    unsigned count;
};

/* Those past PLAN_PORTS_MAX are left out. */
struct dnsports dnsports_of(const struct plan_resolver *resolvers, size_t count);
/* But for 53. */
bool dnsports_have_other(const struct dnsports *ports, uint16_t port);

/* NULL ports are 53 alone. */
static inline bool dnsports_have(const struct dnsports *ports, uint16_t port)
{
    return port == DNS_PORT || (ports && dnsports_have_other(ports, port));
}

#endif
