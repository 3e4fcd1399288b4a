/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets, the registry and the clock: what the daemon and the kernel say of themselves.
 */
#include "doctor/doctor.h"

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

void check_sets(struct doctor *doctor)
{
    json_t *set;
    size_t i;

    checklist_add_findings(doctor->list, "set", doctor->status, ADVICE_SETS);
    checklist_add_findings(doctor->list, "set", doctor->status, ADVICE_KERNEL);
    checklist_add_findings(doctor->list, "hold", doctor->status, ADVICE_HOLD);
    json_array_foreach(json_object_get(doctor->status, "sets"), i, set)
    {
        if (text_is(set, "state", "ready"))
            checklist_add(doctor->list, "set", CHECK_OK,
                          "%s is ready: %" JSON_INTEGER_FORMAT " of at most"
                          " %" JSON_INTEGER_FORMAT " addresses",
                          text_of(set, "set"), number_of(set, "leases"),
                          number_of(set, "capacity"));
    }
}

static void list_tell(struct doctor *doctor, const json_t *list)
{
    json_int_t outside = number_of(list, "outside"), names = number_of(list, "names");
    json_int_t unresolved = number_of(list, "unresolved");
    const char *whitelist = text_of(list, "whitelist");

    if (text_is(list, "outcome", "good") || text_is(list, "outcome", "unchanged")) {
        checklist_add(doctor->list, "registry", CHECK_OK,
                      "the list of %s was fetched: hosts accepted %" JSON_INTEGER_FORMAT
                      ", addresses accepted %" JSON_INTEGER_FORMAT
                      ", entries outside its names %" JSON_INTEGER_FORMAT,
                      whitelist, number_of(list, "hosts"), number_of(list, "addresses"), outside);
        if (outside > 0)
            checklist_advise(doctor->list,
                             "`wildset registry %s` shows each, and the line that would allow them",
                             whitelist);
    } else if (text_is(list, "outcome", "not-yet")) {
        /* Fetched within a minute, or else the findings say why not. */
        checklist_add(doctor->list, "registry", CHECK_WARNING,
                      "the list of %s has not been fetched yet", whitelist);
        checklist_advise(doctor->list,
                         "run this again in a minute; `wildset registry %s` fetches it now",
                         whitelist);
    }
    if (names > 0 && unresolved < names)
        checklist_add(doctor->list, "registry", CHECK_OK,
                      "names resolved in advance for %s: %" JSON_INTEGER_FORMAT
                      ", of which %" JSON_INTEGER_FORMAT " have no address",
                      whitelist, names, unresolved);
}

void check_registry(struct doctor *doctor)
{
    json_t *source, *list;
    size_t i, j;

    checklist_add_findings(doctor->list, "registry", doctor->status, ADVICE_REGISTRY);
    json_array_foreach(json_object_get(doctor->status, "sources"), i, source)
    {
        json_array_foreach(json_object_get(source, "lists"), j, list) list_tell(doctor, list);
    }
}

/*
 * Leases live on the boot-time clock and do not mind; certificates, the state file and whoever
 * reads the log do.
 */
void check_clock(struct doctor *doctor)
{
    struct timex time = {.modes = 0};
    int state = adjtimex(&time);

    if (state >= 0 && state != TIME_ERROR) {
        checklist_add(doctor->list, "clock", CHECK_OK,
                      "the clock is synchronised, to within %ld ms", (time.maxerror + 999) / 1000);
        return;
    }
    checklist_add(doctor->list, "clock", CHECK_WARNING,
                  "the clock may not be synchronised; certificates are checked against it");
    checklist_advise(doctor->list, "`timedatectl` shows it; `apt install chrony` or enable"
                                   " systemd-timesyncd");
}
