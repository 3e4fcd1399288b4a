/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: any bytes, as they are and as the lines of a file whose head and checksum are
 * right, since a search never finds a checksum.  What is read prints as what was read.
 */
#include "setsync/state/state_text.h"
#include "tests/fuzz/require.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_claim(void *context, const struct state_reading *reading,
                        const struct state_claim *claim)
{
    char line[STATE_LINE_MAX], again[STATE_LINE_MAX];
    struct state_claim same;
    size_t *told = context;
    (*told)++;
    REQUIRE(reading->verdict == STATE_GOOD && reading->claims == *told);
    REQUIRE(address_is_canonical(&claim->address) && address_size(&claim->address) > 0);
    REQUIRE(dname_is_canonical(&claim->name));
    REQUIRE(claim->owner.length == 0 || dname_is_canonical(&claim->owner));
    state_line_print(claim, line);
    REQUIRE(strpbrk(line, "\n\t\r") == NULL);
    REQUIRE(state_line_parse(line, &same));
    REQUIRE(strcmp(state_line_print(&same, again), line) == 0);
}

static void read_text(const char *text, size_t size)
{
    size_t told = 0;
    struct state_reading reading = state_parse(text, size, check_claim, &told);
    REQUIRE(reading.verdict == STATE_GOOD ? told == reading.claims : told == 0);
}

static char *append(char *at, struct state_sum *sum, const char *line)
{
    state_sum_add(sum, line);
    return at + sprintf(at, "%s\n", line);
}

/* The data's lines, whatever they are, between the head and a checksum that is right for them. */
static void read_sealed(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1), *text = malloc(2 * size + 256);
    REQUIRE(copy != NULL && text != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    struct state_sum sum = {0};
    size_t lines = 0;
    char *at = append(text, &sum, "wildset leases 1");
    at = append(at, &sum, "saved 1800000000000");
    char *rest = copy, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '\0')
            continue;
        at = append(at, &sum, line);
        lines++;
    }
    at += sprintf(at, "end %zu %016" PRIx64 "\n", lines, sum.value);
    read_text(text, (size_t)(at - text));
    free(text);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_text((const char *)data, size);
    read_sealed(data, size);
    return 0;
}
