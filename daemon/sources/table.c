/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All sources of this daemon.
 */
#include "daemon/sources/dnstap.h"
#include "daemon/sources/registry.h"
#include "daemon/sources/sniffer.h"

#include <assert.h>
#ifdef WILDSET_TEST_SEAMS
#include "tests/seams/test_source.h"
#endif

const struct source_row *source_row(size_t index)
{
    static const struct source_row *const rows[] = {
        &sniffer_row,
        &registry_row,
        &dnstap_row,
#ifdef WILDSET_TEST_SEAMS
        &test_row,
#endif
    };

    static_assert(sizeof(rows) / sizeof(rows[0]) <= SOURCES_MAX, "no room for a source");
    return index < sizeof(rows) / sizeof(rows[0]) ? rows[index] : NULL;
}
