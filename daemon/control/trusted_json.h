/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom to believe, and who says so, for `status` and `test`.
 */
#ifndef WILDSET_DAEMON_CONTROL_TRUSTED_JSON_H
#define WILDSET_DAEMON_CONTROL_TRUSTED_JSON_H

#include "daemon/config/trusted.h"

#include <jansson.h>

json_t *trusted_to_json(const struct trusted *trusted);

#endif
