/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line for the kinds of packets, one for each counter that is not 0 and wants words.
 */
#include "client/remarks.h"

#include "base/json_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct remark {
    const char *counter;
    const char *text;
};

/* Counted by source. */
static const struct remark remarks[] = {
    {"repeated-sights", "queries seen twice within 100 ms: usual where a port mirrors both"
                        " directions, on a bridge and with \"any\"; it costs nothing"},
    {"alarms-asked-again",
     "repeated queries with two different answers: usual for names whose addresses rotate; the "
     "second one is learned when the name is queried again"},
    {"bare-checksums", "checksums left to the network card (offload): usual for packets of "
                       "this machine and its virtual machines, and where packets are"
                       " merged"},
    {"bare-checksums-refused", "checksums left to the network card (offload):"
                               " `checksums = \"verify\"` refuses such packets"},
    {"fragments-forgotten", "incomplete fragmented packets: fragments were lost on the way to "
                            "the mirror port, or never sent"},
    {"fragments-refused",
     "fragments that overlap or have inconsistent lengths: hosts discard them, and so does "
     "wildset"},
    {"tcp-lost", "TCP segments after missing data: the mirror port or the capture loses "
                 "packets, or the connection is older than wildset"},
    {"tcp-given-up", "TCP segments of connections to port 53 that carry no DNS"},
    {"tcp-untrusted", "TCP segments to or from servers that are not trusted"},
    {"encrypted-dns", "connections to port 853: DNS over TLS or QUIC, whose names cannot be read"},
    {"encrypted-dns-https", "connections to port 443 of public DNS resolvers: likely "
                            "DNS over HTTPS, whose names cannot be read"},
};

/* "packets came as: in-8021q 12, in-vxlan 3, fragments 4, reassembled 2": whatever is not 0. */
static void ways_print(json_t *counters)
{
    const char *before = "packets came as: ";
    const char *key;
    json_t *value;

    json_object_foreach(counters, key, value)
    {
        bool is_way = strncmp(key, "in-", 3) == 0 || strcmp(key, "fragments") == 0 ||
                      strcmp(key, "reassembled") == 0 || strcmp(key, "tcp-segments") == 0;

        if (!is_way || json_integer_value(value) == 0)
            continue;
        printf("%s%s %" JSON_INTEGER_FORMAT, before, key, json_integer_value(value));
        before = ", ";
    }
    if (strcmp(before, ", ") == 0)
        putchar('\n');
}

static void source_print(const json_t *source)
{
    json_t *counters = json_object_get(source, "counters"), *interface, *list;
    size_t i;

    ways_print(counters);
    for (i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
        json_int_t number = number_of(counters, remarks[i].counter);

        if (number > 0)
            printf("- %" JSON_INTEGER_FORMAT " %s\n", number, remarks[i].text);
    }
    json_array_foreach(json_object_get(source, "interfaces"), i, interface)
    {
        const char *name = text_of(interface, "interface");

        if (number_of(interface, "merged") > 0)
            printf(
                "- %s: %" JSON_INTEGER_FORMAT
                " packets were longer than its MTU: offloads (GRO, LRO)"
                " had merged several into one; they are read, but where an interface only watches"
                " it is better without: `ethtool -K %s gro off lro off`\n",
                name, number_of(interface, "merged"), name);
    }
    json_array_foreach(json_object_get(source, "lists"), i, list)
    {
        json_int_t names = number_of(list, "names"), unresolved = number_of(list, "unresolved");

        /* All of them are a finding (daemon/control/diagnosis.c); a vendor's list often holds a
         * name that is gone. */
        if (unresolved > 0 && unresolved < names)
            printf("- %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                   " names of whitelist %s cannot be resolved: %s%s\n",
                   unresolved, names, text_of(list, "whitelist"), text_of(list, "unresolved_name"),
                   unresolved > 1 ? " and others" : "");
    }
}

void remarks_print(const json_t *status)
{
    json_t *source;
    size_t i;

    json_array_foreach(json_object_get(status, "sources"), i, source) source_print(source);
}
