/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the configuration's library: the state of one reading, the table of keys, and the checks
 * that need more than one key.
 */
#ifndef WILDSET_DAEMON_CONFIG_READER_H
#define WILDSET_DAEMON_CONFIG_READER_H

#include "daemon/config/config.h"
#include "daemon/config/text.h"

enum config_section {
    SECTION_ROOT,
    SECTION_CAPTURE,
    SECTION_DNSTAP,
    SECTION_WHITELIST,
    SECTION_COUNT,
};

/* Of a key's value, or of each value in its list. */
enum config_type {
    TYPE_BOOLEAN = 1,
    TYPE_NUMBER,
    TYPE_DURATION, /* kept in seconds */
    TYPE_WAIT,     /* kept in milliseconds */
    TYPE_WORD,
    TYPE_ADDRESS,
    TYPE_PREFIX,
    TYPE_DNS64,
    TYPE_INTERFACE,
    TYPE_RESOLVER,
    TYPE_TUNNEL,
    TYPE_VLAN,
    TYPE_PATTERN,
    TYPE_SET,
    TYPE_SERVICE,
    TYPE_URL,
    TYPE_PATH,
    TYPE_FEED,
    TYPE_USER,
};

enum { CONFIG_MEND_MAX = 384, CONFIG_PATH_SHOWN_MAX = 200 };

/* One row of the table: what a key may hold and where it goes. */
struct config_key {
    const char *name;
    enum config_section section;
    enum config_type type;
    const char *standard; /* what an empty list means: += adds to that; or NULL */
    const char *wanted;   /* what would be right: the end of "ttl-min: "x": expected ..." */
    /* A frequent slip, and the line that would be right: replaces "wanted ..."; or NULL. */
    bool (*mend)(const char *text, char out[static CONFIG_MEND_MAX]);
    const char *const *choices; /* for words: the enum's names in order, then NULL */
    uint32_t least, most;       /* for numbers */
    size_t offset;              /* of the value in struct config or struct whitelist */
    bool list;
    size_t count_offset; /* of a list's count */
    size_t element_size; /* of a list's elements; 0: they are put together into one value */
    size_t elements_max;
};

enum { CONFIG_KEYS_MAX = 64 };

size_t config_key_count(void);
const struct config_key *config_key(size_t index);
/* NULL when the section has no such key. */
const struct config_key *config_key_find(enum config_section section, const char *name);
size_t config_key_index(const struct config_key *key);
/* False, and `out` is as it was, when the text is no value of the key's type. */
bool config_convert(const struct config_key *key, const char *text, void *out);

struct config_reader {
    struct config_file *files; /* at least one */
    size_t file_count;
    unsigned line_offset; /* of the file that is looked at by itself */
    struct config *config;
    char *error; /* CONFIG_ERROR_MAX bytes */
    size_t error_used;
    unsigned untold; /* findings that did not fit */
    bool no_memory;
    bool has_unknown_key;                 /* told already */
    struct whitelist *open;               /* the block that is being read, or NULL */
    struct whitelist spare;               /* where a block goes that is one too many */
    unsigned line[CONFIG_KEYS_MAX];       /* where each key stood last, 0: nowhere (yet) */
    unsigned set_line[WHITELISTS_MAX][2]; /* where each set is named */
    unsigned whitelist_line[WHITELISTS_MAX];
};

/* With the defaults and no whitelist; NULL when out of memory. */
struct config *config_new(void);
/* What the whitelist owns, not itself. */
void config_free_whitelist(struct whitelist *whitelist);

/* Lines count through all files; each finding says which one it is in. */
enum { CONFIG_PLACE_MAX = CONFIG_PATH_SHOWN_MAX + 16 };
/* "FILE:LINE"; "FILE" for line 0.  Returns `out`. */
const char *config_where(const struct config_reader *reader, unsigned line,
                         char out[static CONFIG_PLACE_MAX]);
/* What a finding in `line` refers to: "line 12" when that is in the same file.  Returns `out`. */
const char *config_place(const struct config_reader *reader, unsigned place, unsigned line,
                         char out[static CONFIG_PLACE_MAX]);

/* Line 0: about what the file does not say. */
void config_finding(struct config_reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_warn(struct config_reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_note(struct config_reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The file has ended: 0, or -EINVAL or -ENOMEM with `error` complete. */
int config_findings_end(struct config_reader *reader);

/* For config_text_clean: whether there is such a key in this block. */
void config_check_use(void *context, const struct config_use *use);
/* The text, cleaned by config_text_clean, through libconfuse and the table.  Findings are in
 * `reader`. */
void config_parse_cleaned(struct config_reader *reader, char *text, size_t size);

/* The block `reader->open` has ended at this line: defaults that depend on its name, limits, sets.
 */
void config_check_whitelist(struct config_reader *reader, unsigned line);
/* The file has ended: what only the whole can say. */
void config_check(struct config_reader *reader, unsigned last_line);

#endif
