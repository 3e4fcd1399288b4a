/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the leases on disk: at most every ten seconds, sooner when one was taken back on purpose,
 * and at the end.  A child writes what it inherited, so that no answer waits for a disk.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_LEASE_SAVER_H
#define WILDSET_DAEMON_OUTPUTS_LEASE_SAVER_H

struct loop;
struct saver;
struct setsync;

#define SAVER_FOLDER "/var/lib/wildset"
#define SAVER_FILE "leases"

/* All but saver_new do nothing for NULL.  0 or -ENOMEM; `path` and `sync` are borrowed. */
int saver_new(struct loop *loop, const struct setsync *sync, const char *path, struct saver **out);
/* Saves a last time, and waits for it. */
void saver_free(struct saver *saver);
/* What the file says is not true any more: something was taken away that must not come back with
 * the next start, or the wall clock was set. */
void saver_soon(struct saver *saver);
/* A child has ended; perhaps ours. */
void saver_reap(struct saver *saver);

#endif
