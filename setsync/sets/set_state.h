/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a set.
 */
#ifndef WILDSET_SETSYNC_SETS_SET_STATE_H
#define WILDSET_SETSYNC_SETS_SET_STATE_H

#include "setsync/setsync_state.h"

/* The one way from a phase to another.  NULL: the problem stays; "": there is none. */
void set_enter(struct set *set, enum set_phase phase, const char *problem);
void set_enter_problem(struct set *set, enum set_phase phase, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Something has happened to a set that was right: looked at again at `check_ns`, and filled. */
void set_doubt(struct set *set, uint64_t check_ns);
/* What others are told. */
enum set_state set_state(const struct set *set);
/* The kernel refused a set's part of a transaction. */
void set_failed(struct set *set, int error, uint64_t now_ns);
/* The first problem of what was found, as text in `out`; false when there is none. */
bool set_find_problem(const struct set *set, const struct nftset_view *view,
                      char out[static SET_PROBLEM_MAX]);
/* The same table and the same set, not others of their names. */
bool set_view_is_same(const struct nftset_view *a, const struct nftset_view *b);
/* Someone changed the ruleset: each set is looked at before it is written again.  0 or -errno. */
int sets_mark(struct setsync *sync);
/* Looks at a set unless that was done since the mark: one that is not what it was is stale. */
void sets_look(struct setsync *sync, struct set *set, uint64_t now_ns);

#endif
