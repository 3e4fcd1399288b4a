/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a set: is it there and right, and what becomes of it when the kernel says no.
 *
 *     phase    it is                                        and becomes
 *     ABSENT   not there, or cannot be read, made, written
 *     WRONG    there, and of another kind than wanted
 *     STALE    right, until a transaction was lost or
 *              others changed it
 *     FILLING  right; its leases are being written          at the end (refill_end) READY, or FULL
 *                                                           when not all fit
 *     READY    right, and all leases are written            FULL when the kernel takes no more
 *     FULL     right; nothing new is written before         READY when all that was held back is
 *              hold_ns                                      written (refill_held)
 *
 * and besides, whatever it is,
 *
 *     by a check (sets_check)    ABSENT, WRONG or FILLING; what is right, was not STALE and is
 *                                the same set as before stays what it is
 *     by a refusal (set_failed)  ABSENT; but a doubt when the set has gone (ENOENT, once a flush)
 *                                and when a full one refuses again before hold_ns; no more room
 *                                (ENFILE) makes READY to FULL, others stay what they are
 *     by a doubt (set_doubt)     STALE, if it was right: others changed it, a transaction was
 *                                lost or could not be made
 *
 * A check is made at check_ns: each second while a set is ABSENT or WRONG, soon after it has become
 * STALE, and after others' changes.  Without a kernel a set is READY for ever.
 */
#include "setsync/sets/set_state.h"

#include "base/log.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GC_INTERVAL_DEFAULT_MS = 1000 };

/* ---- is it right? ---- */

static const char *key_type_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } keys[] = {
        {5, "a mark or number"}, {7, "ipv4_addr"},     {8, "ipv6_addr"}, {9, "ether_addr"},
        {12, "inet_proto"},      {13, "inet_service"}, {19, "mark"},     {41, "ifname"},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].type == type)
            return keys[i].name;
    return type > 63 ? "a concatenation" : "another type"; /* six bits a field */
}

/* What a set must not be, and what to say about it. */
static const struct {
    uint32_t flags;
    const char *problem;
} refused_flags[] = {
    {NFT_SET_MAP | NFT_SET_OBJECT, "is a map, expected a set"},
    {NFT_SET_ANONYMOUS, "is anonymous, expected a named set"},
    {NFT_SET_CONSTANT, "has the flag constant: create it without"},
    {NFT_SET_CONCAT, "holds a concatenation, expected plain addresses"},
};

bool set_find_problem(const struct set *set, const struct nftset_view *view,
                      char out[static SET_PROBLEM_MAX])
{
    const bool is_ipv4 = set->family == ADDRESS_IPV4;
    const uint32_t type = is_ipv4 ? NFTSET_KEY_IPV4 : NFTSET_KEY_IPV6;
    if (view->table_owned) {
        snprintf(out, SET_PROBLEM_MAX, "its table belongs to another program (flags owner)");
        return true;
    }
    for (size_t i = 0; i < sizeof(refused_flags) / sizeof(refused_flags[0]); i++) {
        if ((view->flags & refused_flags[i].flags) == 0)
            continue;
        snprintf(out, SET_PROBLEM_MAX, "%s", refused_flags[i].problem);
        return true;
    }
    if (view->key_type != type || view->key_length != (is_ipv4 ? 4U : 16U)) {
        snprintf(out, SET_PROBLEM_MAX, "holds %s, expected %s", key_type_name(view->key_type),
                 is_ipv4 ? "ipv4_addr" : "ipv6_addr");
        return true;
    }
    if ((view->flags & NFT_SET_TIMEOUT) == 0) {
        snprintf(out, SET_PROBLEM_MAX, "has no timeouts: create it with `flags timeout`");
        return true;
    }
    return false;
}

/* ---- state ---- */

const char *set_state_name(enum set_state state)
{
    static const char *const names[SET_STATE_COUNT] = {
        [SET_READY] = "ready", [SET_MISSING] = "missing", [SET_WRONG] = "wrong"};
    return (unsigned)state < SET_STATE_COUNT ? names[state] : "";
}

enum set_state set_state(const struct set *set)
{
    switch (set->phase) {
    case SET_PHASE_ABSENT:
        return SET_MISSING;
    case SET_PHASE_WRONG:
        return SET_WRONG;
    case SET_PHASE_STALE:
    case SET_PHASE_FILLING:
    case SET_PHASE_READY:
    case SET_PHASE_FULL:
        break;
    }
    return SET_READY;
}

/* What others are told is logged once, when it changes. */
void set_enter(struct set *set, enum set_phase phase, const char *problem)
{
    char text[SET_TEXT_MAX];
    const enum set_state before = set_state(set);
    bool is_news = problem && strcmp(set->problem, problem) != 0;
    set->phase = phase;
    set->just_read &= phase == SET_PHASE_FILLING;
    if (problem)
        snprintf(set->problem, sizeof(set->problem), "%s", problem);
    is_news |= problem && set_state(set) != before;
    if (!is_news || !set->wanted)
        return;
    if (set->problem[0] == '\0')
        log_notice("%s: ready", set_name_to_text(&set->name, text));
    else
        log_warning("%s: %s", set_name_to_text(&set->name, text), set->problem);
}

void set_enter_problem(struct set *set, enum set_phase phase, const char *format, ...)
{
    char problem[SET_PROBLEM_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof(problem), format, arguments);
    va_end(arguments);
    set_enter(set, phase, problem);
}

void set_doubt(struct set *set, uint64_t check_ns)
{
    set->check_ns = check_ns;
    if (set_is_right(set))
        set_enter(set, SET_PHASE_STALE, NULL);
}

void set_failed(struct set *set, int error, uint64_t now_ns)
{
    const uint32_t gc_ms = set->view.gc_interval_ms;
    bool is_first = set->hold_ns <= now_ns;
    if (error == -ENFILE && is_first) {
        set->full++;
        set->hold_ns = now_ns + 2 * NS_PER_MS * (gc_ms > 0 ? gc_ms : GC_INTERVAL_DEFAULT_MS);
        set_enter_problem(set, set->phase == SET_PHASE_READY ? SET_PHASE_FULL : set->phase,
                          "full: its size is %u elements; raise size", set->view.size);
        return;
    }
    bool has_gone = error == -ENOENT && set->failures <= 1; /* it is made again at once */
    set_doubt(set, has_gone ? now_ns : now_ns + SET_CHECK_INTERVAL_NS);
    if (!has_gone && error != -ENFILE)
        set_enter_problem(set, SET_PHASE_ABSENT, "cannot be written: %s", strerror(-error));
}

/* ---- looking ---- */

bool set_view_is_same(const struct nftset_view *a, const struct nftset_view *b)
{
    return a->table_handle == b->table_handle && a->handle == b->handle;
}

int sets_mark(struct setsync *sync)
{
    sync->epoch++;
    return sync->kernel->mark(sync->nft);
}

void sets_look(struct setsync *sync, struct set *set, uint64_t now_ns)
{
    if (set->epoch == sync->epoch || !set_is_writable(set))
        return;
    set->epoch = sync->epoch;
    struct nftset_view view;
    if (sync->kernel->inspect(sync->nft, &set->name, &view) == 0 && view.exists &&
        set_view_is_same(&view, &set->view) && view.flags == set->view.flags)
        return;
    set_doubt(set, now_ns);
    sync->must_look = true;
}
