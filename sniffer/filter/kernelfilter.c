/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the finest filter to the coarsest, until the kernel takes one.  It counts the program's size
 * against net.core.optmem_max, and while one replaces another both are counted: where that fails,
 * one of a few instructions, that lets everything through, makes room first.
 */
#include "sniffer/filter/kernelfilter.h"

#include "sniffer/filter/namefilter.h"
#include "sniffer/filter/nametails.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <sys/socket.h>

/* linux/filter.h and pcap/bpf.h define the same names: the kernel's struct sock_fprog by hand. */
struct filter_code {
    unsigned short count;
    const struct filter_instruction *instructions;
};

struct kernelfilter {
    struct nametails *names;
    struct filtercode *code;
    struct dnsports dns;
    struct tunnelrules rules[PLAN_INTERFACES_MAX]; /* of each interface: at least the frame's own */
    bool chain;                                    /* a whitelist has match = "chain" */
    bool wide;
    bool crowded;  /* more extra names than fit */
    unsigned most; /* instructions that the kernel takes, as far as is known */
    struct filter_program program;
};

struct kernelfilter *kernelfilter_new(const struct plan *plan)
{
    struct kernelfilter *filter = calloc(1, sizeof(*filter));

    if (!filter)
        return NULL;
    filter->names = nametails_new(plan->patterns, plan->pattern_count);
    filter->code = filtercode_new();
    filter->dns = dnsports_of(plan->resolvers, plan->resolver_count);
    for (uint16_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        filter->rules[i] =
            tunnelrules_of(plan->tunnels, plan->tunnel_count, plan_may_mirror(plan, i));
        filter->rules[i].dns = &filter->dns;
    }
    filter->chain = plan->chain_whitelists != 0;
    filter->most = NAMEFILTER_MOST;
    if (filter->names && filter->code)
        return filter;
    kernelfilter_free(filter);
    return NULL;
}

void kernelfilter_free(struct kernelfilter *filter)
{
    if (!filter)
        return;
    nametails_free(filter->names);
    filtercode_free(filter->code);
    free(filter);
}

void kernelfilter_set_extra(struct kernelfilter *filter, const struct dname *names, size_t count)
{
    filter->crowded = !nametails_set_extra(filter->names, names, count);
}

void kernelfilter_widen(struct kernelfilter *filter, bool wide)
{
    filter->wide = wide;
}

/* ---- one program ---- */

static int program_attach(const struct kernelfilter_socket *socket,
                          const struct filter_program *program)
{
    struct filter_code code = {(unsigned short)program->count, program->instructions};

    return setsockopt(socket->fd, SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof(code)) < 0 ? -errno
                                                                                         : 0;
}

static bool link_find(int link_type, enum filter_link *out)
{
    static const struct {
        int link_type;
        enum filter_link link;
    } links[] = {
        {DLT_EN10MB, FILTER_ETHERNET},   {DLT_LINUX_SLL, FILTER_COOKED},
        {DLT_LINUX_SLL2, FILTER_COOKED}, {DLT_RAW, FILTER_IP},
        {DLT_IPV4, FILTER_IP},           {DLT_IPV6, FILTER_IP},
        {DLT_C_HDLC, FILTER_HDLC},
    };

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (links[i].link_type != link_type)
            continue;
        *out = links[i].link;
        return true;
    }
    return false;
}

/*
 * With names, or all of port 53 without.  -E2BIG: there is no such program; else what the kernel
 * says.  None of the size that it may have memory for: then it is the memory that is too little.
 */
static int attach_built(struct kernelfilter *filter, const struct kernelfilter_socket *socket,
                        const struct nametails *names)
{
    struct namefilter_choice choice = {
        .lengths = socket->lengths,
        .rules = &filter->rules[socket->interface % PLAN_INTERFACES_MAX],
        .chain = filter->chain,
        .merges = socket->merges,
        .most = names ? filter->most : NAMEFILTER_MOST,
    };

    if (!link_find(socket->link_type, &choice.link) ||
        !namefilter_build(&choice, names, filter->code, &filter->program))
        return choice.most == NAMEFILTER_SMALL ? -ENOMEM : -E2BIG;
    return program_attach(socket, &filter->program);
}

/* ---- one after the other ---- */

static int attach_lengths(struct kernelfilter *filter, const struct kernelfilter_socket *socket)
{
    filtercode_clear(filter->code);
    filterpath_write_lengths(socket->lengths, filter->code);
    if (!filtercode_finish(filter->code, NAMEFILTER_MOST, &filter->program))
        return -E2BIG;
    return program_attach(socket, &filter->program);
}

/* Why the names alone are not looked at; FILTER_REASON_NONE when they can be. */
static enum filter_reason coarse_reason(const struct kernelfilter *filter)
{
    if (nametails_have_any(filter->names))
        return FILTER_REASON_ANY_NAME;
    if (!nametails_are_usable(filter->names))
        return FILTER_REASON_MANY_PATTERNS;
    return filter->wide || filter->crowded ? FILTER_REASON_FOLLOWING : FILTER_REASON_NONE;
}

/* False with the reason where the kernel takes none of this kind. */
static bool try_filter(struct kernelfilter *filter, const struct kernelfilter_socket *socket,
                       const struct nametails *names, struct kernelfilter_outcome *out)
{
    int result = attach_built(filter, socket, names);

    if (result == -ENOMEM && attach_lengths(filter, socket) == 0) {
        result = attach_built(filter, socket, names);
        if (result == -ENOMEM && names) {
            filter->most = NAMEFILTER_SMALL;
            result = attach_built(filter, socket, names);
        }
    }
    if (result == -E2BIG) {
        out->reason = FILTER_REASON_MANY_PATTERNS;
    } else if (result < 0) {
        out->reason = FILTER_REASON_REFUSED;
        out->error = result;
    }
    return result == 0;
}

int kernelfilter_attach(struct kernelfilter *filter, const struct kernelfilter_socket *socket,
                        struct kernelfilter_outcome *out)
{
    struct kernelfilter_outcome outcome = {.error = 0};
    enum filter_link link;
    bool taken = false;
    int result;

    if (link_find(socket->link_type, &link)) {
        outcome.filter = INTERFACE_FILTER_NAMES;
        outcome.reason = coarse_reason(filter);
        taken = outcome.reason == FILTER_REASON_NONE &&
                try_filter(filter, socket, filter->names, &outcome);
        if (taken && filter->chain)
            outcome.reason = FILTER_REASON_CHAIN;
        if (!taken) {
            outcome.filter = INTERFACE_FILTER_PORT;
            taken = try_filter(filter, socket, NULL, &outcome);
        }
    } else {
        outcome.reason = FILTER_REASON_LINK_TYPE;
    }
    if (taken) {
        *out = outcome;
        return 0;
    }
    outcome.filter = INTERFACE_FILTER_USERSPACE;
    result = attach_lengths(filter, socket);
    if (result == 0)
        *out = outcome;
    return result;
}
