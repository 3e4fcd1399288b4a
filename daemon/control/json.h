/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values into a JSON object.  What is unknown is left out: never null, never empty.
 */
#ifndef WILDSET_DAEMON_CONTROL_JSON_H
#define WILDSET_DAEMON_CONTROL_JSON_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <jansson.h>
#include <stdint.h>

void put_text(json_t *object, const char *key, const char *text);
void put_count(json_t *object, const char *key, uint64_t value);
void put_address(json_t *object, const char *key, const struct address *address);
void put_name(json_t *object, const char *key, const struct dname *name);

#endif
