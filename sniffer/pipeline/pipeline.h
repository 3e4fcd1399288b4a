/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer's whole way from a frame to messages for the daemon: decode, first look, trust,
 * question, parse, settle.  No I/O and no clock of its own: live capture and replay both drive it.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_PIPELINE_H
#define WILDSET_SNIFFER_PIPELINE_PIPELINE_H

#include "dnsparse/names/derived.h"
#include "sniffer/decode/ethertypes.h"
#include "sniffer/decode/frame.h"
#include "sniffer/plan.h"
#include "source/counter.h"
#include "source/message.h"

#include <stdint.h>

struct pipeline;

struct pipeline_hooks {
    /* MESSAGE_ANSWER, MESSAGE_REFUSAL or MESSAGE_ALARM, lent for the call. */
    void (*report)(void *context, const struct message *message);
    /* A matching question of this client was seen for the first time; may be NULL. */
    void (*asked)(void *context, const struct address *client, const struct dname *question);
    /* An answer to a matching question was dealt with; may be NULL. */
    void (*answered)(void *context);
    /* A matching question's answer ended at addresses; may be NULL. */
    void (*ended)(void *context);
    /* Or at a name, which counts as a question's name for a while, and may be asked for next. */
    void (*derived)(void *context, const struct derived_name *name);
    void *context;
    bool duplicates; /* what was counted already and comes again is reported as a refusal too */
};

/* Borrows the plan.  NULL when out of memory. */
struct pipeline *pipeline_new(const struct plan *plan, const struct pipeline_hooks *hooks);
void pipeline_free(struct pipeline *pipeline);

/*
 * One frame.  `now_ns` is the clock of questions and derived names: CLOCK_BOOTTIME live, the
 * capture's time in replay; it must not go back by more than a capture's disorder does.
 */
void pipeline_frame(struct pipeline *pipeline, const struct frame *frame, uint64_t now_ns);

/*
 * An answer by the word of the resolver that gave it, which nobody can forge: the payload of this
 * segment, of which addresses, ports, transport and time are filled.  No question is looked for,
 * and none is settled.
 */
void pipeline_told(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns);

/*
 * What is to be done when no frame comes: answers whose questions did not come in time are refused.
 * pipeline_frame does it too; UINT64_MAX: nothing is waited for any more.
 */
void pipeline_run(struct pipeline *pipeline, uint64_t now_ns);

/*
 * Reads an answer to this question that nobody gave, so that the code and the memory which the real
 * one needs are in the CPU's caches when it comes.  Changes nothing; may be called from `asked`.
 */
void pipeline_rehearse(struct pipeline *pipeline, const struct dname *question);
/* Frames may hold lists of datagrams (GRO): each is read on, before the first list is seen. */
void pipeline_expect_merged(struct pipeline *pipeline);
/* While draining an old sniffer raises no alarms: its successor settles questions too. */
void pipeline_drain(struct pipeline *pipeline);
/* The counters, kept up to date with the tables' own. */
const struct counters *pipeline_counters(struct pipeline *pipeline);
/* Matching answers come and questions do not: over `require-query`'s head, say so. */
bool pipeline_sees_one_direction(const struct pipeline *pipeline);

/* The most frequent EtherType that is not read, on one of the plan's interfaces. */
struct ethertype_count pipeline_common_ethertype(const struct pipeline *pipeline,
                                                 uint16_t interface);

struct pipeline_server {
    struct address address; /* ADDRESS_NONE: there is none */
    uint16_t port;
};
/* A trusted resolver that was last seen to answer a matching question from a port that is not 53.
 */
struct pipeline_server pipeline_other_port(const struct pipeline *pipeline);

#endif
