/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the configuration again: one reload at a time, and those who ask while one is under way
 * (or a moment after) get the next one together.  A reload has ended when the sources follow it.
 */
#ifndef WILDSET_DAEMON_CONTROL_RELOADS_H
#define WILDSET_DAEMON_CONTROL_RELOADS_H

#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>

enum { RELOADS_ERROR_MAX = 1024 }; /* lines, each with its file and line */

struct reloads_hooks {
    /* Reads and uses the file; false, and nothing is changed: `error` says why. */
    bool (*begin)(void *context, char error[static RELOADS_ERROR_MAX]);
    /* Whether every source works by the configuration in force. */
    bool (*follows)(void *context);
    /* Whichever way: those who wait can be told. */
    void (*ended)(void *context);
    void *context;
};

struct reloads;

/* 0 or -errno. */
int reloads_new(struct loop *loop, const struct reloads_hooks *hooks, struct reloads **out);
void reloads_free(struct reloads *reloads);
/* Soon, never at once.  Returns the number of the reload that will do it. */
uint64_t reloads_ask(struct reloads *reloads);
/* A source has become ready. */
void reloads_look(struct reloads *reloads);
bool reloads_are_under_way(const struct reloads *reloads);
/* Whether that one has ended; `problem` is "" when all is well. */
bool reloads_have_ended(const struct reloads *reloads, uint64_t number, const char **problem);
/* Why the file that was read last is not in force; "" when it is. */
const char *reloads_refusal(const struct reloads *reloads);

#endif
