/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allow-lists, by libseccomp.  A filter is inherited through fork and exec: the daemon's list
 * holds what its sources need until they enter their own, shorter one.  Names that an architecture
 * does not have (open, poll and fork on arm64) are skipped there.
 */
#include "base/seccomp.h"

#include "base/sandbox.h"
/* The only thing known of a role's program: a packet socket sends without any privilege, so the
 * sniffer may write to fixed descriptors alone.  What it reads by a call lies at such ones too. */
#include "source/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONDITIONS_MAX = 2 };

/* An argument, as it must be behind a mask; the mask 0 ends the list. */
struct condition {
    unsigned argument;
    uint64_t mask, value;
    bool own_process; /* the value is the number of the process that enters */
};

struct rule {
    int number;
    struct condition conditions[CONDITIONS_MAX];
};

struct table {
    const struct rule *rules;
    size_t count;
};

#define ALLOW(name)                                                                                \
    {                                                                                              \
        SCMP_SYS(name),                                                                            \
        {                                                                                          \
            {                                                                                      \
                0, 0, 0, false                                                                     \
            }                                                                                      \
        }                                                                                          \
    }
#define ALLOW_IF(name, ...)                                                                        \
    {                                                                                              \
        SCMP_SYS(name),                                                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
/* Arguments that are int in the kernel: the upper half of the register means nothing. */
#define IS(argument, value)                                                                        \
    {                                                                                              \
        (argument), UINT32_MAX, (uint32_t)(value), false                                           \
    }
/* A process has the power to signal, slow down or limit all others of its user: not here. */
#define OWN_PROCESS(argument)                                                                      \
    {                                                                                              \
        (argument), UINT32_MAX, 0, true                                                            \
    }
#define LACKS(argument, bits)                                                                      \
    {                                                                                              \
        (argument), (uint64_t)(uint32_t)(bits), 0, false                                           \
    }
#define HAS(argument, bits)                                                                        \
    {                                                                                              \
        (argument), (uint64_t)(uint32_t)(bits), (uint64_t)(uint32_t)(bits), false                  \
    }
/* One of `count` values from `first` on; `count` is a power of two that divides `first`. */
#define AMONG(argument, first, count)                                                              \
    {                                                                                              \
        (argument), UINT32_MAX - (uint32_t)((count)-1), (uint32_t)(first), false                   \
    }
#define TABLE(rules)                                                                               \
    {                                                                                              \
        (rules), sizeof(rules) / sizeof((rules)[0])                                                \
    }

static const struct rule living[] = {
    ALLOW(brk),
    ALLOW(clock_getres),
    ALLOW(clock_gettime),
    ALLOW(close),
    ALLOW(exit),
    ALLOW(exit_group),
    ALLOW(futex),
    ALLOW(getpid),
    ALLOW(getrandom),
    ALLOW(gettid),
    ALLOW(gettimeofday),
    ALLOW(madvise),
    ALLOW(mremap),
    ALLOW(munmap),
    ALLOW(restart_syscall),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigreturn),
    ALLOW(sched_yield),
    ALLOW(time),
};

_Static_assert((SNIFFER_ENCRYPTED_FDS & (SNIFFER_ENCRYPTED_FDS - 1)) == 0 &&
                   SNIFFER_ENCRYPTED_FD % SNIFFER_ENCRYPTED_FDS == 0,
               "AMONG tells them by the upper bits");

/* No file, no socket, no code: what is open stays open, what is mapped stays as it is. */
static const struct rule sniffing[] = {
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
    ALLOW_IF(sendto, IS(0, SNIFFER_CHANNEL_FD)),
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

static const struct rule waiting[] = {
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

static const struct rule reading_files[] = {
    ALLOW(access),   ALLOW(faccessat),  ALLOW(faccessat2), ALLOW(fadvise64),  ALLOW(fcntl),
    ALLOW(fstat),    ALLOW(fstatfs),    ALLOW(getcwd),     ALLOW(getdents64), ALLOW(lseek),
    ALLOW(lstat),    ALLOW(newfstatat), ALLOW(pread64),    ALLOW(preadv),     ALLOW(read),
    ALLOW(readlink), ALLOW(readlinkat), ALLOW(readv),      ALLOW(stat),       ALLOW(statfs),
    ALLOW(statx),    ALLOW(write),      ALLOW(writev),     ALLOW(dup),        ALLOW(dup2),
    ALLOW(dup3),
};

static const struct rule writing_files[] = {
    ALLOW(open),      ALLOW(openat),   ALLOW(chmod),     ALLOW(chown),    ALLOW(fallocate),
    ALLOW(fchmod),    ALLOW(fchmodat), ALLOW(fchown),    ALLOW(fchownat), ALLOW(fdatasync),
    ALLOW(flock),     ALLOW(fsync),    ALLOW(ftruncate), ALLOW(lchown),   ALLOW(memfd_create),
    ALLOW(mkdir),     ALLOW(mkdirat),  ALLOW(pwrite64),  ALLOW(rename),   ALLOW(renameat),
    ALLOW(renameat2), ALLOW(umask),    ALLOW(unlink),    ALLOW(unlinkat),
};

/* Sockets of the internet, the lists' own files, and nothing that opens, binds or starts anything.
 */
static const struct rule polling[] = {
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

/* Netlink for nftables and links, packet sockets for the sniffer, the internet for the registry. */
static const struct rule networking[] = {
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

static const struct rule serving[] = {
    ALLOW_IF(socket, IS(0, AF_PACKET)),
    ALLOW(accept),
    ALLOW(accept4),
    ALLOW(listen),
};

/* fork and exec of sources, and what a program needs until its main. */
static const struct rule starting_programs[] = {
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
static const struct rule running_libraries[] = {
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

#ifdef WILDSET_SANITIZED
/* The sanitizers' runtime reads its own maps and prints what it found. */
static const struct rule sanitizing[] = {
    ALLOW(fstat),       ALLOW(getrlimit),
    ALLOW(lseek),       ALLOW(mmap),
    ALLOW(mprotect),    ALLOW(newfstatat),
    ALLOW(open),        ALLOW(openat),
    ALLOW(pipe2),       ALLOW_IF(prlimit64, IS(0, 0)),
    ALLOW(read),        ALLOW(readlink),
    ALLOW(stat),        ALLOW(sched_getaffinity),
    ALLOW(sigaltstack), ALLOW(rt_sigaction),
    ALLOW(write),
};

static int entered;

/* The search for leaks at exit needs clone and ptrace: not in here. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return entered;
}
#endif

enum { TABLES_MAX = 9 };

static const struct table role_tables[][TABLES_MAX] = {
    [SANDBOX_DAEMON] = {TABLE(living), TABLE(waiting), TABLE(reading_files), TABLE(writing_files),
                        TABLE(networking), TABLE(serving), TABLE(starting_programs),
                        TABLE(running_libraries)},
    [SANDBOX_SNIFFER] = {TABLE(living), TABLE(sniffing)},
    [SANDBOX_REGISTRY] = {TABLE(living), TABLE(polling)},
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
    struct scmp_arg_cmp comparisons[CONDITIONS_MAX];
    unsigned count = 0;

    if (rule->number < 0)
        return 0;
    for (unsigned i = 0; i < CONDITIONS_MAX && rule->conditions[i].mask; i++) {
        const struct condition *condition = &rule->conditions[i];

        comparisons[count++] = (struct scmp_arg_cmp){
            .arg = condition->argument,
            .op = SCMP_CMP_MASKED_EQ,
            .datum_a = condition->mask,
            .datum_b = condition->own_process ? (uint32_t)getpid() : condition->value,
        };
    }
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->number, count, comparisons);
}

static int add_table(scmp_filter_ctx filter, const struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        int result = add_rule(filter, &table->rules[i]);

        if (result < 0)
            return result;
    }
    return 0;
}

/* clone3's flags lie in memory, where a filter cannot see them; without it the C library uses
 * clone. */
static int hide_clone3(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int build(scmp_filter_ctx filter, enum sandbox_role role)
{
    int result = hide_clone3(filter);

    for (unsigned i = 0; result == 0 && i < TABLES_MAX; i++)
        result = add_table(filter, &role_tables[role][i]);
#ifdef WILDSET_SANITIZED
    if (result == 0)
        result = add_table(filter, &(struct table)TABLE(sanitizing));
#endif
    /* A tree instead of a list: the sniffer's calls are on the way of each packet. */
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return result;
}

int seccomp_enter(enum sandbox_role role)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int result;

    if (!filter)
        return -ENOMEM;
    result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = build(filter, role);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
#ifdef WILDSET_SANITIZED
    entered = result == 0;
#endif
    return result;
}
