/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service's user is tried in a child that becomes it.  Its unit is asked for over D-Bus;
 * without a bus, or without the unit, there is nothing to hold against.
 */
#include "daemon/service_paths.h"

#include "daemon/outputs/feed_file.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SERVICE_USER "wildset"
#define SERVICE_UNIT "/org/freedesktop/systemd1/unit/wildset_2eservice"

static int try_as_user(const struct passwd *user, const char *path)
{
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
            setuid(user->pw_uid) < 0)
            _exit(0); /* not to be found out */
        _exit(-feedfile_try(path));
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || length == 1);
}

/* Whether one of the directories in this property of the unit holds the path. */
static bool is_listed(sd_bus *bus, const char *property, const char *parent, const char *path)
{
    char **folders = NULL;
    bool listed = false;

    if (sd_bus_get_property_strv(bus, "org.freedesktop.systemd1", SERVICE_UNIT,
                                 "org.freedesktop.systemd1.Service", property, NULL, &folders) < 0)
        return false;
    for (char **folder = folders; folder && *folder; folder++) {
        char whole[4096];
        const char *named = *folder + strspn(*folder, "-+");

        snprintf(whole, sizeof(whole), "%s%s", parent, named);
        listed |= is_below(path, whole);
        free(*folder);
    }
    free(folders);
    return listed;
}

/* 0 also when nobody knows. */
static int try_in_unit(const char *path)
{
    sd_bus *bus = NULL;
    char *protect = NULL;
    int result = 0;

    if (sd_bus_open_system(&bus) < 0)
        return 0;
    if (sd_bus_get_property_string(bus, "org.freedesktop.systemd1", SERVICE_UNIT,
                                   "org.freedesktop.systemd1.Service", "ProtectSystem", NULL,
                                   &protect) >= 0 &&
        strcmp(protect, "strict") == 0 && !is_listed(bus, "ReadWritePaths", "", path) &&
        !is_listed(bus, "StateDirectory", "/var/lib/", path) &&
        !is_listed(bus, "RuntimeDirectory", "/run/", path))
        result = -EROFS;
    free(protect);
    sd_bus_close_unref(bus);
    return result;
}

int servicepaths_try(const char *path)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam(SERVICE_USER) : NULL;
    int result = user ? try_as_user(user, path) : feedfile_try(path);

    return result ? result : try_in_unit(path);
}
