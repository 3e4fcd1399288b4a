/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SVCB rdata through a bounded reader whose failure sticks: past the end it gives zeroes, and is
 * asked once, at the end.
 */
#include "dnsparse/answers/svcb.h"

#include "base/bytes.h"

enum svcb_key {
    KEY_MANDATORY = 0,
    KEY_IPV4HINT = 4,
    KEY_IPV6HINT = 6,
};

static bool reader_more(const struct reader *reader)
{
    return reader->state == READER_OK && reader->captured > 0;
}

/*
 * `mandatory` names keys that the record has, in order, never itself (section 8).  The keys behind
 * stand in order too, so one walk over them is enough.
 */
static bool mandatory_is_kept(struct reader keys, struct reader params)
{
    uint16_t key = KEY_MANDATORY;

    if (!reader_more(&keys))
        return false;
    while (reader_more(&keys)) {
        uint16_t wanted = reader_u16(&keys);

        if (wanted <= key)
            return false;
        while (key < wanted && reader_more(&params)) {
            key = reader_u16(&params);
            reader_split(&params, reader_u16(&params));
        }
        if (key != wanted)
            return false;
    }
    return keys.state == READER_OK && params.state == READER_OK;
}

/* A list of addresses of `width` bytes each: at least one, and none cut (section 7.3). */
static bool hints_read(const struct reader *value, size_t width, const uint8_t **list,
                       size_t *count)
{
    *list = value->at;
    *count = value->captured / width;
    return *count > 0 && value->captured % width == 0;
}

static bool param_read(uint16_t key, const struct reader *value, const struct reader *rest,
                       struct svcb *svcb)
{
    switch (key) {
    case KEY_MANDATORY:
        return mandatory_is_kept(*value, *rest);
    case KEY_IPV4HINT:
        return hints_read(value, 4, &svcb->ipv4, &svcb->ipv4_count);
    case KEY_IPV6HINT:
        return hints_read(value, 16, &svcb->ipv6, &svcb->ipv6_count);
    }
    return true;
}

static bool params_read(struct reader *reader, struct svcb *svcb)
{
    int last = -1;

    while (reader_more(reader)) {
        uint16_t key = reader_u16(reader);
        struct reader value = reader_split(reader, reader_u16(reader));

        if (value.state != READER_OK || key <= last || !param_read(key, &value, reader, svcb))
            return false;
        last = key;
    }
    return reader->state == READER_OK;
}

bool svcb_read(const uint8_t *rdata, size_t size, struct svcb *out)
{
    struct reader reader = reader_of(rdata, size, size);
    struct svcb svcb = {.priority = reader_u16(&reader)};

    size_t target_size = dname_from_wire(reader.at, reader.captured, &svcb.target);
    if (target_size == 0)
        return false;
    reader_take(&reader, target_size);
    if (reader.state != READER_OK)
        return false;
    if (svcb.priority != 0 && !params_read(&reader, &svcb))
        return false;
    *out = svcb;
    return true;
}
