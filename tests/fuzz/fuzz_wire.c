/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first look and what follows it on every packet: the matcher and the derived names. */
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/derived.h"
#include "dnsparse/names/matcher.h"
#include "tests/fuzz/require.h"

#include <stdint.h>

static struct matcher *lookback_matcher(void)
{
    struct whitelist_pattern patterns[2] = {{.whitelist = 0}, {.whitelist = 1}};

    REQUIRE(pattern_from_text("dormammu.lookback.io", &patterns[0].pattern));
    REQUIRE(pattern_from_text("*.dormammu.lookback.io", &patterns[1].pattern));
    return matcher_new(patterns, 2);
}

static struct derived *example_derived(void)
{
    struct derived_name name = {.expires_ns = 100, .steps = 1};
    struct derived *derived = derived_new();

    REQUIRE(derived != NULL);
    REQUIRE(dname_from_text("lb.example.net", &name.name));
    REQUIRE(derived_add(derived, &name, 0));
    return derived;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct matcher *matcher;
    static struct derived *derived;
    struct wire_message message;
    struct dname name;

    if (matcher == NULL)
        matcher = lookback_matcher();
    if (derived == NULL)
        derived = example_derived();
    if (!wire_read(data, size, &message))
        return 0;
    REQUIRE(message.bytes == data && message.size == size);
    size_t end = wire_end(&message);
    REQUIRE(end == 0 || (end >= WIRE_HEADER_SIZE && end <= size));
    REQUIRE((message.name_size == 0) == (message.question_count == 0));
    if (message.name_size == 0)
        return 0;
    REQUIRE(WIRE_HEADER_SIZE + message.name_size + 4u <= size);
    REQUIRE(dname_from_wire(wire_question(&message), message.name_size, &name) ==
            message.name_size);
    REQUIRE(matcher_find_wire(matcher, wire_question(&message), message.name_size) ==
            matcher_find(matcher, &name));
    REQUIRE(derived_find_wire(derived, wire_question(&message), message.name_size, 0) ==
            derived_find(derived, &name, 0));
    return 0;
}
