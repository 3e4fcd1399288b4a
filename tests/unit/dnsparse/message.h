/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts DNS messages together for tests, field by field.  Owners may be written as text or as a
 * pointer to an offset; counts and lengths are set by hand where a test wants them to lie.
 */
#ifndef WILDSET_TESTS_MESSAGE_H
#define WILDSET_TESTS_MESSAGE_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/dname.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum {
    FLAG_RESPONSE = 0x8000,
    FLAG_TRUNCATED = 0x0200,
    QUESTION_AT = 12, /* where the question's name starts: pointers to it */
};

struct message {
    size_t size;
    size_t rdata; /* where the open rdata starts */
    uint8_t bytes[65535];
};

static inline void put_u8(struct message *m, unsigned value)
{
    assert(m->size < sizeof m->bytes);
    m->bytes[m->size++] = (uint8_t)value;
}

static inline void put_u16(struct message *m, unsigned value)
{
    put_u8(m, value >> 8);
    put_u8(m, value & 0xff);
}

static inline void put_u32(struct message *m, uint32_t value)
{
    put_u16(m, value >> 16);
    put_u16(m, value & 0xffff);
}

static inline void put_bytes(struct message *m, const void *bytes, size_t size)
{
    assert(size <= sizeof m->bytes - m->size);
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static inline struct dname dname_of(const char *text)
{
    struct dname name;
    bool ok = dname_from_text(text, &name);

    assert(ok);
    (void)ok;
    return name;
}

/* An uncompressed name; text in capitals stays so where a test folds the case itself. */
static inline void put_name(struct message *m, const char *text)
{
    struct dname name = dname_of(text);

    put_bytes(m, name.wire, name.length);
}

static inline void put_pointer(struct message *m, size_t offset)
{
    put_u16(m, 0xc000u | (unsigned)offset);
}

static inline void patch_u16(struct message *m, size_t at, unsigned value)
{
    m->bytes[at] = (uint8_t)(value >> 8);
    m->bytes[at + 1] = (uint8_t)value;
}

static inline void put_header(struct message *m, unsigned flags, unsigned questions,
                              unsigned answers)
{
    m->size = 0;
    put_u16(m, 0x1234);    /* id */
    put_u16(m, flags);     /* QR, opcode, AA, TC, RD, RA, rcode */
    put_u16(m, questions); /* QDCOUNT */
    put_u16(m, answers);   /* ANCOUNT */
    put_u16(m, 0);         /* NSCOUNT */
    put_u16(m, 0);         /* ARCOUNT */
}

static inline void put_question(struct message *m, const char *name, unsigned type)
{
    put_name(m, name);
    put_u16(m, type); /* QTYPE */
    put_u16(m, 1);    /* QCLASS IN */
}

/* The common start: a good response to one question, with so many answer records to come. */
static inline void response_start(struct message *m, const char *name, unsigned type,
                                  unsigned answers)
{
    put_header(m, FLAG_RESPONSE, 1, answers);
    put_question(m, name, type);
}

/* What stands between the owner and the rdata. */
static inline void rr_open(struct message *m, unsigned type, uint32_t ttl)
{
    put_u16(m, type); /* TYPE */
    put_u16(m, 1);    /* CLASS IN */
    put_u32(m, ttl);  /* TTL */
    put_u16(m, 0);    /* RDLENGTH, set by rr_close */
    m->rdata = m->size;
}

static inline void rr_close(struct message *m)
{
    patch_u16(m, m->rdata - 2, (unsigned)(m->size - m->rdata));
}

static inline void put_a(struct message *m, const char *owner, uint32_t ttl, uint32_t address)
{
    put_name(m, owner);
    rr_open(m, 1, ttl);
    put_u32(m, address);
    rr_close(m);
}

static inline void put_aaaa(struct message *m, const char *owner, uint32_t ttl, unsigned last)
{
    put_name(m, owner);
    rr_open(m, 28, ttl);
    put_u32(m, 0x20010db8);
    put_u32(m, 0);
    put_u32(m, 0);
    put_u32(m, last);
    rr_close(m);
}

/* CNAME (5) or DNAME (39). */
static inline void put_alias(struct message *m, const char *owner, unsigned type, uint32_t ttl,
                             const char *target)
{
    put_name(m, owner);
    rr_open(m, type, ttl);
    put_name(m, target);
    rr_close(m);
}

static inline enum answer_outcome message_answer(const struct message *m, struct answer *out)
{
    struct wire_message message;

    if (!wire_read(m->bytes, m->size, &message))
        return ANSWER_MALFORMED;
    return answer_read(&message, out);
}

#endif
