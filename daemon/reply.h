/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a request of the control socket is answered, as JSON.  No sockets here.
 */
#ifndef WILDSET_DAEMON_REPLY_H
#define WILDSET_DAEMON_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct control_views;
struct listing;

struct reply_terms {
    const struct control_views *views;
    bool may_forget;
    bool may_list; /* there is room for one more snapshot */
};

/*
 * The answer to the bytes of one packet; the error that a bad one gets.  For `list` it is the first
 * lease, and *listing gets what reply_next takes the others from.  NULL when memory is out.
 */
json_t *reply_make(const char *bytes, size_t size, const struct reply_terms *terms,
                   struct listing **listing);
/* The next lease; at the end the end's mark, and *listing is freed and NULL. */
json_t *reply_next(struct listing **listing);
json_t *reply_error(const char *error);

#endif
