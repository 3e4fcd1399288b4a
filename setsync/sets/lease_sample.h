/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Some of the leases of a set.
 */
#ifndef WILDSET_SETSYNC_SETS_LEASE_SAMPLE_H
#define WILDSET_SETSYNC_SETS_LEASE_SAMPLE_H

#include "setsync/setsync_state.h"

/* Up to `count` leases spread over a set that `wanted` accepts. */
typedef bool lease_test(const struct lease *lease, uint64_t now_ns);
size_t lease_sample(const struct setsync *sync, const struct set *set, lease_test *wanted,
                    uint64_t now_ns, struct lease **out, size_t count);

#endif
