/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of frames, in pieces: the first byte says how large they are.  However it is cut, the
 * same frames come out of it, and each lies in the buffer and holds to its bound.
 */
#include "dnstap/framing.h"
#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    size_t frames, bytes, replies;
    uint32_t sum; /* of all bytes, in order */
    enum framing_event last;
};

static void hear(struct heard *heard, const struct framing *framing, enum framing_event event,
                 const struct framing_piece *piece)
{
    heard->last = event;
    heard->replies += event == FRAMING_REPLY || event == FRAMING_GOODBYE;
    if (event != FRAMING_DATA)
        return;
    REQUIRE(piece->size > 0 && piece->size <= FRAMING_DATA_MAX);
    REQUIRE(piece->bytes >= framing->bytes &&
            piece->bytes + piece->size <= framing->bytes + framing->used);
    heard->frames++;
    heard->bytes += piece->size;
    for (size_t i = 0; i < piece->size; i++)
        heard->sum = heard->sum * 31 + piece->bytes[i];
}

static struct heard listen_to(const uint8_t *data, size_t size, size_t step)
{
    static struct framing framing;
    struct heard heard = {.last = FRAMING_WAITS};

    framing_init(&framing);
    while (size > 0 && (heard.last == FRAMING_WAITS)) {
        struct framing_piece piece = {0};
        size_t room, part;
        uint8_t *bytes = framing_room(&framing, &room);

        REQUIRE(room > 0 && bytes + room == framing.bytes + FRAMING_ROOM);
        part = step < size ? step : size;
        if (part > room)
            part = room;
        memcpy(bytes, data, part);
        framing_filled(&framing, part);
        data += part;
        size -= part;
        do {
            enum framing_event event = framing_next(&framing, &piece);
            hear(&heard, &framing, event, &piece);
        } while (heard.last == FRAMING_DATA || heard.last == FRAMING_REPLY);
    }
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;

    struct heard whole = listen_to(data + 1, size - 1, SIZE_MAX);
    struct heard pieces = listen_to(data + 1, size - 1, data[0] + 1u);

    REQUIRE(whole.frames == pieces.frames && whole.bytes == pieces.bytes &&
            whole.sum == pieces.sum && whole.replies == pieces.replies);
    return 0;
}
