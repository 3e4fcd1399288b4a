/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running processes may still do, from /proc, against what they are meant to keep.
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#define BIT(capability) (UINT64_C(1) << (capability))

enum { LINE_SIZE = 256 };

/* As /proc/PID/status has it. */
struct privileges {
    uint64_t inheritable, permitted, effective, ambient;
    uint64_t no_new_privileges, seccomp;
    uint64_t user; /* effective */
};

static const struct {
    const char *name;
    uint64_t permitted, effective;
} roles[] = {
    {"wildsetd", BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW), BIT(CAP_NET_ADMIN)},
    {"sniffer", 0, 0},
    {"registry", 0, 0},
};

enum { ROLES = sizeof(roles) / sizeof(roles[0]), SECCOMP_FILTER = 2 };

static int privileges_read(pid_t pid, struct privileges *out)
{
    const struct {
        const char *name;
        int base;
        uint64_t *value;
    } fields[] = {
        {"CapInh:", 16, &out->inheritable},
        {"CapPrm:", 16, &out->permitted},
        {"CapEff:", 16, &out->effective},
        {"CapAmb:", 16, &out->ambient},
        {"NoNewPrivs:", 10, &out->no_new_privileges},
        {"Seccomp:", 10, &out->seccomp},
    };
    char path[64], line[LINE_SIZE];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    *out = (struct privileges){.permitted = UINT64_MAX, .effective = UINT64_MAX};
    while (fgets(line, sizeof(line), file)) {
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            size_t length = strlen(fields[i].name);

            if (strncmp(line, fields[i].name, length) == 0)
                *fields[i].value = strtoull(line + length, NULL, fields[i].base);
        }
        sscanf(line, "Uid: %*u %" SCNu64, &out->user);
    }
    fclose(file);
    return 0;
}

static const char *excess_find(size_t role, const struct privileges *found)
{
    if (found->permitted & ~roles[role].permitted || found->effective & ~roles[role].effective)
        return "more capabilities than it needs";
    if (found->inheritable & ~roles[role].permitted || found->ambient)
        return "capabilities that programs it starts would inherit";
    if (found->no_new_privileges != 1)
        return "no no_new_privs: a set-user-id program could give it privileges";
    if (found->seccomp != SECCOMP_FILTER)
        return "no seccomp filter: it may make any system call";
    return NULL;
}

static void process_check(struct doctor *doctor, size_t role, pid_t pid)
{
    struct privileges found;
    int error = privileges_read(pid, &found);
    const char *name = roles[role].name;

    if (error < 0) {
        checklist_add(doctor->list, "sandbox", CHECK_WARNING,
                      "cannot read the privileges of %s (process %d): %s", name, (int)pid,
                      strerror(-error));
        checklist_advise(doctor->list, "run this as root, on the machine of the daemon");
        return;
    }
    const char *excess = excess_find(role, &found);
    checklist_add(doctor->list, "sandbox", excess ? CHECK_FAILURE : CHECK_OK,
                  "%s (process %d, user %" PRIu64 ") has %s; CapPrm %" PRIx64 ", CapEff %" PRIx64
                  ", NoNewPrivs %" PRIu64 ", Seccomp %" PRIu64,
                  name, (int)pid, found.user, excess ? excess : "what it needs and no more",
                  found.permitted, found.effective, found.no_new_privileges, found.seccomp);
    if (excess)
        checklist_advise(doctor->list,
                         "it was not started by the wildset package's unit, or is not wildset's"
                         " program: see `systemctl status wildset` and `ls -l /proc/%d/exe`",
                         (int)pid);
    else if (role == 0 && found.effective != roles[role].effective)
        checklist_advise(doctor->list, "without NET_ADMIN it cannot write sets: `systemctl cat"
                                       " wildset` should say AmbientCapabilities=");
}

void check_sandbox(struct doctor *doctor)
{
    json_t *source;
    size_t i;

    if (doctor->daemon > 0)
        process_check(doctor, 0, doctor->daemon);
    json_array_foreach(json_object_get(doctor->status, "sources"), i, source)
    {
        const char *name = json_string_value(json_object_get(source, "source"));
        json_int_t pid = json_integer_value(json_object_get(source, "pid"));

        for (size_t role = 1; name && pid > 0 && role < ROLES; role++) {
            if (strcmp(roles[role].name, name) == 0)
                process_check(doctor, role, (pid_t)pid);
        }
    }
}
