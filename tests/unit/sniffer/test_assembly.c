/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces put together in every order, against a plain array that says what should come out.
 */
#include "sniffer/reassembly/assembly.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ADD(assembly, offset, text)                                                                \
    assembly_add(assembly, offset, (const uint8_t *)(text), strlen(text), 1000)

static void test_pieces_in_any_order(void **state)
{
    struct assembly assembly = {0};

    (void)state;
    assert_int_equal(ADD(&assembly, 6, "ghi"), ASSEMBLY_ADDED);
    assert_int_equal(assembly_ready(&assembly), 0);
    assert_int_equal(ADD(&assembly, 0, "abc"), ASSEMBLY_ADDED);
    assert_int_equal(assembly_ready(&assembly), 3);
    assert_int_equal(ADD(&assembly, 3, "def"), ASSEMBLY_ADDED);
    assert_int_equal(assembly_ready(&assembly), 9);
    assert_int_equal(assembly.range_count, 1);
    assert_memory_equal(assembly_bytes(&assembly), "abcdefghi", 9);
    assembly_clear(&assembly);
}

static void test_the_first_copy_stays(void **state)
{
    struct assembly assembly = {0};

    (void)state;
    assert_int_equal(ADD(&assembly, 0, "abcd"), ASSEMBLY_ADDED);
    assert_int_equal(ADD(&assembly, 0, "abcd"), ASSEMBLY_KNOWN);
    assert_int_equal(ADD(&assembly, 1, "bc"), ASSEMBLY_KNOWN);
    assert_int_equal(ADD(&assembly, 2, "cdef"), ASSEMBLY_OVERLAPS);
    assert_int_equal(ADD(&assembly, 4, "XYgh"), ASSEMBLY_DIFFERS);
    assert_int_equal(assembly_ready(&assembly), 8);
    assert_memory_equal(assembly_bytes(&assembly), "abcdefgh", 8);
    assembly_clear(&assembly);
}

static void test_limits_change_nothing(void **state)
{
    struct assembly assembly = {0};

    (void)state;
    assert_int_equal(assembly_add(&assembly, 8, (const uint8_t *)"abc", 3, 10), ASSEMBLY_FULL);
    assert_int_equal(assembly_add(&assembly, UINT32_MAX, (const uint8_t *)"abc", 3, 10),
                     ASSEMBLY_FULL);
    assert_null(assembly.bytes);
    for (unsigned i = 0; i < ASSEMBLY_RANGES_MAX; i++)
        assert_int_equal(ADD(&assembly, 2 * i, "x"), ASSEMBLY_ADDED);
    assert_int_equal(ADD(&assembly, 2 * ASSEMBLY_RANGES_MAX, "x"), ASSEMBLY_FULL);
    assert_int_equal(ADD(&assembly, 1, "y"), ASSEMBLY_ADDED); /* closes a hole: never too many */
    assert_int_equal(assembly.range_count, ASSEMBLY_RANGES_MAX - 1);
    assembly_clear(&assembly);
}

static void test_consuming_moves_the_rest_to_the_front(void **state)
{
    struct assembly assembly = {0};

    (void)state;
    ADD(&assembly, 0, "abcdef");
    ADD(&assembly, 8, "ij");
    assembly_consume(&assembly, 4);
    assert_int_equal(assembly_ready(&assembly), 2);
    assert_memory_equal(assembly_bytes(&assembly), "ef", 2);
    ADD(&assembly, 2, "gh");
    assert_int_equal(assembly_ready(&assembly), 6);
    assert_memory_equal(assembly_bytes(&assembly), "efghij", 6);
    assembly_consume(&assembly, 6);
    assert_null(assembly.bytes);
    assert_int_equal(assembly.capacity, 0);
}

/* A model with one flag a byte must agree after every step. */
static void test_random_pieces_agree_with_a_model(void **state)
{
    enum { SIZE = 300 };
    uint8_t model[SIZE];
    bool there[SIZE];

    (void)state;
    srand(1);
    for (unsigned turn = 0; turn < 2000; turn++) {
        struct assembly assembly = {0};

        memset(there, 0, sizeof(there));
        for (unsigned step = 0; step < 30; step++) {
            uint32_t offset = (uint32_t)rand() % SIZE;
            size_t size = 1 + (size_t)rand() % (SIZE - offset);
            uint8_t piece[SIZE];
            uint32_t ready = 0;

            for (size_t i = 0; i < size; i++)
                piece[i] = (uint8_t)rand();
            if (assembly_add(&assembly, offset, piece, size, SIZE) != ASSEMBLY_FULL)
                for (size_t i = 0; i < size; i++)
                    if (!there[offset + i]) {
                        model[offset + i] = piece[i];
                        there[offset + i] = true;
                    }
            while (ready < SIZE && there[ready])
                ready++;
            assert_int_equal(assembly_ready(&assembly), ready);
            if (ready)
                assert_memory_equal(assembly_bytes(&assembly), model, ready);
        }
        assembly_clear(&assembly);
    }
}

/* A piece far ahead and small ones at the front: the room that they leave is used again. */
static void test_consuming_for_ever_stays_in_bounds(void **state)
{
    enum { LIMIT = 4096, STEP = 8, ROUND = 2048 };
    static uint8_t stream[ROUND];
    struct assembly assembly = {0};

    (void)state;
    for (unsigned i = 0; i < ROUND; i++)
        stream[i] = (uint8_t)(i * 3 + i / 256);
    for (uint32_t at = 0; at < 100000; at += STEP) {
        const uint8_t *near = stream + at % ROUND, *far = stream + (at + LIMIT - STEP) % ROUND;

        assert_true(assembly_add(&assembly, 0, near, STEP, LIMIT) <= ASSEMBLY_KNOWN);
        assert_true(assembly_add(&assembly, LIMIT - STEP, far, STEP, LIMIT) <= ASSEMBLY_KNOWN);
        assert_true(assembly_ready(&assembly) >= STEP);
        assert_memory_equal(assembly_bytes(&assembly), near, STEP);
        assert_true(assembly.capacity <= 2 * LIMIT);
        assembly_consume(&assembly, STEP);
    }
    assembly_clear(&assembly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_in_any_order),
        cmocka_unit_test(test_the_first_copy_stays),
        cmocka_unit_test(test_limits_change_nothing),
        cmocka_unit_test(test_consuming_moves_the_rest_to_the_front),
        cmocka_unit_test(test_consuming_for_ever_stays_in_bounds),
        cmocka_unit_test(test_random_pieces_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
