/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolvers that are connected: who may be, one buffer each, and an end for whoever sends what
 * is no dnstap or stands still halfway.
 */
#ifndef WILDSET_DNSTAP_TAPS_H
#define WILDSET_DNSTAP_TAPS_H

#include "base/loop.h"
#include "dnstap/hearsay.h"
#include "dnstap/peers.h"

struct taps;

/* Borrows all of them.  0 or -errno. */
int taps_new(struct loop *loop, int listener, const struct dnstap_peers *peers,
             struct hearsay *hearsay, struct taps **out);
/* Each second: who has stood still for ten is ended. */
void taps_pulse(struct taps *taps);

#endif
