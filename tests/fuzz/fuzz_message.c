/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message as a hostile source may send it: what passes the check must be safe to use.
 */
#include "source/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_name(const struct dname *name)
{
    char text[DNAME_TEXT_MAX];
    struct dname again;

    if (name->length == 0)
        return;
    dname_to_text(name, text);
    if (!dname_from_text(text, &again) || !dname_equal(name, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message = {0};

    memcpy(&message, data, size < sizeof(message) ? size : sizeof(message));
    for (int source = 0; source < SOURCE_COUNT; source++) {
        if (!message_is_valid(&message, (enum source)source) || message.kind > MESSAGE_ALARM)
            continue;
        use_name(&message.sighting.question);
        use_name(&message.sighting.matched);
        use_name(&message.sighting.owner);
        if (message.sighting.address_count > SIGHTING_ADDRESSES_MAX)
            abort();
    }
    return 0;
}
