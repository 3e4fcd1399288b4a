/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a packet was seen, as far as that tells whether to trust it.  The tap sees what the stack
 * would refuse, and whoever is outside can put any two packets onto the wire; but of a real
 * exchange the question passes an interface one way and the answer the other.
 */
#ifndef WILDSET_SNIFFER_DECODE_PLACE_H
#define WILDSET_SNIFFER_DECODE_PLACE_H

#include "sniffer/decode/frame.h"
#include "sniffer/plan.h"

#include <stdbool.h>
#include <stdint.h>

enum passage {
    PASSAGE_FILE,    /* read from a capture, which shows no directions: trusted */
    PASSAGE_UNKNOWN, /* nobody knows which way it went: never trusted */
    PASSAGE_IN,
    PASSAGE_OUT,
    PASSAGE_MIRROR,   /* a copy of what passed elsewhere: both come in */
    PASSAGE_LOOPBACK, /* sent by this machine itself, and seen as it comes back in */
};

/* Equal byte for byte when it is the same place, way included. */
struct place {
    uint32_t link;   /* 0 where all are one: files; mirror ports, since a tap has one a direction */
    int16_t vlan;    /* the outermost tag, or SIGHTING_NO_VLAN; 0 is no tag either */
    uint8_t passage; /* enum passage */
    uint8_t zero;
};

struct place place_of(const struct plan *plan, const struct segment *segment);
bool place_equal(const struct place *a, const struct place *b);
/* Whether an answer seen at one may belong to a question seen at the other, for this once. */
bool place_pairs(const struct place *question, const struct place *answer);
/* Where a question would go back the way that the other one of the exchange came. */
struct place place_opposite(const struct place *place);

/*
 * What the stack would refuse for its source alone: an address of this machine's own that comes in,
 * or one that is behind another interface, or nobody's.
 */
bool place_refuses_source(const struct plan *plan, const struct place *place,
                          const struct address *source);

#endif
