/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One whitelist's list: fetched each interval, judged, kept in force while fetches fail, and told.
 */
#ifndef WILDSET_REGISTRY_POLL_H
#define WILDSET_REGISTRY_POLL_H

#include "registry/fetch/download.h"
#include "registry/plan.h"
#include "registry/report.h"
#include "registry/resolve/hosts.h"

/* Shared by all lists; borrowed. */
struct poll_tools {
    struct loop *loop;
    struct download_tools download;
    struct resolver *resolver;
    struct hosts *hosts;
    struct reporter *reporter;
    const struct registry_plan *plan;
    const struct matcher *matcher; /* of the plan's patterns */
};

struct poll;

/*
 * `certificates` (PEM, borrowed) are whom to trust.  `cache_fd` is the file of the last good list,
 * or -1. A whitelist without a list is only reported.
 */
int poll_new(const struct poll_tools *tools, unsigned whitelist, const char *certificates,
             size_t certificates_size, int cache_fd, struct poll **out);
/* Takes the cached list into force and begins; after the sandbox. */
void poll_start(struct poll *poll);
/* Reports what has changed since the last report. */
void poll_report(struct poll *poll);

#endif
