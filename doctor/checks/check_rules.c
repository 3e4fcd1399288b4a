/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the firewall's rules use the sets, and whether they let the services out: each service of
 * each whitelist is sent through the ruleset on paper (client/doctor/nftwalk.h).
 */
#include "doctor/doctor.h"

#include "base/program.h"
#include "client/commands/ruleset.h"
#include "dnsparse/names/address.h"
#include "doctor/rules/markrules.h"
#include "doctor/rules/nftwalk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RULESET_MAX = 64 * 1024 * 1024, /* bytes of JSON: some 100 000 rules */
    NFT_MS = 15000,                 /* another program's `nft -f` may hold the lock */
    PORTS_TRIED = 16,               /* of a range; the rest is judged by them */
};

struct rules {
    struct doctor *doctor;
    const struct nftruleset *ruleset;
    enum nftwalk_way way;
    const struct whitelist *whitelist;
};

/* ---- the ruleset ---- */

static void unreadable(struct doctor *doctor, int error, const char *said)
{
    bool not_root = geteuid() != 0;

    if (error == -ENOENT) {
        checklist_add(doctor->list, "rules", CHECK_WARNING,
                      "cannot examine the rules: there is no nft program");
        checklist_advise(doctor->list, "`apt install nftables`");
        return;
    }
    checklist_add(doctor->list, "rules", CHECK_WARNING,
                  "cannot examine the rules: `nft list ruleset`: %s",
                  *said ? said : strerror(-error));
    checklist_advise(doctor->list, not_root ? "reading rules needs root: try sudo"
                                            : "run `nft -j -t list ruleset` to see why");
}

static json_t *ruleset_load(struct doctor *doctor)
{
    static const char *const argv[] = {"nft", "-j", "-t", "list", "ruleset", NULL};
    char said[PROGRAM_SAID_MAX];
    char *text;
    size_t size;
    int error = program_read(argv, RULESET_MAX, NFT_MS, &text, &size, said);

    if (error < 0) {
        unreadable(doctor, error, said);
        return NULL;
    }
    json_t *document = json_loadb(text, size, 0, NULL);
    free(text);
    if (!document)
        unreadable(doctor, -EBADMSG, "");
    return document;
}

/* ---- one service ---- */

/* Of all tried ports: the worst outcome, with its place. */
static struct nftwalk ports_walk(const struct rules *rules, const struct service *service,
                                 const struct set_name *set, enum address_family family)
{
    struct nftpacket packet = {.family = family,
                               .protocol = service->protocol,
                               .set = set,
                               .connection_mark = {.known = true}};
    struct nftwalk worst = {.outcome = NFTWALK_PASSES, .by_set = true};
    unsigned last = service->last_port;

    if (last - service->first_port >= PORTS_TRIED)
        last = service->first_port + PORTS_TRIED - 1;
    for (unsigned port = service->first_port; port <= last; port++) {
        packet.port = (uint16_t)port;
        struct nftwalk walk = nftwalk(rules->ruleset, &packet, NULL, rules->way);
        if (port == service->first_port || walk.outcome > worst.outcome)
            worst = walk;
    }
    return worst;
}

static const char *family_text(enum address_family family)
{
    return family == ADDRESS_IPV4 ? "IPv4" : "IPv6";
}

static void service_dropped(const struct rules *rules, const char *service,
                            enum address_family family, const struct nftwalk *walk)
{
    struct checklist *list = rules->doctor->list;

    checklist_add(list, "rules", CHECK_FAILURE, "%s over %s to the addresses of %s is dropped: %s",
                  service, family_text(family), rules->whitelist->name, walk->place);
    checklist_advise(
        list,
        "`wildset rules %s` prints rules that accept it; its last lines show the rule to add"
        " before the ones that drop",
        rules->whitelist->name);
}

/* What nft cannot show may be a rule of iptables that accepts the mark. */
static bool accepted_by_iptables(enum address_family family, const struct nftmark *mark)
{
    const char *const argv[] = {family == ADDRESS_IPV4 ? "iptables-save" : "ip6tables-save", NULL};
    char said[PROGRAM_SAID_MAX];
    char *text;
    size_t size;

    if (!mark->known || !mark->by_set ||
        program_read(argv, RULESET_MAX, NFT_MS, &text, &size, said))
        return false;
    bool accepted = markrules_accept(text, size, mark->value);
    free(text);
    return accepted;
}

static void service_unclear(const struct rules *rules, const char *service,
                            enum address_family family, const struct nftwalk *walk)
{
    struct checklist *list = rules->doctor->list;

    if (walk->by_set) {
        checklist_add(list, "rules", CHECK_OK,
                      "%s over %s to the addresses of %s is accepted if its rule's other"
                      " conditions hold (interface, source...)",
                      service, family_text(family), rules->whitelist->name);
        return;
    }
    if (walk->foreign && accepted_by_iptables(family, &walk->mark)) {
        checklist_add(list, "rules", CHECK_OK,
                      "%s over %s to the addresses of %s is marked 0x%x, and a rule of iptables"
                      " accepts that mark",
                      service, family_text(family), rules->whitelist->name, walk->mark.value);
        return;
    }
    checklist_add(list, "rules", CHECK_WARNING,
                  "cannot tell whether %s over %s to the addresses of %s is accepted: %s", service,
                  family_text(family), rules->whitelist->name,
                  walk->incomplete ? "the ruleset is too large"
                  : walk->foreign  ? "rules of iptables or named maps decide"
                                   : "only rules that do not use the set may accept it");
    checklist_advise(
        list, walk->mark.by_set
                  ? "it is marked; the mark must be accepted: `wildset rules --shape mark` shows"
                    " how, for each firewall"
                  : "see `nft list ruleset`, and try it on a client: `wildset doctor HOST`");
}

/* Whether it passes, without anything to say of it. */
static bool service_check(const struct rules *rules, const struct service *service,
                          const struct set_name *set, enum address_family family, bool *filtered)
{
    char text[SERVICE_TEXT_MAX];
    struct nftwalk walk = ports_walk(rules, service, set, family);

    service_to_text(service, text);
    *filtered |= walk.filtered;
    switch (walk.outcome) {
    case NFTWALK_PASSES:
        return true;
    case NFTWALK_MAY_PASS:
        service_unclear(rules, text, family, &walk);
        return false;
    case NFTWALK_DROPPED:
        service_dropped(rules, text, family, &walk);
        return false;
    }
    return false;
}

/* ---- one whitelist ---- */

static void services_check(const struct rules *rules, bool *filtered)
{
    static const struct service any = {.protocol = 6, .first_port = 443, .last_port = 443};
    const struct whitelist *whitelist = rules->whitelist;
    size_t count = whitelist->service_count, passing = 0;
    const struct service *services = count ? whitelist->services : &any;

    count = count ? count : 1;
    for (size_t i = 0; i < count; i++) {
        passing += set_name_is_none(&whitelist->set4) ||
                   service_check(rules, &services[i], &whitelist->set4, ADDRESS_IPV4, filtered);
        passing += set_name_is_none(&whitelist->set6) ||
                   service_check(rules, &services[i], &whitelist->set6, ADDRESS_IPV6, filtered);
    }
    if (passing == FAMILIES * count)
        checklist_add(rules->doctor->list, "rules", CHECK_OK,
                      "all services of %s are accepted to its addresses, over IPv4 and IPv6",
                      whitelist->name);
}

static void references_check(const struct rules *rules, bool filtered)
{
    const struct whitelist *whitelist = rules->whitelist;
    const struct set_name *const sets[FAMILIES] = {&whitelist->set4, &whitelist->set6};
    struct checklist *list = rules->doctor->list;
    char text[SET_TEXT_MAX];

    for (size_t i = 0; i < FAMILIES; i++) {
        if (set_name_is_none(sets[i]))
            continue;
        size_t count = nftruleset_references(rules->ruleset, sets[i]);

        set_name_to_text(sets[i], text);
        if (count > 0) {
            checklist_add(list, "rules", CHECK_OK, "%zu rule%s use%s %s", count,
                          count == 1 ? "" : "s", count == 1 ? "s" : "", text);
            continue;
        }
        checklist_add(list, "rules", filtered ? CHECK_FAILURE : CHECK_WARNING,
                      "no rule uses %s: its addresses have no effect%s", text,
                      filtered ? "" : ", but nothing here drops packets either");
        checklist_advise(list, "`wildset rules %s` prints rules for it", whitelist->name);
    }
}

/* ---- all of it ---- */

static bool forwards(void)
{
    static const char *const files[] = {"/proc/sys/net/ipv4/ip_forward",
                                        "/proc/sys/net/ipv6/conf/all/forwarding"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        FILE *file = fopen(files[i], "re");
        int value = file ? fgetc(file) : '0';

        if (file)
            fclose(file);
        if (value != '0')
            return true;
    }
    return false;
}

static void ruleset_check(struct doctor *doctor, const struct nftruleset *ruleset)
{
    struct rules rules = {
        .doctor = doctor, .ruleset = ruleset, .way = forwards() ? NFTWALK_FORWARD : NFTWALK_OUTPUT};

    if (rules.way == NFTWALK_OUTPUT)
        checklist_add(doctor->list, "rules", CHECK_OK,
                      "this machine does not forward: the rules for its own connections are"
                      " checked");
    for (size_t i = 0; i < doctor->config->whitelist_count; i++) {
        bool filtered = false;

        rules.whitelist = &doctor->config->whitelists[i];
        services_check(&rules, &filtered);
        references_check(&rules, filtered);
    }
}

void check_rules(struct doctor *doctor)
{
    json_t *document = ruleset_load(doctor);
    struct nftruleset ruleset;

    if (!document)
        return;
    if (nftruleset_read(document, &ruleset)) {
        ruleset_check(doctor, &ruleset);
        check_hold_rules(doctor, &ruleset, forwards());
        nftruleset_free(&ruleset);
    } else {
        unreadable(doctor, -EBADMSG, "");
    }
    json_decref(document);
}
