/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allow-lists, by libseccomp.  Names that an architecture does not have (open, poll and fork on
 * arm64) are skipped there.
 */
#include "base/seccomp.h"

#include <errno.h>
#include <seccomp.h>
#include <unistd.h>

/* What every process needs. */
static const struct seccomp_rule living[] = {
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

#ifdef WILDSET_SANITIZED
/* The sanitizers' runtime reads its own maps and prints what it found. */
static const struct seccomp_rule sanitizing[] = {
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

static int add_table(scmp_filter_ctx filter, const struct seccomp_table *table)
{
    int result = 0;

    for (size_t i = 0; i < table->count && result == 0; i++) {
        const struct seccomp_rule *rule = &table->rules[i];
        struct scmp_arg_cmp comparisons[SECCOMP_CONDITIONS_MAX];
        unsigned count = 0;

        if (rule->number < 0)
            continue;
        for (; count < SECCOMP_CONDITIONS_MAX && rule->conditions[count].mask; count++) {
            const struct seccomp_condition *condition = &rule->conditions[count];

            comparisons[count] = (struct scmp_arg_cmp){
                .arg = condition->argument,
                .op = SCMP_CMP_MASKED_EQ,
                .datum_a = condition->mask,
                .datum_b = condition->own_process ? (uint32_t)getpid() : condition->value,
            };
        }
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->number, count, comparisons);
    }
    return result;
}

int seccomp_enter(const struct seccomp_table *tables, size_t count)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int result;

    if (!filter)
        return -ENOMEM;
    result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    /* clone3's flags lie in memory, where a filter cannot see them; without it the C library uses
     * clone. */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (result == 0)
        result = add_table(filter, &(struct seccomp_table)TABLE(living));
    for (size_t i = 0; result == 0 && i < count; i++)
        result = add_table(filter, &tables[i]);
#ifdef WILDSET_SANITIZED
    if (result == 0)
        result = add_table(filter, &(struct seccomp_table)TABLE(sanitizing));
#endif
    /* A tree instead of a list: the sniffer's calls are on the way of each packet. */
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
#ifdef WILDSET_SANITIZED
    entered = result == 0;
#endif
    return result;
}
