/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets, the registry and the clock: what the daemon and the kernel say of themselves.
 */
#include "client/doctor/finding.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

void check_sets(struct doctor *doctor)
{
    json_t *set;
    size_t i;

    findings_add(doctor, "set", ADVICE_SETS);
    findings_add(doctor, "set", ADVICE_KERNEL);
    json_array_foreach(json_object_get(doctor->status, "sets"), i, set)
    {
        if (is_state(set, "ready"))
            checklist_add(doctor->list, "set", CHECK_OK,
                          "%s is there and right: %" JSON_INTEGER_FORMAT " of at most"
                          " %" JSON_INTEGER_FORMAT " addresses",
                          text_of(set, "set"), number_of(set, "leases"),
                          number_of(set, "capacity"));
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
                  "the kernel does not know the clock to be synchronised; certificates are judged"
                  " by it");
    checklist_advise(doctor->list, "`timedatectl` shows it; `apt install chrony` or enable"
                                   " systemd-timesyncd");
}
