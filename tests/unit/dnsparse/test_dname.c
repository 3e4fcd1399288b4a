/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: labels are what counts, dots and capitals are not. */
#include "dnsparse/names/dname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct dname dname_of(const char *text)
{
    struct dname name;

    assert_true(dname_from_text(text, &name));
    return name;
}

/* Three labels of 63 bytes and one of 61: 255 bytes on the wire. */
static void longest_text(char out[static DNAME_TEXT_MAX])
{
    memset(out, 'a', 253);
    out[63] = out[127] = out[191] = '.';
    out[253] = '\0';
}

static void test_wire_is_folded_and_padded(void **state)
{
    static const uint8_t wire[] = {
        3,   'W', 'w', 'W', /* label */
        2,   'I', 'o',      /* label */
        0,                  /* root */
        'x',                /* what follows is not read */
    };
    struct dname name;

    (void)state;
    memset(&name, 0xee, sizeof name);
    assert_int_equal(dname_from_wire(wire, sizeof wire, &name), 8);
    assert_int_equal(name.length, 8);
    assert_memory_equal(name.wire, "\3www\2io", 8);
    for (size_t i = 8; i < sizeof name.wire; i++)
        assert_int_equal(name.wire[i], 0);
    assert_true(dname_is_canonical(&name));
}

static void test_wire_cut_anywhere_fails(void **state)
{
    struct dname name = dname_of("a.bc.def.io"), out;

    (void)state;
    for (size_t size = 0; size < name.length; size++)
        assert_int_equal(dname_from_wire(name.wire, size, &out), 0);
    assert_int_equal(dname_from_wire(name.wire, name.length, &out), name.length);
}

static void test_pointers_and_unknown_labels_fail(void **state)
{
    static const uint8_t firsts[] = {0x40, 0x80, 0xbf, 0xc0, 0xff};
    struct dname out;

    (void)state;
    for (size_t i = 0; i < sizeof firsts; i++) {
        uint8_t wire[256] = {firsts[i]};

        assert_int_equal(dname_from_wire(wire, sizeof wire, &out), 0);
    }
}

static void test_length_ends_at_255(void **state)
{
    uint8_t wire[300] = {0};
    struct dname out;

    (void)state;
    for (size_t i = 0; i < 254; i += 2)
        wire[i] = 1;
    assert_int_equal(dname_from_wire(wire, sizeof wire, &out), 255);
    assert_int_equal(dname_labels(&out), DNAME_LABELS_MAX);
    wire[254] = 1;
    assert_int_equal(dname_from_wire(wire, sizeof wire, &out), 0);
}

static void test_text_comes_back(void **state)
{
    static const char *const texts[][2] = {
        {"WWW.Example.ORG", "www.example.org"},
        {"www.example.org.", "www.example.org"},
        {".", "."},
        {"_sip._tcp.example", "_sip._tcp.example"},
        {"a\\.b.example", "a\\046b.example"},
        {"a\\046b.example", "a\\046b.example"},
        {"\\000\\255\\032.example", "\\000\\255\\032.example"},
        {"\\\"\\\\.example", "\\034\\092.example"},
        {"\\065bc", "abc"},
    };
    char text[DNAME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct dname name = dname_of(texts[i][0]);

        assert_string_equal(dname_to_text(&name, text), texts[i][1]);
        assert_true(dname_is_canonical(&name));
    }
}

static void test_bad_text_is_refused_and_leaves_out_alone(void **state)
{
    static const char *const texts[] = {
        "",
        "..",
        ".a",
        "a..b",
        "a..",
        "a b",
        "a\tb",
        "a\"b",
        "\\",
        "a\\",
        "a\\25",
        "a\\256",
        "a\\9",
        "a\\ b",
        "b\x80",
        "\\\x80",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.io"};
    struct dname name = {.length = 77};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(dname_from_text(texts[i], &name));
        assert_int_equal(name.length, 77);
    }
}

static void test_longest_text_fits_and_one_more_does_not(void **state)
{
    char text[DNAME_TEXT_MAX];
    struct dname name;

    (void)state;
    longest_text(text);
    assert_true(dname_from_text(text, &name));
    assert_int_equal(name.length, 255);
    assert_true(dname_is_canonical(&name));
    strcat(text, ".");
    assert_true(dname_from_text(text, &name));
    assert_int_equal(name.length, 255);
    text[253] = 'a';
    assert_false(dname_from_text(text, &name));
    strcpy(text + 253, ".a");
    assert_false(dname_from_text(text, &name));
}

static void test_longest_printed_name_fits(void **state)
{
    struct dname name = {.length = 255};
    char text[DNAME_TEXT_MAX];

    (void)state;
    memset(name.wire, 0xff, 254);
    name.wire[0] = name.wire[64] = name.wire[128] = 63;
    name.wire[192] = 61;
    assert_true(dname_is_canonical(&name));
    assert_int_equal(strlen(dname_to_text(&name, text)), 4 * 250 + 3);
}

static void test_printing_a_name_never_checked_stays_inside(void **state)
{
    struct dname name = {.length = 255};
    char text[DNAME_TEXT_MAX];

    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        memset(name.wire, (int)byte, sizeof name.wire);
        assert_true(strlen(dname_to_text(&name, text)) < sizeof text);
    }
    name.length = 0;
    assert_string_equal(dname_to_text(&name, text), "");
}

static void test_what_was_not_made_here_is_not_canonical(void **state)
{
    struct dname good = dname_of("www.example"), name = good;

    (void)state;
    name.wire[1] = 'W';
    assert_false(dname_is_canonical(&name));
    name = good;
    name.wire[254] = 1;
    assert_false(dname_is_canonical(&name));
    name = good;
    name.length--;
    assert_false(dname_is_canonical(&name));
    name = good;
    name.length++;
    assert_false(dname_is_canonical(&name));
    name = good;
    name.wire[0] = 0xc0;
    assert_false(dname_is_canonical(&name));
    name = (struct dname){0};
    assert_false(dname_is_canonical(&name));
    memset(&name, 1, sizeof name);
    assert_false(dname_is_canonical(&name));
}

static void test_below_is_by_labels(void **state)
{
    static const struct {
        const char *name, *suffix;
        bool below;
    } cases[] = {
        {"eu1.dormammu.lookback.io", "dormammu.lookback.io", true},
        {"a.b.c.dormammu.lookback.io", "dormammu.lookback.io", true},
        {"dormammu.lookback.io", "dormammu.lookback.io", false},
        {"notdormammu.lookback.io", "dormammu.lookback.io", false},
        {"dormammu.lookback.io.evil.example", "dormammu.lookback.io", false},
        {"lookback.io", "dormammu.lookback.io", false},
        {"x\\.dormammu.lookback.io", "dormammu.lookback.io", false},
        {"x\\012dormammu.lookback.io", "dormammu.lookback.io", false},
        {"io", ".", true},
        {".", ".", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dname name = dname_of(cases[i].name), suffix = dname_of(cases[i].suffix);

        assert_int_equal(dname_is_below(&name, &suffix), cases[i].below);
    }
}

/* The suffix's bytes, its length byte included, inside one label of the name. */
static void test_suffix_inside_a_label_is_not_below(void **state)
{
    static const uint8_t wire[] = {
        5, 'x',           /* a label that swallows the next length byte */
        3, 'c', 'o', 'm', /* looks like the label "com" */
        0,                /* root */
    };
    struct dname name, suffix = dname_of("com");

    (void)state;
    assert_int_equal(dname_from_wire(wire, sizeof wire, &name), sizeof wire);
    assert_false(dname_is_below(&name, &suffix));
}

static void test_no_name_is_below_nothing(void **state)
{
    struct dname none = {0}, name = dname_of("a.b");

    (void)state;
    assert_false(dname_is_below(&name, &none));
    assert_false(dname_is_below(&none, &name));
    assert_int_equal(dname_labels(&none), 0);
}

static void test_equality_and_labels(void **state)
{
    struct dname a = dname_of("a.B.c"), b = dname_of("A.b.C."), c = dname_of("a.b"),
                 root = dname_of(".");

    (void)state;
    assert_true(dname_equal(&a, &b));
    assert_false(dname_equal(&a, &c));
    assert_int_equal(dname_labels(&a), 3);
    assert_int_equal(dname_labels(&root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_is_folded_and_padded),
        cmocka_unit_test(test_wire_cut_anywhere_fails),
        cmocka_unit_test(test_pointers_and_unknown_labels_fail),
        cmocka_unit_test(test_length_ends_at_255),
        cmocka_unit_test(test_text_comes_back),
        cmocka_unit_test(test_bad_text_is_refused_and_leaves_out_alone),
        cmocka_unit_test(test_longest_text_fits_and_one_more_does_not),
        cmocka_unit_test(test_longest_printed_name_fits),
        cmocka_unit_test(test_printing_a_name_never_checked_stays_inside),
        cmocka_unit_test(test_what_was_not_made_here_is_not_canonical),
        cmocka_unit_test(test_below_is_by_labels),
        cmocka_unit_test(test_suffix_inside_a_label_is_not_below),
        cmocka_unit_test(test_no_name_is_below_nothing),
        cmocka_unit_test(test_equality_and_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
