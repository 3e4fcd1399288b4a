/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lengths are looked at before anything is kept; control frames are read and written by libfstrm.
 */
#include "dnstap/framing.h"

#include "base/bytes.h"

#include <fstrm.h>
#include <string.h>

#define CONTENT_TYPE "protobuf:dnstap.Dnstap"

void framing_init(struct framing *framing)
{
    framing->stage = FRAMING_NEW;
    framing->answers = false;
    framing->used = framing->next = 0;
}

uint8_t *framing_room(struct framing *framing, size_t *room)
{
    if (framing->next > 0) {
        framing->used -= framing->next;
        memmove(framing->bytes, framing->bytes + framing->next, framing->used);
        framing->next = 0;
    }
    *room = FRAMING_ROOM - framing->used;
    return framing->bytes + framing->used;
}

void framing_filled(struct framing *framing, size_t size)
{
    framing->used += size;
}

bool framing_is_halfway(const struct framing *framing)
{
    return framing->used > framing->next || framing->stage < FRAMING_STARTED;
}

static enum framing_event answer(struct fstrm_control *control, fstrm_control_type type,
                                 struct framing_piece *out)
{
    static uint8_t room[FRAMING_CONTROL_MAX];

    out->bytes = room;
    out->size = sizeof(room);
    fstrm_control_reset(control);
    if (fstrm_control_set_type(control, type) != fstrm_res_success ||
        (type == FSTRM_CONTROL_ACCEPT &&
         fstrm_control_add_field_content_type(control, (const uint8_t *)CONTENT_TYPE,
                                              strlen(CONTENT_TYPE)) != fstrm_res_success) ||
        fstrm_control_encode(control, room, &out->size, FSTRM_CONTROL_FLAG_WITH_HEADER) !=
            fstrm_res_success)
        return FRAMING_BROKEN;
    return type == FSTRM_CONTROL_FINISH ? FRAMING_GOODBYE : FRAMING_REPLY;
}

/* READY offers any number of contents, START names the one that comes. */
static bool is_dnstap(const struct fstrm_control *control)
{
    return fstrm_control_match_field_content_type(control, (const uint8_t *)CONTENT_TYPE,
                                                  strlen(CONTENT_TYPE)) == fstrm_res_success;
}

/* FRAMING_WAITS: taken, go on. */
static enum framing_event control_deal(struct framing *framing, struct fstrm_control *control,
                                       struct framing_piece *out)
{
    fstrm_control_type type;

    if (fstrm_control_get_type(control, &type) != fstrm_res_success)
        return FRAMING_BROKEN;
    if (type == FSTRM_CONTROL_READY && framing->stage == FRAMING_NEW && is_dnstap(control)) {
        framing->stage = FRAMING_READY;
        framing->answers = true;
        return answer(control, FSTRM_CONTROL_ACCEPT, out);
    }
    if (type == FSTRM_CONTROL_START && framing->stage < FRAMING_STARTED && is_dnstap(control)) {
        framing->stage = FRAMING_STARTED;
        return FRAMING_WAITS;
    }
    if (type == FSTRM_CONTROL_STOP && framing->stage == FRAMING_STARTED) {
        framing->stage = FRAMING_OVER;
        return framing->answers ? answer(control, FSTRM_CONTROL_FINISH, out) : FRAMING_ENDED;
    }
    return FRAMING_BROKEN;
}

static enum framing_event control_read(struct framing *framing, const uint8_t *bytes, size_t size,
                                       struct framing_piece *out)
{
    struct fstrm_control *control = fstrm_control_init();
    enum framing_event event = FRAMING_BROKEN;

    if (fstrm_control_decode(control, bytes, size, 0) == fstrm_res_success)
        event = control_deal(framing, control, out);
    fstrm_control_destroy(&control);
    return event;
}

/* An escape, a length of zero, is followed by the control frame's own length. */
static enum framing_event control_next(struct framing *framing, struct reader *reader,
                                       struct framing_piece *out)
{
    if (reader->length < FRAMING_LENGTH_SIZE)
        return FRAMING_WAITS;
    uint32_t size = reader_u32(reader);
    if (size > FRAMING_CONTROL_MAX)
        return FRAMING_BROKEN;
    const uint8_t *bytes = reader_take(reader, size);
    if (!bytes)
        return FRAMING_WAITS;
    framing->next = (size_t)(reader->at - framing->bytes);
    enum framing_event event = control_read(framing, bytes, size, out);
    return event == FRAMING_WAITS ? framing_next(framing, out) : event;
}

enum framing_event framing_next(struct framing *framing, struct framing_piece *out)
{
    size_t left = framing->used - framing->next;
    struct reader reader = reader_of(framing->bytes + framing->next, left, left);

    if (framing->stage == FRAMING_OVER)
        return left > 0 ? FRAMING_BROKEN : FRAMING_ENDED;
    if (left < FRAMING_LENGTH_SIZE)
        return FRAMING_WAITS;
    uint32_t size = reader_u32(&reader);
    if (size == 0)
        return control_next(framing, &reader, out);
    if (size > FRAMING_DATA_MAX || framing->stage != FRAMING_STARTED)
        return FRAMING_BROKEN;
    out->size = size;
    out->bytes = reader_take(&reader, size);
    if (!out->bytes)
        return FRAMING_WAITS;
    framing->next = (size_t)(reader.at - framing->bytes);
    return FRAMING_DATA;
}
