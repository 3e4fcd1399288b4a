/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: any bytes, as they are and as the lines of a file whose head is right, in either
 * version.  What is read prints as what was read.
 */
#include "setsync/state/state_text.h"
#include "tests/fuzz/require.h"

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
    REQUIRE(state_line_print(claim, line) != NULL);
    REQUIRE(strpbrk(line, "\n\t\r") == NULL);
    REQUIRE(state_line_parse(line, STATE_VERSION, &same));
    REQUIRE(strcmp(state_line_print(&same, again), line) == 0);
}

static void read_text(char *text, size_t size)
{
    size_t told = 0;
    FILE *stream = size > 0 ? fmemopen(text, size, "r") : fopen("/dev/null", "r");
    REQUIRE(stream != NULL);
    struct state_reading reading = state_read(stream, check_claim, &told);
    fclose(stream);
    REQUIRE(told == reading.claims);
    REQUIRE(reading.verdict == STATE_GOOD || told == 0);
    REQUIRE((reading.damaged == 0) == (reading.line == 0));
}

static void read_behind(const char *head, const uint8_t *data, size_t size)
{
    const size_t length = strlen(head);
    char *text = malloc(length + size + 1);
    REQUIRE(text != NULL);
    memcpy(text, head, length);
    if (size > 0)
        memcpy(text + length, data, size);
    read_text(text, length + size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_behind("", data, size);
    read_behind("wildset leases 1\nsaved 1800000000000\n", data, size);
    read_behind("{\"wildset-leases\":2,\"saved\":1800000000000}\n", data, size);
    return 0;
}
