/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command is about, as a person names it: an address or a name.
 */
#ifndef WILDSET_CLIENT_SUBJECT_H
#define WILDSET_CLIENT_SUBJECT_H

#include <jansson.h>

/*
 * The request's arguments, {"address":TEXT} or {"name":TEXT}, U-labels converted.  NULL with a
 * sentence in *problem when it is neither.
 */
json_t *subject_read(const char *text, const char **problem);

#endif
