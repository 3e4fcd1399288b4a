/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command is about: an address or a name, its only argument.
 */
#ifndef WILDSET_CLIENT_SUBJECT_H
#define WILDSET_CLIENT_SUBJECT_H

#include "client/options.h"

#include "dnsparse/names/dname.h"

#include <jansson.h>

/*
 * As a request's arguments: {"address":TEXT} or {"name":TEXT}, U-labels converted.  NULL with what
 * it is in *problem when it is neither.
 */
json_t *subject_read(const char *text, const char **problem);
/* For those who take names only.  What is wrong with the text; NULL, and *name is it. */
const char *subject_read_name(const char *text, struct dname *name);
/* Reads the command line and asks the daemon.  The exit status; `reply` stays NULL when there is
 * nothing more to do. */
int subject_ask(struct options *options, const struct options_page *page, int argc, char **argv,
                const char *command, json_t **reply);

#endif
