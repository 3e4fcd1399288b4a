/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned columns, and durations for people.
 */
#include "client/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct table_column columns[] = {
    {.title = "NAME"}, {.title = "N", .right = true}, {.title = "NOTE"}};

struct page {
    char *text;
    size_t size;
    FILE *out;
    struct table *table;
};

/* In place: the stream keeps the addresses of `text` and `size`. */
static void page_open(struct page *page)
{
    *page = (struct page){.text = NULL};
    page->out = open_memstream(&page->text, &page->size);
    assert_non_null(page->out);
    page->table = table_new(page->out, columns, 3);
    assert_non_null(page->table);
}

static void page_is(struct page *page, const char *want)
{
    table_free(page->table);
    fclose(page->out);
    assert_string_equal(page->text ? page->text : "", want);
    free(page->text);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
    struct page page;

    (void)state;
    page_open(&page);
    assert_int_equal(table_row(page.table, (const char *[]){"a", "1", "x"}), 0);
    assert_int_equal(table_row(page.table, (const char *[]){"longer", "1000", "y"}), 0);
    page_is(&page, "NAME       N  NOTE\n"
                   "a          1  x\n"
                   "longer  1000  y\n");
}

static void test_empty_cells_at_the_end_leave_no_blanks(void **state)
{
    struct page page;

    (void)state;
    page_open(&page);
    assert_int_equal(table_row(page.table, (const char *[]){"a", NULL, NULL}), 0);
    assert_int_equal(table_row(page.table, (const char *[]){NULL, NULL, "note"}), 0);
    page_is(&page, "NAME  N  NOTE\n"
                   "a\n"
                   "         note\n");
}

static void test_a_table_without_rows_prints_nothing(void **state)
{
    struct page page;

    (void)state;
    page_open(&page);
    page_is(&page, "");
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
    struct page page;

    (void)state;
    page_open(&page);
    assert_int_equal(table_row(page.table, (const char *[]){"\033[31m", "\n", "\xff"}), 0);
    page_is(&page, "NAME   N  NOTE\n"
                   "?[31m  ?  ?\n");
}

static void test_a_long_table_prints_its_titles_once(void **state)
{
    struct page page;
    size_t lines = 0;

    (void)state;
    page_open(&page);
    for (unsigned i = 0; i < 1000; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%u", i);
        assert_int_equal(table_row(page.table, (const char *[]){"name", number, "x"}), 0);
    }
    assert_int_equal(table_rows(page.table), 1000);
    table_free(page.table);
    fclose(page.out);
    for (const char *at = page.text; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 1001);
    assert_null(strstr(page.text + 1, "NAME"));
    assert_non_null(strstr(page.text, "name  999  x\n"));
    free(page.text);
}

static void test_durations(void **state)
{
    static const struct {
        unsigned long long seconds;
        const char *text;
    } cases[] = {{0, "0s"},         {59, "59s"},      {60, "1m"},       {61, "1m 1s"},
                 {3599, "59m 59s"}, {3600, "1h"},     {3659, "1h"},     {3660, "1h 1m"},
                 {86400, "1d"},     {90000, "1d 1h"}, {8640000, "100d"}};
    char out[DURATION_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(duration_to_text(cases[i].seconds, out), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(test_empty_cells_at_the_end_leave_no_blanks),
        cmocka_unit_test(test_a_table_without_rows_prints_nothing),
        cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(test_a_long_table_prints_its_titles_once),
        cmocka_unit_test(test_durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
