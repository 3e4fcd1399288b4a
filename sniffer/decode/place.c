/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asked only about packets that matter, so lists will do.
 */
#include "sniffer/decode/place.h"

#include <string.h>

static enum passage passage_of(const struct plan_link *link, const struct segment *segment)
{
    if (segment->way == WAY_UNTOLD)
        return PASSAGE_FILE;
    /* A tunnel is entered on a mirror port, or because its sender is named as somebody who copies
     * what passes there: what is inside has no direction here. */
    if ((link && link->mirror) || segment->outer_peer.family != ADDRESS_NONE)
        return PASSAGE_MIRROR;
    if (segment->way == WAY_UNKNOWN || segment->link == 0)
        return PASSAGE_UNKNOWN;
    if (link && link->loopback)
        return PASSAGE_LOOPBACK;
    return segment->way == WAY_OUT ? PASSAGE_OUT : PASSAGE_IN;
}

struct place place_of(const struct plan *plan, const struct segment *segment)
{
    enum passage passage = passage_of(plan_link(plan, segment->link), segment);
    bool one = passage == PASSAGE_FILE || passage == PASSAGE_MIRROR;

    return (struct place){
        .link = one ? 0 : segment->link,
        .vlan = segment->vlan > 0 ? segment->vlan : (int16_t)SIGHTING_NO_VLAN,
        .passage = (uint8_t)passage,
    };
}

bool place_equal(const struct place *a, const struct place *b)
{
    return a->link == b->link && a->vlan == b->vlan && a->passage == b->passage;
}

struct place place_opposite(const struct place *place)
{
    struct place opposite = *place;

    if (place->passage == PASSAGE_IN)
        opposite.passage = PASSAGE_OUT;
    else if (place->passage == PASSAGE_OUT)
        opposite.passage = PASSAGE_IN;
    return opposite;
}

bool place_pairs(const struct place *question, const struct place *answer)
{
    const struct place opposite = place_opposite(answer);

    switch ((enum passage)answer->passage) {
    case PASSAGE_FILE:
    case PASSAGE_MIRROR: /* its copies may bear other tags one way than the other */
        return question->passage == answer->passage;
    case PASSAGE_IN:
    case PASSAGE_OUT:
    case PASSAGE_LOOPBACK:
        return place_equal(question, &opposite);
    case PASSAGE_UNKNOWN:
        break;
    }
    return false;
}

/* This network, loopback, multicast and above; unspecified, loopback, multicast. */
static bool is_nobodys(const struct address *source)
{
    static const uint8_t zeros[15];

    if (source->family == ADDRESS_IPV4)
        return source->bytes[0] == 0 || source->bytes[0] == 127 || source->bytes[0] >= 224;
    return source->bytes[0] == 0xff ||
           (memcmp(source->bytes, zeros, sizeof(zeros)) == 0 && source->bytes[15] <= 1);
}

/* Of the longest prefixes that hold it one has to be behind this link. */
static bool is_behind_another(const struct plan *plan, uint32_t link, const struct address *source)
{
    int longest = -1;
    bool here = true;

    for (size_t i = 0; i < plan->origin_count; i++) {
        const struct plan_origin *origin = &plan->origins[i];

        if (origin->prefix.length < longest || !prefix_contains(&origin->prefix, source))
            continue;
        here = (origin->prefix.length == longest && here) || origin->link == link;
        longest = origin->prefix.length;
    }
    return !here;
}

static bool is_ours(const struct plan *plan, const struct address *source)
{
    for (size_t i = 0; i < plan->origin_count; i++) {
        if (plan->origins[i].link == 0 && prefix_contains(&plan->origins[i].prefix, source))
            return true;
    }
    return false;
}

bool place_refuses_source(const struct plan *plan, const struct place *place,
                          const struct address *source)
{
    const struct plan_link *link = plan_link(plan, place->link);

    if (place->passage != PASSAGE_IN)
        return false;
    if (is_nobodys(source) || is_ours(plan, source))
        return true;
    /* An interface that came after the plan was made has no prefixes in it yet. */
    return link && !link->any_source && is_behind_another(plan, place->link, source);
}
