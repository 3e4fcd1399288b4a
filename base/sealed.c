/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memfd_create(2) and the seals of fcntl(2).
 */
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct sealed_head {
    char magic[8];
    uint32_t counts[SEALED_ARRAYS_MAX]; /* of arrays that there are not: 0 */
};

/* ---- making ---- */

static int write_all(int fd, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static int sealed_fill(int fd, const struct sealed_layout *layout, const void *sealed)
{
    const uint8_t *members = sealed;
    struct sealed_head head = {0};

    memcpy(head.magic, layout->magic, sizeof(head.magic));
    for (size_t i = 0; i < layout->array_count; i++) {
        size_t count;

        memcpy(&count, members + layout->arrays[i].count, sizeof(count));
        if (count > layout->arrays[i].most)
            return -E2BIG;
        head.counts[i] = (uint32_t)count;
    }
    int result = write_all(fd, &head, sizeof(head));
    if (result == 0)
        result = write_all(fd, members + layout->values, layout->values_size);
    for (size_t i = 0; i < layout->array_count && result == 0; i++) {
        const void *array;

        memcpy(&array, members + layout->arrays[i].pointer, sizeof(array));
        result = write_all(fd, array, head.counts[i] * layout->arrays[i].size);
    }
    if (result == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        result = -errno;
    return result;
}

int sealed_make(const struct sealed_layout *layout, const void *sealed)
{
    int fd = memfd_create(layout->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int result;

    if (fd < 0)
        return -errno;
    result = sealed_fill(fd, layout, sealed);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

/* ---- opening ---- */

/* Sizes first, so that no array is looked at before all of them are known to be there. */
bool sealed_read(const struct sealed_layout *layout, const void *bytes, size_t size, void *out)
{
    const struct sealed_head *head = bytes;
    const uint8_t *arrays[SEALED_ARRAYS_MAX];
    size_t end = sizeof(*head) + layout->values_size;
    uint8_t *members = out;

    if (size < end || memcmp(head->magic, layout->magic, sizeof(head->magic)) != 0)
        return false;
    for (size_t i = 0; i < SEALED_ARRAYS_MAX; i++) {
        if (head->counts[i] > (i < layout->array_count ? layout->arrays[i].most : 0))
            return false;
        arrays[i] = (const uint8_t *)bytes + end;
        end += head->counts[i] * layout->arrays[i].size;
    }
    if (size != end)
        return false;
    memcpy(members + layout->values, (const uint8_t *)bytes + sizeof(*head), layout->values_size);
    if (layout->values_are_valid && !layout->values_are_valid(out))
        return false;
    for (size_t i = 0; i < layout->array_count; i++) {
        size_t count = head->counts[i];

        memcpy(members + layout->arrays[i].pointer, &arrays[i], sizeof(arrays[i]));
        memcpy(members + layout->arrays[i].count, &count, sizeof(count));
    }
    for (size_t i = 0; i < layout->array_count; i++) {
        for (uint32_t k = 0; k < head->counts[i]; k++)
            if (!layout->arrays[i].is_valid(out, arrays[i] + k * layout->arrays[i].size))
                return false;
    }
    return true;
}

int sealed_open(const struct sealed_layout *layout, int fd, void *out)
{
    struct stat status;
    size_t size;
    void *bytes;
    int seals;

    if (fstat(fd, &status) < 0)
        return -errno;
    seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || status.st_size <= 0)
        return -EBADMSG;
    size = (size_t)status.st_size;
    bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    if (sealed_read(layout, bytes, size, out))
        return 0;
    munmap(bytes, size);
    return -EBADMSG;
}
