/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a response holds an alias at all: with match = "chain" every answer might matter, and
 * nine of ten have none, so a look at the records' types spares them the parser.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_ALIASES_H
#define WILDSET_SNIFFER_PIPELINE_ALIASES_H

#include "dnsparse/answers/wire.h"

#include <stdbool.h>

/* True also for what cannot be walked: the parser has the last word. */
bool aliases_are_possible(const struct wire_message *wire);

#endif
