/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of resolv.conf(5) and hosts(5): whatever stands there, what is found is well-formed. */
#include "registry/resolve/system.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char name_text[] = "eu1.example.net";

static void check_servers(const char *text)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    size_t count = system_servers(text, servers);

    REQUIRE(count >= 1 && count <= RESOLVER_SERVERS_MAX);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(address_is_canonical(&servers[i].address) && address_size(&servers[i].address) > 0);
        REQUIRE(servers[i].port == RESOLVER_PORT);
        REQUIRE(servers[i].scope == 0 || strchr(text, '%'));
    }
}

/* Without an escape in it, a name that is found stands there as it is. */
static void check_hosts(const char *text)
{
    struct address found[SYSTEM_HOST_ADDRESSES_MAX];
    struct dname name;
    size_t count;

    REQUIRE(dname_from_text(name_text, &name));
    count = system_hosts_find(text, &name, found);
    REQUIRE(count <= SYSTEM_HOST_ADDRESSES_MAX);
    for (size_t i = 0; i < count; i++)
        REQUIRE(address_is_canonical(&found[i]) && address_size(&found[i]) > 0);
    REQUIRE(count == 0 || strcasestr(text, name_text) || strchr(text, '\\'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_servers(text);
    check_hosts(text);
    free(text);
    return 0;
}
