/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open, read, rename: a path may lead to a directory, a device or a FIFO, and a file may grow while
 * it is read.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

/* `room` is a first guess; one byte more than `most` tells that there is more. */
static int read_to_end(int fd, size_t room, size_t most, struct file_text *out)
{
    size_t used = 0;
    ssize_t got;

    do {
        if (used == room || !out->bytes) {
            room = used == room ? 2 * room : room;
            room = room <= most ? room : most + 1;
            char *bytes = used > most ? NULL : realloc(out->bytes, room);
            if (!bytes)
                return used > most ? -EFBIG : -ENOMEM;
            out->bytes = bytes;
        }
        got = read(fd, out->bytes + used, room - used);
        if (got < 0 && errno != EINTR)
            return -errno;
        used += got > 0 ? (size_t)got : 0;
    } while (got != 0);
    out->bytes[used] = '\0';
    out->size = used;
    return 0;
}

int file_read(const char *path, size_t most, int flags, struct file_text *out)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    int result;

    *out = (struct file_text){0};
    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) < 0)
        result = -errno;
    else if (!S_ISREG(status.st_mode))
        result = S_ISDIR(status.st_mode) ? -EISDIR : -ENODEV;
    else if ((size_t)status.st_size > most)
        result = -EFBIG;
    else
        result = read_to_end(fd, (size_t)status.st_size + 1, most, out);
    close(fd);
    if (result < 0)
        file_text_free(out);
    return result;
}

void file_text_free(struct file_text *text)
{
    free(text->bytes);
    *text = (struct file_text){0};
}

ssize_t file_read_block(int fd, void *bytes, size_t size, off_t offset)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = pread(fd, (char *)bytes + used, size - used, offset + (off_t)used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

/* ---- replacing ---- */

static int draft_fill(FILE *draft, mode_t mode, bool synced, file_print *print, void *context)
{
    errno = 0;
    int result = print(context, draft);

    if (result != 0)
        return result;
    if (fflush(draft) != 0 || ferror(draft))
        return errno ? -errno : -EIO;
    if (fchmod(fileno(draft), mode) < 0)
        return -errno;
    return synced && fsync(fileno(draft)) < 0 ? -errno : 0;
}

int file_replace(const char *path, mode_t mode, bool synced, file_print *print, void *context)
{
    char name[PATH_MAX];
    FILE *draft;

    if (snprintf(name, sizeof(name), "%s.new", path) >= (int)sizeof(name))
        return -ENAMETOOLONG;
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    draft = fdopen(fd, "w+");
    if (!draft) {
        close(fd);
        return -ENOMEM;
    }
    int result = draft_fill(draft, mode, synced, print, context);
    if (fclose(draft) != 0 && result >= 0)
        result = -errno;
    if (result == 0 && rename(name, path) < 0)
        result = -errno;
    if (result == 0)
        return 0;
    if (unlink(name) < 0 && result == FILE_KEEP)
        return -errno;
    return result == FILE_KEEP ? 0 : result;
}

int file_sync_directory(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 2;

    if (snprintf(directory, sizeof(directory), "%.*s", length, slash ? path : "./") >=
        (int)sizeof(directory))
        return -ENAMETOOLONG;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return result;
}
