/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset test`: what the configuration would do with a name.  No daemon and no packet: before a
 * reload, in a pipeline that checks configurations, or on another machine.
 */
#include "client/commands.h"
#include "client/commands/explain_text.h"
#include "client/options.h"
#include "client/subject.h"

#include "base/json_read.h"
#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "daemon/control/name_verdict.h"
#include "daemon/control/trusted_json.h"
#include "source/json.h"

#include <stdio.h>

static const struct options_page page = {
    .usage = "usage: wildset test [--config FILE] [--json] NAME\n",
    .help = "What the configuration would do with a name, whether or not it was ever seen: which\n"
            "patterns of which whitelists match it or come near, into which sets its addresses\n"
            "would go, and which resolvers are trusted to say them.\n\n"
            "  --config FILE   the configuration (" CONFIG_DEFAULT_PATH ")\n"
            "  --json          one object\n\n"
            "Exit status: 0 it would be allowed, 1 it would not, or an error, 64 wrong usage,\n"
            "78 bad configuration.\n",
};

enum { STATUS_CONFIG = 78 };

static void put_set(json_t *object, const char *key, const struct set_name *name)
{
    char text[SET_TEXT_MAX];

    if (!set_name_is_none(name))
        put_text(object, key, set_name_to_text(name, text));
}

static json_t *whitelist_judge(const struct whitelist *whitelist, const struct dname *name,
                               size_t *budget)
{
    json_t *object = json_object();

    put_text(object, "whitelist", whitelist->name);
    put_set(object, "set4", &whitelist->set4);
    put_set(object, "set6", &whitelist->set6);
    put_verdict(object, whitelist, name, budget);
    return object;
}

static json_t *verdict_make(const struct config *config, const struct trusted *trusted,
                            const struct dname *name)
{
    size_t budget = VERDICT_PATTERNS_LOOKED;
    json_t *object = json_object(), *array = json_array();
    bool granted = false;

    for (size_t i = 0; i < config->whitelist_count; i++) {
        json_t *one = whitelist_judge(&config->whitelists[i], name, &budget);

        granted |= *text_of(one, "pattern") != '\0';
        json_array_append_new(array, one);
    }
    put_name(object, "name", name);
    put_flag(object, "granted", granted);
    json_object_set_new(object, "whitelists", array);
    json_object_set_new(object, "trusted", trusted_to_json(trusted));
    return object;
}

static void match_print(const json_t *whitelist)
{
    const char *set4 = text_of(whitelist, "set4"), *set6 = text_of(whitelist, "set6");

    if (*text_of(whitelist, "pattern"))
        printf("  whitelist %s: %s matches it: addresses go into %s%s%s\n",
               text_of(whitelist, "whitelist"), text_of(whitelist, "pattern"), set4,
               *set4 && *set6 ? " and " : "", set6);
}

static void verdict_print(const json_t *verdict, const struct trusted *trusted)
{
    bool granted = json_is_true(json_object_get(verdict, "granted"));
    char text[TRUSTED_TEXT_MAX];
    json_t *whitelist;
    size_t i;

    printf("%s would %sbe allowed:\n", text_of(verdict, "name"), granted ? "" : "not ");
    json_array_foreach(json_object_get(verdict, "whitelists"), i, whitelist) match_print(whitelist);
    if (granted) {
        printf("  Trusted resolvers: %s\n", trusted_to_text(trusted, text));
        return;
    }
    explain_misses_print(verdict, stdout);
    explain_add_name_print(stdout);
}

static int name_test(const struct config *config, const struct dname *name, bool as_json)
{
    const struct trusted_files files = trusted_files();
    struct trusted trusted;

    if (trusted_make(config, &files, &trusted)) {
        fputs("wildset: cannot list the trusted resolvers: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    json_t *verdict = verdict_make(config, &trusted, name);
    bool granted = json_is_true(json_object_get(verdict, "granted"));

    if (as_json) {
        json_dumpf(verdict, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        verdict_print(verdict, &trusted);
    }
    json_decref(verdict);
    trusted_free(&trusted);
    return granted ? COMMAND_OK : COMMAND_FAILED;
}

int test_main(int argc, char **argv)
{
    struct options options;
    struct config *config;
    struct dname name;
    char error[CONFIG_ERROR_MAX];

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_CONFIG))
        return options.status;
    if (argc - options.first != 1)
        return options_refuse(&page, "expected one name");
    const char *problem = subject_read_name(argv[options.first], &name);
    if (problem)
        return options_refuse_argument(&page, argv[options.first], problem);
    if (config_read(options.config ? options.config : CONFIG_DEFAULT_PATH, &config, error)) {
        fprintf(stderr, "%s\n", error);
        return STATUS_CONFIG;
    }
    int status = name_test(config, &name, options.json);
    config_free(config);
    return status;
}
