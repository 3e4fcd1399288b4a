/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three sources put together in one list.  Where resolv.conf names systemd-resolved's stub, that is
 * who answers programs here, and the servers behind it are whose answers pass by.
 */
#include "daemon/config/trusted.h"

#include "dnsparse/names/public_resolvers.h"
#include "registry/resolve/system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 64 * 1024,
    NAMED_SHOWN = 16,
};

_Static_assert(CONFIG_RESOLVERS_MAX + TRUSTED_SYSTEM_MAX + 512 <= PLAN_RESOLVERS_MAX,
               "there is room for the named, the system's and the public ones");

#define UPLINKS "/run/systemd/resolve/resolv.conf"

struct trusted_files trusted_files(void)
{
    return (struct trusted_files){.resolv_conf = SYSTEM_RESOLV_CONF, .uplinks = UPLINKS};
}

/* A link-local server is another one on each interface: of one that has gone there is none. */
static bool resolver_from_server(const struct resolver_server *server, struct plan_resolver *out)
{
    *out = (struct plan_resolver){
        .prefix = {.address = server->address,
                   .length = (uint8_t)(8 * address_size(&server->address))},
    };
    return server->scope == 0 || if_indextoname(server->scope, out->interface);
}

static void add_file(struct trusted *trusted, const char *path)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    struct file_text file;

    if (file_read(path, FILE_SIZE_MAX, 0, &file) < 0)
        return;
    size_t count = system_nameservers(file.bytes, servers);
    for (size_t i = 0; i < count; i++) {
        struct trusted_server *server = &trusted->system[trusted->system_count];

        if (resolver_from_server(&servers[i], &server->resolver)) {
            server->file = path;
            trusted->system_count++;
        }
    }
    file_text_free(&file);
}

static bool names_stub(const struct trusted *trusted)
{
    static const struct prefix stub = {
        .address = {.family = ADDRESS_IPV4, .bytes = {127, 0, 0, 53}}, .length = 32};
    static const struct prefix stub_of_proxies = {
        .address = {.family = ADDRESS_IPV4, .bytes = {127, 0, 0, 54}}, .length = 32};

    for (size_t i = 0; i < trusted->system_count; i++) {
        const struct address *address = &trusted->system[i].resolver.prefix.address;
        if (prefix_contains(&stub, address) || prefix_contains(&stub_of_proxies, address))
            return true;
    }
    return false;
}

static void add_public(struct trusted *trusted)
{
    struct address address;
    unsigned services;

    for (size_t i = 0; publicresolvers_get(i, &address, &services); i++) {
        if (services & PUBLIC_DNS)
            trusted->resolvers[trusted->count++] = (struct plan_resolver){
                .prefix = {.address = address, .length = (uint8_t)(8 * address_size(&address))}};
    }
}

int trusted_make(const struct config *config, const struct trusted_files *files,
                 struct trusted *out)
{
    struct trusted trusted = {.by_default = config_believes_default(config),
                              .unset = config->resolver_count == 0};
    size_t most = config->resolver_count + TRUSTED_SYSTEM_MAX + publicresolvers_count(PUBLIC_DNS);

    trusted.resolvers = calloc(most, sizeof(*trusted.resolvers));
    if (!trusted.resolvers)
        return -ENOMEM;
    for (size_t i = 0; i < config->resolver_count; i++) {
        if (!config_resolver_is_default(&config->resolvers[i]))
            trusted.resolvers[trusted.count++] = config->resolvers[i];
    }
    trusted.named = trusted.count;
    if (trusted.by_default) {
        add_file(&trusted, files->resolv_conf);
        if (names_stub(&trusted))
            add_file(&trusted, files->uplinks);
        for (size_t i = 0; i < trusted.system_count; i++)
            trusted.resolvers[trusted.count++] = trusted.system[i].resolver;
        add_public(&trusted);
    }
    *out = trusted;
    return 0;
}

void trusted_free(struct trusted *trusted)
{
    free(trusted->resolvers);
    *trusted = (struct trusted){.count = 0};
}

bool trusted_equal(const struct trusted *a, const struct trusted *b)
{
    return a->count == b->count && a->unset == b->unset &&
           (a->count == 0 ||
            memcmp(a->resolvers, b->resolvers, a->count * sizeof(*a->resolvers)) == 0);
}

bool trusted_has(const struct trusted *trusted, const struct address *server)
{
    for (size_t i = 0; i < trusted->count; i++) {
        if (prefix_contains(&trusted->resolvers[i].prefix, server))
            return true;
    }
    return false;
}

bool trusted_has_at(const struct trusted *trusted, const struct address *server, uint16_t port)
{
    for (size_t i = 0; i < trusted->count; i++) {
        if (plan_resolver_port(&trusted->resolvers[i]) == port &&
            prefix_contains(&trusted->resolvers[i].prefix, server))
            return true;
    }
    return false;
}

/* ---- in words ---- */

struct text {
    char *bytes;
    size_t used;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text->bytes + text->used, TRUSTED_TEXT_MAX - text->used, format, arguments);
    va_end(arguments);
    if (size > 0)
        text->used += (size_t)size;
    if (text->used >= TRUSTED_TEXT_MAX)
        text->used = TRUSTED_TEXT_MAX - 1;
}

const char *plan_resolver_to_text(const struct plan_resolver *resolver,
                                  char out[static TRUSTED_SERVER_TEXT_MAX])
{
    char prefix[PREFIX_TEXT_MAX];
    unsigned whole = 8 * address_size(&resolver->prefix.address);

    if (resolver->prefix.length == whole)
        address_to_text(&resolver->prefix.address, prefix);
    else
        prefix_to_text(&resolver->prefix, prefix);
    int used = snprintf(out, TRUSTED_SERVER_TEXT_MAX, "%s%s%.*s", prefix,
                        resolver->interface[0] ? "%" : "", IFNAMSIZ, resolver->interface);
    if (resolver->port && used < TRUSTED_SERVER_TEXT_MAX)
        snprintf(out + used, TRUSTED_SERVER_TEXT_MAX - (size_t)used, "@%u", resolver->port);
    return out;
}

const char *trusted_to_text(const struct trusted *trusted, char out[static TRUSTED_TEXT_MAX])
{
    struct text text = {.bytes = out};
    char resolver[TRUSTED_SERVER_TEXT_MAX];

    out[0] = '\0';
    for (size_t i = 0; i < trusted->named && i < NAMED_SHOWN; i++)
        add(&text, "%s%s", i ? ", " : "", plan_resolver_to_text(&trusted->resolvers[i], resolver));
    if (trusted->named > NAMED_SHOWN)
        add(&text, " and %zu more", trusted->named - NAMED_SHOWN);
    if (!trusted->by_default)
        return out;
    for (size_t i = 0; i < trusted->system_count; i++)
        add(&text, "%s%s (%s)", text.used ? ", " : "",
            plan_resolver_to_text(&trusted->system[i].resolver, resolver), trusted->system[i].file);
    add(&text, "%s%zu well-known public ones (as of %s)", text.used ? ", " : "",
        publicresolvers_count(PUBLIC_DNS), PUBLICRESOLVERS_DATE);
    return out;
}
