/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memfd_create(2) and the seals of fcntl(2).
 */
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

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

static int fill(int fd, const struct sealed_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int result = write_all(fd, parts[i].data, parts[i].size);

        if (result < 0)
            return result;
    }
    return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

int sealed_make(const char *name, const struct sealed_part *parts, size_t count)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int result;

    if (fd < 0)
        return -errno;
    result = fill(fd, parts, count);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

int sealed_map(int fd, const void **bytes, size_t *size)
{
    struct stat status;
    void *mapping;
    int seals;

    if (fstat(fd, &status) < 0)
        return -errno;
    seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || status.st_size <= 0)
        return -EBADMSG;
    mapping = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED)
        return -errno;
    *bytes = mapping;
    *size = (size_t)status.st_size;
    return 0;
}

void sealed_unmap(const void *bytes, size_t size)
{
    munmap((void *)(uintptr_t)bytes, size);
}
