/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: each is one function that looks at one source, interface or set and says a line when
 * something is wrong there.  In a format, what stands behind the line break is what to do about it.
 */
#include "daemon/control/diagnosis.h"

#include "base/json_read.h"
#include "daemon/control/ethertype.h"
#include "daemon/control/refusals.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 640,
    QUIET_SECONDS = 60, /* after this long without an answer something is probably wrong */
    TRAFFIC_MIN = 5,    /* so many packets of one kind, and none of the other, are no accident */
    STRANGERS_SHOWN = 8,
    REFUSED_SHARE = 50, /* fewer refusals than one to so many learned answers are noise */
    ASKERS_MAX = 160,
    /* Bound for so long, and so much granted: some packet should have come. */
    UNFED_SECONDS = 600,
    UNFED_GRANTS = 200,
};

struct findings {
    advice_take *each;
    void *context;
    size_t count;
};

static void tell(const struct findings *findings, const struct advice *head, const char *format,
                 va_list arguments)
{
    char text[TEXT_MAX];
    struct advice advice = *head;

    if (!findings->each)
        return;
    vsnprintf(text, sizeof(text), format, arguments);
    char *end = strchr(text, '\n');
    if (end)
        *end = '\0';
    advice.text = text;
    advice.advice = end ? end + 1 : "";
    findings->each(findings->context, &advice);
}

static void say_failure(struct findings *findings, enum advice_topic topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say_failure(struct findings *findings, enum advice_topic topic, const char *format, ...)
{
    const struct advice head = {.topic = topic, .failure = true};
    va_list arguments;

    findings->count++;
    va_start(arguments, format);
    tell(findings, &head, format, arguments);
    va_end(arguments);
}

static void say_warning(struct findings *findings, enum advice_topic topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say_warning(struct findings *findings, enum advice_topic topic, const char *format, ...)
{
    const struct advice head = {.topic = topic};
    va_list arguments;

    findings->count++;
    va_start(arguments, format);
    tell(findings, &head, format, arguments);
    va_end(arguments);
}

static json_int_t counter_of(const json_t *source, const char *key)
{
    return number_of(json_object_get(source, "counters"), key);
}

/* What came, and could not be read or kept. */
static void look_at_losses(struct findings *findings, const json_t *source)
{
    json_int_t cut = counter_of(source, "cut-before");
    json_int_t dropped = counter_of(source, "questions-dropped");

    /* Such frames nobody sends: who copies them has cut them. */
    if (cut >= TRAFFIC_MIN)
        say_warning(findings, ADVICE_INTERFACES,
                    "%" JSON_INTEGER_FORMAT
                    " DNS packets had been truncated before they were captured: their headers are "
                    "complete, the payload is not\nturn truncation (packet"
                    " slicing) off where they are mirrored",
                    cut);
    if (dropped > 0)
        say_warning(findings, ADVICE_DNS,
                    "%" JSON_INTEGER_FORMAT
                    " pending questions were evicted: 65536 are kept, and those of the busiest "
                    "clients go first\na client floods, or the names are those of a whole "
                    "provider: `tcpdump -n udp port 53`"
                    " shows who asks",
                    dropped);
}

static void look_at_source(struct findings *findings, const json_t *source)
{
    const char *name = text_of(source, "source");

    if (text_is(source, "state", "waiting"))
        say_failure(findings, ADVICE_SOURCES,
                    "the %s is not running and will be restarted shortly (%s)\n"
                    "nothing is learned from it meanwhile, the sets remain: see"
                    " `journalctl -u wildset`",
                    name, text_of(source, "problem"));
    if (text_is(source, "state", "silent"))
        say_failure(findings, ADVICE_SOURCES,
                    "the %s has been silent for %" JSON_INTEGER_FORMAT " s: nothing is learned from"
                    " it\nit is restarted after 10 s; if the machine is overloaded, see `uptime` "
                    "and `journalctl -u wildset`",
                    name, number_of(source, "silent"));
    if (text_is(source, "state", "starting"))
        say_warning(findings, ADVICE_SOURCES, "the %s is starting and not ready yet", name);
    if (number_of(source, "violations") > 0)
        say_failure(findings, ADVICE_SOURCES,
                    "the %s sent %" JSON_INTEGER_FORMAT
                    " messages that it may not send, and was terminated\nit may be compromised; "
                    "see `journalctl -u wildset`",
                    name, number_of(source, "violations"));
    if (counter_of(source, "answers-lost") > 0)
        say_warning(findings, ADVICE_SOURCES,
                    "%" JSON_INTEGER_FORMAT " messages with answers of the %s were lost and not"
                    " learned: wildsetd could not keep up\nwho floods is in `wildset list` and in"
                    " `journalctl -u wildset`; narrower names, or a machine with time to spare",
                    counter_of(source, "answers-lost"), name);
    json_int_t alarms = counter_of(source, "alarms") - counter_of(source, "alarms-asked-again");
    if (alarms > 0)
        say_warning(findings, ADVICE_DNS,
                    "%" JSON_INTEGER_FORMAT
                    " answers, or TCP segments, contradicted what came first,"
                    " and were not learned\npossible DNS spoofing; `journalctl -u wildset` has"
                    " both",
                    alarms);
    look_at_losses(findings, source);
}

/* Of the questions and answers for our names, only one kind comes by. */
static void look_at_directions(struct findings *findings, const json_t *status,
                               const json_t *source)
{
    json_int_t questions = counter_of(source, "questions");
    json_int_t answers = counter_of(source, "matching-answers");

    if (answers >= TRAFFIC_MIN && questions == 0 &&
        json_is_true(json_object_get(status, "require_query")))
        say_failure(findings, ADVICE_DNS,
                    "%" JSON_INTEGER_FORMAT
                    " answers but no questions were seen for names of the whitelists: only one "
                    "direction is captured, and nothing is learned\n"
                    "mirror both directions; or, on a mirror port, name the resolvers in"
                    " capture.resolvers and set require-query = false: anyone who can send "
                    "packets in their name is then trusted",
                    answers);
    if (questions >= TRAFFIC_MIN && answers == 0)
        say_failure(
            findings, ADVICE_DNS,
            "%" JSON_INTEGER_FORMAT
            " questions but no answers were seen for names of the whitelists, so nothing is "
            "learned: the resolvers do not answer, or only one direction is captured\n"
            "if clients get answers, mirror both directions, and name both ports of the path in "
            "capture.interfaces",
            questions);
}

/* An interface that looks like a mirror port, and is not taken for one. */
static void look_at_mirrors(struct findings *findings, const json_t *source)
{
    const json_t *refused = json_object_get(source, "refused");
    json_int_t astray = number_of(refused, "wrong-way") + number_of(refused, "impossible-source");
    json_t *port;
    size_t i;

    json_array_foreach(json_object_get(source, "mirrors"), i, port)
    {
        const char *name = text_of(port, "interface");

        if (astray >= TRAFFIC_MIN && !json_is_true(json_object_get(port, "taken")))
            say_warning(findings, ADVICE_DNS,
                        "%" JSON_INTEGER_FORMAT " answers came where only a mirror port may bring"
                        " them; %s has no addresses, and is not treated as one\n"
                        "only if a switch copies packets to it, add to capture { }: mirror = {"
                        " \"%s\" }",
                        astray, name, name);
    }
}

/* Then foreign questions and answers are not looked at, and nobody knows whether there are any. */
static bool sees_only_names(const json_t *source)
{
    json_t *interface;
    size_t i;

    json_array_foreach(json_object_get(source, "interfaces"), i, interface)
    {
        if (text_is(interface, "filter", "names"))
            return true;
    }
    return false;
}

/* Only once some time has passed: right after the start nothing has come yet. */
#define LOOK_AT_THE_WAY                                                                            \
    "do the clients' DNS packets (UDP port 53) pass the interfaces of capture.interfaces? DNS "    \
    "over"                                                                                         \
    " TLS or HTTPS cannot be read"

static void look_at_traffic(struct findings *findings, const json_t *status, const json_t *source)
{
    if (strcmp(text_of(source, "source"), "sniffer") != 0 || !text_is(source, "state", "running"))
        return;
    look_at_directions(findings, status, source);
    look_at_mirrors(findings, source);
    if (number_of(status, "uptime") < QUIET_SECONDS || counter_of(source, "questions") > 0)
        return;
    if (counter_of(source, "answers") == 0)
        say_warning(findings, ADVICE_DNS,
                    sees_only_names(source) ? "no DNS answer for a name of the whitelists has been "
                                              "seen yet; others are not examined\n" LOOK_AT_THE_WAY
                                            : "no DNS answer has been seen yet\n" LOOK_AT_THE_WAY);
    else if (counter_of(source, "matching-answers") == 0)
        say_warning(findings, ADVICE_DNS,
                    "DNS answers are seen, but none for a name of the whitelists yet\n"
                    "try `getent ahosts NAME` on a client; a client may also use its cache, or DNS"
                    " over HTTPS");
}

/* What every interface of the source has in common is told once, of the source. */
static void look_at_quiet(struct findings *findings, const json_t *source, const json_t *interface)
{
    const char *name = text_of(interface, "interface");
    json_int_t quiet = number_of(interface, "quiet");

    if (quiet == 0)
        return;
    if (json_object_get(interface, "usual_pause"))
        say_warning(findings, ADVICE_INTERFACES,
                    "%s: nothing that is looked at has come by for %" JSON_INTEGER_FORMAT
                    " s; the longest pause before was %" JSON_INTEGER_FORMAT " s\n"
                    "do packets still reach it, or have the mirror or the"
                    " path?",
                    name, quiet, number_of(interface, "usual_pause"));
    else if (counter_of(source, "answers") > 0)
        say_warning(findings, ADVICE_INTERFACES,
                    "%s: nothing that is looked at has come by yet\n" LOOK_AT_THE_WAY, name);
}

/* A wrapping that is not known here hides what is in it: a mirror port of some switch. */
static void look_at_ethertype(struct findings *findings, const json_t *interface)
{
    const char *type = text_of(interface, "ethertype");
    uint16_t number = (uint16_t)strtoul(type, NULL, 16);
    unsigned share;

    if (type[0] == '\0' || !ethertype_is_common((uint64_t)number_of(interface, "ethertype_frames"),
                                                (uint64_t)number_of(interface, "frames"), &share))
        return;
    say_warning(findings, ADVICE_INTERFACES,
                "%s: about %u %% of the frames have EtherType %s%s, which wildset does not read\n"
                "DNS in them is not seen: have them mirrored without it, or report which device"
                " makes them",
                text_of(interface, "interface"), share, type, ethertype_name(number));
}

/* Up as the administrator has it, and as the cable does. */
static void look_at_link(struct findings *findings, const json_t *source, const json_t *interface)
{
    const char *name = text_of(interface, "interface");

    if (text_is(interface, "state", "down"))
        say_failure(
            findings, ADVICE_INTERFACES,
            "%s is down, or has no link\nwhere `ip link show %s` says NO-CARRIER, see to its"
            " cable and the other end; else `ip link set %s up`; it is used as soon as both"
            " are there",
            name, name, name);
    if (text_is(interface, "state", "waiting") && !text_is(source, "state", "starting"))
        say_failure(findings, ADVICE_INTERFACES,
                    "there is no interface %s\ncheck capture.interfaces against `ip link`; it is"
                    " used as soon as it is there",
                    name);
}

static void look_at_interface(struct findings *findings, const json_t *source,
                              const json_t *interface)
{
    const char *name = text_of(interface, "interface");
    json_int_t received = number_of(interface, "received");
    json_int_t dropped = number_of(interface, "dropped");
    json_int_t by_interface = number_of(interface, "interface_dropped");

    look_at_link(findings, source, interface);
    if (dropped > 0)
        say_warning(
            findings, ADVICE_INTERFACES,
            "%s: the kernel dropped %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
            " packets, the sniffer could not keep up\nanswers may be missed; give it a CPU of"
            " its own, or mirror DNS traffic only",
            name, dropped, received);
    if (text_is(interface, "filter_reason", "refused"))
        say_warning(
            findings, ADVICE_INTERFACES,
            "%s: the kernel took no filter for the names, only one for \"%s\": it costs more"
            " CPU\n`sysctl net.core.optmem_max=131072`, then restart",
            name, text_of(interface, "filter"));
    if (by_interface > 0)
        say_warning(
            findings, ADVICE_INTERFACES,
            "%s: the network card or its driver dropped %" JSON_INTEGER_FORMAT
            " packets\nlarger rings (`ethtool -G %s rx 4096`) or less mirrored traffic help",
            name, by_interface, name);
    if (number_of(interface, "cut") > 0)
        say_warning(findings, ADVICE_INTERFACES,
                    "%s: %" JSON_INTEGER_FORMAT " packets were longer than the 64 KiB that are kept"
                    " of one, and not read whole\nan offload merges that many into one: `ethtool -K"
                    " %s gro off lro off`",
                    name, number_of(interface, "cut"), name);
    if (number_of(interface, "undirected") > 0)
        say_failure(findings, ADVICE_INTERFACES,
                    "%s: of %" JSON_INTEGER_FORMAT
                    " packets it is not known whether they came in or"
                    " went out, so they were ignored\nthis libpcap captures in a way that"
                    " wildset does not know; on a mirror port it does not matter",
                    name, number_of(interface, "undirected"));
    /* Merging is usual and harmless, as long as the few slots for merged packets are enough. */
    if (number_of(interface, "merged") > 0 && dropped > 0)
        say_warning(findings, ADVICE_INTERFACES,
                    "%s: %" JSON_INTEGER_FORMAT
                    " packets were merged before they were captured (GRO,"
                    " LRO), and there is room for few such at once\n`ethtool -K %s gro off lro off`"
                    " where the interface only watches",
                    name, number_of(interface, "merged"), name);
    look_at_ethertype(findings, interface);
}

/* wildset makes what is missing, and the administrator what it is not to make. */
static void look_at_missing(struct findings *findings, const json_t *set)
{
    const char *name = text_of(set, "set"), *problem = text_of(set, "problem");

    if (json_is_true(json_object_get(set, "create")))
        say_failure(findings, ADVICE_SETS,
                    "%s: %s\nwildset retries every second: see `journalctl -u wildset`", name,
                    *problem ? problem : "there is no such set");
    else
        say_failure(
            findings, ADVICE_SETS,
            "%s: %s\n`nft 'add set %s { type %s; flags timeout; }'` where your ruleset makes"
            " its table; its addresses are entered as soon as it is there",
            name, *problem ? problem : "there is no such set", name, text_of(set, "type"));
}

/* It may be in use: nothing here is to be deleted. */
static void look_at_wrong(struct findings *findings, const json_t *set)
{
    const char *name = text_of(set, "set"), *problem = text_of(set, "problem");
    const char *type = text_of(set, "type");

    if (json_is_true(json_object_get(set, "table_owned")))
        say_failure(
            findings, ADVICE_SETS,
            "%s: %s\nname a set in another table in the configuration; firewalld lets others"
            " write its sets with NftablesTableOwner=no: firewalls.md in"
            " /usr/share/doc/wildset",
            name, problem);
    else if (json_is_true(json_object_get(set, "create")))
        say_failure(findings, ADVICE_SETS,
                    "%s %s\nname another set of that table in the configuration: wildset makes it;"
                    " this one stays as it is",
                    name, problem);
    else
        say_failure(findings, ADVICE_SETS,
                    "%s %s\nmake another one, `{ type %s; flags timeout; }`, and name that in the"
                    " configuration; this one stays as it is",
                    name, problem, type);
}

static void look_at_set(struct findings *findings, const json_t *set)
{
    const char *name = text_of(set, "set");
    json_int_t leases = number_of(set, "leases");
    json_int_t capacity = number_of(set, "capacity");

    if (text_is(set, "state", "missing"))
        look_at_missing(findings, set);
    if (text_is(set, "state", "wrong"))
        look_at_wrong(findings, set);
    if (capacity > 0 && leases >= capacity)
        say_warning(findings, ADVICE_SETS,
                    "%s is full (%" JSON_INTEGER_FORMAT " addresses): each new one drives out the"
                    " one nearest to its end\nraise max-addresses, or narrow the names",
                    name, leases);
    if (number_of(set, "full") > 0)
        say_warning(findings, ADVICE_SETS,
                    "%s: the kernel said %" JSON_INTEGER_FORMAT " times that the set is full\n"
                    "something else fills it too, or its size is too small: see `nft list set %s`",
                    name, number_of(set, "full"), name);
}

static void look_at_list(struct findings *findings, const json_t *list)
{
    const char *outcome = text_of(list, "outcome");
    bool good = strcmp(outcome, "good") == 0 || strcmp(outcome, "unchanged") == 0;
    json_int_t unresolved = number_of(list, "unresolved");

    if (*outcome != '\0' && !good && strcmp(outcome, "not-yet") != 0)
        say_warning(findings, ADVICE_REGISTRY,
                    "the list of whitelist %s is unusable: %s\n%s; `wildset registry %s` tries "
                    "it now",
                    text_of(list, "whitelist"), text_of(list, "text"),
                    json_object_get(list, "good") ? "the last good one remains in use"
                                                  : "its servers are allowed only when a client "
                                                    "asks for them",
                    text_of(list, "whitelist"));
    if (unresolved > 0 && unresolved == number_of(list, "names"))
        say_warning(findings, ADVICE_REGISTRY,
                    "none of the %" JSON_INTEGER_FORMAT " names of whitelist %s can be resolved"
                    " from here (%s is one)\nname servers that answer in registry-resolvers, or set"
                    " resolve = false",
                    unresolved, text_of(list, "whitelist"), text_of(list, "unresolved_name"));
}

static void look_at_hold(struct findings *findings, const json_t *hold)
{
    const char *problem = text_of(hold, "problem");
    json_int_t late = number_of(json_object_get(hold, "outcomes"), "time_up");
    json_int_t waits = number_of(json_object_get(hold, "waits"), "count");

    if (text_is(hold, "state", "unbound"))
        say_failure(findings, ADVICE_HOLD,
                    "packets do not wait for their addresses: queue %" JSON_INTEGER_FORMAT
                    " cannot be used (%s)\nwildset tries it again every 5 s",
                    number_of(hold, "queue"), problem);
    else if (*problem)
        say_failure(findings, ADVICE_HOLD,
                    "packets that waited could not be let go: %s\nsee `journalctl -u wildset`, "
                    "and set hold = \"\" if it stays so",
                    problem);
    if (number_of(hold, "packets") == 0 && number_of(hold, "ready_for") >= UNFED_SECONDS &&
        number_of(hold, "granted_since") >= UNFED_GRANTS)
        say_warning(findings, ADVICE_HOLD,
                    "no packet has come to queue %" JSON_INTEGER_FORMAT
                    " while %" JSON_INTEGER_FORMAT " addresses became allowed: no rule sends any\n"
                    "load the rules of `wildset rules --hold`, or set hold = \"\"",
                    number_of(hold, "queue"), number_of(hold, "granted_since"));
    /* One stall of the machine is no finding; that one packet in fifty is not waited for is one. */
    if (text_is(hold, "state", "paused"))
        say_warning(findings, ADVICE_HOLD,
                    "packets do not wait for their addresses at the moment: the sniffer was too "
                    "slow three times in a row\nis the machine overloaded? see `uptime`; it is "
                    "tried again within 10 s");
    else if (late >= TRAFFIC_MIN && late * REFUSED_SHARE >= waits)
        say_warning(findings, ADVICE_HOLD,
                    "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                    " packets that waited went on after %" JSON_INTEGER_FORMAT
                    " ms, since the sniffer was too slow\nis the machine overloaded? see "
                    "`uptime`; at most 500 ms can be set as hold",
                    late, waits, number_of(hold, "most_us") / 1000);
}

/*
 * Whose server that is only people can know: an answer may have been asked for by whoever wants it
 * trusted.  Of an interface that is named nothing is taken back.
 */
static void look_at_stranger(struct findings *findings, const json_t *resolver)
{
    const char *server = text_of(resolver, "resolver");
    json_int_t answers = number_of(resolver, "untrusted"), clients = number_of(resolver, "clients");
    char askers[ASKERS_MAX];

    /* "3 answers, 2 clients asked (first 192.0.2.10)" */
    snprintf(askers, sizeof(askers),
             "%" JSON_INTEGER_FORMAT " answer%s, %s%" JSON_INTEGER_FORMAT
             " client%s asked (first %s)",
             answers, answers == 1 ? "" : "s",
             json_is_true(json_object_get(resolver, "more_clients")) ? "more than " : "", clients,
             clients == 1 ? "" : "s", text_of(resolver, "client"));
    if (text_is(resolver, "finding", "elsewhere"))
        say_warning(findings, ADVICE_RESOLVERS,
                    "answers for %.120s from %s are not trusted on %s: %s\n"
                    "capture.resolvers names another interface for that server: where do its"
                    " answers first reach this machine?",
                    text_of(resolver, "name"), server, text_of(resolver, "interface"), askers);
    else
        say_warning(findings, ADVICE_RESOLVERS,
                    "answers for %.120s from %s are not trusted: %s\n"
                    "only if it is your resolver, add to capture { }: `resolvers += { \"%s\""
                    " }`; else find out why it is asked",
                    text_of(resolver, "name"), server, askers, server);
}

static void look_at_strangers(struct findings *findings, const json_t *status)
{
    json_t *resolver;
    size_t i, count = 0;

    json_array_foreach(json_object_get(status, "resolvers"), i, resolver)
    {
        if (*text_of(resolver, "finding") && count++ < STRANGERS_SHOWN)
            look_at_stranger(findings, resolver);
    }
    if (count > STRANGERS_SHOWN)
        say_warning(findings, ADVICE_RESOLVERS,
                    "%zu more servers are queried but not trusted\n`wildset status --json` has all,"
                    " in resolvers",
                    count - STRANGERS_SHOWN);
}

/* Of "counters" or "refused", over all sources. */
static json_int_t sources_sum(const json_t *status, const char *of, const char *key)
{
    json_int_t sum = 0;
    json_t *source;
    size_t i;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        sum += number_of(json_object_get(source, of), key);
    }
    return sum;
}

static void look_at_refusals(struct findings *findings, const json_t *status)
{
    json_int_t learned = sources_sum(status, "counters", "learned");

    for (int i = 0; i < REASON_COUNT; i++) {
        enum reason reason = (enum reason)i;
        json_int_t refused = number_of(json_object_get(status, "refused"), reason_name(reason)) +
                             sources_sum(status, "refused", reason_name(reason));

        if (!refusals_advice(reason) || refused < TRAFFIC_MIN || refused * REFUSED_SHARE < learned)
            continue;
        if (reason == REASON_NO_QUESTION && sources_sum(status, "counters", "questions") == 0)
            continue; /* only one direction is seen, which is said */
        say_warning(findings, ADVICE_DNS,
                    "%" JSON_INTEGER_FORMAT
                    " answers or addresses were refused (%s) while %" JSON_INTEGER_FORMAT
                    " answers were learned: %s\n%s",
                    refused, reason_name(reason), learned, reason_text(reason),
                    refusals_advice(reason));
    }
}

size_t advice_each(const json_t *status, advice_take *each, void *context)
{
    struct findings findings = {.each = each, .context = context};
    const json_t *transactions = json_object_get(status, "transactions");
    const char *refused = text_of(status, "refused_configuration");
    json_t *source, *item;
    size_t i, j;

    if (json_array_size(json_object_get(status, "sources")) == 0)
        say_failure(&findings, ADVICE_SOURCES,
                    "no source runs\nnothing is learned; see `journalctl -u wildset`");
    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        look_at_source(&findings, source);
        json_array_foreach(json_object_get(source, "interfaces"), j, item)
        {
            look_at_interface(&findings, source, item);
            look_at_quiet(&findings, source, item);
        }
        json_array_foreach(json_object_get(source, "lists"), j, item) look_at_list(&findings, item);
    }
    json_array_foreach(json_object_get(status, "sets"), i, item) look_at_set(&findings, item);
    json_array_foreach(json_object_get(status, "feeds"), i, item)
    {
        if (json_object_get(item, "problem"))
            say_failure(&findings, ADVICE_CONFIGURATION,
                        "the feed %s is not written\n%s; clients keep the last version",
                        text_of(item, "feed"), text_of(item, "problem"));
    }
    look_at_hold(&findings, json_object_get(status, "hold"));
    if (number_of(transactions, "failed") > 0)
        say_warning(&findings, ADVICE_KERNEL,
                    "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " transactions with the"
                    " kernel failed\nwildset retries them: see `journalctl -u wildset`",
                    number_of(transactions, "failed"), number_of(transactions, "count"));
    /* A file may have several faults: the first one is enough to begin with. */
    if (*refused)
        say_warning(&findings, ADVICE_CONFIGURATION,
                    "the changed configuration is not in force: %.*s\nfix it, then run `wildset "
                    "reload`; the previous configuration stays in force",
                    (int)strcspn(refused, "\n"), refused);
    json_array_foreach(json_object_get(status, "sources"), i, source)
        look_at_traffic(&findings, status, source);
    look_at_refusals(&findings, status);
    look_at_strangers(&findings, status);
    json_array_foreach(json_object_get(status, "warnings"), i, item)
        say_warning(&findings, ADVICE_CONFIGURATION, "%s",
                    json_string_value(item) ? json_string_value(item) : "");
    return findings.count;
}

static void health_weigh(void *context, const struct advice *advice)
{
    enum advice_health *health = context;

    if (advice->failure)
        *health = ADVICE_FAILING;
    else if (*health == ADVICE_OK)
        *health = ADVICE_DEGRADED;
}

enum advice_health advice_health(const json_t *status)
{
    enum advice_health health = ADVICE_OK;

    advice_each(status, health_weigh, &health);
    return health;
}
