/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line by line.  What a strict reader must refuse (a folded line, a space before the colon) makes
 * the whole head none: who sends that may be read differently by whoever stands in between.
 */
#include "doctor/host/httphead.h"

#include <string.h>
#include <strings.h>

/* A piece of the head, lent. */
struct span {
    const char *at;
    size_t size;
};

enum known_header {
    HEADER_UPGRADE,
    HEADER_CONNECTION,
    HEADER_ACCEPT,
    HEADER_EXTENSIONS,
    HEADER_PROTOCOL,
    HEADER_SERVER,
    HEADER_VIA,
    HEADER_COUNT,
};

static const char *const header_names[HEADER_COUNT] = {
    [HEADER_UPGRADE] = "upgrade",
    [HEADER_CONNECTION] = "connection",
    [HEADER_ACCEPT] = "sec-websocket-accept",
    [HEADER_EXTENSIONS] = "sec-websocket-extensions",
    [HEADER_PROTOCOL] = "sec-websocket-protocol",
    [HEADER_SERVER] = "server",
    [HEADER_VIA] = "via",
};

static bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.size && strncasecmp(span.at, text, span.size) == 0;
}

/* Without the blanks around it. */
static struct span span_trim(struct span span)
{
    while (span.size > 0 && (span.at[0] == ' ' || span.at[0] == '\t')) {
        span.at++;
        span.size--;
    }
    while (span.size > 0 && (span.at[span.size - 1] == ' ' || span.at[span.size - 1] == '\t'))
        span.size--;
    return span;
}

/* The bytes in front of `mark`, and *rest behind it; false when there is none. */
static bool span_cut(struct span span, char mark, struct span *front, struct span *rest)
{
    const char *end = span.size > 0 ? memchr(span.at, mark, span.size) : NULL;

    if (!end)
        return false;
    *front = (struct span){span.at, (size_t)(end - span.at)};
    *rest = (struct span){end + 1, span.size - front->size - 1};
    return true;
}

/* A line and the rest behind its end: CR LF, or a bare LF (RFC 9112, section 2.2). */
static bool line_take(struct span *rest, struct span *line)
{
    if (!span_cut(*rest, '\n', line, rest))
        return false;
    if (line->size > 0 && line->at[line->size - 1] == '\r')
        line->size--;
    return true;
}

/* Whether a comma-separated list has this word. */
static bool list_has(struct span list, const char *word)
{
    struct span item;

    while (span_cut(list, ',', &item, &list)) {
        if (span_is(span_trim(item), word))
            return true;
    }
    return span_is(span_trim(list), word);
}

static void text_copy(char out[static HTTP_TEXT_MAX], struct span value)
{
    size_t size = value.size < HTTP_TEXT_MAX ? value.size : HTTP_TEXT_MAX - 1;

    for (size_t i = 0; i < size; i++)
        out[i] = value.at[i] >= ' ' && value.at[i] <= '~' ? value.at[i] : '?';
    out[size] = '\0';
}

static bool status_line_read(struct span line, struct http_head *out)
{
    static const char start[] = "HTTP/1.";
    const size_t version = sizeof(start) - 1;

    if (line.size < version + 5 || memcmp(line.at, start, version) != 0)
        return false;
    const char *at = line.at + version; /* "1 101" */
    if ((at[0] != '0' && at[0] != '1') || at[1] != ' ' || (line.size > version + 5 && at[5] != ' '))
        return false;
    for (unsigned i = 2; i < 5; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        out->status = out->status * 10 + (unsigned)(at[i] - '0');
    }
    return out->status >= 100 && out->status <= 599;
}

/* False for a line that is no header: RFC 9110, section 5.6.2, a name has no blanks in it. */
static bool header_read(struct http_head *head, unsigned *accepts, struct span line)
{
    struct span name, value;
    unsigned header = 0;

    if (!span_cut(line, ':', &name, &value) || name.size == 0)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] <= ' ' || name.at[i] > '~')
            return false;
    }
    while (header < HEADER_COUNT && !span_is(name, header_names[header]))
        header++;
    value = span_trim(value);
    switch ((enum known_header)header) {
    case HEADER_UPGRADE:
        head->upgrade |= list_has(value, "websocket");
        break;
    case HEADER_CONNECTION:
        head->connection_upgrade |= list_has(value, "upgrade");
        break;
    case HEADER_ACCEPT:
        text_copy(head->accept, value);
        if (++*accepts > 1)
            head->accept[0] = '\0';
        break;
    case HEADER_EXTENSIONS:
    case HEADER_PROTOCOL:
        head->extension |= value.size > 0;
        break;
    case HEADER_SERVER:
        text_copy(head->server, value);
        break;
    case HEADER_VIA:
        text_copy(head->via, value);
        break;
    case HEADER_COUNT: /* of no interest */
        break;
    }
    return true;
}

enum http_outcome http_head_read(const char *bytes, size_t size, struct http_head *out)
{
    static const char start[] = "HTTP/1.";
    size_t checked = size < sizeof(start) - 1 ? size : sizeof(start) - 1;
    struct span rest = {bytes, size < HTTP_HEAD_MAX ? size : HTTP_HEAD_MAX}, line;
    struct http_head head = {.status = 0};
    unsigned accepts = 0;
    enum http_outcome unfinished = size < HTTP_HEAD_MAX ? HTTP_UNFINISHED : HTTP_NONE;

    if (memcmp(bytes, start, checked) != 0)
        return HTTP_NONE;
    if (!line_take(&rest, &line))
        return unfinished;
    if (!status_line_read(line, &head))
        return HTTP_NONE;
    while (line_take(&rest, &line)) {
        if (line.size == 0) {
            *out = head;
            return HTTP_WHOLE;
        }
        if (!header_read(&head, &accepts, line))
            return HTTP_NONE;
    }
    return unfinished;
}
