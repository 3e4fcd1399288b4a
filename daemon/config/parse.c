/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bridge to libconfuse: its options are made from the table of keys, and each value is
 * converted while the parser stands on its line, because libconfuse remembers no lines.  A bad
 * value is a finding and parsing goes on; a syntax error ends it.
 */
#include "daemon/config/reader.h"
#include "daemon/config/values.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const section_names[SECTION_COUNT] = {
    [SECTION_ROOT] = "root",
    [SECTION_CAPTURE] = "capture",
    [SECTION_DNSTAP] = "dnstap",
    [SECTION_WHITELIST] = "whitelist",
};

/*
 * libconfuse gives its callbacks no context.  Each block has an option more, which nobody can write
 * (a configuration has no control characters), and whose variable is a pointer to the reader;
 * libconfuse leaves that alone until a value comes.
 */
static const char reader_option[] = "\001";

static struct config_reader *reader_of(cfg_t *cfg)
{
    return *cfg_getopt(cfg, reader_option)->simple_value.ptr;
}

static enum config_section section_of(const cfg_t *cfg)
{
    for (unsigned i = SECTION_ROOT + 1; i < SECTION_COUNT; i++)
        if (strcmp(cfg->name, section_names[i]) == 0)
            return (enum config_section)i;
    return SECTION_ROOT;
}

static enum config_section section_named(const struct config_word *name)
{
    for (unsigned i = SECTION_ROOT + 1; i < SECTION_COUNT; i++)
        if (strlen(section_names[i]) == (size_t)name->size &&
            memcmp(section_names[i], name->text, (size_t)name->size) == 0)
            return (enum config_section)i;
    return SECTION_ROOT;
}

/* "capture: ", "whitelist lookback: " or "": in front of a key's name. */
static const char *section_label(const cfg_t *cfg, char out[static 64])
{
    enum config_section section = section_of(cfg);
    out[0] = '\0';
    if (section == SECTION_CAPTURE)
        return "capture: ";
    if (section == SECTION_DNSTAP)
        return "dnstap: ";
    if (section == SECTION_WHITELIST)
        snprintf(out, 64, "whitelist %.40s: ", cfg->title ? cfg->title : "");
    return out;
}

static unsigned line_of(const cfg_t *cfg)
{
    return cfg->line > 0 ? (unsigned)cfg->line : 1;
}

/* The defaults that do not depend on anything; set4 and set6 get theirs when the block ends. */
static void whitelist_defaults(struct whitelist *whitelist)
{
    *whitelist = (struct whitelist){
        .create = true,
        .match = MATCH_QUESTION,
        .follow = FOLLOW_ACROSS,
        .ttl_min = 60,
        .ttl_max = 86400,
        .grace = 600,
        .max_addresses = 4096,
        .feed_linger = 300,
        .resolve = true,
        .registry_interval = 600,
        .registry_keep = 86400,
        .registry_shrink = 50,
    };
}

/* The block's first key, or its end when it has none. */
static void open_whitelist(struct config_reader *reader, const char *title, unsigned line)
{
    struct config *config = reader->config;
    char name[WHITELIST_NAME_MAX] = "", place[CONFIG_PLACE_MAX];

    for (size_t i = 0; i < config_key_count(); i++)
        if (config_key(i)->section == SECTION_WHITELIST)
            reader->line[i] = 0;
    if (!value_whitelist_name(title, name))
        config_finding(reader, line,
                       "whitelist \"%.40s\": expected a name that begins with a letter and has at "
                       "most 31 letters, digits, _ and -",
                       title);
    else if (config_whitelist(config, name))
        config_finding(
            reader, line, "whitelist %s: duplicate name: also in %s", name,
            config_place(
                reader, reader->whitelist_line[config_whitelist(config, name) - config->whitelists],
                line, place));
    if (config->whitelist_count < WHITELISTS_MAX) {
        reader->whitelist_line[config->whitelist_count] = line;
        reader->open = &config->whitelists[config->whitelist_count++];
    } else {
        config_finding(reader, line, "whitelist %s: more than %d whitelists", name, WHITELISTS_MAX);
        config_free_whitelist(&reader->spare);
        reader->open = &reader->spare;
    }
    whitelist_defaults(reader->open);
    memcpy(reader->open->name, name, WHITELIST_NAME_MAX);
}

static struct whitelist *whitelist_of(struct config_reader *reader, const cfg_t *section,
                                      unsigned line)
{
    if (!reader->open)
        open_whitelist(reader, section->title ? section->title : "", line);
    return reader->open;
}

static size_t element_count(const struct config_key *key, const char *target)
{
    size_t count;
    memcpy(&count, target + key->count_offset, sizeof(count));
    return count;
}

static void set_element_count(const struct config_key *key, char *target, size_t count)
{
    memcpy(target + key->count_offset, &count, sizeof(count));
}

/* Room for one more element of a list; NULL when out of memory. */
static void *list_grow(struct config_reader *reader, const struct config_key *key, char *target)
{
    size_t count = element_count(key, target);
    void *elements;

    memcpy(&elements, target + key->offset, sizeof(elements));
    if ((count & (count - 1)) == 0) { /* the room is always a power of two */
        elements = reallocarray(elements, count ? 2 * count : 1, key->element_size);
        if (!elements) {
            reader->no_memory = true;
            return NULL;
        }
        memcpy(target + key->offset, &elements, sizeof(elements));
    }
    return (char *)elements + count * key->element_size;
}

static bool store(struct config_reader *reader, const struct config_key *key, char *target,
                  const char *text)
{
    void *element;
    if (key->element_size == 0)
        return config_convert(key, text, target + key->offset);
    element = list_grow(reader, key, target);
    if (!element)
        return true; /* told as such at the end */
    if (!config_convert(key, text, element))
        return false;
    set_element_count(key, target, element_count(key, target) + 1);
    return true;
}

/*
 * A key's first value after "=".  libconfuse lets a second assignment replace the first one in
 * silence; here it is a finding, and a list begins anew in any case.
 */
static void begin_key(struct config_reader *reader, const struct config_key *key, const cfg_t *cfg,
                      char *target)
{
    char label[64];
    char place[CONFIG_PLACE_MAX];
    unsigned *line = &reader->line[config_key_index(key)];
    if (*line)
        config_finding(reader, line_of(cfg), "%s%s: already set in %s%s", section_label(cfg, label),
                       key->name, config_place(reader, *line, line_of(cfg), place),
                       key->list ? ": += adds to a list" : "");
    if (key->list)
        set_element_count(key, target, 0);
    *line = line_of(cfg);
}

static void refuse_value(struct config_reader *reader, const struct config_key *key,
                         const cfg_t *cfg, const char *value)
{
    char room[64], mend[CONFIG_MEND_MAX];
    const char *label = section_label(cfg, room);

    if (key->mend && key->mend(value, mend))
        config_finding(reader, line_of(cfg), "%s%s: \"%.200s\": %s", label, key->name, value, mend);
    else
        config_finding(reader, line_of(cfg), "%s%s: \"%.200s\": expected %s", label, key->name,
                       value, key->wanted);
}

/* "+=" in front of which there was nothing: it adds to what nothing means. */
static void begin_with_standard(struct config_reader *reader, const struct config_key *key,
                                const cfg_t *cfg, char *target)
{
    if (!key->standard || element_count(key, target) > 0)
        return;
    reader->line[config_key_index(key)] = line_of(cfg);
    (void)store(reader, key, target, key->standard);
}

static int parse_value(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result)
{
    struct config_reader *reader = reader_of(cfg);
    const struct config_key *key = config_key_find(section_of(cfg), option->name);
    char *target = key->section == SECTION_WHITELIST
                       ? (char *)whitelist_of(reader, cfg, line_of(cfg))
                       : (char *)reader->config;
    char label[64];

    *(const char **)result = value;
    if (option->nvalues <= 1)
        begin_key(reader, key, cfg, target);
    else
        begin_with_standard(reader, key, cfg, target);
    if (key->element_size > 0 && element_count(key, target) >= key->elements_max)
        config_finding(reader, line_of(cfg), "%s%s: more than %zu values",
                       section_label(cfg, label), key->name, key->elements_max);
    else if (!store(reader, key, target, value))
        refuse_value(reader, key, cfg, value);
    return 0;
}

static int end_whitelist(cfg_t *cfg, cfg_opt_t *option)
{
    const cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    struct config_reader *reader = reader_of(cfg);

    whitelist_of(reader, section, line_of(cfg));
    config_check_whitelist(reader, line_of(cfg));
    reader->open = NULL;
    return 0;
}

/* Where a key that is unknown here would be right; SECTION_COUNT: nowhere. */
static enum config_section elsewhere(const char *name)
{
    for (unsigned i = 0; i < SECTION_COUNT; i++)
        if (config_key_find((enum config_section)i, name))
            return (enum config_section)i;
    return SECTION_COUNT;
}

/* Letters to insert, remove, replace or swap with their neighbour to turn one word into the other;
 * words longer than a key can be are far from all. */
static unsigned word_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    unsigned rows[3][MAX + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > MAX || b_length > MAX)
        return MAX;
    for (unsigned j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned least = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < least)
                least = above[j] + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < least)
                least = two_above[j - 2] + 1;
            row[j] = least;
        }
    }
    return rows[a_length % 3][b_length];
}

/* The key of this section that was probably meant; NULL when none is near. */
static const char *nearest_key(enum config_section section, const char *name)
{
    unsigned least = strlen(name) < 5 ? 2 : 3; /* so many letters away is too far */
    const char *nearest = NULL;

    for (size_t i = 0; i < config_key_count(); i++) {
        if (config_key(i)->section != section)
            continue;
        unsigned distance = word_distance(config_key(i)->name, name);
        if (distance >= least)
            continue;
        least = distance;
        nearest = config_key(i)->name;
    }
    return nearest;
}

/* Before libconfuse reads them: it stops at the first that it does not know, and only a text would
 * say that it was one. */
void config_check_use(void *context, const struct config_use *use)
{
    static const char *const places[] = {
        [SECTION_ROOT] = "it belongs outside of all blocks",
        [SECTION_CAPTURE] = "it belongs in capture { }",
        [SECTION_DNSTAP] = "it belongs in dnstap { }",
        [SECTION_WHITELIST] = "it belongs in whitelist NAME { }",
        [SECTION_COUNT] = "the shipped wildset.conf lists all",
    };
    struct config_reader *reader = context;
    enum config_section section = section_named(&use->section);
    unsigned line = reader->line_offset + use->line;
    char name[61], label[64] = "";

    snprintf(name, sizeof(name), "%.*s", use->name.size, use->name.text);
    if (use->name.size == 0 || config_key_find(section, name) ||
        (section == SECTION_ROOT && section_named(&use->name) != SECTION_ROOT))
        return;
    if (section != SECTION_ROOT)
        snprintf(label, sizeof(label), "%s%s%.*s: ", section_names[section],
                 use->title.size > 0 ? " " : "", use->title.size < 40 ? use->title.size : 40,
                 use->title.text);

    enum config_section place = elsewhere(name);
    const char *nearest = nearest_key(section, name);
    reader->has_unknown_key = true;
    if (place == SECTION_COUNT && nearest)
        config_finding(reader, line, "%s%s: unknown key: did you mean %s?", label, name, nearest);
    else
        config_finding(reader, line, "%s%s: unknown key: %s", label, name, places[place]);
}

/* A syntax error: libconfuse tells one and stops. */
static __attribute__((format(printf, 2, 0))) void tell_error(cfg_t *cfg, const char *format,
                                                             va_list arguments)
{
    struct config_reader *reader = reader_of(cfg);
    char text[256], label[64];

    if (reader->has_unknown_key) /* it stopped there */
        return;
    vsnprintf(text, sizeof(text), format, arguments);
    config_finding(reader, line_of(cfg), "%s%s", section_label(cfg, label), text);
}

/* The table's rows of one section as libconfuse wants them; how many. */
static size_t fill_options(void **variable, enum config_section section, cfg_opt_t *options)
{
    size_t used = 0;

    options[used] = (cfg_opt_t)CFG_SIMPLE_INT(reader_option, NULL);
    options[used++].simple_value.ptr = variable;
    for (size_t i = 0; i < config_key_count(); i++) {
        const struct config_key *key = config_key(i);
        if (key->section != section)
            continue;
        if (key->list)
            options[used++] = (cfg_opt_t)CFG_STR_LIST_CB(key->name, 0, CFGF_NODEFAULT, parse_value);
        else
            options[used++] = (cfg_opt_t)CFG_STR_CB(key->name, 0, CFGF_NODEFAULT, parse_value);
    }
    options[used] = (cfg_opt_t)CFG_END();
    return used;
}

/* So that "+=" has something to add to: libconfuse tells that apart from "=" by what is there. */
static void set_standards(cfg_t *section, enum config_section which)
{
    for (size_t i = 0; i < config_key_count(); i++) {
        const struct config_key *key = config_key(i);
        cfg_opt_t *option =
            key->section == which && key->standard ? cfg_getopt(section, key->name) : NULL;

        if (!option)
            continue;
        cfg_opt_setnstr(option, key->standard, 0);
        option->flags &= ~CFGF_MODIFIED;
        option->flags |= CFGF_RESET; /* "=" begins anew */
    }
}

static cfg_t *new_parser(void **variable)
{
    cfg_opt_t capture[CONFIG_KEYS_MAX + 2], whitelist[CONFIG_KEYS_MAX + 2];
    cfg_opt_t dnstap[CONFIG_KEYS_MAX + 2];
    cfg_opt_t root[CONFIG_KEYS_MAX + 5];
    cfg_t *cfg;
    size_t used = fill_options(variable, SECTION_ROOT, root);

    fill_options(variable, SECTION_CAPTURE, capture);
    fill_options(variable, SECTION_DNSTAP, dnstap);
    fill_options(variable, SECTION_WHITELIST, whitelist);
    root[used++] = (cfg_opt_t)CFG_SEC(section_names[SECTION_CAPTURE], capture, CFGF_NONE);
    root[used++] = (cfg_opt_t)CFG_SEC(section_names[SECTION_DNSTAP], dnstap, CFGF_NONE);
    root[used++] =
        (cfg_opt_t)CFG_SEC(section_names[SECTION_WHITELIST], whitelist, CFGF_MULTI | CFGF_TITLE);
    root[used] = (cfg_opt_t)CFG_END();
    cfg = cfg_init(root, CFGF_NONE);
    if (!cfg)
        return NULL;
    cfg_set_error_function(cfg, tell_error);
    set_standards(cfg_getsec(cfg, section_names[SECTION_CAPTURE]), SECTION_CAPTURE);
    cfg_set_validate_func(cfg, section_names[SECTION_WHITELIST], end_whitelist);
    return cfg;
}

/* An empty list calls nobody back; only with these it differs from the default. */
static bool is_said(cfg_t *capture, const char *name)
{
    const cfg_opt_t *option = capture ? cfg_getopt(capture, name) : NULL;
    return option && (option->flags & CFGF_MODIFIED);
}

static void check_empty_lists(struct config_reader *reader, cfg_t *cfg)
{
    cfg_t *capture = cfg_getsec(cfg, section_names[SECTION_CAPTURE]);

    if (!is_said(capture, "mirror"))
        reader->config->mirrors_auto = true;
    if (is_said(capture, "interfaces") && cfg_size(capture, "interfaces") == 0)
        config_finding(reader, line_of(capture),
                       "capture: interfaces: empty: expected at least one name, or \"any\"");
}

void config_parse_cleaned(struct config_reader *reader, char *text, size_t size)
{
    FILE *file = size > 0 ? fmemopen(text, size, "r") : NULL;
    void *variable = reader;
    cfg_t *cfg = new_parser(&variable);
    int result = CFG_SUCCESS;

    if (cfg && file)
        result = cfg_parse_fp(cfg, file);
    if (cfg && result == CFG_SUCCESS)
        check_empty_lists(reader, cfg);
    if (!cfg || (size > 0 && !file))
        reader->no_memory = true;
    /* libconfuse says nothing of a key without a name ('' = 5), nor when it is out of memory. */
    if (result != CFG_SUCCESS && reader->error_used == 0)
        config_finding(reader, line_of(cfg), "syntax error: expected a key");
    if (cfg)
        cfg_free(cfg);
    if (file)
        fclose(file);
}
