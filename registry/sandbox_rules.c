/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * It keeps sockets of the internet and the lists' own files, and no way to open another.
 */
#include "registry/sandbox_rules.h"

#include "base/sandbox.h"
#include "base/seccomp.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LIST_FILE_MOST = 4 << 20, /* registry/list/list_cache.h: two slots */
    MEMORY_MOST = 96 << 20,   /* a document of 4 MiB can ask for some 25 */
};

/* Sockets of the internet, the lists' own files, and nothing that opens, binds or starts anything.
 */
static const struct seccomp_rule polling[] = {
    ALLOW(epoll_ctl),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(epoll_wait),
    ALLOW(timerfd_settime),
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(read),
    ALLOW(pread64),
    ALLOW(pwrite64),
    ALLOW(fdatasync),
    ALLOW_IF(write, IS(0, STDERR_FILENO)),
    ALLOW_IF(writev, IS(0, STDERR_FILENO)),
    ALLOW_IF(fcntl, IS(1, F_GETFD)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_SETFL), LACKS(2, O_ASYNC)), /* which sends signals */
    /* TCP and UDP by number or by default: the kernel's other protocols are nobody's business here.
     */
    ALLOW_IF(socket, IS(0, AF_INET), IS(2, 0)),
    ALLOW_IF(socket, IS(0, AF_INET), IS(2, IPPROTO_TCP)),
    ALLOW_IF(socket, IS(0, AF_INET), IS(2, IPPROTO_UDP)),
    ALLOW_IF(socket, IS(0, AF_INET6), IS(2, 0)),
    ALLOW_IF(socket, IS(0, AF_INET6), IS(2, IPPROTO_TCP)),
    ALLOW_IF(socket, IS(0, AF_INET6), IS(2, IPPROTO_UDP)),
    ALLOW(connect),
    ALLOW(getpeername),
    ALLOW(getsockname),
    ALLOW(getsockopt),
    ALLOW(setsockopt),
    ALLOW(recvfrom),
    ALLOW(recvmsg),
    ALLOW(sendmsg),
    ALLOW(sendto),
    ALLOW(shutdown),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW(rt_sigaction),
    ALLOW(sysinfo),
    ALLOW(uname),
    /* abort(3) */
    ALLOW_IF(tgkill, OWN_PROCESS(0), IS(2, SIGABRT)),
};

static const struct seccomp_table tables[] = {
    TABLE(polling),
};

static const struct sandbox_limit limits[] = {
    {RLIMIT_CORE, 0, false},
    {RLIMIT_NPROC, 0, false},
    {RLIMIT_FSIZE, LIST_FILE_MOST, true},
#ifndef WILDSET_SANITIZED /* whose own memory is counted too */
    {RLIMIT_DATA, MEMORY_MOST, false},
#endif
};

const struct sandbox_rules *registry_sandbox_rules(void)
{
    static const struct sandbox_rules rules = {
        .tables = tables,
        .table_count = sizeof(tables) / sizeof(tables[0]),
        .limits = limits,
        .limit_count = sizeof(limits) / sizeof(limits[0]),
    };

    return &rules;
}
