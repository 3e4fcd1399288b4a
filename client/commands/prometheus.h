/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A status object as Prometheus reads it: the text exposition format 0.0.4.  Names follow its
 * conventions: wildset_ in front, base units, _total for what only grows.
 */
#ifndef WILDSET_CLIENT_COMMANDS_PROMETHEUS_H
#define WILDSET_CLIENT_COMMANDS_PROMETHEUS_H

#include <jansson.h>
#include <stdio.h>

/* `status` is NULL when the daemon cannot be asked: then wildset_up is 0, and nothing else is
 * known. A counter that a source has and this version does not know comes along under its own name.
 */
void exposition_print(const json_t *status, FILE *out);

#endif
