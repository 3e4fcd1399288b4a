/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two clocks, read together.  Lifetimes live on the boot-time clock, which goes on in suspend
 * and never jumps; the wall clock is for people and for the state file.
 */
#ifndef WILDSET_BASE_CLOCK_H
#define WILDSET_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

struct moment {
    uint64_t boot_ns; /* CLOCK_BOOTTIME; in replay the capture's clock */
    uint64_t real_ns; /* CLOCK_REALTIME since 1970 */
};

enum { CLOCK_TEXT_MAX = 32 };

struct moment clock_now(void);
/* RFC 3339, UTC, microseconds: "2026-01-02T03:04:05.678901Z".  Returns `out`. */
const char *clock_to_text(uint64_t real_ns, char out[static CLOCK_TEXT_MAX]);

#endif
