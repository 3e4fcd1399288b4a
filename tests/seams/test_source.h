/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of a source that is there for tests alone: it sends three sightings (main.c).
 */
#ifndef WILDSET_TESTS_SOURCE_TEST_SOURCE_H
#define WILDSET_TESTS_SOURCE_TEST_SOURCE_H

#include "daemon/sources/row.h"

extern const struct source_row test_row;

#endif
