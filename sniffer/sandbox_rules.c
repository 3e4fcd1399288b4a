/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet socket sends without any privilege, so the sniffer may write to fixed descriptors alone;
 * what it reads by a call lies at such ones too.
 */
#include "sniffer/sandbox_rules.h"

#include "base/sandbox.h"
#include "base/seccomp.h"
#include "source/fds.h"

#include <linux/if_packet.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert((SNIFFER_ENCRYPTED_FDS & (SNIFFER_ENCRYPTED_FDS - 1)) == 0 &&
                   SNIFFER_ENCRYPTED_FD % SNIFFER_ENCRYPTED_FDS == 0,
               "AMONG tells them by the upper bits");

/* No file, no socket, no code: what is open stays open, what is mapped stays as it is. */
static const struct seccomp_rule sniffing[] = {
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(pread64),
    ALLOW(getsockname),
    ALLOW(uname),
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW_IF(write, IS(0, STDERR_FILENO)),
    ALLOW_IF(writev, IS(0, STDERR_FILENO)),
    ALLOW_IF(write, IS(0, SNIFFER_CPU_LATENCY_FD)),
    ALLOW_IF(sendto, IS(0, SOURCE_CHANNEL_FD)),
    ALLOW_IF(read, IS(0, SNIFFER_CATCH_UP_FD)),
    ALLOW_IF(getsockopt, IS(1, SOL_PACKET), IS(2, PACKET_STATISTICS)),
    ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
    ALLOW_IF(ioctl, IS(1, SIOCGIFFLAGS)),
    /* sniffer/filter/kernelfilter.c: names that count for a while */
    ALLOW_IF(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_ATTACH_FILTER)),
    ALLOW_IF(ioctl, IS(1, SIOCGIFMTU)),
    ALLOW_IF(ioctl, IS(1, SIOCGIFINDEX)),
    /* sniffer/live/encrypted.c */
    ALLOW_IF(recvfrom, AMONG(0, SNIFFER_ENCRYPTED_FD, SNIFFER_ENCRYPTED_FDS)),
    /* base/priority.c */
    ALLOW_IF(sched_setscheduler, IS(0, 0), IS(1, SCHED_FIFO)),
    ALLOW_IF(sched_setscheduler, IS(0, 0), IS(1, SCHED_OTHER)),
    /* abort(3) */
    ALLOW_IF(tgkill, OWN_PROCESS(0), IS(2, SIGABRT)),
    ALLOW_IF(rt_sigaction, IS(0, SIGABRT)),
};

static const struct seccomp_table tables[] = {
    TABLE(sniffing),
};

static const struct sandbox_limit limits[] = {
    {RLIMIT_CORE, 0, false},
    {RLIMIT_NPROC, 0, false},
    {RLIMIT_FSIZE, 0, true},
};

const struct sandbox_rules *sniffer_sandbox_rules(void)
{
    static const struct sandbox_rules rules = {
        .tables = tables,
        .table_count = sizeof(tables) / sizeof(tables[0]),
        .limits = limits,
        .limit_count = sizeof(limits) / sizeof(limits[0]),
    };

    return &rules;
}
