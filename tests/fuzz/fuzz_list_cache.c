/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A slot of the list cache, with its checksum made right: what is behind it is checked too.
 */
#include "registry/list/list_cache.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 8, CHECKSUM = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct matcher *matcher;
    struct whitelist_pattern pattern = {.whitelist = 0};
    struct accepted accepted;
    struct list_cache cache;
    uint8_t *slot = malloc(size + 1);
    uint64_t checksum;

    REQUIRE(slot != NULL && pattern_from_text("*", &pattern.pattern));
    if (!matcher)
        matcher = matcher_new(&pattern, 1);
    REQUIRE(matcher != NULL);
    memcpy(slot, data, size);
    if (size >= MAGIC + CHECKSUM) {
        memset(slot + MAGIC, 0, CHECKSUM);
        checksum = list_cache_digest(0, slot, size);
        memcpy(slot + MAGIC, &checksum, sizeof(checksum));
    }
    accepted_init(&accepted, matcher, 0, true);
    if (list_cache_parse(slot, size, &cache, &accepted)) {
        REQUIRE(memchr(cache.etag, '\0', FETCH_TAG_MAX) &&
                memchr(cache.modified, '\0', FETCH_TAG_MAX));
        for (size_t i = 0; i < accepted.host_count; i++)
            REQUIRE(dname_is_canonical(&accepted.hosts[i]));
        for (size_t i = 0; i < accepted.address_count; i++)
            REQUIRE(address_is_canonical(&accepted.addresses[i].address));
    }
    accepted_free(&accepted);
    free(slot);
    return 0;
}
