/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells when the wall clock was set, and when the machine has slept: both matter to what lives on
 * another clock.
 */
#ifndef WILDSET_DAEMON_CLOCKWATCH_H
#define WILDSET_DAEMON_CLOCKWATCH_H

#include <stdint.h>

struct clockwatch;
struct loop;

/* `slept_ns`: since the last call; 0 when the wall clock was set and nothing else. */
typedef void clockwatch_changed(void *context, uint64_t slept_ns);

/* 0 or -errno. */
int clockwatch_new(struct loop *loop, clockwatch_changed *changed, void *context,
                   struct clockwatch **out);
void clockwatch_free(struct clockwatch *watch);

#endif
