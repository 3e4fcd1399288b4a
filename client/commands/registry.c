/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset registry`: fetches a whitelist's list now, with the registry process's own code, and
 * shows what becomes of each entry.  Nothing is granted, and the daemon need not run.
 */
#include "client/commands/registry_output.h"
#include "client/options.h"

#include "daemon/config/config.h"
#include "daemon/config/values.h"
#include "registry/fetch/download.h"
#include "registry/fetch/proxy.h"
#include "registry/resolve/system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset registry [WHITELIST] [--url URL|--file FILE] [--json]\n",
    .help =
        "Fetches the list of servers now and shows the result for each entry: the addresses of "
        "each\n"
        "host that the whitelist's names match, and why the other entries are refused.  Nothing "
        "is\n"
        "allowed by this command.  Without WHITELIST, each that has a `registry` is shown.\n\n"
        "  --url URL       instead of the whitelist's own (https://...)\n"
        "  --file FILE     read a file instead; - is standard input\n"
        "  --config FILE   the configuration (" CONFIG_DEFAULT_PATH ")\n"
        "  --json          one object a line\n\n"
        "Exit status: 0; 1 if a list cannot be fetched or read, or no entry is accepted; 64 wrong\n"
        "usage; 78 bad configuration.\n",
};

enum {
    STATUS_CONFIG = 78, /* EX_CONFIG, as wildsetd says it */
    SYSTEM_FILE_MAX = 1 << 20,
};

/* What the list is read with; all of it goes when the program ends. */
struct showing {
    const struct options *options;
    const struct config *config;
    struct loop *loop;
    struct resolver *resolver;
    struct fetcher *fetcher;
    struct matcher *matcher;
    struct file_text hosts;
};

struct document {
    char *bytes;
    size_t size;
    bool failed;
    struct loop *loop;
};

/* ---- having it ---- */

static void on_downloaded(void *context, const struct fetch_response *response)
{
    struct document *document = context;
    const char *text = registry_outcome_text(response->outcome);

    loop_stop(document->loop);
    document->failed = true;
    if (response->outcome != REGISTRY_GOOD) {
        fprintf(stderr, "wildset: the list cannot be fetched: %s%s%s%s\n", text,
                response->problem[0] != '\0' ? " (" : "", response->problem,
                response->problem[0] != '\0' ? ")" : "");
        return;
    }
    if (response->status != 200) {
        fprintf(stderr, "wildset: the list cannot be fetched: the server returned status %u\n",
                response->status);
        return;
    }
    document->bytes = malloc(response->size + 1);
    if (!document->bytes)
        return;
    memcpy(document->bytes, response->body, response->size);
    document->size = response->size;
    document->failed = false;
}

static bool document_fetch(struct showing *showing, const char *url, const char *ca,
                           struct document *out)
{
    const struct download_tools tools = {
        .loop = showing->loop,
        .fetcher = showing->fetcher,
        .resolver = showing->resolver,
        .hosts = showing->hosts.bytes ? showing->hosts.bytes : "",
        .proxy = proxy_from_environment(),
        .exceptions = proxy_exceptions_from_environment(),
    };
    struct file_text certificates;
    struct download_request request = {.url = url, .etag = "", .modified = ""};
    struct download *download;
    int result = ca && *ca ? system_read_certificates_of(ca, &certificates)
                           : system_read_certificates(&certificates);

    if (result < 0) {
        fprintf(stderr, "wildset: %s: %s\n", ca && *ca ? ca : "the system's trusted certificates",
                result == -EBADMSG ? "no certificate in PEM format is in it" : strerror(-result));
        return false;
    }
    request.certificates = certificates.bytes;
    request.certificates_size = certificates.size;
    out->failed = true;
    if (download_start(&tools, &request, on_downloaded, out, &download) == 0)
        loop_run(showing->loop);
    file_text_free(&certificates);
    return !out->failed;
}

/* At most what the process would take. */
static bool document_read_file(const char *path, struct document *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");

    if (!file) {
        fprintf(stderr, "wildset: cannot open %s: %s\n", path, strerror(errno));
        return false;
    }
    out->bytes = malloc(FETCH_SIZE_MAX + 1);
    if (out->bytes)
        out->size = fread(out->bytes, 1, FETCH_SIZE_MAX + 1, file);
    if (!out->bytes || ferror(file))
        fprintf(stderr, "wildset: cannot read %s: %s\n", path, strerror(errno));
    else if (out->size > FETCH_SIZE_MAX)
        fprintf(stderr, "wildset: %s: %s\n", path, registry_outcome_text(REGISTRY_TOO_LARGE));
    else
        return true;
    return false;
}

static bool document_get(struct showing *showing, const struct whitelist *whitelist,
                         struct document *out)
{
    const char *url = showing->options->url ? showing->options->url : whitelist->registry;

    *out = (struct document){.loop = showing->loop};
    if (showing->options->file)
        return document_read_file(showing->options->file, out);
    if (!showing->options->json)
        fprintf(stderr, "%s: %s\n\n", whitelist->name, url);
    return document_fetch(showing, url, whitelist->registry_ca, out);
}

/* ---- showing it ---- */

static int entries_show(struct showing *showing, struct listed_entries *entries,
                        const struct document *document)
{
    static const enum registry_outcome outcomes[] = {
        [DOCUMENT_OK] = REGISTRY_GOOD,
        [DOCUMENT_PAGE] = REGISTRY_PAGE,
        [DOCUMENT_MALFORMED] = REGISTRY_MALFORMED,
        [DOCUMENT_BINARY] = REGISTRY_MALFORMED,
        [DOCUMENT_TOO_DEEP] = REGISTRY_TOO_DEEP,
        [DOCUMENT_TOO_LONG] = REGISTRY_TOO_LONG,
        [DOCUMENT_NO_MEMORY] = REGISTRY_NO_MEMORY,
    };
    enum document_outcome outcome = listed_read(entries, document->bytes, document->size);
    int result;

    if (outcome != DOCUMENT_OK) {
        fprintf(stderr, "wildset: the list cannot be read: %s\n",
                registry_outcome_text(outcomes[outcome]));
        return COMMAND_FAILED;
    }
    result = listed_resolve(entries, showing->loop, showing->resolver);
    if (result < 0) {
        fprintf(stderr, "wildset: cannot resolve the hosts: %s\n", strerror(-result));
        return COMMAND_FAILED;
    }
    if (!registry_output(entries, showing->options->json)) {
        fprintf(stderr, "wildset: cannot write the output: %s\n", strerror(errno));
        return COMMAND_FAILED;
    }
    if (!showing->options->json)
        registry_output_summary(entries);
    return listed_taken(entries, FATE_HOST) + listed_taken(entries, FATE_ADDRESS) > 0
               ? COMMAND_OK
               : COMMAND_FAILED;
}

static int whitelist_show(struct showing *showing, unsigned index)
{
    const struct whitelist *whitelist = &showing->config->whitelists[index];
    struct listed_entries entries;
    struct document document;
    int status;

    if (!document_get(showing, whitelist, &document)) {
        free(document.bytes);
        return COMMAND_FAILED;
    }
    listed_init(&entries, whitelist, index, showing->matcher);
    status = entries_show(showing, &entries, &document);
    listed_free(&entries);
    free(document.bytes);
    return status;
}

/* ---- which ---- */

static bool has_list(const struct whitelist *whitelist)
{
    return whitelist->registry && whitelist->registry[0] != '\0';
}

static int choice_refuse(const struct showing *showing, const char *name)
{
    const struct whitelist *whitelist = name ? config_whitelist(showing->config, name) : NULL;
    bool elsewhere = showing->options->url || showing->options->file;

    if (name && !whitelist) {
        fprintf(stderr, "wildset: no whitelist %s in the configuration\n", name);
        return COMMAND_USAGE;
    }
    if (whitelist && !elsewhere && !has_list(whitelist)) {
        fprintf(stderr, "wildset: whitelist %s has no `registry`: set it, or use --url or --file\n",
                name);
        return COMMAND_USAGE;
    }
    if (!name && elsewhere && showing->config->whitelist_count > 1)
        return options_refuse(&page, "--url and --file need a WHITELIST: there are several");
    if (showing->options->url && showing->options->file)
        return options_refuse(&page, "--url and --file exclude each other");
    if (showing->options->url && !value_url(showing->options->url))
        return options_refuse(&page, "--url: expected https://HOST/PATH without a password");
    return COMMAND_OK;
}

/* The named one; or the only one for a list from elsewhere; or each that has a list. */
static int whitelists_show(struct showing *showing, const char *name)
{
    bool elsewhere = showing->options->url || showing->options->file;
    int status = COMMAND_OK;
    unsigned shown = 0;

    for (unsigned i = 0; i < showing->config->whitelist_count; i++) {
        const struct whitelist *whitelist = &showing->config->whitelists[i];

        if (name ? strcmp(whitelist->name, name) != 0 : elsewhere ? i > 0 : !has_list(whitelist))
            continue;
        if (whitelist_show(showing, i) != COMMAND_OK)
            status = COMMAND_FAILED;
        shown++;
    }
    if (shown > 0)
        return status;
    fputs("wildset: no whitelist has a `registry`: set it, or use --url or --file\n", stderr);
    return COMMAND_FAILED;
}

/* ---- what it takes ---- */

static int resolver_open(struct showing *showing)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    struct file_text resolv_conf = {0};
    size_t count = showing->config->registry_resolver_count;

    for (size_t i = 0; i < count; i++)
        servers[i] = (struct resolver_server){.address = showing->config->registry_resolvers[i],
                                              .port = RESOLVER_PORT};
    if (count == 0) {
        (void)file_read(SYSTEM_RESOLV_CONF, SYSTEM_FILE_MAX, 0, &resolv_conf);
        count = system_servers(resolv_conf.bytes ? resolv_conf.bytes : "", servers);
        file_text_free(&resolv_conf);
    }
    return resolver_new(showing->loop, servers, count, &showing->resolver);
}

static int showing_open(struct showing *showing)
{
    struct config_poll poll;
    int result = config_poll_plan(showing->config, &poll);

    if (result < 0)
        return result;
    showing->matcher = matcher_new(poll.patterns, poll.plan.pattern_count);
    config_poll_free(&poll);
    (void)file_read(SYSTEM_HOSTS, SYSTEM_FILE_MAX, 0, &showing->hosts);
    result = showing->matcher ? loop_new(&showing->loop) : -ENOMEM;
    if (result == 0)
        result = resolver_open(showing);
    if (result == 0)
        result = fetcher_new(showing->loop, &showing->fetcher);
    return result;
}

static int lists_show(struct showing *showing, const char *name)
{
    int status = choice_refuse(showing, name), result;

    if (status != COMMAND_OK)
        return status;
    result = showing_open(showing);
    if (result == 0)
        status = whitelists_show(showing, name);
    else
        fprintf(stderr, "wildset: cannot start: %s\n", strerror(-result));
    fetcher_free(showing->fetcher);
    resolver_free(showing->resolver);
    loop_free(showing->loop);
    matcher_free(showing->matcher);
    file_text_free(&showing->hosts);
    return result ? COMMAND_FAILED : status;
}

int main(int argc, char **argv)
{
    char error[CONFIG_ERROR_MAX];
    struct options options;
    struct config *config;
    struct showing showing = {.options = &options};
    int status;

    if (!options_read(&options, &page, argc, argv,
                      OPTION_CONFIG | OPTION_JSON | OPTION_URL | OPTION_FILE))
        return options.status;
    if (argc > options.first + 1)
        return options_refuse(&page, "expected at most one whitelist");
    if (config_read(options.config ? options.config : CONFIG_DEFAULT_PATH, &config, error)) {
        fprintf(stderr, "%s\n", error);
        return STATUS_CONFIG;
    }
    showing.config = config;
    status = lists_show(&showing, argv[options.first]);
    config_free(config);
    return status;
}
