/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DNS passes by: how much, from whom, and what cannot be read.
 */
#include "doctor/doctor.h"

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>

enum { RESOLVERS_SHOWN = 8 };

/* The sum of a counter over the sources. */
static json_int_t counter_sum(const struct doctor *doctor, const char *name)
{
    json_int_t sum = 0;
    json_t *source;
    size_t i;

    json_array_foreach(json_object_get(doctor->status, "sources"), i, source) sum +=
        number_of(json_object_get(source, "counters"), name);
    return sum;
}

void check_dns(struct doctor *doctor)
{
    if (checklist_add_findings(doctor->list, "dns", doctor->status, ADVICE_DNS) > 0)
        return;
    checklist_add(doctor->list, "dns", CHECK_OK,
                  "%" JSON_INTEGER_FORMAT " DNS answers were seen; for names of the whitelists"
                  " %" JSON_INTEGER_FORMAT " questions and %" JSON_INTEGER_FORMAT
                  " answers, of which %" JSON_INTEGER_FORMAT " were learned",
                  counter_sum(doctor, "answers"), counter_sum(doctor, "questions"),
                  counter_sum(doctor, "matching-answers"), counter_sum(doctor, "learned"));
}

/* ---- resolvers ---- */

static void resolvers_describe(struct doctor *doctor)
{
    json_t *resolver;
    size_t i;

    json_array_foreach(json_object_get(doctor->status, "resolvers"), i, resolver)
    {
        const char *interface = text_of(resolver, "interface");

        if (number_of(resolver, "answers") == 0 || i >= RESOLVERS_SHOWN)
            continue;
        checklist_add(doctor->list, "resolver",
                      number_of(resolver, "alarms") > 0 ? CHECK_WARNING : CHECK_OK,
                      "%s%s%s: %" JSON_INTEGER_FORMAT " answers learned, %" JSON_INTEGER_FORMAT
                      " refused, %" JSON_INTEGER_FORMAT " that contradict another",
                      text_of(resolver, "resolver"), *interface ? " on " : "", interface,
                      number_of(resolver, "answers"), number_of(resolver, "refused"),
                      number_of(resolver, "alarms"));
    }
}

void check_resolvers(struct doctor *doctor)
{
    resolvers_describe(doctor);
    checklist_add_findings(doctor->list, "resolver", doctor->status, ADVICE_RESOLVERS);
}

/* ---- encrypted DNS ---- */

/* Over all sources; -1 when none counts it. */
static json_int_t counted(const struct doctor *doctor, const char *counter)
{
    json_int_t sum = -1;
    json_t *source;
    size_t i;

    json_array_foreach(json_object_get(doctor->status, "sources"), i, source)
    {
        json_t *value = json_object_get(json_object_get(source, "counters"), counter);

        if (json_is_integer(value))
            sum = (sum < 0 ? 0 : sum) + json_integer_value(value);
    }
    return sum;
}

void check_encrypted_dns(struct doctor *doctor)
{
    json_int_t tls = counted(doctor, "encrypted-dns"),
               https = counted(doctor, "encrypted-dns-https");

    if (tls < 0 || https < 0)
        return;
    if (tls + https == 0) {
        checklist_add(doctor->list, "encrypted-dns", CHECK_OK,
                      "no connection to an encrypted DNS service was seen");
        return;
    }
    checklist_add(doctor->list, "encrypted-dns", CHECK_WARNING,
                  "connections to encrypted DNS services were seen, %" JSON_INTEGER_FORMAT
                  " to port 853 (DNS over TLS or QUIC) and %" JSON_INTEGER_FORMAT
                  " to port 443 of public resolvers (likely DNS over HTTPS): names asked for there"
                  " cannot be read",
                  tls, https);
    checklist_advise(doctor->list,
                     "make the clients use your resolvers: answer use-application-dns.net with"
                     " NXDOMAIN, and block port 853 and known DoH resolvers: lookback.md in"
                     " /usr/share/doc/wildset");
}
