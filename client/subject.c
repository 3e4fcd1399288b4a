/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address or a name on the command line, and what the daemon has to say to it.
 */
#include "client/subject.h"

#include "client/connection.h"
#include "daemon/config/values.h"

/* What is wrong with it as an exact name; NULL, and *name is it. */
static const char *name_read(const char *text, struct dname *name)
{
    struct pattern pattern;

    if (!value_pattern(text, &pattern))
        return "is neither an address nor a domain name";
    if (pattern.kind != PATTERN_EXACT)
        return "is a pattern: expected a name, for example one that it matches";
    *name = pattern.name;
    return NULL;
}

const char *subject_read_name(const char *text, struct dname *name)
{
    struct address address;
    struct prefix prefix;

    if (address_from_text(text, &address))
        return "is an address: expected a name; `wildset explain` takes addresses";
    if (prefix_from_text(text, &prefix))
        return "is a prefix: expected a name";
    return name_read(text, name);
}

/* Patterns and prefixes are what the configuration is made of, so people try them here. */
json_t *subject_read(const char *text, const char **problem)
{
    char name[DNAME_TEXT_MAX];
    struct address address;
    struct prefix prefix;
    struct dname exact;

    json_t *subject = NULL;

    *problem = NULL;
    if (address_from_text(text, &address))
        subject = json_pack("{s:s}", "address", text);
    else if (prefix_from_text(text, &prefix))
        *problem = "is a prefix: expected one address or name";
    else if (!(*problem = name_read(text, &exact)))
        subject = json_pack("{s:s}", "name", dname_to_text(&exact, name));
    if (!subject && !*problem)
        *problem = "cannot be handled: out of memory";
    return subject;
}

int subject_ask(struct options *options, const struct options_page *page, int argc, char **argv,
                const char *command, json_t **reply)
{
    const char *problem;

    if (!options_read(options, page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options->status;
    if (argc - options->first != 1)
        return options_refuse(page, "expected one address or name");

    json_t *subject = subject_read(argv[options->first], &problem);
    if (!subject)
        return options_refuse_argument(page, argv[options->first], problem);
    *reply = connection_request(options->socket, command, subject);
    return *reply ? COMMAND_OK : COMMAND_FAILED;
}
