/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A feed as a file: whoever fetches it finds the whole of before or the whole of now, and a file
 * that would not change is not touched, so that its ETag stays.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_FEED_FILE_H
#define WILDSET_DAEMON_OUTPUTS_FEED_FILE_H

#include "daemon/outputs/feed.h"

/* Mode 0644.  Takes as long as the disk does.  0 or -errno. */
int feedfile_write(const char *path, const struct feed *feed);
/* Whether the directory is there and may be written by this process: 0 or -errno. */
int feedfile_try(const char *path);
/* What to do about that, for the end of a message. */
const char *feedfile_advice(int error);

#endif
