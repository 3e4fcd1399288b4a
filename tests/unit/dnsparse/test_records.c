/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that are cut, that lie about counts and lengths, and whose pointers lead astray. */
#include "tests/unit/dnsparse/fixture.h"

/* Where put_good's records start and end. */
struct bounds {
    size_t question_end, cname_end, a_end, authority_end, end;
};

static struct bounds put_good(struct message *m, unsigned flags)
{
    struct bounds bounds;

    put_header(m, FLAG_RESPONSE | flags, 1, 2);
    put_question(m, "eu1.example", 1);
    bounds.question_end = m->size;
    put_pointer(m, QUESTION_AT);     /* owner */
    rr_open(m, 5, 60);               /* CNAME */
    put_bytes(m, "\2lb", 3);         /* target: one label */
    put_pointer(m, QUESTION_AT + 4); /* and the question's second */
    rr_close(m);
    bounds.cname_end = m->size;
    put_pointer(m, m->rdata); /* owner: the CNAME's target */
    rr_open(m, 1, 60);        /* A */
    put_u32(m, 0xc6336407);
    rr_close(m);
    bounds.a_end = m->size;
    patch_u16(m, 8, 1);              /* NSCOUNT */
    put_pointer(m, QUESTION_AT + 4); /* owner */
    rr_open(m, 2, 60);               /* NS */
    put_bytes(m, "\2ns", 3);
    put_pointer(m, QUESTION_AT + 4);
    rr_close(m);
    bounds.authority_end = m->size;
    patch_u16(m, 10, 1); /* ARCOUNT */
    put_u8(m, 0);        /* owner: the root */
    put_u16(m, 41);      /* OPT */
    put_u16(m, 1232);    /* UDP size */
    put_u32(m, 0);       /* extended rcode, version, flags */
    put_u16(m, 0);       /* RDLENGTH */
    bounds.end = m->size;
    return bounds;
}

/* At the end of memory of its own, so that the sanitizer sees one byte too many. */
static enum answer_outcome answer_cut(struct fixture *f, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct wire_message message;
    enum answer_outcome outcome = ANSWER_MALFORMED;

    assert_non_null(copy);
    memcpy(copy, f->message.bytes, size);
    if (wire_read(copy, size, &message))
        outcome = answer_read(&message, &f->answer);
    free(copy);
    return outcome;
}

static void test_the_good_message_is_good(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, 0);

    assert_int_equal(bounds.end, f->message.size);
    assert_int_equal(answer_cut(f, bounds.end), ANSWER_OK);
    assert_name(answer_owner(&f->answer), "lb.example");
    assert_address(&f->answer, 0, "198.51.100.7", RECORD_A, 60);
    assert_false(f->answer.truncated);
}

static void test_cut_in_the_answer_section_is_malformed(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, 0);

    for (size_t size = 0; size < bounds.a_end; size++)
        assert_int_equal(answer_cut(f, size), ANSWER_MALFORMED);
}

/* Authority and additional section teach nothing: not there, cut or damaged, they spoil nothing. */
static void test_cut_behind_the_answer_section_is_taken(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, 0);

    for (size_t size = bounds.a_end; size < bounds.end; size++) {
        assert_int_equal(answer_cut(f, size), ANSWER_OK);
        assert_int_equal(f->answer.address_count, 1);
    }
    f->message.bytes[bounds.a_end] = 0x42; /* no label */
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
}

static void test_truncated_teaches_the_whole_records(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, FLAG_TRUNCATED);

    for (size_t size = bounds.question_end; size <= bounds.end; size++) {
        assert_int_equal(answer_cut(f, size), ANSWER_OK);
        assert_true(f->answer.truncated);
        assert_int_equal(f->answer.chain_count, size >= bounds.cname_end);
        assert_int_equal(f->answer.address_count, size >= bounds.a_end);
    }
}

static void test_bytes_behind_the_end_are_nobody_s(void **state)
{
    static const size_t sizes[] = {1, 2, 64, 20000};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned byte = 0; byte <= 0xff; byte += 0xff) {
            put_good(&f->message, 0);
            for (size_t k = 0; k < sizes[i]; k++)
                put_u8(&f->message, byte);
            assert_outcome(f, ANSWER_OK);
            assert_int_equal(f->answer.address_count, 1);
        }
}

/* More answers than there are records of any kind. */
static void test_answer_counts_that_lie_are_malformed(void **state)
{
    static const unsigned counts[] = {5, 6, 0x7fff, 0xffff};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        put_good(&f->message, 0);
        patch_u16(&f->message, 6, counts[i]);
        assert_outcome(f, ANSWER_MALFORMED);
    }
}

/* A record behind the last one counted is no answer, whatever it says. */
static void test_fewer_answers_counted_are_fewer_answers(void **state)
{
    struct fixture *f = *state;

    for (unsigned count = 0; count <= 1; count++) {
        put_good(&f->message, 0);
        patch_u16(&f->message, 6, count);
        assert_outcome(f, ANSWER_OK);
        assert_int_equal(f->answer.chain_count, count);
        assert_int_equal(f->answer.address_count, 0);
    }
}

static void test_other_counts_may_be_any(void **state)
{
    static const unsigned counts[] = {0, 1, 2, 3, 0x7fff, 0xffff};
    struct fixture *f = *state;

    for (size_t section = 8; section <= 10; section += 2)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            put_good(&f->message, 0);
            patch_u16(&f->message, section, counts[i]);
            assert_outcome(f, ANSWER_OK);
            assert_int_equal(f->answer.address_count, 1);
        }
}

static void test_truncated_counts_may_be_greater(void **state)
{
    struct fixture *f = *state;

    put_good(&f->message, FLAG_TRUNCATED);
    patch_u16(&f->message, 10, 0xffff);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
}

static void test_lengths_that_lie_are_malformed(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, 0);
    size_t cname = bounds.question_end + 10, a = bounds.cname_end + 10;

    for (unsigned length = 0; length < 70; length++) {
        put_good(&f->message, 0);
        patch_u16(&f->message, cname, length);
        assert_outcome(f, length == 5 ? ANSWER_OK : ANSWER_MALFORMED);
        put_good(&f->message, 0);
        patch_u16(&f->message, a, length);
        assert_outcome(f, length == 4 ? ANSWER_OK : ANSWER_MALFORMED);
    }
    patch_u16(&f->message, a, 0xffff);
    assert_outcome(f, ANSWER_MALFORMED);
}

/* An address of a wrong length whose record is otherwise consistent. */
static void test_addresses_of_a_wrong_length_are_malformed(void **state)
{
    struct fixture *f = *state;

    for (unsigned type = 1; type <= 28; type += 27)
        for (unsigned length = 0; length <= 20; length++) {
            response_start(&f->message, "eu1.example", type, 1);
            put_pointer(&f->message, QUESTION_AT);
            rr_open(&f->message, type, 60);
            for (unsigned i = 0; i < length; i++)
                put_u8(&f->message, 1);
            rr_close(&f->message);
            assert_outcome(f, length == (type == 1 ? 4 : 16) ? ANSWER_OK : ANSWER_MALFORMED);
        }
}

/* An A record whose owner is given byte by byte. */
static void put_a_owned_by(struct message *m, const void *owner, size_t size)
{
    response_start(m, "eu1.example", 1, 1);
    put_bytes(m, owner, size);
    rr_open(m, 1, 60);
    put_u32(m, 0xc6336407);
    rr_close(m);
}

static void test_owner_pointers_that_lead_astray_are_malformed(void **state)
{
    static const struct {
        uint8_t bytes[4];
        size_t size;
    } owners[] = {
        {{0xc0, 29}, 2},         /* to itself */
        {{0xc0, 30}, 2},         /* into itself */
        {{0xc0, 31}, 2},         /* forwards, to the type */
        {{0xff, 0xff}, 2},       /* past the end */
        {{0xc0, 0}, 2},          /* into the header */
        {{0xc0, 11}, 2},         /* into the header's last byte */
        {{1, 'a', 0xc0, 29}, 4}, /* back to the label before: a loop that grows */
        {{1, 'a', 0xc0, 31}, 4}, /* to itself behind a label */
        {{0x40, 0}, 2},          /* label types that are none */
        {{0x80, 0}, 2},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        put_a_owned_by(&f->message, owners[i].bytes, owners[i].size);
        assert_int_equal(f->message.size, 29 + owners[i].size + 14);
        assert_outcome(f, ANSWER_MALFORMED);
    }
    put_a_owned_by(&f->message, "\xc0\x0c", 2);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
}

static void test_pointer_into_the_middle_of_a_label_is_another_name(void **state)
{
    struct fixture *f = *state;

    /* "example" read from its 'l' on: 'l' is 0x6c, no label length. */
    put_a_owned_by(&f->message, "\xc0\x15", 2);
    assert_outcome(f, ANSWER_MALFORMED);
}

static void test_rdata_pointer_forwards_is_malformed(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;

    response_start(m, "eu1.example", 1, 2);
    put_pointer(m, QUESTION_AT);
    rr_open(m, 5, 60);
    put_pointer(m, m->size + 2); /* to the next record's owner */
    rr_close(m);
    put_name(m, "lb.example");
    rr_open(m, 1, 60);
    put_u32(m, 0xc6336407);
    rr_close(m);
    assert_outcome(f, ANSWER_MALFORMED);
}

/* The target's name runs out of its rdata and into the next record. */
static void test_rdata_name_past_its_length_is_malformed(void **state)
{
    struct fixture *f = *state;
    struct message *m = &f->message;

    response_start(m, "eu1.example", 1, 2);
    put_pointer(m, QUESTION_AT);
    rr_open(m, 5, 60);
    put_bytes(m, "\2lb", 3);
    rr_close(m);
    put_name(m, "example");
    rr_open(m, 1, 60);
    put_u32(m, 0xc6336407);
    rr_close(m);
    assert_outcome(f, ANSWER_MALFORMED);
}

static void test_bytes_behind_a_name_in_its_rdata_are_malformed(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 1, 1);
    put_pointer(&f->message, QUESTION_AT);
    rr_open(&f->message, 5, 60);
    put_name(&f->message, "lb.example");
    put_u8(&f->message, 0);
    rr_close(&f->message);
    assert_outcome(f, ANSWER_MALFORMED);
}

/* Pointers to pointers, each back by two bytes: 127 are followed, and none needs more. */
static void put_pointer_ladder(struct message *m, unsigned rungs)
{
    size_t first;

    response_start(m, "eu1.example", 1, 2);
    put_pointer(m, QUESTION_AT);
    rr_open(m, 16, 60); /* TXT: a place for the ladder */
    first = m->size;
    put_pointer(m, QUESTION_AT);
    for (unsigned i = 1; i < rungs; i++)
        put_pointer(m, first + 2 * (i - 1));
    rr_close(m);
    put_pointer(m, first + 2 * (rungs - 1));
    rr_open(m, 1, 60);
    put_u32(m, 0xc6336407);
    rr_close(m);
}

static void test_a_ladder_of_pointers_ends(void **state)
{
    struct fixture *f = *state;

    put_pointer_ladder(&f->message, 126);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
    put_pointer_ladder(&f->message, 127);
    assert_outcome(f, ANSWER_MALFORMED);
    put_pointer_ladder(&f->message, 8000);
    assert_outcome(f, ANSWER_MALFORMED);
}

/* A label in front of a pointer to a name of 192 bytes: 62 and its length make 255. */
static void test_a_name_past_255_bytes_by_a_pointer_is_malformed(void **state)
{
    struct fixture *f = *state;
    char name[DNAME_TEXT_MAX];
    uint8_t owner[66] = {0};

    for (unsigned first = 61; first <= 63; first++) {
        memset(name, 'a', sizeof name);
        name[63] = name[127] = '.';
        name[190] = '\0';
        response_start(&f->message, name, 1, 1);
        owner[0] = (uint8_t)first;
        memset(owner + 1, 'b', first);
        put_bytes(&f->message, owner, 1 + first);
        put_pointer(&f->message, QUESTION_AT);
        rr_open(&f->message, 1, 60);
        put_u32(&f->message, 0xc6336407);
        rr_close(&f->message);
        assert_outcome(f, first <= 62 ? ANSWER_OK : ANSWER_MALFORMED);
    }
}

static void test_the_longest_name_is_parsed(void **state)
{
    struct fixture *f = *state;
    char name[DNAME_TEXT_MAX];

    memset(name, 'a', 253);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    response_start(&f->message, name, 1, 2);
    put_alias(&f->message, name, 5, 60, "lb.example");
    put_a(&f->message, "lb.example", 60, 0xc6336407);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 1);
}

static void test_other_sections_teach_nothing(void **state)
{
    struct fixture *f = *state;

    response_start(&f->message, "eu1.example", 1, 0);
    patch_u16(&f->message, 8, 1);  /* NSCOUNT */
    patch_u16(&f->message, 10, 1); /* ARCOUNT */
    put_a(&f->message, "eu1.example", 60, 0xc6336407);
    put_a(&f->message, "eu1.example", 60, 0xc6336408);
    assert_outcome(f, ANSWER_OK);
    assert_int_equal(f->answer.address_count, 0);
    assert_int_equal(f->answer.stray_count, 0);
}

static void test_extended_rcode_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct bounds bounds = put_good(&f->message, 0);

    f->message.bytes[bounds.end - 6] = 1; /* BADVERS: 16, whose low bits are NOERROR's */
    assert_outcome(f, ANSWER_NOT_NOERROR);
    assert_int_equal(f->answer.rcode, 16);
    f->message.bytes[bounds.end - 6] = 255;
    assert_outcome(f, ANSWER_NOT_NOERROR);
    assert_int_equal(f->answer.rcode, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_the_good_message_is_good),
        fixture_test(test_cut_in_the_answer_section_is_malformed),
        fixture_test(test_cut_behind_the_answer_section_is_taken),
        fixture_test(test_truncated_teaches_the_whole_records),
        fixture_test(test_bytes_behind_the_end_are_nobody_s),
        fixture_test(test_answer_counts_that_lie_are_malformed),
        fixture_test(test_fewer_answers_counted_are_fewer_answers),
        fixture_test(test_other_counts_may_be_any),
        fixture_test(test_truncated_counts_may_be_greater),
        fixture_test(test_lengths_that_lie_are_malformed),
        fixture_test(test_addresses_of_a_wrong_length_are_malformed),
        fixture_test(test_owner_pointers_that_lead_astray_are_malformed),
        fixture_test(test_pointer_into_the_middle_of_a_label_is_another_name),
        fixture_test(test_rdata_pointer_forwards_is_malformed),
        fixture_test(test_rdata_name_past_its_length_is_malformed),
        fixture_test(test_bytes_behind_a_name_in_its_rdata_are_malformed),
        fixture_test(test_a_ladder_of_pointers_ends),
        fixture_test(test_a_name_past_255_bytes_by_a_pointer_is_malformed),
        fixture_test(test_the_longest_name_is_parsed),
        fixture_test(test_other_sections_teach_nothing),
        fixture_test(test_extended_rcode_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
