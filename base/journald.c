/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields are always written in the protocol's binary form (name, line feed, length, value, line
 * feed): no value can end early and go on as another field.
 */
#include "base/journald.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void journald_add(struct journald_entry *entry, const char *field, const char *value)
{
    size_t name = strlen(field), length = strlen(value);
    uint64_t framed = htole64(length);
    const struct {
        const void *bytes;
        size_t size;
    } parts[] = {{field, name}, {"\n", 1}, {&framed, sizeof(framed)}, {value, length}, {"\n", 1}};

    if (length == 0 || name + length + sizeof(framed) + 2 > JOURNALD_ENTRY_MAX - entry->used)
        return;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memcpy(entry->bytes + entry->used, parts[i].bytes, parts[i].size);
        entry->used += parts[i].size;
    }
}

int journald_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, error;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

int journald_send(int fd, const struct journald_entry *entry)
{
    return send(fd, entry->bytes, entry->used, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
