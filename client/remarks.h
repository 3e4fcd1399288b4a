/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sniffer's counters mean, for `status`: how packets came, what was passed over and why.
 * Nothing of it needs attention by itself; what does is advice.h's.
 */
#ifndef WILDSET_CLIENT_REMARKS_H
#define WILDSET_CLIENT_REMARKS_H

#include <jansson.h>

/* Prints the lines of a status object's sources; nothing when there is nothing to say. */
void remarks_print(const json_t *status);

#endif
