/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold for every input: assert(3) that no build type can take away. */
#ifndef WILDSET_TESTS_REQUIRE_H
#define WILDSET_TESTS_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(claim)                                                                             \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim);             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
