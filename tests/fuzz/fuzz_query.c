/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question made of the input, and whether the message behind it answers: judged here once more,
 * byte by byte.  A mode, the random bytes, the name, then the message.
 */
#include "registry/resolve/query.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <string.h>

enum {
    MODE_EDNS = 1,
    MODE_AAAA = 2,
    TYPE_A = 1,
    TYPE_AAAA = 28,
    ID = 0,
    FLAGS = 2, /* QR, the opcode, AA, TC, RD */
    FLAGS_MORE = 3,
    QUESTION_COUNT = 4,
    RESPONSE = 0x80,
    OPCODE = 0x78,
    TRUNCATED = 0x02,
    RCODE = 0x0f,
};

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

/* Its bytes in the message, which holds as many. */
static bool same_question(const struct query *query, const uint8_t *bytes, bool any_case)
{
    const size_t end = (size_t)WIRE_HEADER_SIZE + query->question_size, name_end = end - 4;

    for (size_t i = WIRE_HEADER_SIZE; i < end; i++) {
        bool fold = any_case && i < name_end;

        if (fold ? lower(bytes[i]) != lower(query->bytes[i]) : bytes[i] != query->bytes[i])
            return false;
    }
    return true;
}

static enum query_verdict judge(const struct query *query, const uint8_t *bytes, size_t size,
                                bool any_case)
{
    unsigned questions, rcode;

    if (size < WIRE_HEADER_SIZE || memcmp(bytes + ID, query->bytes + ID, 2) != 0 ||
        (bytes[FLAGS] & (RESPONSE | OPCODE)) != RESPONSE)
        return QUERY_MISMATCH;
    questions = (unsigned)bytes[QUESTION_COUNT] << 8 | bytes[QUESTION_COUNT + 1];
    rcode = bytes[FLAGS_MORE] & RCODE;
    if (questions == 0)
        return rcode == 0 || rcode == 3 ? QUERY_MISMATCH : QUERY_REFUSED;
    if (questions != 1 || size < (size_t)WIRE_HEADER_SIZE + query->question_size ||
        !same_question(query, bytes, any_case))
        return QUERY_MISMATCH;
    if (rcode != 0 && rcode != 3)
        return QUERY_REFUSED;
    return bytes[FLAGS] & TRUNCATED ? QUERY_TRUNCATED : QUERY_ANSWERED;
}

static void check(const struct query *query, const uint8_t *bytes, size_t size, bool any_case)
{
    struct wire_message message;
    enum query_verdict verdict = query_check(query, bytes, size, any_case, &message);

    REQUIRE(verdict == judge(query, bytes, size, any_case));
    if (verdict != QUERY_MISMATCH)
        REQUIRE(message.bytes == bytes && message.size == size);
}

/* Sent back with QR set, as the simplest server would. */
static void check_echo(const struct query *query, const struct dname *name, uint16_t type)
{
    uint8_t echo[QUERY_SIZE_MAX];
    struct wire_message message;
    struct dname asked;

    REQUIRE(query->size <= QUERY_SIZE_MAX);
    memcpy(echo, query->bytes, query->size);
    echo[FLAGS] |= RESPONSE;
    REQUIRE(query_check(query, echo, query->size, false, &message) == QUERY_ANSWERED);
    REQUIRE(message.question_type == type && message.answer_count == 0);
    REQUIRE(dname_from_wire(wire_question(&message), message.name_size, &asked) > 0 &&
            dname_equal(&asked, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t name_at = 1 + QUERY_RANDOM_SIZE;
    struct query query;
    struct dname name;
    uint16_t type;
    size_t name_size;

    if (size <= name_at)
        return 0;
    name_size = dname_from_wire(data + name_at, size - name_at, &name);
    if (name_size == 0)
        return 0;
    type = data[0] & MODE_AAAA ? TYPE_AAAA : TYPE_A;
    query_make(&query, &name, type, data + 1, data[0] & MODE_EDNS);
    check_echo(&query, &name, type);
    data += name_at + name_size;
    size -= name_at + name_size;
    check(&query, data, size, false);
    check(&query, data, size, true);
    return 0;
}
