/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries for people and for programs.
 */
#include "client/commands/registry_output.h"

#include "client/table.h"
#include "source/json.h"

#include <stdio.h>
#include <string.h>

enum { CELL_MAX = 1024, HOSTS_SUGGESTED_MAX = 256 };

/* "accepted", "repeated", "unresolved", "refused" */
static const char *listed_verdict(const struct listed *listed)
{
    if (listed->reason != REASON_NONE)
        return "refused";
    if (listed->fate == FATE_REPEATED)
        return "repeated";
    return listed->unresolved ? "unresolved" : "accepted";
}

/* ---- columns ---- */

static const char *what_of(const struct listed *listed, char out[static CELL_MAX])
{
    size_t used = 0;

    out[0] = '\0';
    if (listed->fate == FATE_MALFORMED)
        return "neither a host, nor a URL, nor an address";
    if (listed->reason != REASON_NONE)
        return reason_text(listed->reason);
    if (listed->fate == FATE_REPEATED)
        return "already in the list above";
    if (listed->unresolved)
        return "no resolver has an address for it";
    if (listed->fate == FATE_ADDRESS)
        return "the address itself, for three polls";
    for (size_t i = 0; i < listed->address_count && used < CELL_MAX; i++) {
        const struct listed_address *address = &listed->addresses[i];
        bool good = address->reason == REASON_NONE;
        char text[ADDRESS_TEXT_MAX];

        used += (size_t)snprintf(
            out + used, CELL_MAX - used, "%s%s%s%s%s", used ? ", " : "",
            address_to_text(&address->address.address, text),
            good ? "" : " (refused: ", good ? "" : reason_name(address->reason), good ? "" : ")");
    }
    return out;
}

static void listed_table_print(const struct listed_entries *entries)
{
    static const struct table_column columns[] = {
        {.title = "ENTRY"}, {.title = "VERDICT"}, {.title = "ADDRESSES, OR WHY NOT"}};
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));

    for (size_t i = 0; table && i < entries->count; i++) {
        char cell[CELL_MAX];
        const char *const cells[] = {entries->list[i].text, listed_verdict(&entries->list[i]),
                                     what_of(&entries->list[i], cell)};
        table_row(table, cells);
    }
    table_free(table);
}

/* ---- JSON ---- */

static void listed_json_print(const struct listed_entries *entries, const struct listed *listed)
{
    json_t *object = json_object(), *addresses = json_array();

    put_text(object, "whitelist", entries->whitelist->name);
    put_text(object, "entry", listed->text);
    put_text(object, "verdict", listed_verdict(listed));
    put_text(object, "reason", reason_name(listed->reason));
    if (listed->entry.kind == ENTRY_HOST)
        put_name(object, "name", &listed->entry.name);
    else if (listed->beside.length > 0)
        put_name(object, "name", &listed->beside);
    if (listed->entry.kind == ENTRY_ADDRESS)
        put_address(object, "address", &listed->entry.address);
    for (size_t i = 0; i < listed->address_count; i++) {
        const struct listed_address *address = &listed->addresses[i];
        json_t *item = json_object();

        put_address(item, "address", &address->address.address);
        put_text(item, "record", record_type_name(address->address.record));
        put_count(item, "ttl", address->address.ttl);
        put_text(item, "verdict", address->reason == REASON_NONE ? "accepted" : "refused");
        put_text(item, "reason", reason_name(address->reason));
        json_array_append_new(addresses, item);
    }
    if (listed->address_count > 0)
        json_object_set(object, "addresses", addresses);
    json_decref(addresses);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

bool registry_output(const struct listed_entries *entries, bool json)
{
    for (size_t i = 0; json && i < entries->count; i++)
        listed_json_print(entries, &entries->list[i]);
    if (!json)
        listed_table_print(entries);
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* ---- the summary ---- */

static bool is_foreign_host(const struct listed *listed)
{
    return listed->entry.kind == ENTRY_HOST && listed->fate == FATE_OUTSIDE;
}

/* The whole line, to be pasted: what is listed already, and what the list holds besides. */
static void names_suggest(const struct listed_entries *entries)
{
    const struct whitelist *whitelist = entries->whitelist;
    size_t suggested = 0;
    char text[PATTERN_TEXT_MAX];

    fputs("\nTo allow the hosts that no pattern matches, if they are the vendor's, write in "
          "wildset.conf:\n    names = {",
          stderr);
    for (size_t i = 0; i < whitelist->pattern_count; i++)
        fprintf(stderr, "%s \"%s\"", i ? "," : "", pattern_to_text(&whitelist->patterns[i], text));
    for (size_t i = 0; i < entries->count && suggested < HOSTS_SUGGESTED_MAX; i++) {
        const struct dname *name = &entries->list[i].entry.name;
        size_t before = 0; /* it stands there already */

        while (before < i && !(is_foreign_host(&entries->list[before]) &&
                               dname_equal(&entries->list[before].entry.name, name)))
            before++;
        if (!is_foreign_host(&entries->list[i]) || before < i)
            continue;
        fprintf(stderr, ", \"%s\"", dname_to_text(name, text));
        suggested++;
    }
    fputs(" }\n", stderr);
    if (suggested == HOSTS_SUGGESTED_MAX)
        fprintf(stderr, "(the first %d of them)\n", HOSTS_SUGGESTED_MAX);
}

void registry_output_summary(const struct listed_entries *entries)
{
    const uint32_t *fates = entries->accepted.fates;
    size_t hosts = listed_taken(entries, FATE_HOST);
    size_t addresses = listed_taken(entries, FATE_ADDRESS);
    size_t foreign = 0;

    for (size_t i = 0; i < entries->count; i++)
        foreign += is_foreign_host(&entries->list[i]);
    fprintf(stderr,
            "\n%s: entries %zu, accepted: hosts %zu, addresses %zu; refused: outside its names %u, "
            "wildcards %u, prefixes %u, others %zu\n",
            entries->whitelist->name, entries->count, hosts, addresses, fates[FATE_OUTSIDE],
            fates[FATE_WILDCARD], fates[FATE_PREFIX],
            fates[FATE_LIST_ADDRESS] + fates[FATE_MALFORMED] + fates[FATE_NO_ROOM] +
                entries->accepted.address_count - addresses);
    if (foreign > 0)
        names_suggest(entries);
}
