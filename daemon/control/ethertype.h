/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an EtherType that is not read means to people, and when it is worth a word. */
#ifndef WILDSET_DAEMON_CONTROL_ETHERTYPE_H
#define WILDSET_DAEMON_CONTROL_ETHERTYPE_H

#include <stdbool.h>
#include <stdint.h>

/* ", TRILL", or "" for one without a name here. */
const char *ethertype_name(uint16_t type);
/* Whether so many of all frames may hide what DNS there is; `share` gets per cent. */
bool ethertype_is_common(uint64_t frames, uint64_t all, unsigned *share);

#endif
