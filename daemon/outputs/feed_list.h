/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files are feeds of ours, kept beside the leases over a restart: one that the configuration
 * stops naming meanwhile is emptied all the same.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_FEED_LIST_H
#define WILDSET_DAEMON_OUTPUTS_FEED_LIST_H

#include <stddef.h>

struct feedlist;

/* For the directory of `state`, the file of the leases; NULL: nothing is kept.  NULL when memory is
 * out. */
struct feedlist *feedlist_open(const char *state);
void feedlist_free(struct feedlist *list);
typedef void feedlist_path(void *context, const char *path);
/* Each path of the list as it was left: "/...", valid as a feed.  The others are left out. */
void feedlist_each(struct feedlist *list, feedlist_path *each, void *context);
/* The same of such a file's bytes, which may be anybody's. */
void feedlist_parse(const char *text, size_t size, feedlist_path *each, void *context);
/* Replaces the list: begin, each path, then end.  Nothing is written that stands there already;
 * what cannot be written is logged once. */
void feedlist_begin(struct feedlist *list);
void feedlist_add(struct feedlist *list, const char *path);
void feedlist_end(struct feedlist *list);

#endif
