/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was found, check by check: printed as it is found, or gathered as one JSON object.  Whatever
 * a text is made of, it leaves as printable ASCII, other bytes as \DDD.
 */
#ifndef WILDSET_DOCTOR_CHECKLIST_H
#define WILDSET_DOCTOR_CHECKLIST_H

#include "daemon/control/diagnosis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum check_state {
    CHECK_OK,
    CHECK_WARNING, /* it works, but not as it should, or it cannot be judged */
    CHECK_FAILURE,
    CHECK_STATE_COUNT,
};

struct checklist;

/* Lines on `out`, in colour where that is wanted; or, with `json`, the object at the end.  NULL
 * when out of memory. */
struct checklist *checklist_new(FILE *out, bool json, bool colour);
/* Prints what is left to print. */
void checklist_end(struct checklist *checklist);
void checklist_free(struct checklist *checklist);

/* One finding of the check `id`. */
void checklist_add(struct checklist *checklist, const char *id, enum check_state state,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What to do about the last finding; once. */
void checklist_advise(struct checklist *checklist, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Those of one topic that status says too, as findings of the check `id`; how many. */
size_t checklist_add_findings(struct checklist *checklist, const char *id, const json_t *status,
                              enum advice_topic topic);

size_t checklist_count(const struct checklist *checklist, enum check_state state);

#endif
