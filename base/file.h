/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files as a whole: read within a bound, and replaced so that nobody ever finds half of one.
 */
#ifndef WILDSET_BASE_FILE_H
#define WILDSET_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct file_text {
    char *bytes; /* NUL-terminated; NULL: there is none */
    size_t size;
};

/*
 * Reads a regular file.  `flags` is 0 or O_NOFOLLOW.  0, -EISDIR, -ENODEV (not a regular file),
 * -EFBIG (more than `most` bytes) or another -errno; `out` is empty then.
 */
int file_read(const char *path, size_t most, int flags, struct file_text *out);
void file_text_free(struct file_text *text);
/* Of an open file: up to `size` bytes from `offset` on, fewer only at its end.  How many or -errno.
 */
ssize_t file_read_block(int fd, void *bytes, size_t size, off_t offset);

/* What a draft is filled by: 0, FILE_KEEP when the old file may stay, or -errno. */
typedef int file_print(void *context, FILE *draft);
enum { FILE_KEEP = 1 };

/*
 * Prints a draft, PATH.new, which takes the file's place when it is whole, and with `synced` when
 * it is on the disk.  `mode` holds whatever the umask is.  0 or -errno; no draft is left behind.
 */
int file_replace(const char *path, mode_t mode, bool synced, file_print *print, void *context);
/* Puts a replaced file's name on the disk too: until then it may not survive a power cut. */
int file_sync_directory(const char *path);

#endif
