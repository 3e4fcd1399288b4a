/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox as the kernel shows it: /proc/PID/status of processes that went through it, and the
 * signal that ends one which calls what it may not.  Each case is a child in a user namespace of
 * its own; this program is also the one that is executed ("status", "daemon").
 */
#include "base/sandbox.h"

#include "daemon/sandbox_rules.h"
#include "registry/sandbox_rules.h"
#include "sniffer/sandbox_rules.h"
#include "source/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { STATUS_MAX = 8192, SKIPPED = 77, WILDSET_UID = 4242 };

#define BIT(capability) (UINT64_C(1) << (capability))
#define NET_ADMIN BIT(CAP_NET_ADMIN)
#define NET_RAW BIT(CAP_NET_RAW)

enum role { DAEMON, SNIFFER, REGISTRY, ROLES };

static const struct sandbox_rules *(*const rules_of[ROLES])(void) = {
    [DAEMON] = daemon_sandbox_rules,
    [SNIFFER] = sniffer_sandbox_rules,
    [REGISTRY] = registry_sandbox_rules,
};

/* ---- children ---- */

/* What a child printed and how it ended. */
struct ending {
    char text[STATUS_MAX];
    int status;
};

static void print_status(void)
{
    char text[STATUS_MAX];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t size = read(fd, text, sizeof(text));

    if (size <= 0 || write(STDOUT_FILENO, text, (size_t)size) != size)
        _exit(2);
}

static void execute(const char *role)
{
    execl("/proc/self/exe", "test_sandbox", role, NULL);
    _exit(3);
}

static struct ending run(void (*child)(void))
{
    struct ending ending = {.text = ""};
    size_t size = 0;
    ssize_t got;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        child();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], ending.text + size, sizeof(ending.text) - 1 - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &ending.status, 0), pid);
    if (WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == SKIPPED)
        skip();
    return ending;
}

static struct ending run_well(void (*child)(void))
{
    struct ending ending = run(child);

    assert_true(WIFEXITED(ending.status));
    assert_int_equal(WEXITSTATUS(ending.status), 0);
    return ending;
}

static uint64_t field(const struct ending *ending, const char *name, int base)
{
    const char *at = strstr(ending->text, name);

    assert_non_null(at);
    return strtoull(at + strlen(name), NULL, base);
}

#define assert_field(ending, name, value) assert_int_equal(field(ending, name, 16), value)

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(SKIPPED);
    close(fd);
}

/* All capabilities, over nothing of the machine's. */
static void enter_namespace(unsigned as)
{
    unsigned uid = geteuid(), gid = getegid();
    char map[64];

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        _exit(SKIPPED);
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", as, uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", as, gid);
    write_file("/proc/self/gid_map", map);
}

static void must(int result)
{
    if (result == 0)
        return;
    fprintf(stderr, "step failed: %s\n", strerror(-result));
    _exit(4);
}

static void become_the_daemon(void)
{
    enter_namespace(0);
    must(sandbox_reduce_privileges(daemon_privileges()));
}

/* ---- capabilities ---- */

static void daemon_of_namespace_root(void)
{
    become_the_daemon();
    print_status();
}

static void test_root_keeps_net_admin_and_net_raw_for_later(void **state)
{
    struct ending ending = run_well(daemon_of_namespace_root);

    (void)state;
    assert_field(&ending, "CapEff:", NET_ADMIN);
    assert_field(&ending, "CapPrm:", NET_ADMIN | NET_RAW);
    assert_field(&ending, "CapInh:", 0);
    assert_field(&ending, "CapAmb:", 0);
    assert_field(&ending, "CapBnd:", NET_RAW);
}

static void executed_by_disarmed_root(void)
{
    become_the_daemon();
    execute("status");
}

static void test_root_that_executes_a_program_passes_nothing(void **state)
{
    struct ending ending = run_well(executed_by_disarmed_root);

    (void)state;
    assert_field(&ending, "CapPrm:", 0);
    assert_field(&ending, "CapEff:", 0);
}

/* What systemd's AmbientCapabilities= makes: a user with two capabilities and no way to more. */
static void start_like_systemd(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const uint32_t both = (uint32_t)(NET_ADMIN | NET_RAW);
    struct __user_cap_data_struct data[2] = {
        {.effective = both, .permitted = both, .inheritable = both}};

    enter_namespace(1000);
    if (syscall(SYS_capset, &header, data) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) < 0)
        _exit(2);
    execute("daemon");
}

static void test_user_with_ambient_capabilities_ends_the_same(void **state)
{
    struct ending ending = run_well(start_like_systemd);

    (void)state;
    assert_field(&ending, "CapEff:", NET_ADMIN);
    assert_field(&ending, "CapPrm:", NET_ADMIN | NET_RAW);
    assert_field(&ending, "CapInh:", 0);
    assert_field(&ending, "CapAmb:", 0);
}

static void start_without_net_raw(void)
{
    enter_namespace(0);
    if (prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0) < 0)
        _exit(2);
    execute("daemon");
}

static void test_missing_net_raw_is_said(void **state)
{
    struct ending ending = run(start_without_net_raw);

    (void)state;
    assert_true(WIFEXITED(ending.status));
    assert_int_equal(WEXITSTATUS(ending.status), EPERM);
}

static void start_a_sniffer(void)
{
    become_the_daemon();
    must(sandbox_pass_net_raw());
    execute("status");
}

static void test_a_sniffer_starts_with_net_raw_alone(void **state)
{
    struct ending ending = run_well(start_a_sniffer);

    (void)state;
    assert_field(&ending, "CapPrm:", NET_RAW);
    assert_field(&ending, "CapEff:", NET_RAW);
    assert_field(&ending, "CapBnd:", NET_RAW);
    assert_field(&ending, "NoNewPrivs:", 1);
}

/* The daemon's filter is in force in the child that it forks. */
static void start_a_sniffer_from_the_sandbox(void)
{
    become_the_daemon();
    must(sandbox_enter(rules_of[DAEMON]()));
    must(sandbox_pass_net_raw());
    execute("status");
}

static void test_a_sandboxed_daemon_can_start_a_sniffer(void **state)
{
    struct ending ending = run_well(start_a_sniffer_from_the_sandbox);

    (void)state;
    assert_field(&ending, "CapPrm:", NET_RAW);
    assert_field(&ending, "CapEff:", NET_RAW);
    assert_field(&ending, "Seccomp:", 2);
}

static void fork_and_start_a_sniffer(void)
{
    pid_t pid;
    int status;

    become_the_daemon();
    must(sandbox_enter(rules_of[DAEMON]()));
    pid = fork();
    if (pid == 0) {
        must(sandbox_pass_net_raw());
        execute("status");
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        _exit(5);
}

static void test_a_forked_child_passes_net_raw(void **state)
{
    struct ending ending = run_well(fork_and_start_a_sniffer);

    (void)state;
    assert_field(&ending, "CapPrm:", NET_RAW);
    assert_field(&ending, "CapAmb:", NET_RAW);
}

static void start_a_source_without_privileges(void)
{
    become_the_daemon();
    must(sandbox_enter(rules_of[DAEMON]()));
    must(sandbox_pass_nothing());
    execute("status");
}

static void test_another_source_starts_with_nothing(void **state)
{
    struct ending ending = run_well(start_a_source_without_privileges);

    (void)state;
    assert_field(&ending, "CapPrm:", 0);
    assert_field(&ending, "CapEff:", 0);
    assert_field(&ending, "CapAmb:", 0);
    assert_field(&ending, "NoNewPrivs:", 1);
}

static void drop_all(void)
{
    enter_namespace(0);
    must(sandbox_drop_capabilities());
    print_status();
}

static void test_dropped_capabilities_are_gone(void **state)
{
    struct ending ending = run_well(drop_all);

    (void)state;
    assert_field(&ending, "CapPrm:", 0);
    assert_field(&ending, "CapEff:", 0);
    assert_field(&ending, "CapInh:", 0);
    assert_field(&ending, "CapAmb:", 0);
}

/* A user `wildset` for this child alone: another /etc/passwd in a mount namespace. */
static void daemon_of_root_with_a_user(void)
{
    static const char users[] = "root:x:0:0::/:/bin/sh\nwildset:x:4242:4242::/:/bin/false\n";
    char path[] = "/tmp/wildset-test-XXXXXX";
    int fd = mkstemp(path);

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || fd < 0 || fchmod(fd, 0644) < 0)
        _exit(SKIPPED);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        write(fd, users, sizeof(users) - 1) < 0 || mount(path, "/etc/passwd", NULL, MS_BIND, NULL))
        _exit(SKIPPED);
    unlink(path);
    must(sandbox_reduce_privileges(daemon_privileges()));
    print_status();
}

static void test_root_becomes_the_user_and_keeps_the_same(void **state)
{
    struct ending ending = run_well(daemon_of_root_with_a_user);

    (void)state;
    assert_int_equal(field(&ending, "Uid:", 10), WILDSET_UID);
    assert_int_equal(field(&ending, "Gid:", 10), WILDSET_UID);
    assert_field(&ending, "CapEff:", NET_ADMIN);
    assert_field(&ending, "CapPrm:", NET_ADMIN | NET_RAW);
    assert_field(&ending, "CapBnd:", NET_RAW);
}

/* ---- system calls ---- */

static void sandboxed_sniffer_waits(void)
{
    enter_namespace(0);
    must(sandbox_drop_capabilities());
    must(sandbox_enter(rules_of[SNIFFER]()));
    poll(NULL, 0, 5000);
}

static void test_a_sandboxed_sniffer_shows_its_filter(void **state)
{
    struct ending ending = {.text = ""};
    struct rlimit core, processes;
    char path[64];
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        sandboxed_sniffer_waits();
        _exit(0);
    }
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    for (int tries = 0; tries < 100 && !strstr(ending.text, "Seccomp:\t2"); tries++) {
        int fd = open(path, O_RDONLY);
        ssize_t size = read(fd, ending.text, sizeof(ending.text) - 1);

        ending.text[size > 0 ? size : 0] = '\0';
        close(fd);
        usleep(20000);
    }
    assert_int_equal(prlimit(pid, RLIMIT_CORE, NULL, &core), 0);
    assert_int_equal(prlimit(pid, RLIMIT_NPROC, NULL, &processes), 0);
    kill(pid, SIGKILL);
    waitpid(pid, &ending.status, 0);
    if (WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == SKIPPED)
        skip();
    assert_field(&ending, "Seccomp:", 2);
    assert_field(&ending, "NoNewPrivs:", 1);
    assert_field(&ending, "CapPrm:", 0);
    assert_true(core.rlim_max == 0 && processes.rlim_max == 0);
}

static void call_socket(void)
{
    socket(AF_INET, SOCK_DGRAM, 0);
}

static void call_execve(void)
{
    execl("/bin/true", "true", NULL);
}

static void call_setsockopt(void)
{
    int one = 1;

    setsockopt(3, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
}

static void call_unshare(void)
{
    unshare(CLONE_NEWNET);
}

static void call_sendto_elsewhere(void)
{
    send(7, "x", 1, 0);
}

static void call_recvfrom_of_the_channel(void)
{
    char byte;

    recv(SOURCE_CHANNEL_FD, &byte, 1, MSG_DONTWAIT);
}

static void call_recvfrom_below(void)
{
    char byte;

    recv(SNIFFER_ENCRYPTED_FD - 1, &byte, 1, MSG_DONTWAIT);
}

static void call_recvfrom_above(void)
{
    char byte;

    recv(SNIFFER_ENCRYPTED_FD + SNIFFER_ENCRYPTED_FDS, &byte, 1, MSG_DONTWAIT);
}

static void call_getsockopt_of_tcp(void)
{
    int value;
    socklen_t size = sizeof(value);

    getsockopt(3, SOL_SOCKET, SO_TYPE, &value, &size);
}

static void call_for_another_protocol(void)
{
    (void)socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

#ifndef WILDSET_SANITIZED
static void call_openat(void)
{
    open("/etc/passwd", O_RDONLY);
}

static void call_write_elsewhere(void)
{
    if (write(7, "x", 1) < 0)
        return;
}

static void map_code(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fork_a_child(void)
{
    fork();
}
#endif

static void mount_something(void)
{
    mount("none", "/", NULL, MS_PRIVATE, NULL);
}

static void trace_something(void)
{
    syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0);
}

static void open_vsock(void)
{
    socket(AF_VSOCK, SOCK_STREAM, 0);
}

#ifndef WILDSET_SANITIZED
static void map_writable_code(void)
{
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void clone_into_a_namespace(void)
{
    syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
}
#endif

#ifndef WILDSET_SANITIZED
static void map_a_file(void)
{
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0);
}

static void make_code(void)
{
    static char page[8192];

    mprotect((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
}
#endif

static void call_socket_of_unix(void)
{
    socket(AF_UNIX, SOCK_STREAM, 0);
}

static void call_bind(void)
{
    bind(7, NULL, 0);
}

static void call_listen(void)
{
    listen(7, 1);
}

static void call_accept(void)
{
    accept4(7, NULL, NULL, 0);
}

struct forbidden {
    enum role role;
    const char *what;
    void (*call)(void);
};

/* The sanitizers' runtime needs some of them: those are forbidden in real builds alone. */
static const struct forbidden forbidden[] = {
    {SNIFFER, "socket", call_socket},
    {SNIFFER, "execve", call_execve},
    {SNIFFER, "setsockopt", call_setsockopt},
    {SNIFFER, "unshare", call_unshare},
    {SNIFFER, "sendto another descriptor", call_sendto_elsewhere},
    {SNIFFER, "recvfrom the channel", call_recvfrom_of_the_channel},
    {SNIFFER, "recvfrom below its place", call_recvfrom_below},
    {SNIFFER, "recvfrom above its place", call_recvfrom_above},
    {SNIFFER, "another option", call_getsockopt_of_tcp},
    {DAEMON, "mount", mount_something},
    {DAEMON, "unshare", call_unshare},
    {DAEMON, "process_vm_writev", trace_something},
    {DAEMON, "another family", open_vsock},
    {REGISTRY, "execve", call_execve},
    {REGISTRY, "mount", mount_something},
    {REGISTRY, "another protocol", call_for_another_protocol},
    {REGISTRY, "socket of the machine", call_socket_of_unix},
    {REGISTRY, "bind", call_bind},
    {REGISTRY, "listen", call_listen},
    {REGISTRY, "accept", call_accept},
    {SNIFFER, "bind", call_bind},
#ifndef WILDSET_SANITIZED
    {SNIFFER, "openat", call_openat},
    {REGISTRY, "openat", call_openat},
    {REGISTRY, "code", map_code},
    {SNIFFER, "write to another descriptor", call_write_elsewhere},
    {SNIFFER, "code", map_code},
    {SNIFFER, "fork", fork_a_child},
    {SNIFFER, "map a file", map_a_file},
    {SNIFFER, "make code", make_code},
    {REGISTRY, "map a file", map_a_file},
    {REGISTRY, "make code", make_code},
    {REGISTRY, "write to another descriptor", call_write_elsewhere},
    {DAEMON, "writable code", map_writable_code},
    {DAEMON, "namespace", clone_into_a_namespace},
    {REGISTRY, "fork", fork_a_child},
#endif
};

static const struct forbidden *current;

static void call_the_forbidden(void)
{
    must(sandbox_enter(rules_of[current->role]()));
    current->call();
}

static void test_calls_off_the_list_end_the_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        struct ending ending;

        current = &forbidden[i];
        ending = run(call_the_forbidden);
        if (!WIFSIGNALED(ending.status) || WTERMSIG(ending.status) != SIGSYS)
            fail_msg("role %d: %s did not end the process", (int)current->role, current->what);
    }
}

/* Its flags cannot be seen by a filter: the C library takes it for a kernel that has none. */
static void calls_clone3(void)
{
    must(sandbox_enter(rules_of[current->role]()));
    if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
        _exit(1);
}

static void test_clone3_is_not_there(void **state)
{
    (void)state;
    for (unsigned role = 0; role < ROLES; role++) {
        const struct forbidden call = {.role = (enum role)role};

        current = &call;
        run_well(calls_clone3);
    }
}

static void start_outside_the_sandbox(void)
{
    become_the_daemon();
    must(sandbox_pass_nothing());
    execute("status");
}

static void test_a_source_gets_no_new_privileges_of_itself(void **state)
{
    struct ending ending = run_well(start_outside_the_sandbox);

    (void)state;
    assert_field(&ending, "NoNewPrivs:", 1);
    assert_field(&ending, "CapPrm:", 0);
}

/* ---- other processes of the same user ---- */

/* By number, as a program that was taken over would: the C library is not asked. */
struct reach {
    const char *what;
    long number;
    long arguments[5];
    bool daemon_may; /* it ends its children */
};

/* The pid of the process that must not be reached; the tests' own program, so as itself. */
#define OTHER (-4711L)

static const struct reach reaches[] = {
    {"kill 0", SYS_kill, {OTHER, 0}, false},
    {"kill SIGSTOP", SYS_kill, {OTHER, SIGSTOP}, false},
    {"kill SIGTERM", SYS_kill, {OTHER, SIGTERM}, true},
    {"tgkill", SYS_tgkill, {OTHER, OTHER, SIGABRT}, false},
    {"tgkill by its thread", SYS_tgkill, {0, OTHER, SIGABRT}, false},
    {"tkill", SYS_tkill, {OTHER, SIGABRT}, false},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {OTHER, SIGTERM, 0}, false},
    {"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, {OTHER, OTHER, SIGTERM, 0}, false},
    {"pidfd_open", SYS_pidfd_open, {OTHER, 0}, false},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {0, SIGTERM, 0, 0}, false},
    {"pidfd_getfd", SYS_pidfd_getfd, {0, 0, 0}, false},
    {"sched_setscheduler", SYS_sched_setscheduler, {OTHER, SCHED_OTHER, 0}, false},
    {"sched_setparam", SYS_sched_setparam, {OTHER, 0}, false},
    {"sched_setattr", SYS_sched_setattr, {OTHER, 0, 0}, false},
    {"sched_setaffinity", SYS_sched_setaffinity, {OTHER, 8, 0}, false},
    {"setpriority", SYS_setpriority, {0, OTHER, 19}, false},
    {"ioprio_set", SYS_ioprio_set, {1, OTHER, 0}, false},
    {"prlimit64", SYS_prlimit64, {OTHER, 7, 0, 0}, false},
    {"ptrace", SYS_ptrace, {16, OTHER, 0, 0}, false},
    {"process_vm_readv", SYS_process_vm_readv, {OTHER, 0, 0, 0, 0}, false},
    {"process_vm_writev", SYS_process_vm_writev, {OTHER, 0, 0, 0, 0}, false},
    {"process_madvise", SYS_process_madvise, {0, 0, 0, 0, 0}, false},
    {"kcmp", SYS_kcmp, {OTHER, OTHER, 0, 0, 0}, false},
    {"migrate_pages", SYS_migrate_pages, {OTHER, 0, 0, 0}, false},
    {"move_pages", SYS_move_pages, {OTHER, 0, 0, 0, 0}, false},
    {"setpgid", SYS_setpgid, {OTHER, 0}, false},
    {"perf_event_open", SYS_perf_event_open, {0, OTHER, 0, 0, 0}, false},
    {"timer_create", SYS_timer_create, {0, 0, 0}, false},
    {"mq_notify", SYS_mq_notify, {0, 0}, false},
    {"io_uring_setup", SYS_io_uring_setup, {1, 0}, false},
    {"bpf", SYS_bpf, {0, 0, 0}, false},
    {"keyctl", SYS_keyctl, {0, 0, 0}, false},
    {"type into the terminal", SYS_ioctl, {STDERR_FILENO, TIOCSTI, 0}, false},
    {"paste into the terminal", SYS_ioctl, {STDERR_FILENO, TIOCLINUX, 0}, false},
    {"prctl PDEATHSIG", SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0}, true},
    {"fcntl F_SETOWN", SYS_fcntl, {SOURCE_CHANNEL_FD, F_SETOWN, OTHER}, true},
    {"fcntl F_SETSIG", SYS_fcntl, {SOURCE_CHANNEL_FD, F_SETSIG, SIGKILL}, true},
    {"fcntl O_ASYNC", SYS_fcntl, {SOURCE_CHANNEL_FD, F_SETFL, O_ASYNC}, true},
    {"ioctl FIOSETOWN", SYS_ioctl, {SOURCE_CHANNEL_FD, FIOSETOWN, 0}, true},
    {"ioctl SIOCSPGRP", SYS_ioctl, {SOURCE_CHANNEL_FD, SIOCSPGRP, 0}, true},
    {"ioctl FIOASYNC", SYS_ioctl, {SOURCE_CHANNEL_FD, FIOASYNC, 0}, false},
};

static const struct reach *reach;
static enum role reaching;
static pid_t other;

static void reach_out(void)
{
    long arguments[5];

    for (unsigned i = 0; i < 5; i++)
        arguments[i] = reach->arguments[i] == OTHER ? other : reach->arguments[i];
    must(sandbox_enter(rules_of[reaching]()));
    syscall(reach->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
}

/* A process that only waits, and is still there afterwards. */
static pid_t bystander(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* not to outlive a test that failed */
    while (pid == 0)
        pause();
    return pid;
}

static void test_no_role_reaches_another_process(void **state)
{
    (void)state;
    other = bystander();
    for (unsigned role = 0; role < ROLES; role++) {
        reaching = (enum role)role;
        for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++) {
            struct ending ending;

            reach = &reaches[i];
            if (role == DAEMON && reach->daemon_may)
                continue;
            ending = run(reach_out);
            if (!WIFSIGNALED(ending.status) || WTERMSIG(ending.status) != SIGSYS)
                fail_msg("role %u: %s did not end the process", role, reach->what);
        }
    }
    assert_int_equal(waitpid(other, NULL, WNOHANG | WUNTRACED), 0);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}

/* One by one, never a group: that may hold more than its own children. */
static void daemon_ends_a_group(void)
{
    must(sandbox_enter(rules_of[DAEMON]()));
    syscall(SYS_kill, -(long)other, SIGTERM);
}

static void test_a_daemon_ends_processes_and_no_groups(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        const struct reach end = {"end", SYS_kill, {OTHER, signals[i]}, true};
        int status;

        other = bystander();
        reach = &end;
        reaching = DAEMON;
        run_well(reach_out);
        assert_int_equal(waitpid(other, &status, 0), other);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
    }
    assert_int_equal(WTERMSIG(run(daemon_ends_a_group).status), SIGSYS);
}

#ifndef WILDSET_SANITIZED /* which print and exit instead */
static void gives_up(void)
{
    must(sandbox_enter(rules_of[reaching]()));
    abort();
}

static void test_each_role_may_abort(void **state)
{
    (void)state;
    for (unsigned role = 0; role < ROLES; role++) {
        struct ending ending;

        reaching = (enum role)role;
        ending = run(gives_up);
        assert_true(WIFSIGNALED(ending.status));
        assert_int_equal(WTERMSIG(ending.status), SIGABRT);
    }
}
#endif

static void what_a_sniffer_does(void)
{
    const int last = SNIFFER_ENCRYPTED_FD + SNIFFER_ENCRYPTED_FDS - 1;
    char byte;
    int fds[2];
    void *memory;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0 || dup2(fds[0], SOURCE_CHANNEL_FD) < 0 ||
        dup2(fds[1], SNIFFER_ENCRYPTED_FD) < 0 || dup2(fds[1], last) < 0)
        _exit(2);
    must(sandbox_enter(rules_of[SNIFFER]()));
    if (send(SOURCE_CHANNEL_FD, "x", 1, MSG_DONTWAIT) != 1 || poll(NULL, 0, 0) < 0)
        _exit(3);
    if (recv(SNIFFER_ENCRYPTED_FD, &byte, 1, MSG_DONTWAIT) != 1 ||
        recv(last, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        _exit(4);
    /* Past the threshold of mmap. */
    memory = malloc(1 << 22);
    memory = realloc(memory, 1 << 23);
    free(memory);
    exit(0);
}

static void test_what_a_sniffer_does_is_allowed(void **state)
{
    (void)state;
    run_well(what_a_sniffer_does);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_keeps_net_admin_and_net_raw_for_later),
        cmocka_unit_test(test_root_that_executes_a_program_passes_nothing),
        cmocka_unit_test(test_user_with_ambient_capabilities_ends_the_same),
        cmocka_unit_test(test_missing_net_raw_is_said),
        cmocka_unit_test(test_a_sniffer_starts_with_net_raw_alone),
        cmocka_unit_test(test_a_sandboxed_daemon_can_start_a_sniffer),
        cmocka_unit_test(test_a_forked_child_passes_net_raw),
        cmocka_unit_test(test_another_source_starts_with_nothing),
        cmocka_unit_test(test_dropped_capabilities_are_gone),
        cmocka_unit_test(test_root_becomes_the_user_and_keeps_the_same),
        cmocka_unit_test(test_a_sandboxed_sniffer_shows_its_filter),
        cmocka_unit_test(test_calls_off_the_list_end_the_process),
        cmocka_unit_test(test_what_a_sniffer_does_is_allowed),
        cmocka_unit_test(test_clone3_is_not_there),
        cmocka_unit_test(test_a_source_gets_no_new_privileges_of_itself),
        cmocka_unit_test(test_no_role_reaches_another_process),
        cmocka_unit_test(test_a_daemon_ends_processes_and_no_groups),
#ifndef WILDSET_SANITIZED
        cmocka_unit_test(test_each_role_may_abort),
#endif
    };
    int result;

    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
    result = strcmp(argv[1], "daemon") == 0 ? sandbox_reduce_privileges(daemon_privileges()) : 0;
    if (result < 0)
        _exit(-result);
    print_status();
    _exit(0);
}
