/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS messages and the Ethernet frames around them, as the bench sends and writes them: valid
 * lengths and checksums, so that a watcher that verifies them finds nothing to refuse.
 */
#ifndef WILDSET_BENCH_FRAMES_H
#define WILDSET_BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_MAX = 1514,
    MESSAGE_MAX = 1232,
    NAME_TEXT_MAX = 256,
    RECORD_TYPE_A = 1,
    RECORD_TYPE_CNAME = 5,
    RECORD_TYPE_PTR = 12,
    RECORD_TYPE_TXT = 16,
    RECORD_TYPE_AAAA = 28,
    RECORD_TYPE_OPT = 41,
};

/* A message under construction; `size` stops growing at MESSAGE_MAX and `full` is set. */
struct dns_writer {
    uint8_t bytes[MESSAGE_MAX];
    size_t size;
    bool full;
};

struct endpoints {
    bool ipv6;
    uint8_t source[16], destination[16]; /* IPv4 uses the first four */
    uint16_t source_port, destination_port;
};

/* Header and question; the counts of the other sections grow with each record. */
void dns_begin(struct dns_writer *writer, uint16_t id, uint16_t flags, const char *name,
               uint16_t type);
/* `owner` NULL: a pointer to the question's name. */
void dns_answer(struct dns_writer *writer, const char *owner, uint16_t type, uint32_t ttl,
                const void *data, size_t size);
void dns_answer_name(struct dns_writer *writer, const char *owner, uint16_t type, uint32_t ttl,
                     const char *target);
void dns_edns(struct dns_writer *writer);

/* An Ethernet II frame with an IPv4 or IPv6 and a UDP header.  Its size. */
size_t frame_build(const struct endpoints *ends, const void *payload, size_t size,
                   uint8_t out[static FRAME_MAX]);

/*
 * Fresh names carry their number; number N has the addresses 198.18.0.0 + N (RFC 2544) and
 * 2001:db8:5::N, so that everybody in a run knows what will be granted.
 */
enum { FRESH_MAX = 131072 };
const char *fresh_name(uint32_t number, char out[static NAME_TEXT_MAX]);
/* False when the name is not one of ours. */
bool fresh_number(const char *name, uint32_t *out);
void fresh_ipv4(uint32_t number, uint8_t out[static 4]);
void fresh_ipv6(uint32_t number, uint8_t out[static 16]);

#endif
