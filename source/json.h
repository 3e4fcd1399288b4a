/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values into a JSON object.  What is unknown (NULL, "", no address, no name, a time of 0) is left
 * out: never null, never empty.
 */
#ifndef WILDSET_SOURCE_JSON_H
#define WILDSET_SOURCE_JSON_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

void put_text(json_t *object, const char *key, const char *text);
void put_count(json_t *object, const char *key, uint64_t value);
void put_flag(json_t *object, const char *key, bool value);
void put_time(json_t *object, const char *key, uint64_t real_ns);
void put_address(json_t *object, const char *key, const struct address *address);
void put_name(json_t *object, const char *key, const struct dname *name);
/* One more value of an array. */
void append_address(json_t *array, const struct address *address);

#endif
