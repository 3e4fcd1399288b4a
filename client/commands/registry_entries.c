/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading, judging, resolving.
 */
#include "client/commands/registry_entries.h"

#include "dnsparse/answers/rr.h"
#include "dnsparse/names/address.h"
#include "setsync/policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKUPS_MAX = 32, /* at a time */
};

void listed_init(struct listed_entries *entries, const struct whitelist *whitelist, unsigned index,
                 const struct matcher *matcher)
{
    *entries = (struct listed_entries){.whitelist = whitelist};
    accepted_init(&entries->accepted, matcher, index, whitelist->registry_addresses);
}

void listed_free(struct listed_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->list[i].addresses);
    free(entries->list);
    accepted_free(&entries->accepted);
}

static struct listed *listed_add(struct listed_entries *entries)
{
    if (entries->count == entries->room) {
        size_t room = entries->room ? 2 * entries->room : 64;
        struct listed *list = reallocarray(entries->list, room, sizeof(*list));

        if (!list) {
            entries->no_memory = true;
            return NULL;
        }
        entries->list = list;
        entries->room = room;
    }
    entries->list[entries->count] = (struct listed){.fate = FATE_MALFORMED};
    return &entries->list[entries->count++];
}

static void on_entry(void *context, const struct entry *entry, const char *text, size_t size,
                     const struct dname *beside)
{
    struct listed_entries *entries = context;
    struct listed *listed = listed_add(entries);

    if (!listed)
        return;
    snprintf(listed->text, ENTRY_SHOWN_MAX, "%.*s",
             (int)(size < ENTRY_SHOWN_MAX ? size : ENTRY_SHOWN_MAX - 1), text);
    for (char *at = listed->text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    listed->entry = *entry;
    if (beside)
        listed->beside = *beside;
    listed->fate = accepted_take(&entries->accepted, entry, beside);
    listed->reason = fate_reason(listed->fate);
    if (listed->fate == FATE_ADDRESS)
        listed->reason = policy_judge_address(entries->whitelist, &entry->address);
}

enum document_outcome listed_read(struct listed_entries *entries, const char *bytes, size_t size)
{
    enum document_outcome outcome = document_read(bytes, size, on_entry, entries);

    return outcome == DOCUMENT_OK && (entries->no_memory || entries->accepted.no_memory)
               ? DOCUMENT_NO_MEMORY
               : outcome;
}

static bool listed_is_taken(const struct listed *listed)
{
    return listed->reason == REASON_NONE && listed->fate != FATE_REPEATED;
}

size_t listed_taken(const struct listed_entries *entries, enum fate fate)
{
    size_t count = 0;

    for (size_t i = 0; i < entries->count; i++)
        count += entries->list[i].fate == fate && listed_is_taken(&entries->list[i]);
    return count;
}

/* ---- resolving ---- */

struct resolving;

struct question {
    struct resolving *resolving;
    struct listed *listed;
};

struct resolving {
    struct listed_entries *entries;
    struct loop *loop;
    struct resolver *resolver;
    size_t next; /* the entry, times FAMILIES, and the family */
    unsigned active;
    int error;
    struct question questions[LOOKUPS_MAX];
};

static void addresses_keep(struct resolving *resolving, struct listed *listed,
                           const struct answer *answer)
{
    struct listed_address *addresses = reallocarray(
        listed->addresses, listed->address_count + answer->address_count, sizeof(*addresses));

    if (!addresses) {
        resolving->error = -ENOMEM;
        return;
    }
    listed->addresses = addresses;
    for (unsigned i = 0; i < answer->address_count; i++)
        addresses[listed->address_count++] = (struct listed_address){
            .address = answer->addresses[i],
            .reason =
                policy_judge_address(resolving->entries->whitelist, &answer->addresses[i].address),
        };
}

static void questions_ask_more(struct resolving *resolving);

static void on_lookup(void *context, const struct lookup_result *result)
{
    struct question *question = context;
    struct resolving *resolving = question->resolving;

    if (result->answer && result->answer->address_count > 0)
        addresses_keep(resolving, question->listed, result->answer);
    question->listed = NULL;
    resolving->active--;
    questions_ask_more(resolving);
    if (resolving->active == 0)
        loop_stop(resolving->loop);
}

static struct question *question_unused(struct resolving *resolving)
{
    for (unsigned i = 0; i < LOOKUPS_MAX; i++)
        if (!resolving->questions[i].listed)
            return &resolving->questions[i];
    return NULL;
}

static void questions_ask_more(struct resolving *resolving)
{
    static const uint16_t types[FAMILIES] = {RR_TYPE_A, RR_TYPE_AAAA};
    struct question *question;

    while (resolving->error == 0 && resolving->next < resolving->entries->count * FAMILIES &&
           (question = question_unused(resolving))) {
        struct listed *listed = &resolving->entries->list[resolving->next / FAMILIES];
        uint16_t type = types[resolving->next++ % FAMILIES];
        struct lookup *lookup;

        if (listed->fate != FATE_HOST)
            continue;
        *question = (struct question){.resolving = resolving, .listed = listed};
        resolving->error = resolver_ask(resolving->resolver, &listed->entry.name, type, on_lookup,
                                        question, &lookup);
        if (resolving->error == 0)
            resolving->active++;
    }
}

int listed_resolve(struct listed_entries *entries, struct loop *loop, struct resolver *resolver)
{
    struct resolving resolving = {.entries = entries, .loop = loop, .resolver = resolver};

    questions_ask_more(&resolving);
    if (resolving.active > 0 && loop_run(loop) < 0)
        return -EIO;
    for (size_t i = 0; i < entries->count; i++) {
        struct listed *listed = &entries->list[i];
        listed->unresolved = listed->fate == FATE_HOST && listed->address_count == 0;
    }
    return resolving.error;
}
