/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole responses: whatever comes, the answer keeps its own promises. */
#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/svcb.h"
#include "tests/fuzz/require.h"

#include <stdint.h>

static void addresses_check(const struct answer *answer)
{
    REQUIRE(answer->address_count <= ANSWER_ADDRESSES_MAX);
    for (unsigned i = 0; i < answer->address_count; i++) {
        const struct answer_address *held = &answer->addresses[i];

        REQUIRE(address_is_canonical(&held->address));
        REQUIRE(held->record > RECORD_NONE && held->record < RECORD_LIST);
        REQUIRE(held->ttl <= INT32_MAX && held->ttl <= answer->chain_ttl);
        REQUIRE(held->owners != 0 && (held->owners & ~answer->leads[0]) == 0);
        for (unsigned k = 0; k < i && i < 64; k++)
            REQUIRE(answer->addresses[k].record != held->record ||
                    !address_equal(&answer->addresses[k].address, &held->address));
    }
}

/* The question leads to every name, and no two lead to each other. */
static void leads_check(const struct answer *answer)
{
    REQUIRE(answer->leads[0] == (UINT32_C(2) << answer->chain_count) - 1);
    for (unsigned i = 0; i <= answer->chain_count; i++) {
        REQUIRE((answer->leads[i] >> i & 1) != 0);
        for (unsigned k = 0; k < i; k++)
            REQUIRE((answer->leads[i] >> k & 1) == 0 || (answer->leads[k] >> i & 1) == 0);
    }
}

static void names_check(const struct answer *answer)
{
    REQUIRE(dname_is_canonical(&answer->question));
    REQUIRE(answer->chain_count <= ANSWER_CHAIN_MAX);
    REQUIRE((answer->chain_count == 0) == (answer->chain_ttl == UINT32_MAX));
    for (unsigned i = 0; i < answer->chain_count; i++) {
        REQUIRE(dname_is_canonical(&answer->chain[i]));
        REQUIRE(!dname_equal(&answer->chain[i], &answer->question));
    }
    REQUIRE(answer->target_count <= ANSWER_TARGETS_MAX);
    for (unsigned i = 0; i < answer->target_count; i++) {
        REQUIRE(dname_is_canonical(&answer->targets[i].name));
        REQUIRE(!dname_equal(&answer->targets[i].name, &answer->question));
        REQUIRE(answer->targets[i].ttl <= INT32_MAX && answer->targets[i].ttl <= answer->chain_ttl);
        REQUIRE(answer->targets[i].owners != 0);
        REQUIRE((answer->targets[i].owners & ~answer->leads[0]) == 0);
    }
    REQUIRE(answer->stray_count <= ANSWER_STRAYS_MAX);
    for (unsigned i = 0; i < answer->stray_count; i++) {
        REQUIRE(dname_is_canonical(&answer->strays[i].owner));
        REQUIRE(!dname_equal(&answer->strays[i].owner, answer_owner(answer)));
        REQUIRE(address_is_canonical(&answer->strays[i].address.address));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answer answer;
    struct wire_message message;
    struct svcb svcb;

    if (svcb_read(data, size, &svcb) && svcb.ipv4_count > 0)
        REQUIRE(svcb.ipv4 >= data && svcb.ipv4 + 4 * svcb.ipv4_count <= data + size);
    if (size > 65535 || !wire_read(data, size, &message))
        return 0;
    if (answer_read(&message, &answer) != ANSWER_OK)
        return 0;
    REQUIRE(answer.work <= ANSWER_WORK_MAX);
    addresses_check(&answer);
    leads_check(&answer);
    names_check(&answer);
    return 0;
}
