/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict first, then each reason with its advice.  What the daemon did not say is left out.
 */
#include "client/commands/explain_text.h"

#include "base/json_read.h"
#include "client/table.h"
#include "source/reason.h"

#include <stdbool.h>
#include <string.h>

static bool is_address(const json_t *reply)
{
    return *text_of(reply, "address") != '\0';
}

static const char *subject_of(const json_t *reply)
{
    return text_of(reply, is_address(reply) ? "address" : "name");
}

static const char *duration_of(const json_t *object, const char *key,
                               char out[static DURATION_TEXT_MAX])
{
    json_int_t seconds = number_of(object, key);

    return duration_to_text(seconds > 0 ? (unsigned long long)seconds : 0, out);
}

/* ---- allowed ---- */

static void lease_element_print(const json_t *lease, FILE *out)
{
    static const struct {
        const char *element, *text;
    } words[] = {
        {"present", "the kernel has it"},
        {"foreign", "the kernel has it as an element not managed by wildset"},
        {"covered", "it is in an interval not managed by wildset"},
        {"leaving", "no longer granted; removed from the kernel set within a second of the last "
                    "change by others"},
        {"absent", "missing from the kernel set; wildset restores it within a second; if it stays "
                   "missing, see `wildset status`"},
    };
    const char *element = text_of(lease, "element");
    char left[DURATION_TEXT_MAX];

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].element, element) == 0)
            fprintf(out, "; %s", words[i].text);
    }
    if (json_object_get(lease, "element_left"))
        fprintf(out, ", for %s", duration_of(lease, "element_left", left));
    else if (strcmp(element, "present") == 0 || strcmp(element, "foreign") == 0 ||
             strcmp(element, "covered") == 0)
        fputs(", permanently", out);
}

static void claim_print(const json_t *claim, FILE *out)
{
    const char *name = text_of(claim, "name"), *owner = text_of(claim, "owner");
    char left[DURATION_TEXT_MAX];

    fprintf(out, "    whitelist %s: %s matches %s\n", text_of(claim, "whitelist"),
            text_of(claim, "pattern"), name);
    fprintf(out, "      TTL %" JSON_INTEGER_FORMAT " s", number_of(claim, "ttl"));
    if (*text_of(claim, "record"))
        fprintf(out, ", %s record", text_of(claim, "record"));
    if (*owner && strcmp(owner, name) != 0)
        fprintf(out, " of %s, the end of its alias chain", owner);
    fprintf(out, ", learned by the %s", text_of(claim, "source"));
    if (*text_of(claim, "resolver"))
        fprintf(out, " from resolver %s", text_of(claim, "resolver"));
    fputs("\n      ", out);
    if (*text_of(claim, "first_seen"))
        fprintf(out, "first seen %s, ", text_of(claim, "first_seen"));
    if (*text_of(claim, "last_seen"))
        fprintf(out, "last seen %s, ", text_of(claim, "last_seen"));
    fprintf(out, "ends in %s\n", duration_of(claim, "left", left));
}

static void lease_print(const json_t *lease, FILE *out)
{
    const json_t *claims = json_object_get(lease, "claims"), *claim;
    const json_t *clients = json_object_get(lease, "clients"), *client;
    char left[DURATION_TEXT_MAX];
    size_t i;

    fprintf(out, "  %s in %s", text_of(lease, "address"), text_of(lease, "set"));
    if (json_object_get(lease, "left"))
        fprintf(out, " for another %s", duration_of(lease, "left", left));
    else
        fputs(", not granted by wildset", out);
    lease_element_print(lease, out);
    fputc('\n', out);
    json_array_foreach(claims, i, claim) claim_print(claim, out);
    json_array_foreach(clients, i, client)
        fprintf(out, "%s%s", i ? ", " : "    asked for by ", json_string_value(client));
    if (json_array_size(clients) > 0)
        fputc('\n', out);
}

static void allowed_print(const json_t *reply, FILE *out)
{
    const json_t *leases = json_object_get(reply, "leases"), *lease;
    json_int_t left_out = number_of(reply, "leases_left_out");
    size_t i;

    fprintf(out, "%s is allowed:\n", subject_of(reply));
    json_array_foreach(leases, i, lease) lease_print(lease, out);
    if (left_out > 0)
        fprintf(out, "  and %" JSON_INTEGER_FORMAT " more: `wildset list` shows all\n", left_out);
}

/* ---- not allowed: a name ---- */

/* What a pattern does not do, with places for the pattern, the name and the pattern's own name. */
static const struct {
    const char *near, *before, *after;
} near_texts[] = {
    {"apex", "matches the names below it but not the name itself: add \"", "\" to names"},
    {"below", "matches that name only, not those below it: add \"",
     "\", or \"*.\" before the pattern"},
    {"lookalike", "only looks similar, since whole labels are compared: \"",
     "\" may imitate it, so add it only if you know whose it is"},
    {"inside", "is contained in this name, but its end decides whose it is: \"",
     "\" may imitate it, so add it only if you know whose it is"},
    {"above", "is below this name and does not match it: add \"", "\" if clients need it"},
    {"sibling", "is beside this name: add \"", "\" if clients need it"},
};

static void match_print(const json_t *whitelist, FILE *out)
{
    if (*text_of(whitelist, "pattern"))
        fprintf(out,
                "  whitelist %s: %s matches it, but no answer with an address for it was learned,"
                " or it has expired\n",
                text_of(whitelist, "whitelist"), text_of(whitelist, "pattern"));
}

static void near_print(const json_t *whitelist, const char *name, FILE *out)
{
    const json_t *nears = json_object_get(whitelist, "near"), *near;
    size_t i;

    if (json_array_size(nears) == 0)
        return;
    fprintf(out, "  whitelist %s: no pattern matches it\n", text_of(whitelist, "whitelist"));
    json_array_foreach(nears, i, near)
    {
        for (size_t k = 0; k < sizeof(near_texts) / sizeof(near_texts[0]); k++) {
            if (text_is(near, "near", near_texts[k].near))
                fprintf(out, "    %s %s%s%s\n", text_of(near, "pattern"), near_texts[k].before,
                        name, near_texts[k].after);
        }
    }
}

typedef bool whitelist_test(const json_t *whitelist, const char *value);

/* "  whitelist a, b" of those that pass the test; whether there are any. */
static bool whitelists_name(const json_t *reply, whitelist_test *passes, const char *value,
                            FILE *out)
{
    const json_t *whitelists = json_object_get(reply, "whitelists"), *whitelist;
    bool any = false;
    size_t i;

    json_array_foreach(whitelists, i, whitelist)
    {
        if (!passes(whitelist, value))
            continue;
        fprintf(out, "%s%s", any ? ", " : "  whitelist ", text_of(whitelist, "whitelist"));
        any = true;
    }
    return any;
}

static bool is_far(const json_t *whitelist, const char *value)
{
    (void)value;
    return !*text_of(whitelist, "pattern") &&
           json_array_size(json_object_get(whitelist, "near")) == 0;
}

void explain_misses_print(const json_t *reply, FILE *out)
{
    const json_t *whitelist;
    size_t i;

    json_array_foreach(json_object_get(reply, "whitelists"), i, whitelist)
        near_print(whitelist, text_of(reply, "name"), out);
    if (whitelists_name(reply, is_far, NULL, out))
        fputs(": no pattern matches it or is similar\n", out);
}

void explain_add_name_print(FILE *out)
{
    fputs("  Add names in the configuration, wildset.conf(5), then `systemctl reload"
          " wildset`.\n",
          out);
}

/* ---- not allowed: an address ---- */

static const char *reason_sentence(const char *name)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if (strcmp(reason_name((enum reason)i), name) == 0)
            return reason_text((enum reason)i);
    }
    return "";
}

static bool has_reason(const json_t *whitelist, const char *reason)
{
    return text_is(whitelist, "reason", reason);
}

/* What an address is refused for, whoever asks for it. */
static const struct {
    const char *reason, *advice;
} address_advices[] = {
    {"special-address", "no setting changes that"},
    {"private-address", "set private-addresses = true if clients should reach it"},
    {"benchmark-address", "set benchmark-addresses = true where this is a lab"},
    {"refused-prefix", "remove its prefix from refuse if clients should reach it"},
};

enum { ADDRESS_ADVICES = sizeof(address_advices) / sizeof(address_advices[0]) };

static void address_judge(const json_t *reply, FILE *out)
{
    if (whitelists_name(reply, has_reason, "", out))
        fputs(": may allow it, but no answer with this address was learned, or it has expired\n",
              out);
    for (size_t i = 0; i < ADDRESS_ADVICES; i++) {
        if (whitelists_name(reply, has_reason, address_advices[i].reason, out))
            fprintf(out, ": refused: %s; %s\n", reason_sentence(address_advices[i].reason),
                    address_advices[i].advice);
    }
}

/* The newest refusal of an answer for the name itself; NULL when there is none. */
static const json_t *refusal_find(const json_t *reply)
{
    const json_t *events = json_object_get(reply, "recent"), *event;
    size_t i;

    json_array_foreach(events, i, event)
    {
        if (text_is(event, "name", subject_of(reply)) && *text_of(event, "reason"))
            return event;
    }
    return NULL;
}

/* Another question would end the same way. */
static void refusal_print(const json_t *event, FILE *out)
{
    const char *reason = text_of(event, "reason");

    fputs("  Answers for it came and were refused", out);
    if (*text_of(event, "address"))
        fprintf(out, ", the last one with %s", text_of(event, "address"));
    fprintf(out, ": %s", reason_sentence(reason));
    for (size_t i = 0; i < ADDRESS_ADVICES; i++) {
        if (strcmp(address_advices[i].reason, reason) == 0)
            fprintf(out, "; %s", address_advices[i].advice);
    }
    fputs(".\n", out);
}

/* ---- both ---- */

static void explain_advice_print(const json_t *reply, bool may, FILE *out)
{
    const char *subject = subject_of(reply);

    if (is_address(reply) && may)
        fputs("  Addresses are allowed by their names: run `wildset explain NAME` for the name "
              "that has"
              " this address.\n",
              out);
    else if (!is_address(reply) && may && refusal_find(reply))
        refusal_print(refusal_find(reply), out);
    else if (!is_address(reply) && may)
        fprintf(out,
                "  Query it on a client (`dig %s`), then explain it again; `wildset status` shows"
                " whether answers are seen.\n",
                subject);
    else if (!is_address(reply))
        explain_add_name_print(out);
}

static void not_allowed_print(const json_t *reply, FILE *out)
{
    const json_t *whitelists = json_object_get(reply, "whitelists"), *whitelist;
    bool may = false; /* a whitelist would take it: all that is missing is an answer */
    size_t i;

    fprintf(out, "%s is not allowed:\n", subject_of(reply));
    json_array_foreach(whitelists, i, whitelist)
    {
        may |= is_address(reply) ? !*text_of(whitelist, "reason") : *text_of(whitelist, "pattern");
        if (!is_address(reply))
            match_print(whitelist, out);
    }
    if (is_address(reply))
        address_judge(reply, out);
    else
        explain_misses_print(reply, out);
    explain_advice_print(reply, may, out);
}

static void recent_event_print(const json_t *event, FILE *out)
{
    const char *reason = text_of(event, "reason");

    fprintf(out, "  %s %s", text_of(event, "time"), text_of(event, "event"));
    if (*text_of(event, "address"))
        fprintf(out, " %s", text_of(event, "address"));
    if (*text_of(event, "name"))
        fprintf(out, " of %s", text_of(event, "name"));
    if (*text_of(event, "client"))
        fprintf(out, ", client %s", text_of(event, "client"));
    if (*reason)
        fprintf(out, ": %s: %s", reason, reason_sentence(reason));
    fputc('\n', out);
}

/* "2026-...Z: a packet from 192.0.2.10 waited 420 us: found" */
static void waits_print(const json_t *waits, FILE *out)
{
    size_t i;
    json_t *wait;

    json_array_foreach(waits, i, wait)
        fprintf(out, "  %s a packet from %s waited %" JSON_INTEGER_FORMAT " us: %s\n",
                text_of(wait, "time"), text_of(wait, "client"), number_of(wait, "waited_us"),
                text_of(wait, "outcome"));
}

void explain_text_print(const json_t *reply, FILE *out)
{
    const json_t *events = json_object_get(reply, "recent"), *event, *whitelist;
    json_int_t below = number_of(reply, "leases_below");
    size_t i;

    if (json_is_true(json_object_get(reply, "allowed")))
        allowed_print(reply, out);
    else
        not_allowed_print(reply, out);
    if (below > 0)
        fprintf(out,
                "  %" JSON_INTEGER_FORMAT " address%s of names below it %s allowed:"
                " `wildset list` shows them.\n",
                below, below == 1 ? "" : "es", below == 1 ? "is" : "are");
    /* Sets that are not as they have to be, whoever asks. */
    json_array_foreach(json_object_get(reply, "whitelists"), i, whitelist)
    {
        if (*text_of(whitelist, "problem"))
            fprintf(out, "! whitelist %s: %s: see `wildset status`\n",
                    text_of(whitelist, "whitelist"), text_of(whitelist, "problem"));
    }
    if (json_array_size(events) + json_array_size(json_object_get(reply, "waits")) > 0)
        fputs("Recent events, newest first:\n", out);
    json_array_foreach(events, i, event) recent_event_print(event, out);
    if (number_of(reply, "recent_left_out") > 0)
        fprintf(out, "  and %" JSON_INTEGER_FORMAT " more\n", number_of(reply, "recent_left_out"));
    waits_print(json_object_get(reply, "waits"), out);
}
