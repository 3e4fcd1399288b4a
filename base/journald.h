/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry with fields of its own for systemd's journal, by its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).  sd_journal_sendv(3) would wait for a journal that
 * does not read; this never waits.
 */
#ifndef WILDSET_BASE_JOURNALD_H
#define WILDSET_BASE_JOURNALD_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNALD_PATH "/run/systemd/journal/socket"

enum { JOURNALD_ENTRY_MAX = 16384 };

/* Begins with 0 used. */
struct journald_entry {
    size_t used;
    char bytes[JOURNALD_ENTRY_MAX];
};

/*
 * `field` is upper case letters, digits and _.  The value is framed by its length: whatever bytes
 * it has, it stays one value of this field.  A field that does not fit is left out, whole; so is an
 * empty value.
 */
void journald_add(struct journald_entry *entry, const char *field, const char *value);

/* A socket connected to the journal's, or -errno. */
int journald_open(const char *path);
/* 0 or -errno; -EAGAIN when the journal does not keep up. */
int journald_send(int fd, const struct journald_entry *entry);

#endif
