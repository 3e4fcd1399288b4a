/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What replay prints: a line a grant or refusal, as JSON or in columns, and the summary.
 */
#ifndef WILDSET_CLIENT_COMMANDS_REPLAY_OUTPUT_H
#define WILDSET_CLIENT_COMMANDS_REPLAY_OUTPUT_H

#include "setsync/policy/event.h"
#include "source/counter.h"
#include "source/message.h"

#include <stdbool.h>

struct config;
struct replay_output;
struct setsync_statistics;

/* `all`: refusals too.  Borrows the configuration.  NULL when out of memory. */
struct replay_output *replay_output_new(const struct config *config, bool json, bool all);
void replay_output_free(struct replay_output *output);

/* A setsync_event: grants, extensions and policy's refusals are printed, the rest is not. */
void replay_output_event(void *context, const struct event *event);
/* What the pipeline refused: a line for each address, one when there is none. */
void replay_output_refusal(struct replay_output *output, const struct sighting *sighting);
/* An extra answer: refused, with what was counted before. */
void replay_output_alarm(struct replay_output *output, const struct alarm_report *alarm);

void replay_output_flush(struct replay_output *output);
/* Whether stdout took everything. */
bool replay_output_failed(const struct replay_output *output);
/* On stderr. */
void replay_output_summary(const struct counters *counters,
                           const struct setsync_statistics *statistics);

#endif
