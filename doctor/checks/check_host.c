/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to one host.  What strangers send is read without privileges: they are dropped before the
 * first packet goes out.
 */
#include "doctor/host/visit.h"

#include "base/sandbox.h"
#include "setsync/policy/policy.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- whose services ---- */

/* The whitelist that matches; for an address, and when none does, the first. */
static void name_check(struct visit *visit)
{
    struct doctor *doctor = visit->doctor;
    const struct config *config = doctor->config;
    char text[PATTERN_TEXT_MAX];
    struct address address;
    struct dname name;

    visit->whitelist = &config->whitelists[0];
    if (address_from_text(doctor->host, &address) || !dname_from_text(doctor->host, &name))
        return;
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct pattern *by = policy_pattern(&config->whitelists[i], &name);

        if (!by)
            continue;
        visit->whitelist = &config->whitelists[i];
        checklist_add(doctor->list, "name", CHECK_OK, "%s matches %s of whitelist %s", doctor->host,
                      pattern_to_text(by, text), visit->whitelist->name);
        return;
    }
    checklist_add(doctor->list, "name", CHECK_FAILURE, "no whitelist has a pattern that matches %s",
                  doctor->host);
    checklist_advise(doctor->list,
                     "add it to names; `wildset explain %s` shows which patterns are similar",
                     doctor->host);
}

/* ---- privileges ---- */

/* The daemon's user may use the control socket; without one, nobody. */
static int user_become(void)
{
    const struct passwd *user = getpwnam("wildset");

    if (!user)
        user = getpwnam("nobody");
    if (!user)
        return -ENOENT;
    if (setgroups(0, NULL) < 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
        return -errno;
    return 0;
}

/* In a user namespace without other users, root without capabilities is what remains. */
static void privileges_drop(struct doctor *doctor)
{
    if (geteuid() == 0)
        (void)user_become();
    int error = sandbox_drop_capabilities();
    if (error == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        error = -errno;
    if (error == 0)
        return;
    checklist_add(doctor->list, "host", CHECK_FAILURE,
                  "cannot drop privileges: %s; the host is not tried", strerror(-error));
    doctor->host = NULL;
}

void check_host(struct doctor *doctor)
{
    struct visit *visit = doctor->host ? calloc(1, sizeof(*visit)) : NULL;
    const char *file = doctor->options->ca, *problem;

    if (!visit)
        return;
    visit->doctor = doctor;
    name_check(visit);
    if (tls_trust_open(file, &visit->trust, &problem) < 0) {
        visit->trust = NULL;
        checklist_add(doctor->list, "tls", CHECK_FAILURE, "%s: %s",
                      file ? file : "the system's certificates", problem);
    }
    privileges_drop(doctor);
    if (doctor->host && visit_resolve(visit)) {
        visit_allowed(visit);
        visit_services(visit);
        visit_tls(visit);
        visit_path(visit);
    }
    tls_trust_close(visit->trust);
    free(visit);
}
