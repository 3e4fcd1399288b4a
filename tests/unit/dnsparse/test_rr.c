/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where records end: held here to what is promised, whatever the parser behind it would catch. */
#include "dnsparse/answers/rr.h"

#include "tests/unit/dnsparse/fixture.h"

static enum rr_outcome read_at(const struct message *m, size_t at, struct rr *out)
{
    return rr_read(m->bytes, m->size, at, out);
}

static void test_every_field_is_read(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;
    struct rr rr;
    size_t at;

    response_start(m, "eu1.example", 1, 1);
    at = m->size;
    put_pointer(m, QUESTION_AT);
    put_u16(m, 0x0102);     /* TYPE */
    put_u16(m, 0x0304);     /* CLASS */
    put_u32(m, 0x85060708); /* TTL */
    put_u16(m, 3);          /* RDLENGTH */
    put_bytes(m, "abc", 3); /* RDATA */
    put_bytes(m, "more", 4);
    assert_int_equal(read_at(m, at, &rr), RR_WHOLE);
    assert_int_equal(rr.type, 0x0102);
    assert_int_equal(rr.class, 0x0304);
    assert_true(rr.ttl == 0x85060708);
    assert_int_equal(rr.rdata, at + 12);
    assert_int_equal(rr.end, at + 15);
}

static void test_a_cut_record_is_told_from_a_bad_one(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;
    struct rr rr = {.type = 77};
    size_t at, end;

    response_start(m, "eu1.example", 1, 1);
    at = m->size;
    put_bytes(m, "\2lb", 3);
    put_pointer(m, QUESTION_AT + 4);
    rr_open(m, 5, 60);
    put_pointer(m, QUESTION_AT);
    rr_close(m);
    end = m->size;
    for (m->size = at; m->size < end; m->size++)
        assert_int_equal(read_at(m, at, &rr), RR_CUT);
    assert_int_equal(rr.type, 77);
    assert_int_equal(read_at(m, at, &rr), RR_WHOLE);
    m->bytes[at] = 0x42;
    assert_int_equal(read_at(m, at, &rr), RR_BAD);
}

/* A CNAME and a DNAME whose rdata is given, with zeroes of the next record behind. */
static enum rr_outcome rdata_outcome(struct message *m, unsigned type, const void *rdata,
                                     size_t size)
{
    struct rr rr;
    size_t at;

    response_start(m, "eu1.example", 1, 1);
    at = m->size;
    put_pointer(m, QUESTION_AT);
    rr_open(m, type, 60);
    put_bytes(m, rdata, size);
    rr_close(m);
    for (unsigned i = 0; i < 80; i++)
        put_u8(m, 0);
    return read_at(m, at, &rr);
}

static void test_rdata_that_is_a_name_is_that_name_and_no_more(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum rr_outcome outcome;
    } cases[] = {
        {"\1a\0", 3, RR_WHOLE},    {"\0", 1, RR_WHOLE}, {"\1a\300\14", 4, RR_WHOLE},
        {"\1a", 2, RR_BAD},        {"\1", 1, RR_BAD},   {"\2a", 2, RR_BAD},
        {"\1a\0\0", 4, RR_BAD},    {"", 0, RR_BAD},     {"\300", 1, RR_BAD},
        {"\1a\300\14", 3, RR_BAD}, {"\100", 1, RR_BAD},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rdata_outcome(&f->message, 5, cases[i].bytes, cases[i].size),
                         cases[i].outcome);
        assert_int_equal(rdata_outcome(&f->message, 39, cases[i].bytes, cases[i].size),
                         cases[i].outcome);
        assert_int_equal(rdata_outcome(&f->message, 16, cases[i].bytes, cases[i].size), RR_WHOLE);
    }
}

/* The rdata's name has no root, and neither message nor memory goes on behind it. */
static void test_a_name_cut_by_the_message_s_end_is_not_read_on(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;
    uint8_t *copy;
    struct rr rr;
    size_t at;

    response_start(m, "eu1.example", 1, 1);
    at = m->size;
    put_pointer(m, QUESTION_AT);
    rr_open(m, 5, 60);
    put_bytes(m, "\1a", 2);
    rr_close(m);
    copy = malloc(m->size);
    assert_non_null(copy);
    memcpy(copy, m->bytes, m->size);
    assert_int_equal(rr_read(copy, m->size, at, &rr), RR_BAD);
    free(copy);
}

/* The question's name, 192 bytes with its root, behind one more label. */
static void test_names_end_at_255_bytes(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;
    char name[DNAME_TEXT_MAX];

    memset(name, 'a', sizeof name);
    name[63] = name[127] = '.';
    name[190] = '\0';
    for (unsigned length = 60; length <= DNAME_LABEL_MAX; length++) {
        struct rr rr;
        size_t at;

        response_start(m, name, 1, 1);
        at = m->size;
        put_u8(m, length);
        for (unsigned i = 0; i < length; i++)
            put_u8(m, 'b');
        put_pointer(m, QUESTION_AT);
        rr_open(m, 1, 60);
        rr_close(m);
        assert_int_equal(read_at(m, at, &rr), 1 + length + 192 <= 255 ? RR_WHOLE : RR_BAD);
    }
}

/* A whole one, with bytes behind it; cut anywhere before its end there is none. */
static void test_a_message_ends_with_its_last_record(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;
    struct wire_message wire;
    size_t end;

    response_start(m, "eu1.example", 1, 1);
    patch_u16(m, 8, 1);  /* NSCOUNT */
    patch_u16(m, 10, 1); /* ARCOUNT */
    for (unsigned i = 0; i < 3; i++)
        put_a(m, "eu1.example", 60, 0xc6336407);
    end = m->size;
    put_bytes(m, "padding", 7);
    for (; m->size >= end; m->size--) {
        assert_true(wire_read(m->bytes, m->size, &wire));
        assert_int_equal(rr_message_size(&wire), end);
    }
    for (; wire_read(m->bytes, m->size, &wire); m->size--)
        assert_int_equal(rr_message_size(&wire), 0);
}

static void test_the_size_is_told_behind_one_question_only(void **state)
{
    struct fixture *f = *state;
    struct wire_message wire;

    response_start(&f->message, "eu1.example", 1, 0);
    for (unsigned questions = 0; questions <= 2; questions++) {
        patch_u16(&f->message, 4, questions);
        assert_true(wire_read(f->message.bytes, f->message.size, &wire));
        assert_int_equal(rr_message_size(&wire), questions == 1 ? f->message.size : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_every_field_is_read),
        fixture_test(test_a_cut_record_is_told_from_a_bad_one),
        fixture_test(test_rdata_that_is_a_name_is_that_name_and_no_more),
        fixture_test(test_a_name_cut_by_the_message_s_end_is_not_read_on),
        fixture_test(test_names_end_at_255_bytes),
        fixture_test(test_a_message_ends_with_its_last_record),
        fixture_test(test_the_size_is_told_behind_one_question_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
