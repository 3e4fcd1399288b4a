/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over the configuration's bytes.  Each function eats one construct and returns false
 * after it has set the fault; what is left behind means the same to libconfuse as to the
 * administrator.
 */
#include "daemon/config/text.h"

#include <string.h>

enum { DEPTH_MAX = 8 }; /* a list in a section needs two; libconfuse recurses without a bound */

struct scanner {
    char *text;
    size_t size;
    size_t at;
    unsigned line;
    unsigned opened[DEPTH_MAX]; /* the lines of the open braces */
    bool list[DEPTH_MAX];       /* "= {", so that commas stand between the values in it */
    unsigned depth;
    bool after_equals, after_value, after_string; /* what the token before this one was */
    size_t word, word_before, key;                /* where the last ones, and the last key, begin */
    struct config_word section, title;            /* of the block that is open */
    void (*use)(void *context, const struct config_use *use);
    void *context;
    unsigned words;   /* since the last mark */
    bool holds_value; /* the list that was opened last */
    bool capture;     /* the section that was opened last */
    struct config_fault *fault;
};

static const char word_ends[] = {' ', '#', '"', '\'', '\t', '\n', '\r', '=',
                                 '{', '}', '(', ')',  '+',  ',',  '*'};

static bool scan_fail(struct scanner *scanner, unsigned line, const char *what)
{
    *scanner->fault = (struct config_fault){.line = line, .what = what};
    return false;
}

/* The byte `ahead` of here; a newline behind the end, which ends every construct that has to end.
 */
static char peek(const struct scanner *scanner, size_t ahead)
{
    return scanner->at + ahead < scanner->size ? scanner->text[scanner->at + ahead] : '\n';
}

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') ||
           byte == 0x7f;
}

static void blank_line_comment(struct scanner *scanner)
{
    while (scanner->at < scanner->size && peek(scanner, 0) != '\n')
        scanner->text[scanner->at++] = ' ';
}

static bool blank_block_comment(struct scanner *scanner)
{
    unsigned start = scanner->line;
    size_t end = scanner->at + 2;
    while (end + 1 < scanner->size && !(scanner->text[end] == '*' && scanner->text[end + 1] == '/'))
        end++;
    if (end + 1 >= scanner->size)
        return scan_fail(scanner, start, "the comment that begins here is never closed with */");
    for (; scanner->at < end + 2; scanner->at++) {
        if (peek(scanner, 0) == '\n')
            scanner->line++;
        else
            scanner->text[scanner->at] = ' ';
    }
    return true;
}

static bool check_in_string(struct scanner *scanner, char quote)
{
    if (is_control(peek(scanner, 0)))
        return scan_fail(scanner, scanner->line, "a control character in a string");
    if (quote == '\'')
        return true;
    if (peek(scanner, 0) == '$' && peek(scanner, 1) == '{')
        return scan_fail(
            scanner, scanner->line,
            "environment variables are not put in here: write the value, or use single "
            "quotes when ${ is meant as it stands");
    if (peek(scanner, 0) != '\\')
        return true;
    if (peek(scanner, 1) != '\\' && peek(scanner, 1) != '"')
        return scan_fail(
            scanner, scanner->line,
            "only \\\" and \\\\ are escapes in double quotes: in single quotes a backslash "
            "stands for itself");
    scanner->at++;
    return true;
}

static bool skip_string(struct scanner *scanner)
{
    char quote = peek(scanner, 0);
    for (scanner->at++; peek(scanner, 0) != quote; scanner->at++) {
        if (peek(scanner, 0) == '\n')
            return scan_fail(scanner, scanner->line, "the string is not closed on its line");
        if (!check_in_string(scanner, quote))
            return false;
    }
    scanner->at++;
    return true;
}

/* A word as libconfuse takes it: slashes inside it begin no comment ("https://..."). */
static bool skip_word(struct scanner *scanner)
{
    for (; !memchr(word_ends, peek(scanner, 0), sizeof(word_ends)); scanner->at++) {
        if (is_control(peek(scanner, 0)))
            return scan_fail(scanner, scanner->line, "a control character: not a text file?");
        if (peek(scanner, 0) == ';')
            return scan_fail(scanner, scanner->line,
                             "a semicolon: leave it out, the end of the line ends a value");
        if (peek(scanner, 0) == '|')
            return scan_fail(scanner, scanner->line,
                             "| outside quotes: write the section with { }");
        if (peek(scanner, 0) == '$' && peek(scanner, 1) == '{')
            return scan_fail(scanner, scanner->line,
                             "environment variables are not put in here: write the value");
    }
    return true;
}

/* The word that begins there, which a brace or an equals sign follows somewhere. */
static bool word_is(const struct scanner *scanner, size_t at, const char *word)
{
    size_t size = strlen(word);

    return scanner->size - at > size && memcmp(scanner->text + at, word, size) == 0 &&
           memchr(word_ends, scanner->text[at + size], sizeof(word_ends));
}

static struct config_word scanner_word(const struct scanner *scanner, size_t at)
{
    size_t end = at;

    if (end < scanner->size && (scanner->text[end] == '"' || scanner->text[end] == '\''))
        at = ++end;
    while (end < scanner->size && !memchr(word_ends, scanner->text[end], sizeof(word_ends)))
        end++;
    return (struct config_word){.text = scanner->text + at, .size = (int)(end - at)};
}

static void tell_use(const struct scanner *scanner, size_t at)
{
    const struct config_use use = {.line = scanner->line,
                                   .section = scanner->section,
                                   .title = scanner->title,
                                   .name = scanner_word(scanner, at)};

    if (scanner->use)
        scanner->use(scanner->context, &use);
}

/* "SECTION {" or "SECTION TITLE {". */
static void begin_section(struct scanner *scanner)
{
    bool titled = scanner->words > 1;
    size_t name = titled ? scanner->word_before : scanner->word;

    tell_use(scanner, name);
    scanner->capture = word_is(scanner, name, "capture");
    scanner->section = scanner_word(scanner, name);
    scanner->title = titled ? scanner_word(scanner, scanner->word) : (struct config_word){0};
}

/*
 * An empty list of resolvers says what no list does.  To libconfuse a later "+=" would be all there
 * is, as behind "=", when it should add to that.
 */
static void blank_empty_list(struct scanner *scanner)
{
    if (scanner->holds_value || !scanner->capture || !word_is(scanner, scanner->key, "resolvers"))
        return;
    for (size_t i = scanner->key; i < scanner->at; i++) {
        if (scanner->text[i] != '\n')
            scanner->text[i] = ' ';
    }
}

static bool open_brace(struct scanner *scanner)
{
    if (scanner->depth == DEPTH_MAX)
        return scan_fail(scanner, scanner->line, "braces are nested too deeply");
    scanner->list[scanner->depth] = scanner->after_equals;
    scanner->opened[scanner->depth++] = scanner->line;
    scanner->holds_value = false;
    if (!scanner->after_equals && scanner->words > 0)
        begin_section(scanner);
    scanner->at++;
    return true;
}

static bool close_brace(struct scanner *scanner)
{
    if (scanner->depth == 0)
        return scan_fail(scanner, scanner->line, "} without a { before it");
    scanner->at++;
    if (scanner->list[--scanner->depth])
        blank_empty_list(scanner);
    else
        scanner->section = scanner->title = (struct config_word){0};
    return true;
}

/* In a list a value follows a comma, and nowhere two strings stand beside each other. */
static bool check_comma(struct scanner *scanner, bool string)
{
    bool in_list = scanner->depth > 0 && scanner->list[scanner->depth - 1];

    if ((in_list && scanner->after_value) || (string && scanner->after_string))
        return scan_fail(scanner, scanner->line, "a comma is missing before this value");
    if (!in_list && !scanner->after_equals) {
        scanner->word_before = scanner->word;
        scanner->word = scanner->at;
        scanner->words++;
    }
    scanner->holds_value = true;
    scanner->after_equals = false;
    scanner->after_value = true;
    scanner->after_string = string;
    return true;
}

static void after_mark(struct scanner *scanner, char mark)
{
    if (mark == '=')
        scanner->key = scanner->word;
    if ((mark == '=' || mark == '(') && scanner->words > 0)
        tell_use(scanner, scanner->word);
    scanner->words = 0;
    scanner->after_equals = mark == '=';
    scanner->after_value = scanner->after_string = false;
}

static bool step(struct scanner *scanner)
{
    char byte = peek(scanner, 0);

    switch (byte) {
    case '\n':
        scanner->line++;
        scanner->at++;
        return true;
    case ' ':
    case '\t':
    case '\r':
        scanner->at++;
        return true;
    case '=':
    case '(':
    case ')':
    case ',':
        after_mark(scanner, byte);
        scanner->at++;
        return true;
    case '{':
        if (!open_brace(scanner))
            return false;
        after_mark(scanner, byte);
        return true;
    case '}':
        if (!close_brace(scanner))
            return false;
        after_mark(scanner, byte);
        return true;
    case '"':
    case '\'':
        return check_comma(scanner, true) && skip_string(scanner);
    case '#':
        blank_line_comment(scanner);
        return true;
    case '*':
        return scan_fail(scanner, scanner->line, "* outside quotes: write \"*.example.net\"");
    case '+':
        if (peek(scanner, 1) != '=')
            return scan_fail(scanner, scanner->line, "+ without =: += adds to a list");
        after_mark(scanner, '=');
        scanner->at += 2;
        return true;
    case '/':
        if (peek(scanner, 1) == '*')
            return blank_block_comment(scanner);
        if (peek(scanner, 1) == '/') {
            blank_line_comment(scanner);
            return true;
        }
        return check_comma(scanner, false) && skip_word(scanner);
    default:
        return check_comma(scanner, false) && skip_word(scanner);
    }
}

bool config_text_clean(char *text, size_t size, struct config_fault *fault,
                       void (*use)(void *context, const struct config_use *use), void *context)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 files with it */
    struct scanner scanner = {
        .text = text, .size = size, .line = 1, .fault = fault, .use = use, .context = context};

    if (size >= 3 && memcmp(text, mark, 3) == 0)
        memset(text, ' ', 3);
    while (scanner.at < size)
        if (!step(&scanner))
            return false;
    if (scanner.depth > 0)
        return scan_fail(&scanner, scanner.opened[scanner.depth - 1], "the { here is never closed");
    if (scanner.words > 0 || scanner.after_equals) /* the next file must not complete it */
        return scan_fail(&scanner, scanner.line, "the file ends in the middle of a setting");
    return true;
}
