/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the rules give first packets to wildsetd's queue where that decides nothing: in front of
 * all that looks at the sets, and never in a chain that drops, whose rest is skipped behind a
 * queue.
 */
#include "doctor/doctor.h"

#include "base/program.h"
#include "client/commands/ruleset.h"
#include "doctor/rules/nftwalk.h"
#include "doctor/rules/queuerules.h"

#include <stdlib.h>
#include <string.h>

enum {
    SAVED_MAX = 64 * 1024 * 1024, /* bytes of iptables-save: some 500 000 rules */
    SAVE_MS = 15000,
};

struct hold {
    struct doctor *doctor;
    const struct nftruleset *ruleset;
    struct queuerules queues;
    enum nftwalk_way way;
    size_t places; /* base chains that lead to the queue */
};

/* ---- what iptables says of its rules ---- */

static bool is_by_iptables(const struct nftruleset *ruleset, const char *family)
{
    for (size_t i = 0; i < ruleset->chain_count; i++) {
        const struct nftchain *chain = &ruleset->chains[i];

        for (size_t j = 0; j < chain->rule_count && strcmp(chain->family, family) == 0; j++) {
            const struct queuerules none = {.number = 0};

            if (queuerule_read(&none, chain, chain->rules[j]).ours == TRUTH_MAYBE)
                return true;
        }
    }
    return false;
}

/* What it gives back is to be freed; NULL when nothing is. */
static char *saved_load(struct hold *hold, unsigned family)
{
    const char *const argv[] = {family == 0 ? "iptables-save" : "ip6tables-save", NULL};
    struct saved_rules *saved = &hold->queues.saved[family];
    char said[PROGRAM_SAID_MAX];
    char *text;

    if (!is_by_iptables(hold->ruleset, family == 0 ? "ip" : "ip6") ||
        program_read(argv, SAVED_MAX, SAVE_MS, &text, &saved->size, said) != 0)
        return NULL;
    saved->text = text;
    return text;
}

/* ---- where the queue is ---- */

enum { RULE_TEXT_MAX = 320 };

/* "inet filter forward, handle 7"; "inet filter forward, by its policy" */
static const char *rule_text(const struct nftchain *chain, const json_t *rule,
                             char out[static RULE_TEXT_MAX])
{
    int used = snprintf(out, RULE_TEXT_MAX, "%.16s %.128s %.128s", chain->family, chain->table,
                        chain->name);

    if (rule)
        snprintf(out + used, RULE_TEXT_MAX - (size_t)used, ", handle %" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(rule, "handle")));
    else
        snprintf(out + used, RULE_TEXT_MAX - (size_t)used, ", by its policy");
    return out;
}

static void removal_advise(const struct hold *hold, const struct queueplace *place)
{
    const struct nftchain *chain = place->chain;
    char text[RULE_TEXT_MAX];

    if (place->read.position > 0)
        snprintf(text, sizeof(text), "%s -t %.128s -D %.128s %zu",
                 strcmp(chain->family, "ip6") == 0 ? "ip6tables" : "iptables", chain->table,
                 chain->name, place->read.position);
    else
        snprintf(text, sizeof(text),
                 "nft delete rule %.16s %.128s %.128s handle %" JSON_INTEGER_FORMAT, chain->family,
                 chain->table, chain->name,
                 json_integer_value(json_object_get(place->rule, "handle")));
    checklist_advise(
        hold->doctor->list,
        "take this rule away, here and in the file that loads it: `%s`; the chains that"
        " `wildset rules --hold` prints drop nothing, and let nothing pass",
        text);
}

static void number_missing(const struct hold *hold, const char *queue)
{
    checklist_add(hold->doctor->list, "hold", CHECK_WARNING,
                  "%s is a rule of iptables with a queue whose number cannot be read: it may be"
                  " wildsetd's",
                  queue);
    checklist_advise(hold->doctor->list, "`iptables-save` and `ip6tables-save` show it");
}

static void place_check(void *context, const struct queueplace *place)
{
    struct hold *hold = context;
    struct checklist *list = hold->doctor->list;
    char queue[RULE_TEXT_MAX], drop[RULE_TEXT_MAX];

    rule_text(place->chain, place->rule, queue);
    if (place->read.ours == TRUTH_MAYBE) {
        number_missing(hold, queue);
        return;
    }
    hold->places++;
    if (place->drop)
        rule_text(place->drop, place->drop_rule, drop);
    if (place->drops_behind) {
        checklist_add(
            list, "hold", CHECK_FAILURE,
            "queue %u is used in a chain that drops packets: %s; a packet that comes out of"
            " the queue skips the rest of that chain (%s), and so does each packet while"
            " wildsetd does not run: this rule lets what it matches pass to any address",
            hold->queues.number, queue, drop);
        removal_advise(hold, place);
    } else if (place->drops_before) {
        checklist_add(list, "hold", CHECK_WARNING,
                      "queue %u is used in a chain that drops packets: %s; what is added behind it"
                      " will be skipped, only what is before it (%s) is not",
                      hold->queues.number, queue, drop);
        removal_advise(hold, place);
    } else if (!place->read.bypass) {
        checklist_add(
            list, "hold", CHECK_WARNING,
            "%s gives packets to queue %u without \"bypass\": while wildsetd does not run,"
            " they are dropped",
            queue, hold->queues.number);
        checklist_advise(list, "the rules that `wildset rules --hold` prints have it");
    }
}

/* ---- what reaches it ---- */

/* A first packet to an address outside of the set; of the service's first port. */
static struct nftwalk outside_walk(const struct hold *hold, const struct service *service,
                                   const struct set_name *set, enum address_family family)
{
    const struct nftpacket packet = {.family = family,
                                     .protocol = service->protocol,
                                     .port = service->first_port,
                                     .set = set,
                                     .outside = true,
                                     .connection_mark = {.known = true}};

    return nftwalk(hold->ruleset, &packet, &hold->queues, hold->way);
}

/* What was found of a whitelist's services and families. */
struct feeding {
    size_t asked, queued;
    struct nftwalk late; /* the last one that is queued too late */
    char missing[64];    /* the last service that is not queued */
    char queue[NFTWALK_PLACE_MAX];
};

static void feeding_service_check(const struct hold *hold, const struct service *service,
                                  const struct set_name *set, enum address_family family,
                                  struct feeding *feeding)
{
    char text[SERVICE_TEXT_MAX];

    if (set_name_is_none(set))
        return;
    const struct nftwalk walk = outside_walk(hold, service, set, family);
    feeding->asked++;
    if (!walk.queued) {
        snprintf(feeding->missing, sizeof(feeding->missing), "%s over %s",
                 service_to_text(service, text), family == ADDRESS_IPV4 ? "IPv4" : "IPv6");
        return;
    }
    feeding->queued++;
    memcpy(feeding->queue, walk.queue, sizeof(feeding->queue));
    if (walk.late[0] != '\0')
        feeding->late = walk;
}

static void feeding_tell(const struct hold *hold, const struct whitelist *whitelist,
                         const struct feeding *feeding)
{
    struct checklist *list = hold->doctor->list;

    if (feeding->queued == 0) {
        checklist_add(list, "hold", CHECK_WARNING,
                      "no rule gives the first packets to services of %s to queue %u: they do not"
                      " wait",
                      whitelist->name, hold->queues.number);
        checklist_advise(list, "`wildset rules --hold | nft -f -` loads such rules now; the service"
                               " wildset-rules does so at each boot, and on"
                               " `systemctl reload-or-restart wildset-rules`");
    } else if (feeding->queued < feeding->asked) {
        checklist_add(list, "hold", CHECK_WARNING,
                      "%s to addresses outside the sets of %s does not reach queue %u, others do:"
                      " the rules are of an earlier configuration",
                      feeding->missing, whitelist->name, hold->queues.number);
        checklist_advise(list, "load them anew: `wildset rules --hold | nft -f -`");
    } else if (feeding->late.queued) {
        checklist_add(list, "hold", CHECK_WARNING,
                      "%s gives packets to queue %u too late: %s looks at the set of %s before",
                      feeding->late.queue, hold->queues.number, feeding->late.late,
                      whitelist->name);
        checklist_advise(list, "the chains of `wildset rules --hold --shape mark` are in front of"
                               " those that mark connections");
    } else {
        checklist_add(
            list, "hold", CHECK_OK,
            "first packets to services of %s wait for their answer: %s gives them to queue"
            " %u",
            whitelist->name, feeding->queue, hold->queues.number);
    }
}

static void whitelist_check(const struct hold *hold, const struct whitelist *whitelist)
{
    struct feeding feeding = {.asked = 0};

    for (size_t i = 0; i < whitelist->service_count; i++) {
        const struct service *service = &whitelist->services[i];

        feeding_service_check(hold, service, &whitelist->set4, ADDRESS_IPV4, &feeding);
        feeding_service_check(hold, service, &whitelist->set6, ADDRESS_IPV6, &feeding);
    }
    if (feeding.asked > 0)
        feeding_tell(hold, whitelist, &feeding);
}

static void feeding_check(const struct hold *hold)
{
    const struct config *config = hold->doctor->config;

    if (config->hold_ms == 0 && hold->places > 0)
        checklist_add(hold->doctor->list, "hold", CHECK_OK,
                      "there are rules for queue %u, and hold is \"\" in the configuration: nothing"
                      " waits",
                      hold->queues.number);
    for (size_t i = 0; i < config->whitelist_count && config->hold_ms > 0; i++)
        whitelist_check(hold, &config->whitelists[i]);
}

void check_hold_rules(struct doctor *doctor, const struct nftruleset *ruleset, bool forwards)
{
    struct hold hold = {.doctor = doctor,
                        .ruleset = ruleset,
                        .queues = {.number = doctor->config->hold_queue},
                        .way = forwards ? NFTWALK_FORWARD : NFTWALK_OUTPUT};

    char *const saved[FAMILIES] = {saved_load(&hold, 0), saved_load(&hold, 1)};
    if (!queuerules_each(ruleset, &hold.queues, place_check, &hold))
        checklist_add(doctor->list, "hold", CHECK_WARNING,
                      "the rules are too many to look for queue %u in all of them",
                      hold.queues.number);
    feeding_check(&hold);
    for (unsigned family = 0; family < FAMILIES; family++)
        free(saved[family]);
}
