/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status object's findings (client/advice.h) as checks, and its members.
 */
#ifndef WILDSET_DOCTOR_FINDING_H
#define WILDSET_DOCTOR_FINDING_H

#include "daemon/control/diagnosis.h"
#include "doctor/doctor.h"

#include <string.h>

/* Those of a topic, as findings of the check `id`; how many. */
size_t findings_add(struct doctor *doctor, const char *id, enum advice_topic topic);

/* "" and 0 when it is not there. */
static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static inline json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static inline bool is_state(const json_t *object, const char *state)
{
    return strcmp(text_of(object, "state"), state) == 0;
}

#endif
