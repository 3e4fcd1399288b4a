/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A draft beside the file, which takes its place when it is whole, on the disk, and different. What
 * the old file holds is compared and never trusted.
 */
#include "daemon/outputs/feed_file.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0644, BLOCK = 16384 };

static bool files_are_same(int a, int b)
{
    char left[BLOCK], right[BLOCK];
    ssize_t size;

    for (off_t at = 0;; at += size) {
        size = file_read_block(a, left, BLOCK, at);
        if (size < 0 || file_read_block(b, right, BLOCK, at) != size ||
            memcmp(left, right, (size_t)size) != 0)
            return false;
        if (size < BLOCK)
            return true;
    }
}

/* A file with other rights than ours is replaced too. */
static bool feedfile_is_there(const char *path, int draft)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool same;

    if (fd < 0)
        return false;
    same = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 07777) == MODE &&
           files_are_same(fd, draft);
    close(fd);
    return same;
}

struct writing {
    const char *path;
    const struct feed *feed;
};

static int feedfile_print(void *context, FILE *draft)
{
    const struct writing *writing = context;

    feed_print(writing->feed, draft);
    if (fflush(draft) != 0)
        return -errno;
    return feedfile_is_there(writing->path, fileno(draft)) ? FILE_KEEP : 0;
}

int feedfile_write(const char *path, const struct feed *feed)
{
    struct writing writing = {.path = path, .feed = feed};

    /* Whatever umask the process has: the web server must be able to read it. */
    return file_replace(path, MODE, true, feedfile_print, &writing);
}

int feedfile_try(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path) >=
                      (int)sizeof(folder))
        return -ENAMETOOLONG;
    return access(folder, W_OK | X_OK) < 0 ? -errno : 0;
}

const char *feedfile_advice(int error)
{
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
        return "the directory does not exist; create it: install -d -o wildset -g wildset -m 0755 "
               "DIRECTORY";
    case EACCES:
    case EPERM:
        return "the directory must be owned by user wildset: install -d -o wildset -g wildset -m "
               "0755 DIRECTORY";
    case EROFS:
        return "the service may write only below /var/lib/wildset; for another directory, "
               "`systemctl "
               "edit "
               "wildset` and ReadWritePaths=DIRECTORY";
    case ENOSPC:
    case EDQUOT:
        return "the disk is full";
    default:
        return "wildset will retry";
    }
}
