/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's addresses, as programs on this machine ask for them, and what the daemon makes of
 * them.
 */
#include "doctor/host/visit.h"

#include "base/deadline.h"
#include "base/json_read.h"
#include "dnsparse/names/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESOLVE_SECONDS = 15, /* more than the C library's own patience with one resolver */
    LEARN_MS = 1500,      /* from the answer on the wire to the lease: far less */
    LEARN_STEP_MS = 50,
};

static const struct {
    int family;
    const char *text;
    const char *record;
} families[FAMILIES] = {{AF_INET, "IPv4", "A"}, {AF_INET6, "IPv6", "AAAA"}};

/* ---- resolving ---- */

static bool has_address(const struct visit *visit, const struct address *address)
{
    for (size_t i = 0; i < visit->address_count; i++) {
        if (address_equal(&visit->addresses[i], address))
            return true;
    }
    return false;
}

static void answer_take(struct visit *visit, size_t family, const struct addrinfo *infos)
{
    char text[VISIT_FAMILY_MAX * (ADDRESS_TEXT_MAX + 1)] = "", one[ADDRESS_TEXT_MAX];
    size_t count = 0, kept = 0;

    for (const struct addrinfo *info = infos; info; info = info->ai_next) {
        struct address address = address_from_sockaddr(info->ai_addr);

        if (info->ai_family != families[family].family || has_address(visit, &address))
            continue;
        count++;
        if (kept == VISIT_FAMILY_MAX)
            continue;
        kept++;
        visit->addresses[visit->address_count++] = address;
        strcat(text, " ");
        strcat(text, address_to_text(&address, one));
    }
    if (count > 0)
        checklist_add(visit->doctor->list, "resolve", CHECK_OK, "%s has %zu %s address%s:%s%s",
                      visit->doctor->host, count, families[family].text, count == 1 ? "" : "es",
                      text, count > kept ? " and more, which are not tried" : "");
}

/* One question to the C library, which knows no time-out: in a thread of its own. */
struct lookup {
    const char *host;
    int family;
    int error; /* EAI_... */
    struct addrinfo *infos;
    pthread_t thread;
    bool started;
};

static void *lookup_run(void *context)
{
    struct lookup *lookup = context;
    const struct addrinfo hints = {.ai_family = lookup->family, .ai_socktype = SOCK_STREAM};

    lookup->error = getaddrinfo(lookup->host, NULL, &hints, &lookup->infos);
    return NULL;
}

/* Nothing in the DNS is something else than a DNS that does not answer. */
static void failure_report(struct visit *visit, const int errors[static FAMILIES])
{
    struct checklist *list = visit->doctor->list;
    const char *host = visit->doctor->host;
    bool absent = errors[0] == EAI_NONAME || errors[0] == EAI_NODATA;

    if (absent) {
        checklist_add(list, "resolve", CHECK_FAILURE, "%s has no address: %s", host,
                      gai_strerror(errors[0]));
        checklist_advise(list,
                         "is the name right? `getent ahosts %s` asks the same, `dig %s` only"
                         " the DNS",
                         host, host);
        return;
    }
    checklist_add(list, "resolve", CHECK_FAILURE, "%s cannot be resolved: %s", host,
                  errors[0] == EAI_INPROGRESS ? "no answer in time" : gai_strerror(errors[0]));
    checklist_advise(list,
                     "can this machine reach its resolvers? see /etc/resolv.conf and"
                     " `dig %s`",
                     host);
}

bool visit_resolve(struct visit *visit)
{
    /* They outlive a question that never ends: its thread still has them. */
    static struct lookup lookups[FAMILIES];
    int errors[FAMILIES];
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RESOLVE_SECONDS;
    for (size_t i = 0; i < FAMILIES; i++) {
        lookups[i] = (struct lookup){.host = visit->doctor->host, .family = families[i].family};
        lookups[i].started = pthread_create(&lookups[i].thread, NULL, lookup_run, &lookups[i]) == 0;
    }
    for (size_t i = 0; i < FAMILIES; i++) {
        if (!lookups[i].started)
            errors[i] = EAI_MEMORY;
        else if (pthread_clockjoin_np(lookups[i].thread, NULL, CLOCK_MONOTONIC, &until) != 0)
            errors[i] = EAI_INPROGRESS; /* it is not back in time */
        else
            errors[i] = lookups[i].error;
        if (errors[i] != 0)
            continue;
        answer_take(visit, i, lookups[i].infos);
        freeaddrinfo(lookups[i].infos);
    }
    if (visit->address_count == 0)
        failure_report(visit, errors);
    return visit->address_count > 0;
}

/* ---- allowed ---- */

/* What explain says, or NULL; the connection is kept for the next one. */
static json_t *explanation_get(struct doctor *doctor, const char *address)
{
    json_t *arguments = json_pack("{s:s}", "address", address);
    json_t *reply = NULL;
    int error = connection_ask(doctor->connection, "explain", arguments);

    json_decref(arguments);
    if (error == 0 && connection_receive(doctor->connection, &reply) == 1)
        return reply;
    connection_close(doctor->connection);
    doctor->connection = NULL;
    return NULL;
}

/* Its answer passed by a moment ago, and takes that moment. */
static json_t *explanation_await(struct doctor *doctor, const char *address, uint64_t deadline_ns)
{
    const struct timespec step = {.tv_nsec = LEARN_STEP_MS * 1000000L};
    json_t *reply = explanation_get(doctor, address);

    while (reply && !json_is_true(json_object_get(reply, "allowed")) &&
           deadline_left_ms(deadline_ns) > 0) {
        nanosleep(&step, NULL);
        json_decref(reply);
        reply = explanation_get(doctor, address);
    }
    return reply;
}

static void refusal_report(struct doctor *doctor, const char *address, const json_t *reply)
{
    const char *reason = "";
    json_t *whitelist;
    size_t i;

    json_array_foreach(json_object_get(reply, "whitelists"), i,
                       whitelist) if (*text_of(whitelist, "reason")) reason =
        text_of(whitelist, "reason");
    checklist_add(doctor->list, "allowed", CHECK_WARNING, "%s is not in a set%s%s", address,
                  *reason ? ": " : "", reason);
    checklist_advise(doctor->list,
                     "did the answer to this machine come from a trusted resolver, over a captured"
                     " interface? what counts are the clients' answers; see `wildset explain %s`",
                     address);
}

static void lease_report(struct doctor *doctor, const char *address, const json_t *reply)
{
    const json_t *lease = json_array_get(json_object_get(reply, "leases"), 0);
    const char *element = text_of(lease, "element");

    if (strcmp(element, "absent") == 0) {
        checklist_add(doctor->list, "allowed", CHECK_FAILURE,
                      "%s should be in %s but is missing in the kernel", address,
                      text_of(lease, "set"));
        checklist_advise(doctor->list, "another program removes it: see `nft monitor`");
        return;
    }
    checklist_add(doctor->list, "allowed", CHECK_OK,
                  "%s is in %s, for another %" JSON_INTEGER_FORMAT " s", address,
                  text_of(lease, "set"), number_of(lease, "left"));
}

void visit_allowed(struct visit *visit)
{
    struct doctor *doctor = visit->doctor;
    uint64_t deadline_ns = deadline_in_ms(LEARN_MS);
    char text[ADDRESS_TEXT_MAX];

    for (size_t i = 0; doctor->connection && i < visit->address_count; i++) {
        json_t *reply =
            explanation_await(doctor, address_to_text(&visit->addresses[i], text), deadline_ns);

        if (reply && json_is_true(json_object_get(reply, "allowed")))
            lease_report(doctor, text, reply);
        else if (reply)
            refusal_report(doctor, text, reply);
        json_decref(reply);
    }
}
