/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's filter is inherited through fork and exec: it holds what its sources need until they
 * take their own, shorter one.
 */
#include "daemon/sandbox_rules.h"

#include "base/sandbox.h"
#include "base/seccomp.h"

#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

static const struct seccomp_rule waiting[] = {
    ALLOW(clock_nanosleep),
    ALLOW(epoll_create1),
    ALLOW(epoll_ctl),
    ALLOW(epoll_pwait),
    ALLOW(epoll_pwait2),
    ALLOW(epoll_wait),
    ALLOW(eventfd2),
    ALLOW(nanosleep),
    ALLOW(pause),
    ALLOW(pipe2),
    ALLOW(poll),
    ALLOW(ppoll),
    ALLOW(pselect6),
    ALLOW(rt_sigaction),
    ALLOW(rt_sigtimedwait),
    ALLOW(select),
    ALLOW(sigaltstack),
    ALLOW(signalfd4),
    ALLOW(timerfd_create),
    ALLOW(timerfd_settime),
    ALLOW(timerfd_gettime),
};

static const struct seccomp_rule reading_files[] = {
    ALLOW(access),   ALLOW(faccessat),  ALLOW(faccessat2), ALLOW(fadvise64),  ALLOW(fcntl),
    ALLOW(fstat),    ALLOW(fstatfs),    ALLOW(getcwd),     ALLOW(getdents64), ALLOW(lseek),
    ALLOW(lstat),    ALLOW(newfstatat), ALLOW(pread64),    ALLOW(preadv),     ALLOW(read),
    ALLOW(readlink), ALLOW(readlinkat), ALLOW(readv),      ALLOW(stat),       ALLOW(statfs),
    ALLOW(statx),    ALLOW(write),      ALLOW(writev),     ALLOW(dup),        ALLOW(dup2),
    ALLOW(dup3),
};

static const struct seccomp_rule writing_files[] = {
    ALLOW(open),      ALLOW(openat),   ALLOW(chmod),     ALLOW(chown),    ALLOW(fallocate),
    ALLOW(fchmod),    ALLOW(fchmodat), ALLOW(fchown),    ALLOW(fchownat), ALLOW(fdatasync),
    ALLOW(flock),     ALLOW(fsync),    ALLOW(ftruncate), ALLOW(lchown),   ALLOW(memfd_create),
    ALLOW(mkdir),     ALLOW(mkdirat),  ALLOW(pwrite64),  ALLOW(rename),   ALLOW(renameat),
    ALLOW(renameat2), ALLOW(umask),    ALLOW(unlink),    ALLOW(unlinkat),
};

/* Netlink for nftables and links, packet sockets for the sniffer, the internet for the registry. */
static const struct seccomp_rule networking[] = {
    ALLOW_IF(socket, IS(0, AF_UNIX)),
    ALLOW_IF(socket, IS(0, AF_NETLINK)),
    ALLOW_IF(socket, IS(0, AF_INET)),
    ALLOW_IF(socket, IS(0, AF_INET6)),
    ALLOW_IF(socketpair, IS(0, AF_UNIX)),
    /* Interfaces, wireless ones too (libpcap); of terminals only whether it is one: some have a
     * call that types what others then execute. */
    ALLOW_IF(ioctl, AMONG(1, 0x8900, 256)),
    ALLOW_IF(ioctl, AMONG(1, 0x8b00, 256)),
    ALLOW_IF(ioctl, IS(1, TCGETS)),
    ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
    ALLOW_IF(ioctl, IS(1, FIONREAD)),
    ALLOW_IF(ioctl, IS(1, FIONBIO)),
    ALLOW(bind),
    ALLOW(connect),
    ALLOW(getpeername),
    ALLOW(getsockname),
    ALLOW(getsockopt),
    ALLOW(recvfrom),
    ALLOW(recvmmsg),
    ALLOW(recvmsg),
    ALLOW(sendmmsg),
    ALLOW(sendmsg),
    ALLOW(sendto),
    ALLOW(setsockopt),
    ALLOW(shutdown),
};

static const struct seccomp_rule serving[] = {
    ALLOW_IF(socket, IS(0, AF_PACKET)),
    ALLOW(accept),
    ALLOW(accept4),
    ALLOW(listen),
};

/* fork and exec of sources, and what a program needs until its main. */
static const struct seccomp_rule starting_programs[] = {
    ALLOW_IF(clone, LACKS(0, CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                 CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS)),
    ALLOW(arch_prctl),
    ALLOW(capget),
    ALLOW(capset),
    ALLOW(close_range),
    ALLOW(execve),
    ALLOW(fork),
    /* Its children, whose numbers are not known yet: ended one by one, and no more. */
    ALLOW_IF(kill, LACKS(0, INT_MIN), IS(1, SIGINT)),
    ALLOW_IF(kill, LACKS(0, INT_MIN), IS(1, SIGKILL)),
    ALLOW_IF(kill, LACKS(0, INT_MIN), IS(1, SIGTERM)),
    ALLOW(prctl),
    ALLOW(seccomp),
    ALLOW(setsid),
    ALLOW(vfork),
    ALLOW(wait4),
    ALLOW(waitid),
};

/* Text is mapped executable; nothing is ever both writable and executable. */
static const struct seccomp_rule running_libraries[] = {
    ALLOW_IF(mmap, LACKS(2, PROT_EXEC)),
    ALLOW_IF(mmap, LACKS(2, PROT_WRITE)),
    ALLOW_IF(mprotect, LACKS(2, PROT_EXEC)),
    ALLOW_IF(mprotect, LACKS(2, PROT_WRITE)),
    ALLOW(getegid),
    ALLOW(geteuid),
    ALLOW(getgid),
    ALLOW(getgroups),
    ALLOW(getppid),
    ALLOW(getpriority),
    ALLOW(getresgid),
    ALLOW(getresuid),
    ALLOW(getrlimit),
    ALLOW(getrusage),
    ALLOW(getuid),
    ALLOW(membarrier),
    ALLOW_IF(prlimit64, IS(0, 0)),
    ALLOW(rseq),
    ALLOW(sched_get_priority_max),
    ALLOW(sched_get_priority_min),
    ALLOW(sched_getaffinity),
    ALLOW(sched_getparam),
    ALLOW(sched_getscheduler),
    ALLOW_IF(sched_setscheduler, IS(0, 0)),
    /* abort(3): the daemon's own, and that of what it starts ends just as surely */
    ALLOW_IF(tgkill, OWN_PROCESS(0), IS(2, SIGABRT)),
    ALLOW(set_robust_list),
    ALLOW(set_tid_address),
    ALLOW(setrlimit),
    ALLOW(sysinfo),
    ALLOW(uname),
};

static const struct seccomp_table tables[] = {
    TABLE(waiting), TABLE(reading_files),     TABLE(writing_files),     TABLE(networking),
    TABLE(serving), TABLE(starting_programs), TABLE(running_libraries),
};

static const struct sandbox_limit limits[] = {
    {RLIMIT_CORE, 0, false},
};

const struct sandbox_rules *daemon_sandbox_rules(void)
{
    static const struct sandbox_rules rules = {
        .tables = tables,
        .table_count = sizeof(tables) / sizeof(tables[0]),
        .limits = limits,
        .limit_count = sizeof(limits) / sizeof(limits[0]),
    };

    return &rules;
}

const struct sandbox_privileges *daemon_privileges(void)
{
    static const struct sandbox_privileges kept = {
        .user = "wildset",
        .effective = CAP_NET_ADMIN,
        .passed = CAP_NET_RAW,
    };

    return &kept;
}
