/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * It takes who comes, and makes no socket, no connection and no file.
 */
#include "dnstap/sandbox_rules.h"

#include "base/sandbox.h"
#include "base/seccomp.h"
#include "source/fds.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct seccomp_rule hearing[] = {
    ALLOW_IF(accept4, IS(0, DNSTAP_LISTENER_FD)),
    ALLOW(epoll_ctl),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(epoll_wait),
    ALLOW(timerfd_settime),
    ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_PEERCRED)),
    ALLOW(recvfrom),
    ALLOW(sendto),
    ALLOW_IF(write, IS(0, STDERR_FILENO)),
    ALLOW_IF(writev, IS(0, STDERR_FILENO)),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(uname),
    /* abort(3) */
    ALLOW_IF(tgkill, OWN_PROCESS(0), IS(2, SIGABRT)),
    ALLOW_IF(rt_sigaction, IS(0, SIGABRT)),
};

static const struct seccomp_table tables[] = {
    TABLE(hearing),
};

static const struct sandbox_limit limits[] = {
    {RLIMIT_CORE, 0, false},
    {RLIMIT_NPROC, 0, false},
    {RLIMIT_FSIZE, 0, true},
};

const struct sandbox_rules *dnstap_sandbox_rules(void)
{
    static const struct sandbox_rules rules = {
        .tables = tables,
        .table_count = sizeof(tables) / sizeof(tables[0]),
        .limits = limits,
        .limit_count = sizeof(limits) / sizeof(limits[0]),
    };

    return &rules;
}
