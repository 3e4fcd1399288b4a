/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of outcomes, and the check of a report that came over the channel.
 */
#include "source/list_report.h"

#include "dnsparse/names/matcher.h"

#include <string.h>

static const struct {
    const char *name;
    const char *text;
} outcomes[REGISTRY_OUTCOME_COUNT] = {
    [REGISTRY_NOT_YET] = {"not-yet", "not fetched yet"},
    [REGISTRY_GOOD] = {"good", "fetched and read"},
    [REGISTRY_UNCHANGED] = {"unchanged", "unchanged since the last fetch"},
    [REGISTRY_UNRESOLVED] = {"unresolved", "its host's name (or the proxy's) has no address: do "
                                           "the resolvers in registry-resolvers or resolv.conf "
                                           "answer?"},
    [REGISTRY_UNREACHABLE] = {"unreachable", "no connection to its server: does the firewall let "
                                             "this machine out on TCP 443, or is https_proxy "
                                             "needed?"},
    [REGISTRY_UNTRUSTED] = {"untrusted", "its certificate is not trusted: if a proxy inspects TLS, "
                                         "name its CA in registry-ca; check the clock"},
    [REGISTRY_TIMEOUT] = {"timeout", "its server does not respond in time"},
    [REGISTRY_TOO_LARGE] = {"too-large", "it is larger than 4 MiB"},
    [REGISTRY_BROKEN] = {"broken", "the connection was closed, or the server does not speak HTTP"},
    [REGISTRY_REDIRECT] = {"redirect", "it redirects to something that is not HTTPS, or in a "
                                       "circle"},
    [REGISTRY_STATUS] = {"status", "the server returns an error"},
    [REGISTRY_PAGE] = {"page", "a web page came instead of a list: an error page or a login"},
    [REGISTRY_MALFORMED] = {"malformed", "it is neither JSON nor text"},
    [REGISTRY_TOO_DEEP] = {"too-deep", "its JSON is nested more than 32 deep"},
    [REGISTRY_TOO_LONG] = {"too-long", "it holds more than 131072 values"},
    [REGISTRY_EMPTY] = {"empty", "no entry is for this whitelist: `wildset registry` shows "
                                 "each entry"},
    [REGISTRY_SHRUNKEN] = {"shrunken", "more of it has disappeared at once than registry-shrink "
                                       "allows"},
    [REGISTRY_NO_MEMORY] = {"no-memory", "out of memory while reading it"},
};

const char *registry_outcome_name(enum registry_outcome outcome)
{
    return (unsigned)outcome < REGISTRY_OUTCOME_COUNT ? outcomes[outcome].name : "";
}

const char *registry_outcome_text(enum registry_outcome outcome)
{
    return (unsigned)outcome < REGISTRY_OUTCOME_COUNT ? outcomes[outcome].text : "";
}

bool registry_outcome_is_good(enum registry_outcome outcome)
{
    return outcome == REGISTRY_GOOD || outcome == REGISTRY_UNCHANGED;
}

bool registry_report_is_valid(const struct registry_report *report)
{
    static const struct dname none;

    for (unsigned i = 0; i < sizeof(report->zeros); i++)
        if (report->zeros[i] != 0)
            return false;
    return report->whitelist < WHITELISTS_MAX && report->outcome < REGISTRY_OUTCOME_COUNT &&
           report->has_list <= 1 && report->kept <= 1 &&
           (report->unresolved == 0 ? memcmp(&report->unresolved_name, &none, sizeof(none)) == 0
                                    : dname_is_canonical(&report->unresolved_name));
}
