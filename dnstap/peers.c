/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One array.
 */
#include "dnstap/peers.h"

#include "base/sealed.h"

/* The kernel's "nobody of here" is nobody's. */
static bool uid_is_valid(const void *peers, const void *element)
{
    (void)peers;
    return *(const uint32_t *)element != UINT32_MAX;
}

static const struct sealed_layout layout = {
    .name = "wildset-dnstap-peers",
    .magic = "wstap1",
    .array_count = 1,
    .arrays = {SEALED_ARRAY(struct dnstap_peers, uids, count, DNSTAP_PEERS_MAX, uid_is_valid)},
};

int dnstap_peers_seal(const struct dnstap_peers *peers)
{
    return sealed_make(&layout, peers);
}

int dnstap_peers_open(int fd, struct dnstap_peers *out)
{
    struct dnstap_peers peers;
    int result = sealed_open(&layout, fd, &peers);

    if (result == 0)
        *out = peers;
    return result;
}

bool dnstap_peers_have(const struct dnstap_peers *peers, uint32_t uid)
{
    for (size_t i = 0; i < peers->count; i++)
        if (peers->uids[i] == uid)
            return true;
    return false;
}
