/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "host", "ip", "servers"...: the words that lists use for what is an entry.
 */
#ifndef WILDSET_REGISTRY_LIST_LABELS_H
#define WILDSET_REGISTRY_LIST_LABELS_H

#include <stdbool.h>
#include <stddef.h>

bool label_is_known(const char *text, size_t size);
/* Of these: the words for the host itself. */
bool label_is_host(const char *text, size_t size);

#endif
