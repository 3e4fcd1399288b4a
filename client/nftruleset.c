/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains come before the rules in them, as nft prints them; a rule without its chain is nobody's.
 */
#include "client/nftruleset.h"

#include "base/json_read.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 }; /* of what is searched for a set's name */

static bool chain_append(struct nftruleset *ruleset, const json_t *chain)
{
    struct nftchain new = {
        .family = text_of(chain, "family"),
        .table = text_of(chain, "table"),
        .name = text_of(chain, "name"),
        .type = text_of(chain, "type"),
        .hook = json_string_value(json_object_get(chain, "hook")),
        .priority = number_of(chain, "prio"),
        .drops = text_is(chain, "policy", "drop"),
    };

    if (!*new.family || !*new.table || !*new.name)
        return false;
    struct nftchain *chains =
        reallocarray(ruleset->chains, ruleset->chain_count + 1, sizeof(*chains));
    if (!chains)
        return false;
    ruleset->chains = chains;
    ruleset->chains[ruleset->chain_count++] = new;
    return true;
}

struct nftchain *nftruleset_chain(const struct nftruleset *ruleset, const char *family,
                                  const char *table, const char *name)
{
    /* From the end: rules mostly belong to the chain before them. */
    for (size_t i = ruleset->chain_count; i > 0; i--) {
        struct nftchain *chain = &ruleset->chains[i - 1];

        if (strcmp(chain->name, name) == 0 && strcmp(chain->table, table) == 0 &&
            strcmp(chain->family, family) == 0)
            return chain;
    }
    return NULL;
}

static bool rule_append(struct nftruleset *ruleset, const json_t *rule)
{
    struct nftchain *chain = nftruleset_chain(ruleset, text_of(rule, "family"),
                                              text_of(rule, "table"), text_of(rule, "chain"));

    if (!chain)
        return false;
    const json_t **rules = reallocarray(chain->rules, chain->rule_count + 1, sizeof(*rules));
    if (!rules)
        return false;
    chain->rules = rules;
    chain->rules[chain->rule_count++] = rule;
    return true;
}

bool nftruleset_read(const json_t *document, struct nftruleset *out)
{
    const json_t *list = json_object_get(document, "nftables");
    struct nftruleset ruleset = {.chains = NULL};
    bool good = json_is_array(list);
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const json_t *chain = json_object_get(item, "chain");
        const json_t *rule = json_object_get(item, "rule");

        if (chain)
            good = good && chain_append(&ruleset, chain);
        if (rule)
            good = good && rule_append(&ruleset, rule);
    }
    if (!good) {
        nftruleset_free(&ruleset);
        return false;
    }
    *out = ruleset;
    return true;
}

void nftruleset_free(struct nftruleset *ruleset)
{
    for (size_t i = 0; i < ruleset->chain_count; i++)
        free(ruleset->chains[i].rules);
    free(ruleset->chains);
    *ruleset = (struct nftruleset){.chains = NULL};
}

bool nftchain_names_set(const struct nftchain *chain, const char *text, const struct set_name *set)
{
    const char *family = set_family_name(set->family);

    return text[0] == '@' && strcmp(text + 1, set->set) == 0 &&
           strcmp(chain->table, set->table) == 0 && family && strcmp(chain->family, family) == 0;
}

static bool speaks_of(const struct nftchain *chain, json_t *value, const struct set_name *set,
                      unsigned depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(value))
        return nftchain_names_set(chain, json_string_value(value), set);
    if (depth == DEPTH_MAX)
        return false;
    json_array_foreach(value, i, item)
    {
        if (speaks_of(chain, item, set, depth + 1))
            return true;
    }
    json_object_foreach(value, key, item)
    {
        if (speaks_of(chain, item, set, depth + 1))
            return true;
    }
    return false;
}

size_t nftruleset_references(const struct nftruleset *ruleset, const struct set_name *set)
{
    size_t count = 0;

    for (size_t i = 0; i < ruleset->chain_count; i++) {
        const struct nftchain *chain = &ruleset->chains[i];

        for (size_t j = 0; j < chain->rule_count; j++)
            count += speaks_of(chain, json_object_get(chain->rules[j], "expr"), set, 0);
    }
    return count;
}
