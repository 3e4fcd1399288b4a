/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one topic of the advice to checks.
 */
#include "doctor/finding.h"

struct picking {
    struct doctor *doctor;
    const char *id;
    enum advice_topic topic;
    size_t count;
};

static void pick(void *context, const struct advice *advice)
{
    struct picking *picking = context;
    struct checklist *list = picking->doctor->list;

    if (advice->topic != picking->topic)
        return;
    picking->count++;
    checklist_add(list, picking->id, advice->failure ? CHECK_FAILURE : CHECK_WARNING, "%s",
                  advice->text);
    if (*advice->advice)
        checklist_advise(list, "%s", advice->advice);
}

size_t findings_add(struct doctor *doctor, const char *id, enum advice_topic topic)
{
    struct picking picking = {.doctor = doctor, .id = id, .topic = topic};

    advice_each(doctor->status, pick, &picking);
    return picking.count;
}
