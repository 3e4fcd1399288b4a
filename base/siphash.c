/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 as its paper has it; the 128-bit output is the designers' later variant.
 */
#include "base/siphash.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(struct state *s, unsigned count)
{
    for (; count > 0; count--) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

/* Little-endian by definition, whatever the machine is. */
static uint64_t read_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static void compress(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

static struct state absorb(const struct siphash_key *key, const void *data, size_t size, bool wide)
{
    struct state s = {
        .v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->k1 ^ UINT64_C(0x7465646279746573),
    };
    const uint8_t *bytes = data;
    size_t whole = size - size % 8;

    if (wide)
        s.v1 ^= 0xee;
    for (size_t i = 0; i < whole; i += 8)
        compress(&s, read_word(bytes + i, 8));
    compress(&s, read_word(bytes + whole, size % 8) | (uint64_t)size << 56);
    s.v2 ^= wide ? 0xee : 0xff;
    rounds(&s, 4);
    return s;
}

static uint64_t fold(const struct state *s)
{
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

int siphash_key_random(struct siphash_key *out)
{
    struct siphash_key key;

    if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
        return -errno;
    *out = key;
    return 0;
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t size)
{
    struct state s = absorb(key, data, size, false);

    return fold(&s);
}

void siphash128(const struct siphash_key *key, const void *data, size_t size,
                uint64_t out[static 2])
{
    struct state s = absorb(key, data, size, true);

    out[0] = fold(&s);
    s.v1 ^= 0xdd;
    rounds(&s, 4);
    out[1] = fold(&s);
}
