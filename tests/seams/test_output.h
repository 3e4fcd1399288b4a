/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row of the test output. */
#ifndef WILDSET_TESTS_SEAMS_TEST_OUTPUT_H
#define WILDSET_TESTS_SEAMS_TEST_OUTPUT_H

#include "daemon/outputs/output.h"

extern const struct output test_output;

#endif
