/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into wildsetd and its sources: makes one call of one of them fail, as a file that all
 * of them map says (WILDSET_FAULT_ORDER names it), and counts all calls.  The file is mapped before
 * any sandbox is entered; afterwards nothing here makes a system call of its own.
 *
 * tests/faults/run writes the order; `struct order` is its `Order`, field by field.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESS_MAX = 16, CALL_MAX = 20, CALLS_MAX = 64, WHERE_MAX = 32, ENVIRONMENT_MAX = 64 };

struct order {
    char process[PROCESS_MAX]; /* whose calls */
    char call[CALL_MAX];       /* which fails; empty: none */
    int32_t error;             /* 0: less is read or written than was asked for */
    uint32_t after;            /* so many calls go well before */
    uint32_t times;
    _Atomic uint32_t armed;
    _Atomic uint32_t seen, failed;
    char where[WHERE_MAX];
    struct {
        char name[CALL_MAX];
        _Atomic uint32_t count;
    } calls[CALLS_MAX]; /* all of that process while it was armed */
};

static struct order *order;
static const char *own_name;
static char preload[512], order_path[512];

static void keep_variable(char *out, size_t size, const char *name)
{
    const char *value = getenv(name);

    if (value)
        snprintf(out, size, "%s=%s", name, value);
}

static __attribute__((constructor)) void take_order(void)
{
    const char *path = getenv("WILDSET_FAULT_ORDER");
    /* A source is called wildset-NAME. */
    own_name = program_invocation_short_name;
    own_name += strncmp(own_name, "wildset-", 8) == 0 ? 8 : 0;
    keep_variable(preload, sizeof(preload), "LD_PRELOAD");
    keep_variable(order_path, sizeof(order_path), "WILDSET_FAULT_ORDER");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        order = mapped;
}

static void count(const char *call)
{
    for (size_t i = 0; i < CALLS_MAX; i++) {
        if (order->calls[i].name[0] == '\0')
            snprintf(order->calls[i].name, CALL_MAX, "%s", call);
        if (strcmp(order->calls[i].name, call) == 0) {
            order->calls[i].count++;
            return;
        }
    }
}

/* The object that made the call: one of ours, or a library's, whose own fault it may be. */
static void note_caller(const void *caller)
{
    Dl_info info;
    const char *name = dladdr(caller, &info) && info.dli_fname ? info.dli_fname : "?";
    const char *slash = strrchr(name, '/');

    snprintf(order->where, sizeof(order->where), "%s", slash ? slash + 1 : name);
}

static bool is_chosen(const char *call, const void *caller)
{
    if (!order || !order->armed || strcmp(order->process, own_name) != 0)
        return false;
    count(call);
    if (strcmp(order->call, call) != 0)
        return false;
    uint32_t number = order->seen++;
    if (number < order->after || number - order->after >= order->times)
        return false;
    if (order->failed++ == 0)
        note_caller(caller);
    return true;
}

static bool fails_for(const char *call, const void *caller)
{
    if (!is_chosen(call, caller))
        return false;
    errno = order->error;
    return true;
}

#define fails(call) fails_for(call, __builtin_return_address(0))

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

/* What a call gives when it fails is FAILED; ARGUMENTS repeats its parameters' names. */
#define FAILING(type, name, failed, parameters, arguments)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*real) parameters;                                                             \
        if (fails(#name))                                                                          \
            return failed;                                                                         \
        if (!real)                                                                                 \
            real = (type(*) parameters)next(#name);                                                \
        return real arguments;                                                                     \
    }

/* Those that may do a part of what they were asked for: half of it, if the error is 0. */
#define PARTIAL(name, parameters, arguments, is_spared)                                            \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        static ssize_t(*real) parameters;                                                          \
        if (!real)                                                                                 \
            real = (ssize_t(*) parameters)next(#name);                                             \
        if (!(is_spared) && is_chosen(#name, __builtin_return_address(0))) {                       \
            errno = order->error;                                                                  \
            if (order->error != 0)                                                                 \
                return -1;                                                                         \
            size = size > 1 ? size / 2 : size;                                                     \
        }                                                                                          \
        return real arguments;                                                                     \
    }

/* ---- memory: the C library's own names, since dlsym allocates ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return fails("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t many, size_t size)
{
    return fails("calloc") ? NULL : __libc_calloc(many, size);
}

void *realloc(void *old, size_t size)
{
    return fails("realloc") ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t many, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(many, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return fails("realloc") ? NULL : __libc_realloc(old, bytes);
}

FAILING(void *, mmap, MAP_FAILED,
        (void *where, size_t size, int protection, int flags, int fd, off_t offset),
        (where, size, protection, flags, fd, offset))

/* ---- descriptors ---- */

FAILING(int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(int, socketpair, -1, (int domain, int type, int protocol, int ends[2]),
        (domain, type, protocol, ends))
FAILING(int, accept4, -1, (int fd, struct sockaddr *from, socklen_t *size, int flags),
        (fd, from, size, flags))
FAILING(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
FAILING(int, eventfd, -1, (unsigned value, int flags), (value, flags))
FAILING(int, pipe2, -1, (int ends[2], int flags), (ends, flags))
FAILING(int, timerfd_create, -1, (int clock, int flags), (clock, flags))
FAILING(int, epoll_create1, -1, (int flags), (flags))
FAILING(int, dup2, -1, (int from, int to), (from, to))
FAILING(int, close_range, -1, (unsigned from, unsigned to, int flags), (from, to, flags))

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (fails("open"))
        return -1;
    if (!real)
        real = (int (*)(const char *, int, ...))next("open");
    return real(path, flags, mode);
}

/* Those with one more argument of any kind: a register's width is passed on. */
#define VARIADIC(name, word)                                                                       \
    int name(int fd, word what, ...)                                                               \
    {                                                                                              \
        static int (*real)(int, word, ...);                                                        \
        va_list more;                                                                              \
        va_start(more, what);                                                                      \
        long argument = va_arg(more, long);                                                        \
        va_end(more);                                                                              \
        if (fails(#name))                                                                          \
            return -1;                                                                             \
        if (!real)                                                                                 \
            real = (int (*)(int, word, ...))next(#name);                                           \
        return real(fd, what, argument);                                                           \
    }

VARIADIC(fcntl, int)
VARIADIC(ioctl, unsigned long)

/* ---- files; a line on stderr is how a fault is told, and is spared ---- */

PARTIAL(write, (int fd, const void *from, size_t size), (fd, from, size), fd == STDERR_FILENO)
PARTIAL(pwrite, (int fd, const void *from, size_t size, off_t offset), (fd, from, size, offset),
        false)
PARTIAL(read, (int fd, void *to, size_t size), (fd, to, size), false)
PARTIAL(pread, (int fd, void *to, size_t size, off_t offset), (fd, to, size, offset), false)
FAILING(int, fflush, EOF, (FILE * file), (file))
FAILING(int, fclose, EOF, (FILE * file), (file))
FAILING(int, fsync, -1, (int fd), (fd))
FAILING(int, fdatasync, -1, (int fd), (fd))
FAILING(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
FAILING(int, fstat, -1, (int fd, struct stat *status), (fd, status))
FAILING(int, rename, -1, (const char *from, const char *to), (from, to))
FAILING(int, unlink, -1, (const char *path), (path))

/* ---- sockets ---- */

PARTIAL(send, (int fd, const void *from, size_t size, int flags), (fd, from, size, flags), false)
PARTIAL(recv, (int fd, void *to, size_t size, int flags), (fd, to, size, flags), false)
FAILING(ssize_t, sendto, -1,
        (int fd, const void *from, size_t size, int flags, const struct sockaddr *to,
         socklen_t length),
        (fd, from, size, flags, to, length))
FAILING(ssize_t, recvfrom, -1,
        (int fd, void *restrict to, size_t size, int flags, struct sockaddr *restrict from,
         socklen_t *restrict length),
        (fd, to, size, flags, from, length))
FAILING(ssize_t, sendmsg, -1, (int fd, const struct msghdr *message, int flags),
        (fd, message, flags))
FAILING(ssize_t, recvmsg, -1, (int fd, struct msghdr *message, int flags), (fd, message, flags))
FAILING(int, recvmmsg, -1,
        (int fd, struct mmsghdr *messages, unsigned many, int flags, struct timespec *timeout),
        (fd, messages, many, flags, timeout))
FAILING(int, bind, -1, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILING(int, connect, -1, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILING(int, listen, -1, (int fd, int backlog), (fd, backlog))
FAILING(int, setsockopt, -1, (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size))
FAILING(int, getsockopt, -1,
        (int fd, int level, int name, void *restrict value, socklen_t *restrict size),
        (fd, level, name, value, size))

/* ---- waiting ---- */

FAILING(int, poll, -1, (struct pollfd * fds, nfds_t many, int timeout), (fds, many, timeout))
FAILING(int, epoll_wait, -1, (int fd, struct epoll_event *events, int most, int timeout),
        (fd, events, most, timeout))
FAILING(int, epoll_ctl, -1, (int fd, int what, int of, struct epoll_event *event),
        (fd, what, of, event))
FAILING(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))

/* ---- processes ---- */

FAILING(pid_t, fork, -1, (void), ())
FAILING(int, setrlimit, -1, (__rlimit_resource_t resource, const struct rlimit *limit),
        (resource, limit))
/* libseccomp's say their error themselves */
FAILING(int, seccomp_load, -order->error, (const scmp_filter_ctx filter), (filter))
FAILING(ssize_t, getrandom, -1, (void *to, size_t size, unsigned flags), (to, size, flags))

/* The daemon passes on little of its environment: we come along. */
int execve(const char *path, char *const arguments[], char *const given[])
{
    static int (*real)(const char *, char *const[], char *const[]);
    char *environment[ENVIRONMENT_MAX + 3];
    size_t used = 0;

    if (fails("execve"))
        return -1;
    for (; given[used] && used < ENVIRONMENT_MAX; used++)
        environment[used] = given[used];
    environment[used++] = preload;
    environment[used++] = order_path;
    environment[used] = NULL;
    if (!real)
        real = (int (*)(const char *, char *const[], char *const[]))next("execve");
    return real(path, arguments, environment);
}
