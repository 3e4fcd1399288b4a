/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot is a head, the hosts (a length byte and the name each), the addresses.  All of it is
 * checked when it is read, behind the checksum too: the file may be anybody's.
 */
#include "registry/list/list_cache.h"

#include "base/file.h"
#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char list_cache_magic[8] = "wskept1";

struct head {
    char magic[8];
    uint64_t checksum; /* over the slot with zero in this place */
    struct list_cache cache;
    uint32_t size; /* of the slot */
    uint32_t host_count, address_count;
    uint32_t zero;
};

struct stored_address {
    struct address address;
    uint8_t host[2]; /* little endian */
};

enum {
    LARGEST = sizeof(struct head) + ACCEPTED_HOSTS_MAX * (1 + DNAME_MAX) +
              ACCEPTED_ADDRESSES_MAX * sizeof(struct stored_address),
};

_Static_assert((size_t)LARGEST <= (size_t)LIST_CACHE_SLOT_SIZE,
               "the largest list fits into a slot");
_Static_assert(sizeof(struct stored_address) == 19, "stored_address has padding");
_Static_assert(sizeof(struct list_cache) == 4 * 8 + 2 * FETCH_TAG_MAX, "list_cache has padding");

uint64_t list_cache_digest(uint64_t before, const void *data, size_t size)
{
    const struct siphash_key key = {.k0 = before, .k1 = UINT64_C(0x77696c6473657431)};

    return siphash(&key, data, size);
}

/* ---- writing ---- */

static size_t slot_size(const struct accepted *accepted)
{
    size_t size = sizeof(struct head) + accepted->address_count * sizeof(struct stored_address);

    for (size_t i = 0; i < accepted->host_count; i++)
        size += 1u + accepted->hosts[i].length;
    return size;
}

static void slot_fill(uint8_t *slot, size_t size, const struct list_cache *cache,
                      const struct accepted *accepted)
{
    struct head head = {
        .cache = *cache,
        .size = (uint32_t)size,
        .host_count = (uint32_t)accepted->host_count,
        .address_count = (uint32_t)accepted->address_count,
    };
    uint8_t *at = slot + sizeof(head);

    memcpy(head.magic, list_cache_magic, sizeof(list_cache_magic));
    for (size_t i = 0; i < accepted->host_count; i++) {
        const struct dname *name = &accepted->hosts[i];

        *at++ = name->length;
        memcpy(at, name->wire, name->length);
        at += name->length;
    }
    for (size_t i = 0; i < accepted->address_count; i++) {
        const struct accepted_address *address = &accepted->addresses[i];
        struct stored_address stored = {
            .address = address->address,
            .host = {(uint8_t)address->host, (uint8_t)(address->host >> 8)},
        };
        memcpy(at, &stored, sizeof(stored));
        at += sizeof(stored);
    }
    memcpy(slot, &head, sizeof(head));
    head.checksum = list_cache_digest(0, slot, size);
    memcpy(slot, &head, sizeof(head));
}

static int write_slot(int fd, const uint8_t *slot, size_t size, off_t offset)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(fd, slot + done, size - done, offset + (off_t)done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        done += (size_t)written;
    }
    return fdatasync(fd) < 0 ? -errno : 0;
}

int list_cache_write(int fd, struct list_cache *cache, const struct accepted *accepted)
{
    size_t size = slot_size(accepted);
    uint8_t *slot = malloc(size);
    int result;

    if (!slot)
        return -ENOMEM;
    cache->sequence++;
    slot_fill(slot, size, cache, accepted);
    result = write_slot(fd, slot, size, (off_t)(cache->sequence % 2) * LIST_CACHE_SLOT_SIZE);
    free(slot);
    return result;
}

/* ---- reading ---- */

struct reader {
    const uint8_t *at, *end;
    bool failed; /* sticks */
};

static const uint8_t *slot_take(struct reader *reader, size_t size)
{
    const uint8_t *at = reader->at;

    if (reader->failed || (size_t)(reader->end - at) < size) {
        reader->failed = true;
        return NULL;
    }
    reader->at += size;
    return at;
}

static struct dname slot_take_name(struct reader *reader)
{
    struct dname name = {0};
    const uint8_t *length = slot_take(reader, 1);
    const uint8_t *wire = length ? slot_take(reader, *length) : NULL;

    if (!wire || dname_from_wire(wire, *length, &name) != *length || name.length < 2)
        reader->failed = true;
    return name;
}

static void take_hosts(struct reader *reader, uint32_t count, struct dname *names)
{
    for (uint32_t i = 0; i < count && !reader->failed; i++)
        names[i] = slot_take_name(reader);
}

static void take_addresses(struct reader *reader, const struct head *head,
                           const struct dname *names, struct accepted *accepted)
{
    for (uint32_t i = 0; i < head->address_count && !reader->failed; i++) {
        struct entry entry = {.kind = ENTRY_ADDRESS};
        struct stored_address stored;
        const uint8_t *bytes = slot_take(reader, sizeof(stored));
        unsigned host;

        if (!bytes)
            return;
        memcpy(&stored, bytes, sizeof(stored));
        host = stored.host[0] | (unsigned)stored.host[1] << 8;
        entry.address = stored.address;
        if (!address_is_canonical(&entry.address) || address_size(&entry.address) == 0 ||
            (host != ACCEPTED_UNNAMED && host >= head->host_count)) {
            reader->failed = true;
            return;
        }
        accepted_take(accepted, &entry, host == ACCEPTED_UNNAMED ? NULL : &names[host]);
    }
}

/* Hosts after addresses would number them otherwise: in the order in which they were taken. */
static bool take_list(struct reader *reader, const struct head *head, struct accepted *accepted)
{
    struct dname *names = calloc(head->host_count + 1, sizeof(*names));

    if (!names)
        return false;
    take_hosts(reader, head->host_count, names);
    for (uint32_t i = 0; i < head->host_count && !reader->failed; i++) {
        struct entry entry = {.kind = ENTRY_HOST, .name = names[i]};
        accepted_take(accepted, &entry, NULL);
    }
    take_addresses(reader, head, names, accepted);
    free(names);
    return !reader->failed && reader->at == reader->end;
}

/* Both tags end within their room and hold nothing that would break a header. */
static bool tag_is_valid(const char *tag)
{
    for (size_t i = 0; i < FETCH_TAG_MAX; i++) {
        if (tag[i] == '\0')
            return true;
        if (tag[i] < ' ' || tag[i] > '~')
            return false;
    }
    return false;
}

static bool slot_head_is_valid(const struct head *head, size_t size)
{
    return memcmp(head->magic, list_cache_magic, sizeof(list_cache_magic)) == 0 &&
           head->size >= sizeof(*head) && head->size <= size && head->zero == 0 &&
           head->host_count <= ACCEPTED_HOSTS_MAX &&
           head->address_count <= ACCEPTED_ADDRESSES_MAX && tag_is_valid(head->cache.etag) &&
           tag_is_valid(head->cache.modified);
}

/* The checksum is over the bytes with zero in its place: a copy, since the caller's are const. */
static bool checksum_is_right(const uint8_t *bytes, const struct head *head)
{
    uint8_t *copy = malloc(head->size);
    uint64_t checksum;

    if (!copy)
        return false;
    memcpy(copy, bytes, head->size);
    memset(copy + offsetof(struct head, checksum), 0, sizeof(head->checksum));
    checksum = list_cache_digest(0, copy, head->size);
    free(copy);
    return checksum == head->checksum;
}

bool list_cache_parse(const uint8_t *bytes, size_t size, struct list_cache *out,
                      struct accepted *accepted)
{
    struct head head;
    struct reader reader;

    if (size < sizeof(head))
        return false;
    memcpy(&head, bytes, sizeof(head));
    if (!slot_head_is_valid(&head, size) || !checksum_is_right(bytes, &head))
        return false;
    reader = (struct reader){.at = bytes + sizeof(head), .end = bytes + head.size};
    if (!take_list(&reader, &head, accepted)) {
        accepted_free(accepted);
        return false;
    }
    *out = head.cache;
    return true;
}

static void use_newer(struct list_cache *out, struct accepted *accepted,
                      const struct list_cache *cache, struct accepted *other, bool *found)
{
    struct accepted older = *other;

    if (!*found || cache->sequence > out->sequence) {
        older = *accepted;
        *accepted = *other;
        *out = *cache;
    }
    *found = true;
    accepted_free(&older);
}

int list_cache_read(int fd, struct list_cache *out, struct accepted *accepted)
{
    uint8_t *slot = malloc(LIST_CACHE_SLOT_SIZE);
    bool found = false;

    if (!slot)
        return -ENOMEM;
    for (int i = 0; i < 2; i++) {
        ssize_t size =
            file_read_block(fd, slot, LIST_CACHE_SLOT_SIZE, (off_t)i * LIST_CACHE_SLOT_SIZE);
        struct accepted other;
        struct list_cache cache;

        accepted_init(&other, accepted->matcher, accepted->whitelist, accepted->takes_addresses);
        if (size > 0 && list_cache_parse(slot, (size_t)size, &cache, &other))
            use_newer(out, accepted, &cache, &other, &found);
    }
    free(slot);
    return found ? 0 : -ENOENT;
}
