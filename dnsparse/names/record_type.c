/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of record types.
 */
#include "dnsparse/names/record_type.h"

const char *record_type_name(enum record_type type)
{
    switch (type) {
    case RECORD_A:
        return "A";
    case RECORD_AAAA:
        return "AAAA";
    case RECORD_HTTPS:
        return "HTTPS";
    case RECORD_SVCB:
        return "SVCB";
    case RECORD_LIST:
        return "LIST";
    case RECORD_NONE:
    case RECORD_COUNT:
        break;
    }
    return "";
}
