/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message to build and one answer to read it into, for each test anew; and what tests ask of
 * them. */
#ifndef WILDSET_TESTS_FIXTURE_H
#define WILDSET_TESTS_FIXTURE_H

#include "tests/unit/dnsparse/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct message message;
    struct answer answer;
};

/* Nothing is zero at the start: what a test reads, answer_read has written. */
static inline int fixture_setup(void **state)
{
    *state = malloc(sizeof(struct fixture));
    if (*state == NULL)
        return -1;
    memset(*state, 0xa5, sizeof(struct fixture));
    return 0;
}

static inline int fixture_teardown(void **state)
{
    free(*state);
    return 0;
}

#define fixture_test(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static inline void assert_outcome(struct fixture *f, enum answer_outcome outcome)
{
    assert_int_equal(message_answer(&f->message, &f->answer), outcome);
}

static inline void assert_name(const struct dname *name, const char *text)
{
    char printed[DNAME_TEXT_MAX];

    assert_string_equal(dname_to_text(name, printed), text);
    assert_true(dname_is_canonical(name));
}

static inline void assert_address(const struct answer *answer, unsigned index, const char *text,
                                  enum record_type record, uint32_t ttl)
{
    char printed[ADDRESS_TEXT_MAX];

    assert_true(index < answer->address_count);
    assert_string_equal(address_to_text(&answer->addresses[index].address, printed), text);
    assert_int_equal(answer->addresses[index].record, record);
    assert_int_equal(answer->addresses[index].ttl, ttl);
}

static inline void assert_target(const struct answer *answer, unsigned index, const char *text,
                                 uint32_t ttl)
{
    assert_true(index < answer->target_count);
    assert_name(&answer->targets[index].name, text);
    assert_int_equal(answer->targets[index].ttl, ttl);
}

#endif
