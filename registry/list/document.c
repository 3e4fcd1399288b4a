/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kind of document it is, by its first byte that says something.
 */
#include "registry/list/document.h"

#include <string.h>

/* "[2001:db8::1]:443" in the first line is text, though it begins as JSON does. */
static bool begins_with_address(const char *bytes, size_t size)
{
    size_t line = 0;

    while (line < size && line < ENTRY_TEXT_MAX && !strchr("\r\n,; \t", bytes[line]))
        line++;
    return entry_from_text(bytes, line, true).kind == ENTRY_ADDRESS;
}

enum document_outcome document_read(const char *bytes, size_t size, document_visit *visit,
                                    void *context)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";

    if (size > 0 && memchr(bytes, '\0', size))
        return DOCUMENT_BINARY;
    if (size >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    for (; size > 0 && strchr(" \t\r\n", *bytes); bytes++)
        size--;
    if (size == 0)
        return DOCUMENT_OK;
    if (*bytes == '<')
        return DOCUMENT_PAGE;
    if (*bytes == '{' || (*bytes == '[' && !begins_with_address(bytes, size)))
        return document_read_json(bytes, size, visit, context);
    return document_read_text(bytes, size, visit, context);
}
