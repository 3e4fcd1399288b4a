/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and answers of a few clients against the table, and a plain list beside it that says
 * what must become of each.  Four bytes each: which client, server, transport, id and case; whether
 * it is asked or answered, and with what; and the time since the one before.
 */
#include "require.h"
#include "sniffer/pipeline/questions.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 4, ASKED_MAX = 4096, CASES = 3 };
#define MS UINT64_C(1000000)

static const uint8_t names[CASES][11] = {"\3abc\0\0\1\0\1", "\3aBc\0\0\1\0\1", "\3ABC\0\0\1\0\1"};

/* As the table has to know it; who it is of is its first byte, without the case. */
struct asked {
    uint8_t who, letters;
    bool counted;
    uint8_t said;
    uint64_t asked_ns, seen_ns, counted_ns;
};

struct model {
    unsigned count;
    bool keeps_case[2];            /* by server */
    struct asked asked[ASKED_MAX]; /* in the order in which they were entered */
};

static bool is_tcp(uint8_t who)
{
    return who & 4;
}

static struct question_key key_of(uint8_t who, uint8_t letters)
{
    return (struct question_key){
        .client = address_from_ipv4((const uint8_t[]){192, 0, 2, who & 1}),
        .resolver = address_from_ipv4((const uint8_t[]){192, 0, 2, 50 + (who >> 1 & 1)}),
        .client_port = 4000,
        .resolver_port = 53,
        .id = who >> 3 & 1,
        .transport = is_tcp(who) ? TRANSPORT_TCP : TRANSPORT_UDP,
        .question = names[letters],
        .question_size = 9,
    };
}

/* The last one entered in this case, or in any. */
static struct asked *find(struct model *model, uint8_t who, uint8_t letters, bool any_case)
{
    for (unsigned i = model->count; i-- > 0;) {
        struct asked *asked = &model->asked[i];

        if (asked->who == who && (any_case || is_tcp(who) || asked->letters == letters))
            return asked;
    }
    return NULL;
}

/* Of several in other cases an old one may be forgotten or not: the table need not say which it
 * means. */
static bool is_ambiguous(const struct model *model, uint8_t who, const struct asked *same,
                         uint64_t now_ns)
{
    unsigned count = 0;

    for (unsigned i = 0; i < model->count; i++)
        count += model->asked[i].who == who;
    return count > 1 && !is_tcp(who) && !model->keeps_case[who >> 1 & 1] &&
           (!same || now_ns - same->asked_ns > QUESTION_LIFETIME_NS);
}

static enum question_outcome ask(struct model *model, uint8_t who, uint8_t letters, uint64_t now_ns)
{
    const uint64_t in_time = QUESTION_LIFETIME_NS, at_once = QUESTION_REPEAT_NS;
    struct asked *asked = find(model, who, letters, false);
    bool repeated = asked && now_ns - asked->seen_ns <= at_once;
    bool over =
        !asked || now_ns - asked->asked_ns > in_time ||
        (asked->counted && !repeated && (is_tcp(who) || now_ns - asked->counted_ns > in_time));

    if (over) {
        model->asked[model->count++] =
            (struct asked){.who = who, .letters = letters, .asked_ns = now_ns, .seen_ns = now_ns};
        if (asked)
            asked->who = UINT8_MAX;
        return QUESTION_NEW;
    }
    asked->seen_ns = now_ns;
    if (repeated)
        return QUESTION_REPEATED;
    asked->asked_ns = now_ns;
    return QUESTION_RETRANSMITTED;
}

static void check_answer(struct model *model, struct questions *questions, uint8_t who,
                         uint8_t letters, uint8_t says, uint64_t now_ns)
{
    const struct question_key key = key_of(who, letters);
    struct question_found found = questions_find(questions, &key);
    bool *keeps_case = &model->keeps_case[who >> 1 & 1];
    struct asked *same = find(model, who, letters, false);
    struct asked *asked = same || *keeps_case ? same : find(model, who, letters, true);
    struct answer_digest digest = {{says, says}};
    struct answer_address address = {.address = key.client, .record = RECORD_A};
    struct earlier_answer earlier;

    if (is_ambiguous(model, who, same, now_ns))
        return;
    /* One that is old may be forgotten, but is never in time. */
    if (!found.number || questions_is_late(questions, found, now_ns)) {
        REQUIRE(!asked || now_ns - asked->asked_ns > QUESTION_LIFETIME_NS);
        return;
    }
    REQUIRE(asked && now_ns - asked->asked_ns <= QUESTION_LIFETIME_NS);
    enum settle_outcome outcome =
        questions_settle(questions, found, &digest, &address, 1, now_ns, &earlier);
    (void)questions_answered(questions, found);
    if (asked->counted) {
        REQUIRE(outcome == (asked->said == says ? SETTLE_DUPLICATE : SETTLE_EXTRA));
        REQUIRE(outcome != SETTLE_EXTRA || earlier.count == 1);
        return;
    }
    REQUIRE(outcome == SETTLE_COUNTS);
    asked->counted = true;
    asked->said = says;
    asked->counted_ns = now_ns;
    *keeps_case |= same && letters > 0 && !is_tcp(who);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model model;
    struct questions *questions = questions_new();
    uint64_t now_ns = UINT64_C(1) << 40;

    REQUIRE(questions);
    memset(&model, 0, sizeof(model));
    for (; size >= STEP && model.count < ASKED_MAX; data += STEP, size -= STEP) {
        uint8_t who = data[0] & 15, letters = data[1] % CASES;
        const struct question_key key = key_of(who, letters);

        now_ns += data[3] * (data[3] < 128 ? 1 : 100) * MS;
        if (data[2] & 1)
            check_answer(&model, questions, who, letters, data[2] >> 1 & 3, now_ns);
        else
            REQUIRE(questions_ask(questions, &key, now_ns) == ask(&model, who, letters, now_ns));
        REQUIRE(questions_open(questions) <= model.count);
        REQUIRE(questions_dropped(questions) == 0);
    }
    questions_free(questions);
    return 0;
}
