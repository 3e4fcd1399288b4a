/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every port of every service at every address, at once; then a line for each service and address,
 * and which of them a client would take.
 */
#include "doctor/host/visit.h"

#include "client/commands/ruleset.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* For people, by state; of several ports. */
static const char *const state_texts[PROBE_STATE_COUNT] = {
    [PROBE_WAITING] = "waiting", [PROBE_ANSWERED] = "answered",
    [PROBE_OPEN] = "open",       [PROBE_STRANGE] = "answered, but not by a STUN server",
    [PROBE_REFUSED] = "refused", [PROBE_TURNED_AWAY] = "rejected",
    [PROBE_SILENT] = "silent",   [PROBE_NOT_SENT] = "not sent",
};

static bool probe_is_reached(const struct probe *probe)
{
    switch (probe->state) {
    case PROBE_ANSWERED:
    case PROBE_OPEN:
    case PROBE_STRANGE:
        return true;
    case PROBE_WAITING:
    case PROBE_REFUSED:
    case PROBE_TURNED_AWAY:
    case PROBE_SILENT:
    case PROBE_NOT_SENT:
    case PROBE_STATE_COUNT:
        return false;
    }
    return false;
}

static size_t services_of(const struct visit *visit, const struct service **out)
{
    static const struct service usual = {
        .protocol = IPPROTO_TCP, .first_port = VISIT_TLS_PORT, .last_port = VISIT_TLS_PORT};
    size_t count = visit->whitelist->service_count;

    *out = count ? visit->whitelist->services : &usual;
    return count == 0 ? 1 : count < VISIT_SERVICES_MAX ? count : VISIT_SERVICES_MAX;
}

static unsigned last_port(const struct service *service)
{
    unsigned most = service->first_port + VISIT_PORTS_MAX - 1u;

    return service->last_port < most ? service->last_port : most;
}

struct probe *visit_probe(struct visit *visit, const struct address *address, uint8_t protocol,
                          uint16_t port)
{
    for (size_t i = 0; i < visit->probe_count; i++) {
        struct probe *probe = &visit->probes[i];

        if (probe->protocol == protocol && probe->port == port &&
            address_equal(&probe->address, address))
            return probe;
    }
    return NULL;
}

/* Each port once, though several services may have it. */
static void service_ask(struct visit *visit, const struct service *service,
                        const struct address *address)
{
    for (unsigned port = service->first_port; port <= last_port(service); port++) {
        if (visit->probe_count < PROBES_MAX &&
            !visit_probe(visit, address, service->protocol, (uint16_t)port))
            visit->probes[visit->probe_count++] = (struct probe){.address = *address,
                                                                 .protocol = service->protocol,
                                                                 .port = (uint16_t)port,
                                                                 .fd = -1};
    }
}

/* ---- a line for each service and address ---- */

/* Of one service at one address: how many ports are in each state. */
struct summary {
    unsigned ports, reached;
    unsigned in_state[PROBE_STATE_COUNT];
    const struct probe *first_reached, *first_not;
};

static struct summary summarize(struct visit *visit, const struct service *service,
                                const struct address *address)
{
    struct summary summary = {.ports = 0};

    for (unsigned port = service->first_port; port <= last_port(service); port++) {
        const struct probe *probe = visit_probe(visit, address, service->protocol, (uint16_t)port);

        if (!probe)
            continue;
        summary.ports++;
        summary.in_state[probe->state]++;
        if (probe_is_reached(probe)) {
            summary.reached++;
            summary.first_reached = summary.first_reached ? summary.first_reached : probe;
        } else {
            summary.first_not = summary.first_not ? summary.first_not : probe;
        }
    }
    return summary;
}

/* "open", "3 answered, 2 silent" */
static void states_write(const struct summary *summary, char *out, size_t room)
{
    size_t used = 0;

    for (unsigned state = 0; state < PROBE_STATE_COUNT && used < room; state++) {
        unsigned count = summary->in_state[state];

        if (count == 0)
            continue;
        if (count == summary->ports && count == 1)
            snprintf(out, room, "%s", state_texts[state]);
        else if (count == summary->ports)
            snprintf(out, room, "all %u ports %s", count, state_texts[state]);
        else
            used += (size_t)snprintf(out + used, room - used, "%s%u %s", used ? ", " : "", count,
                                     state_texts[state]);
    }
}

static void unreached_advise(struct checklist *list, const struct probe *probe)
{
    char sender[ADDRESS_TEXT_MAX];
    bool foreign =
        probe->sender.family != ADDRESS_NONE && !address_equal(&probe->sender, &probe->address);

    address_to_text(&probe->sender, sender);
    if (probe->state == PROBE_SILENT && probe->protocol == IPPROTO_UDP)
        checklist_advise(list, "a firewall drops it, or the server answers known sessions only:"
                               " compare with a machine outside the network");
    else if (probe->state == PROBE_SILENT)
        checklist_advise(list,
                         "a firewall drops it: `wildset doctor` on that firewall shows whether"
                         " its rules accept it");
    else if (probe->state == PROBE_NOT_SENT && probe->error == EPERM)
        checklist_advise(list, "this machine's own rules (hook output) drop it");
    else if (probe->state == PROBE_NOT_SENT)
        checklist_advise(list, "%s: `ip route get` shows the route that this machine would use",
                         strerror(probe->error));
    else if (foreign)
        checklist_advise(list, "%s, a firewall or router, reports: %s", sender,
                         strerror(probe->error));
    else if (probe->state == PROBE_REFUSED)
        checklist_advise(list, "nothing listens there, or a firewall rejects it in the server's"
                               " name");
    else
        checklist_advise(list, "%s", strerror(probe->error));
}

static void service_report(struct visit *visit, const struct service *service,
                           const struct address *address)
{
    struct checklist *list = visit->doctor->list;
    struct summary summary = summarize(visit, service, address);
    char name[SERVICE_TEXT_MAX], where[ADDRESS_TEXT_MAX], states[160] = "", more[128] = "";
    bool good = summary.reached == summary.ports && !summary.in_state[PROBE_STRANGE];

    if (summary.ports == 0)
        return;
    states_write(&summary, states, sizeof(states));
    if (summary.first_reached) { /* how long it took, and how the server sees us */
        const struct stun_reply *stun = &summary.first_reached->stun;
        bool seen =
            summary.first_reached->state == PROBE_ANSWERED && stun->mapped.family != ADDRESS_NONE;
        int used = snprintf(more, sizeof(more), " after %.1f ms",
                            (double)summary.first_reached->took_us / 1000);

        if (seen)
            snprintf(more + used, sizeof(more) - (size_t)used,
                     "; it sees this machine as %s, port %u", address_to_text(&stun->mapped, where),
                     stun->mapped_port);
    }
    checklist_add(list, "service", good ? CHECK_OK : CHECK_WARNING, "%s to %s: %s%s",
                  service_to_text(service, name), address_to_text(address, where), states, more);
    if (summary.first_not)
        unreached_advise(list, summary.first_not);
    else if (!good)
        checklist_advise(list, "another program than a media server uses this port, or a firewall"
                               " answers");
}

void visit_services(struct visit *visit)
{
    const struct service *services;
    size_t count = services_of(visit, &services);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < visit->address_count; j++)
            service_ask(visit, &services[i], &visit->addresses[j]);
    probes_run(visit->probes, visit->probe_count, visit->doctor->timeout_ms);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < visit->address_count; j++)
            service_report(visit, &services[i], &visit->addresses[j]);
}

/* ---- the path ---- */

/* On 443 it takes TLS too. */
static bool is_usable(struct visit *visit, const struct service *service, size_t address)
{
    for (unsigned port = service->first_port; port <= last_port(service); port++) {
        const struct probe *probe =
            visit_probe(visit, &visit->addresses[address], service->protocol, (uint16_t)port);
        bool tls = service->protocol == IPPROTO_TCP && port == VISIT_TLS_PORT;

        if (!probe || !probe_is_reached(probe) || probe->state == PROBE_STRANGE)
            continue;
        if (!tls || !visit->tls_tried[address] || visit->tls_works[address])
            return true;
    }
    return false;
}

/* The best service that works over a family, `count` without one; *has: it has addresses at all. */
static size_t best_find(struct visit *visit, enum address_family family, bool *has)
{
    const struct service *services;
    size_t count = services_of(visit, &services);

    *has = false;
    for (size_t j = 0; j < visit->address_count; j++)
        *has |= visit->addresses[j].family == family;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < visit->address_count; j++) {
            if (visit->addresses[j].family == family && is_usable(visit, &services[i], j))
                return i;
        }
    }
    return count;
}

static void path_report(struct visit *visit, const char *family, size_t best)
{
    const struct service *services;
    size_t count = services_of(visit, &services);
    struct checklist *list = visit->doctor->list;
    char name[SERVICE_TEXT_MAX];

    if (best == count) {
        checklist_add(list, "path", CHECK_FAILURE, "over %s a client can use no service", family);
        checklist_advise(list, "the lines above show where each one fails");
        return;
    }
    service_to_text(&services[best], name);
    if (best == 0) {
        checklist_add(list, "path", CHECK_OK, "over %s a client uses %s, the first of %zu", family,
                      name, count);
        return;
    }
    checklist_add(list, "path", CHECK_WARNING,
                  "over %s a client falls back to %s, number %zu of %zu", family, name, best + 1,
                  count);
    checklist_advise(list, "it works, but not as well: the lines above show why the better ones do"
                           " not");
}

void visit_path(struct visit *visit)
{
    bool has4, has6;
    size_t best4 = best_find(visit, ADDRESS_IPV4, &has4);
    size_t best6 = best_find(visit, ADDRESS_IPV6, &has6);

    if (has4)
        path_report(visit, "IPv4", best4);
    if (has6)
        path_report(visit, "IPv6", best6);
}
