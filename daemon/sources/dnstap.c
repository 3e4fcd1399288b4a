/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnstap: the socket is bound and its users are looked up here, for a process that can do neither.
 * The socket outlives that process: who connects meanwhile waits for the next one.
 */
#include "daemon/sources/dnstap.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/config/config.h"
#include "daemon/sources/supervisor.h"
#include "dnstap/peers.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DNSTAP_BACKLOG = 16 };

#define USERS_PATH "/etc/passwd"

struct dnstap {
    struct sockaddr_un address; /* sun_path "": off */
    int listener;               /* -1: not bound */
    int peers;                  /* the sealed memfd, or -1 */
    int told;                   /* the error that was logged last */
};

static int dnstap_open(struct supervisor *supervisor, const struct sources_options *options,
                       void **self)
{
    struct dnstap *dnstap = *self = malloc(sizeof(*dnstap));

    (void)supervisor, (void)options;
    if (!dnstap)
        return -ENOMEM;
    *dnstap = (struct dnstap){.listener = -1, .peers = -1};
    return 0;
}

static void unbind(struct dnstap *dnstap)
{
    if (dnstap->listener < 0)
        return;
    unlink(dnstap->address.sun_path);
    close(dnstap->listener);
    dnstap->listener = -1;
}

static void dnstap_close(void *self)
{
    struct dnstap *dnstap = self;

    unbind(dnstap);
    if (dnstap->peers >= 0)
        close(dnstap->peers);
    free(dnstap);
}

/* A socket that nobody listens on was left behind; anything else is somebody's. */
static int make_way(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    if (error != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Each resolver has a user of its own: all may knock, and who comes in is decided by name. */
static int listen_at(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0111);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(before);
    if (result == 0 && listen(fd, DNSTAP_BACKLOG) < 0) {
        result = -errno;
        unlink(address->sun_path);
    }
    return result;
}

static int dnstap_bind(struct dnstap *dnstap)
{
    int result = make_way(&dnstap->address);

    if (result < 0)
        return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    result = listen_at(fd, &dnstap->address);
    if (result < 0)
        close(fd);
    else
        dnstap->listener = fd;
    return result;
}

/* ---- who may connect ---- */

static bool uid_of(const char *name, uint32_t *out)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    bool found = *end == '\0' && number < UINT32_MAX;
    FILE *users = found ? NULL : fopen(USERS_PATH, "re");
    const struct passwd *user;

    *out = (uint32_t)number;
    while (users && !found && (user = fgetpwent(users))) {
        found = strcmp(user->pw_name, name) == 0;
        *out = user->pw_uid;
    }
    if (users)
        fclose(users);
    return found;
}

static void use_peers(struct dnstap *dnstap, const struct config *config)
{
    uint32_t uids[DNSTAP_PEERS_MAX];
    struct dnstap_peers peers = {.uids = uids};

    for (size_t i = 0; i < config->dnstap_peer_count && i < DNSTAP_PEERS_MAX; i++) {
        if (uid_of(config->dnstap_peers[i].name, &uids[peers.count]))
            peers.count++;
        else
            log_warning("dnstap: peers: no user %s in %s: nobody is heard as that user; once there "
                        "is one, reload the configuration",
                        config->dnstap_peers[i].name, USERS_PATH);
    }
    if (dnstap->peers >= 0)
        close(dnstap->peers);
    dnstap->peers = dnstap_peers_seal(&peers);
}

/* ---- the row ---- */

static bool is_on(const struct config *config)
{
    return config->dnstap_socket && config->dnstap_socket[0] != '\0';
}

static int seal_dnstap_plan(const struct source_knowledge *known,
                            struct derived_name derived[static DERIVED_MAX], int *memfd)
{
    const struct config *config = known->config;
    struct moment now = clock_now();
    struct whitelist_pattern *patterns;
    struct plan plan;
    int result = config_plan(config, &plan, &patterns);

    if (result)
        return result;
    /* What is told has no interface, no tag and no tunnel. */
    plan.interfaces = NULL, plan.interface_count = 0;
    plan.vlans = NULL, plan.vlan_count = 0;
    plan.tunnels = NULL, plan.tunnel_count = 0;
    plan.derived = derived;
    plan.derived_count =
        setsync_derived(known->sync, config->whitelists, config->whitelist_count, &now, derived);
    result = *memfd = plan_seal(&plan);
    free(patterns);
    return result < 0 ? result : 0;
}

static int dnstap_plan(void *self, const struct source_knowledge *known, int *memfd)
{
    struct derived_name *derived;
    int result;

    (void)self;
    *memfd = -1;
    if (!is_on(known->config))
        return 0;
    derived = calloc(DERIVED_MAX, sizeof(*derived));
    result = derived ? seal_dnstap_plan(known, derived, memfd) : -ENOMEM;
    free(derived);
    return result;
}

static void dnstap_monitor(void *self, const struct source_knowledge *known, bool wanted)
{
    const char *path = wanted ? known->config->dnstap_socket : "";
    struct dnstap *dnstap = self;

    if (strcmp(path, dnstap->address.sun_path) != 0) {
        unbind(dnstap);
        dnstap->address = (struct sockaddr_un){.sun_family = AF_UNIX};
        snprintf(dnstap->address.sun_path, sizeof(dnstap->address.sun_path), "%s", path);
        dnstap->told = 0;
    }
    if (wanted)
        use_peers(dnstap, known->config);
}

static void dnstap_lend(void *self, struct source_start *start)
{
    struct dnstap *dnstap = self;
    int result = dnstap->listener < 0 ? dnstap_bind(dnstap) : 0;

    if (result < 0 && result != dnstap->told)
        log_error("dnstap: socket: %s: %s: no resolver can connect", dnstap->address.sun_path,
                  result == -EADDRINUSE ? "somebody listens there" : strerror(-result));
    dnstap->told = result;
    start->lent[DNSTAP_LISTENER_FD - SOURCE_LENT_FD] = dnstap->listener;
    start->lent[DNSTAP_PEERS_FD - SOURCE_LENT_FD] = dnstap->peers;
    start->lent_count = DNSTAP_PEERS_FD - SOURCE_LENT_FD + 1;
}

static void dnstap_status(const void *self, const struct supervisor *supervisor,
                          struct source_status *out)
{
    (void)self;
    if (supervisor->plan >= 0)
        out->counters = &supervisor->total;
}

const struct source_row dnstap_row = {
    .source = SOURCE_DNSTAP,
    .open = dnstap_open,
    .close = dnstap_close,
    .plan = dnstap_plan,
    .monitor = dnstap_monitor,
    .lend = dnstap_lend,
    .status = dnstap_status,
};
