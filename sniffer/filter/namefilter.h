/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic BPF program on the capture sockets: the kernel looks at each packet, and only
 * questions and answers whose question's name may matter wake the sniffer.  A superset of what the
 * pipeline keeps: what cannot be told passes, as more than one question, a compression pointer, or
 * very many labels.  So do DNS over TCP, fragments and whatever else filterpath.h names.
 *
 * Where a whitelist has match = "chain", any question for addresses may lead to it, and any answer
 * with an alias in it: those pass as well.
 *
 * Where datagrams are merged, only the first one's name would be seen.  There a datagram passes
 * that goes on behind its first message, as its counts and its records' lengths have it.
 */
#ifndef WILDSET_SNIFFER_FILTER_NAMEFILTER_H
#define WILDSET_SNIFFER_FILTER_NAMEFILTER_H

#include "sniffer/filter/filterpath.h"
#include "sniffer/filter/nametails.h"

enum {
    NAMEFILTER_MOST = FILTER_PROGRAM_MAX,
    /* What fits where net.core.optmem_max is 20480, as it was before Linux 6.7. */
    NAMEFILTER_SMALL = 500,
};

struct namefilter_choice {
    enum filter_link link;
    struct filter_lengths lengths;
    const struct tunnelrules *rules; /* NULL: no tunnel is entered */
    bool chain;                      /* a whitelist has match = "chain" */
    bool merges;   /* what is longer than its first message passes: another may follow */
    unsigned most; /* instructions */
};

/*
 * NULL names, or names that are not usable: all of port 53 passes.  False when the program would
 * have more than `most` instructions, however coarse.  `code` is working space.
 */
bool namefilter_build(const struct namefilter_choice *choice, const struct nametails *names,
                      struct filtercode *code, struct filter_program *out);

#endif
