/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter that the kernel runs for a capture socket: the finest one that can be made from the
 * plan and that the kernel takes.  Attaching replaces the one before in one step: no packet passes
 * without a filter in between, and none is lost.
 *
 * Straight to the socket (SO_ATTACH_FILTER, socket(7)): pcap_setfilter would rewrite the offsets of
 * a cooked one or give up on them, on failure filter in the program without saying so, and lose
 * what comes while it replaces another.
 */
#ifndef WILDSET_SNIFFER_FILTER_KERNELFILTER_H
#define WILDSET_SNIFFER_FILTER_KERNELFILTER_H

#include "sniffer/filter/filterpath.h"
#include "sniffer/plan.h"
#include "source/message.h"

struct kernelfilter;

/* A capture's socket; where there are several on one interface, their lengths tell them apart. */
struct kernelfilter_socket {
    int fd;
    int link_type;      /* DLT_ */
    uint16_t interface; /* index into the plan's interfaces */
    struct filter_lengths lengths;
    bool merges; /* one frame may hold several datagrams of a flow */
};

/* What the kernel does now, and why not more. */
struct kernelfilter_outcome {
    enum interface_filter filter;
    enum filter_reason reason;
    int error; /* the kernel's -errno for a finer one; 0: it refused none */
};

/* The plan's tunnels are borrowed.  NULL when out of memory. */
struct kernelfilter *kernelfilter_new(const struct plan *plan);
void kernelfilter_free(struct kernelfilter *filter);

/*
 * Names that are let through beside the plan's patterns from the next kernelfilter_attach on, in
 * place of those before.  More than NAMETAILS_EXTRA_MAX: all of port 53.
 */
void kernelfilter_set_extra(struct kernelfilter *filter, const struct dname *names, size_t count);
/* All of port 53 from the next kernelfilter_attach on, or no more. */
void kernelfilter_widen(struct kernelfilter *filter, bool wide);

/*
 * 0 with what it came to, or -errno when the kernel takes none at all: then the one before is still
 * there.
 */
int kernelfilter_attach(struct kernelfilter *filter, const struct kernelfilter_socket *socket,
                        struct kernelfilter_outcome *out);

#endif
