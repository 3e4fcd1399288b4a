/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dearest answers of 64 KiB cost to read, and what a name costs to look up among 10 and
 * among 50 000 patterns.  A line each: what it is, and nanoseconds, the least of some runs.
 */
#include "dnsparse/answers/answer.h"
#include "dnsparse/names/pattern_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MESSAGE_MAX = 65535,
    QUESTION_AT = 12,
    RUNS = 20,
    LOOKUPS = 10000,
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_TXT = 16,
    TYPE_SRV = 33,
    TYPE_DNAME = 39,
    TYPE_HTTPS = 65,
};

struct message {
    size_t size;
    uint8_t bytes[MESSAGE_MAX];
};

static void put(struct message *message, const void *bytes, size_t size)
{
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void put16(struct message *message, unsigned value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(message, bytes, sizeof(bytes));
}

static void start(struct message *message, const struct dname *name, unsigned type)
{
    message->size = 0;
    put(message, "\x12\x34\x81\x80\0\1\0\0\0\0\0\0", 12);
    put(message, name->wire, name->length);
    put16(message, type);
    put16(message, 1);
}

/* As many records as fit, their owner at this place; `data` has a number in its last two bytes. */
static void fill(struct message *message, unsigned owner, unsigned type, const char *data,
                 size_t size)
{
    unsigned count = 0;

    for (; message->size + 12 + size <= MESSAGE_MAX; count++) {
        put16(message, 0xc000 | owner);
        put16(message, type);
        put(message, "\0\1\0\0\1\54", 6);
        put16(message, (unsigned)size);
        put(message, data, size);
        if (type == TYPE_A) {
            message->bytes[message->size - 2] = (uint8_t)(count >> 8);
            message->bytes[message->size - 1] = (uint8_t)count;
        }
    }
    message->bytes[6] = (uint8_t)(count >> 8);
    message->bytes[7] = (uint8_t)count;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void measure(const char *what, const struct message *message)
{
    static struct answer answer;
    struct wire_message wire;
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t begun = now_ns();

        if (!wire_read(message->bytes, message->size, &wire))
            exit(1);
        answer_read(&wire, &answer);
        uint64_t took = now_ns() - begun;
        least = took < least ? took : least;
    }
    printf("%s\t%llu\n", what, (unsigned long long)least);
}

static struct dname name_of(const char *text)
{
    struct dname name;

    if (!dname_from_text(text, &name))
        exit(1);
    return name;
}

/* 255 bytes: 126 labels of one byte, and one of two. */
static struct dname longest_name(void)
{
    char text[DNAME_TEXT_MAX];

    for (unsigned at = 0; at < 252; at += 2)
        memcpy(text + at, "a.", 2);
    memcpy(text + 252, "a", 2);
    return name_of(text);
}

static void measure_answers(void)
{
    static struct message message;
    const struct dname shortest = name_of("e.example"), longest = longest_name();
    const size_t ladder = QUESTION_AT + (size_t)longest.length + 4 + 12;

    start(&message, &shortest, TYPE_A);
    fill(&message, QUESTION_AT, TYPE_A, "\12\0\0\0", 4);
    measure("addresses, a short name", &message);
    start(&message, &longest, TYPE_A);
    fill(&message, QUESTION_AT, TYPE_A, "\12\0\0\0", 4);
    measure("addresses, the longest name", &message);
    start(&message, &longest, TYPE_A);
    fill(&message, QUESTION_AT, TYPE_DNAME, "\300\14", 2);
    measure("DNAME records", &message);
    start(&message, &longest, TYPE_A);
    fill(&message, QUESTION_AT, TYPE_CNAME, "\300\14", 2);
    measure("CNAME records", &message);
    start(&message, &shortest, TYPE_HTTPS);
    fill(&message, QUESTION_AT, TYPE_HTTPS, "\0\1\0", 3);
    measure("HTTPS records", &message);
    start(&message, &longest, TYPE_SRV);
    fill(&message, QUESTION_AT, TYPE_SRV, "\0\1\0\1\0\1\300\14", 8);
    measure("SRV records", &message);
    start(&message, &shortest, TYPE_A);
    fill(&message, QUESTION_AT, TYPE_TXT, "", 0);
    measure("TXT records, a short name", &message);
    start(&message, &longest, TYPE_A);
    put16(&message, 0xc000 | QUESTION_AT);
    put(&message, "\0\20\0\1\0\0\1\54\0\372", 10);
    put16(&message, 0xc000 | QUESTION_AT);
    for (unsigned i = 1; i < 125; i++)
        put16(&message, (unsigned)(0xc000 | (ladder + 2 * (i - 1))));
    fill(&message, (unsigned)(ladder + 248), TYPE_TXT, "", 0);
    measure("TXT records behind a ladder of pointers", &message);
}

static void measure_patterns(unsigned count)
{
    struct pattern *patterns = calloc(count, sizeof(*patterns));
    char text[64];

    for (unsigned i = 0; patterns && i < count; i++) {
        snprintf(text, sizeof(text), "*.n%u.z%u.example", i, i % 100);
        if (!pattern_from_text(text, &patterns[i]))
            exit(1);
    }
    struct patternindex *index = patterns ? patternindex_new(patterns, count) : NULL;
    if (!index)
        exit(1);
    snprintf(text, sizeof(text), "www.n%u.z%u.example", count - 1, (count - 1) % 100);
    const struct dname name = name_of(text);
    uint64_t begun = now_ns();
    for (unsigned i = 0; i < LOOKUPS; i++)
        if (!patternindex_match(index, &name))
            exit(1);
    printf("a name among %u patterns\t%llu\n", count,
           (unsigned long long)((now_ns() - begun) / LOOKUPS));
    patternindex_free(index);
    free(patterns);
}

int main(void)
{
    measure_answers();
    measure_patterns(10);
    measure_patterns(50000);
    return 0;
}
