/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allow-lists of system calls (libseccomp): the rows of a program's table, and how they are taken.
 * A filter is inherited through fork and exec: a program that starts others allows what they need
 * until they take their own, shorter list.
 */
#ifndef WILDSET_BASE_SECCOMP_H
#define WILDSET_BASE_SECCOMP_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECCOMP_CONDITIONS_MAX = 2 };

/* An argument, as it must be behind a mask; the mask 0 ends the list. */
struct seccomp_condition {
    unsigned argument;
    uint64_t mask, value;
    bool own_process; /* the value is the number of the process that enters */
};

struct seccomp_rule {
    int number;
    struct seccomp_condition conditions[SECCOMP_CONDITIONS_MAX];
};

struct seccomp_table {
    const struct seccomp_rule *rules;
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

/* From here on a call that no table allows ends the process (SIGSYS).  0 or -errno. */
int seccomp_enter(const struct seccomp_table *tables, size_t count);

#endif
