/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain that nothing leads to drops and accepts nothing: nft takes a rule in it without a word.
 */
#include "client/commands/loaded.h"

#include "base/json_read.h"
#include "base/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SAID_MAX = 64 * 1024 * 1024, /* bytes of JSON: some 100 000 rules */
    NFT_MS = 15000,              /* another program's `nft -f` may hold the lock */
    DEPTH_MAX = 32,
    CHAINS_SHOWN_MAX = 200,
    NAME_SHOWN_MAX = 68, /* with what stands between two */
};

struct loaded {
    json_t *document;
    struct nftruleset ruleset;
};

int loaded_open(struct loaded **out)
{
    static const char *const argv[] = {"nft", "-j", "-t", "list", "ruleset", NULL};
    char said[PROGRAM_SAID_MAX];
    char *text;
    size_t size;

    int error = program_read(argv, SAID_MAX, NFT_MS, &text, &size, said);
    if (error < 0)
        return error == -EIO && geteuid() != 0 ? -EPERM : error;
    struct loaded *loaded = calloc(1, sizeof(*loaded));
    json_t *document = json_loadb(text, size, 0, NULL);
    free(text);
    if (!loaded || !document || !nftruleset_read(document, &loaded->ruleset)) {
        json_decref(document);
        free(loaded);
        return -EBADMSG;
    }
    loaded->document = document;
    *out = loaded;
    return 0;
}

void loaded_close(struct loaded *loaded)
{
    if (!loaded)
        return;
    nftruleset_free(&loaded->ruleset);
    json_decref(loaded->document);
    free(loaded);
}

/* ---- sets ---- */

static const json_t *loaded_set_find(const struct loaded *loaded, const struct set_name *name)
{
    const char *family = set_family_name(name->family);
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(loaded->document, "nftables"), i, item)
    {
        const json_t *set = json_object_get(item, "set");

        if (set && family && text_is(set, "family", family) && text_is(set, "table", name->table) &&
            text_is(set, "name", name->set))
            return set;
    }
    return NULL;
}

static void set_tell(const struct loaded *loaded, const struct set_name *name, bool *theirs,
                     uint32_t *size)
{
    const json_t *set = loaded_set_find(loaded, name), *flags = json_object_get(set, "flags");
    const char *flag = json_string_value(json_array_get(flags, 0));

    if (!set)
        return;
    /* Not as wildset makes them: a declaration of ours would contradict it. */
    *theirs |= json_array_size(flags) != 1 || !flag || strcmp(flag, "timeout") != 0 ||
               json_object_get(set, "timeout") || json_object_get(set, "gc-interval");
    /* A declaration with another size would change it. */
    *size = (uint32_t)number_of(set, "size");
}

/* ---- chains ---- */

static bool expression_leads_to(json_t *value, const char *chain, unsigned depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (depth == DEPTH_MAX)
        return false;
    json_array_foreach(value, i, item)
    {
        if (expression_leads_to(item, chain, depth + 1))
            return true;
    }
    json_object_foreach(value, key, item)
    {
        bool leads = strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0;

        if ((leads && text_is(item, "target", chain)) ||
            expression_leads_to(item, chain, depth + 1))
            return true;
    }
    return false;
}

static bool chain_leads_to(const struct nftchain *chain, const char *target)
{
    for (size_t i = 0; i < chain->rule_count; i++)
        if (expression_leads_to(json_object_get(chain->rules[i], "expr"), target, 0))
            return true;
    return false;
}

static bool same_table(const struct nftchain *chain, const struct set_name *table)
{
    const char *family = set_family_name(table->family);

    return family && strcmp(chain->family, family) == 0 && strcmp(chain->table, table->table) == 0;
}

static bool is_passed(const struct nftchain *chain)
{
    return chain->hook && strcmp(chain->type, "filter") == 0 &&
           (strcmp(chain->hook, "forward") == 0 || strcmp(chain->hook, "output") == 0);
}

/* From a base chain, through others.  `seen`: those that have been asked already. */
static bool chain_is_reached(const struct loaded *loaded, const struct nftchain *chain,
                             const struct set_name *table, bool *seen)
{
    const struct nftruleset *ruleset = &loaded->ruleset;

    if (chain->hook || seen[chain - ruleset->chains])
        return is_passed(chain);
    seen[chain - ruleset->chains] = true;
    for (size_t i = 0; i < ruleset->chain_count; i++) {
        const struct nftchain *from = &ruleset->chains[i];

        if (same_table(from, table) && chain_leads_to(from, chain->name) &&
            chain_is_reached(loaded, from, table, seen))
            return true;
    }
    return false;
}

/* "forward, output": those that would do; "none" */
static const char *good_chains(const struct loaded *loaded, const struct set_name *table,
                               char out[static CHAINS_SHOWN_MAX])
{
    size_t used = 0;

    for (size_t i = 0; i < loaded->ruleset.chain_count; i++) {
        const struct nftchain *chain = &loaded->ruleset.chains[i];

        if (same_table(chain, table) && is_passed(chain) &&
            used < CHAINS_SHOWN_MAX - NAME_SHOWN_MAX)
            used += (size_t)snprintf(out + used, CHAINS_SHOWN_MAX - used, "%s%.64s",
                                     used ? ", " : "", chain->name);
    }
    return used ? out : "none";
}

static bool place_chain_is_good(const struct loaded *loaded, const struct set_name *table,
                                const char *name, char problem[static LOADED_PROBLEM_MAX])
{
    if (set_name_is_none(table))
        return true;
    const struct nftchain *chain =
        nftruleset_chain(&loaded->ruleset, set_family_name(table->family), table->table, name);
    char others[CHAINS_SHOWN_MAX];
    bool is_loaded = false;

    /* wildset may have made the table for its sets: then the administrator's ruleset is not there
     * yet. */
    for (size_t i = 0; i < loaded->ruleset.chain_count; i++)
        is_loaded |=
            same_table(&loaded->ruleset.chains[i], table) && loaded->ruleset.chains[i].hook;
    if (!is_loaded)
        return true;
    bool *seen = calloc(loaded->ruleset.chain_count, sizeof(*seen));
    bool reached = chain && (!seen || chain_is_reached(loaded, chain, table, seen));
    free(seen);
    if (reached)
        return true;
    snprintf(problem, LOADED_PROBLEM_MAX,
             "table %s %.64s has %s chain %.64s%s: a rule there would accept nothing; suitable"
             " chains (--chain): %s",
             set_family_name(table->family), table->table, chain ? "a" : "no", name,
             !chain        ? ""
             : chain->hook ? " that no connection through or from this machine passes"
                           : " that no packet reaches",
             good_chains(loaded, table, others));
    return false;
}

bool loaded_chain_is_good(const struct loaded *loaded, const struct ruleset *ruleset,
                          char problem[static LOADED_PROBLEM_MAX])
{
    return place_chain_is_good(loaded, &ruleset->set4, ruleset->chain, problem) &&
           place_chain_is_good(loaded, &ruleset->set6, ruleset->chain, problem);
}

/* ---- both ---- */

static bool jumps_from(const struct loaded *loaded, const struct set_name *table,
                       const struct ruleset *ruleset)
{
    if (set_name_is_none(table))
        return true;
    const struct nftchain *chain = nftruleset_chain(
        &loaded->ruleset, set_family_name(table->family), table->table, ruleset->chain);
    char target[RULESET_CHAIN_MAX];

    return chain && chain_leads_to(chain, ruleset_chain_name(ruleset, target));
}

void loaded_tell(const struct loaded *loaded, struct ruleset *ruleset)
{
    set_tell(loaded, &ruleset->set4, &ruleset->theirs4, &ruleset->size4);
    set_tell(loaded, &ruleset->set6, &ruleset->theirs6, &ruleset->size6);
    ruleset->jumps =
        jumps_from(loaded, &ruleset->set4, ruleset) && jumps_from(loaded, &ruleset->set6, ruleset);
}
