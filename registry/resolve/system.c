/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reading of the system's files, and the lines of resolv.conf and hosts.
 */
#include "registry/resolve/system.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CERTIFICATES_SIZE_MAX = 4 << 20, LINE_WORD_MAX = 256 };

const char *system_certificates_path(void)
{
    static const char *const paths[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
        "/etc/ssl/ca-bundle.pem",             /* openSUSE */
        "/etc/ssl/cert.pem",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}

int system_read_certificates_of(const char *path, struct file_text *out)
{
    int result = file_read(path, CERTIFICATES_SIZE_MAX, 0, out);

    if (result == 0 && !strstr(out->bytes, "-----BEGIN ")) {
        file_text_free(out);
        return -EBADMSG;
    }
    return result;
}

int system_read_certificates(struct file_text *out)
{
    const char *path = system_certificates_path();

    *out = (struct file_text){0};
    return path ? system_read_certificates_of(path, out) : -ENOENT;
}

/* ---- lines of words ---- */

static const char separators[] = " \t\r\v\f";

/* How much of a line fits: whole words only, half of one may be another name or address. */
static size_t length_that_fits(const char *line, size_t length, size_t room)
{
    if (length < room)
        return length;
    length = room - 1;
    while (length > 0 && !strchr(separators, line[length]))
        length--;
    return length;
}

/* The next line, NUL-terminated and cut where it is too long; false at the end. */
static bool system_next_line(const char **text, char *line, size_t room)
{
    size_t length = strcspn(*text, "\n"), used = length_that_fits(*text, length, room);

    if (**text == '\0')
        return false;
    memcpy(line, *text, used);
    line[used] = '\0';
    line[strcspn(line, "#")] = '\0';
    *text += length + ((*text)[length] == '\n');
    return true;
}

static char *system_next_word(char **rest)
{
    char *word;

    do
        word = strsep(rest, separators);
    while (word && *word == '\0');
    return word;
}

/* "192.0.2.53", "2001:db8::53", "fe80::1%eth0" */
static bool server_from_text(char *text, struct resolver_server *out)
{
    struct resolver_server server = {.port = RESOLVER_PORT};
    char *zone = strchr(text, '%');

    if (zone) {
        *zone = '\0';
        server.scope = if_nametoindex(zone + 1);
        if (server.scope == 0)
            return false;
    }
    if (!address_from_text(text, &server.address))
        return false;
    *out = server;
    return true;
}

size_t system_nameservers(const char *text, struct resolver_server out[static RESOLVER_SERVERS_MAX])
{
    char line[LINE_WORD_MAX];
    size_t count = 0;

    while (count < RESOLVER_SERVERS_MAX && system_next_line(&text, line, sizeof(line))) {
        char *rest = line, *word = system_next_word(&rest);

        if (!word || strcmp(word, "nameserver") != 0)
            continue;
        word = system_next_word(&rest);
        if (word && server_from_text(word, &out[count]))
            count++;
    }
    return count;
}

size_t system_servers(const char *text, struct resolver_server out[static RESOLVER_SERVERS_MAX])
{
    char loopback[] = "127.0.0.1";
    size_t count = system_nameservers(text, out);

    return count > 0 ? count : server_from_text(loopback, &out[0]);
}

static bool line_names(char *rest, const struct dname *name)
{
    const char *word;
    struct dname other;

    while ((word = system_next_word(&rest)))
        if (dname_from_text(word, &other) && dname_equal(&other, name))
            return true;
    return false;
}

size_t system_hosts_find(const char *text, const struct dname *name,
                         struct address out[static SYSTEM_HOST_ADDRESSES_MAX])
{
    char line[4 * LINE_WORD_MAX];
    size_t count = 0;

    while (count < SYSTEM_HOST_ADDRESSES_MAX && system_next_line(&text, line, sizeof(line))) {
        char *rest = line, *word = system_next_word(&rest);

        if (word && address_from_text(word, &out[count]) && line_names(rest, name))
            count++;
    }
    return count;
}
