/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-A FORWARD -m connmark --mark 0x570000/0xff0000 -j ACCEPT", and nothing else in the line: a rule
 * with other conditions is not judged by its text.
 */
#include "doctor/rules/markrules.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_SIZE = 256 };

bool markrules_accept(const char *text, size_t size, uint32_t mark)
{
    bool in_filter = false;

    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size;
        char line[LINE_MAX_SIZE] = "", chain[64], rest[64] = "";
        unsigned value, filter = UINT32_MAX;

        if (length < sizeof(line))
            memcpy(line, text, length);
        if (line[0] == '*')
            in_filter = strcmp(line, "*filter") == 0;
        int fields = !in_filter ? 0
                                : sscanf(line, "-A %63s -m connmark --mark %x/%x %63[^\n]", chain,
                                         &value, &filter, rest);
        if (in_filter && fields < 3) /* without a mask */
            fields = sscanf(line, "-A %63s -m connmark --mark %x %63[^\n]", chain, &value, rest);
        if (fields >= 3 && strcmp(rest, "-j ACCEPT") == 0 && (mark & filter) == value)
            return true;
        text += length;
        size -= length;
        if (end) {
            text++;
            size--;
        }
    }
    return false;
}
