/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry's answer as entries: JSON of any shape, lines of text with # and ; comments, CSV.
 * Bounded in depth and number; what cannot be a list is said to be none.  Pure.
 */
#ifndef WILDSET_REGISTRY_LIST_DOCUMENT_H
#define WILDSET_REGISTRY_LIST_DOCUMENT_H

#include "registry/list/entry.h"

#include <stddef.h>

enum document_outcome {
    DOCUMENT_OK,        /* whatever it holds; nothing too */
    DOCUMENT_PAGE,      /* HTML or XML: an error page, a login */
    DOCUMENT_MALFORMED, /* begins as JSON and is none (RFC 8259), invalid UTF-8 included */
    DOCUMENT_BINARY,    /* holds a NUL byte */
    DOCUMENT_TOO_DEEP,  /* more than DOCUMENT_DEPTH_MAX */
    DOCUMENT_TOO_LONG,  /* more than DOCUMENT_VALUES_MAX */
    DOCUMENT_NO_MEMORY,
};

enum {
    DOCUMENT_DEPTH_MAX = 32,
    DOCUMENT_VALUES_MAX = 131072, /* JSON values, or lines and fields of text */
};

/*
 * `text` is the entry as it stands there, `size` bytes, untrusted.  `beside` is the host that an
 * address belongs to where the document says so (the same object, row, or the map's key); NULL
 * else.
 */
typedef void document_visit(void *context, const struct entry *entry, const char *text, size_t size,
                            const struct dname *beside);

/* Before a sandbox that opens no files: the JSON library wants its random seed from one. */
void document_prepare(void);
/* On an outcome other than DOCUMENT_OK some entries may have been visited already: forget them. */
enum document_outcome document_read(const char *bytes, size_t size, document_visit *visit,
                                    void *context);

/* Inside: what document_read tries in turn. */
enum document_outcome document_read_json(const char *bytes, size_t size, document_visit *visit,
                                         void *context);
enum document_outcome document_read_text(const char *bytes, size_t size, document_visit *visit,
                                         void *context);

#endif
