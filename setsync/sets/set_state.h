/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a set.
 */
#ifndef WILDSET_SETSYNC_SETS_SET_STATE_H
#define WILDSET_SETSYNC_SETS_SET_STATE_H

#include "setsync/setsync_state.h"

/* Says it once, when it changes; an empty text is no problem. */
void sets_enter_state(struct set *set, enum set_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The kernel refused a set's part of a transaction. */
void sets_failed(struct set *set, int error, uint64_t now_ns);
/* The first problem of what was found, as text in `out`; false when there is none. */
bool set_find_problem(const struct set *set, const struct nftset_view *view,
                      char out[static SET_PROBLEM_MAX]);
/* The same table and the same set, not others of their names. */
bool set_view_is_same(const struct nftset_view *a, const struct nftset_view *b);
/* Someone changed the ruleset: each set is looked at before it is written again.  0 or -errno. */
int sets_mark(struct setsync *sync);
/* Looks at a set unless that was done since the mark: one that is not what it was is dirty. */
void sets_look(struct setsync *sync, struct set *set, uint64_t now_ns);

#endif
