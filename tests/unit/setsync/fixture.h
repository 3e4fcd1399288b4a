/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of this folder share: whitelists and sightings in a line, a record of events, and
 * a network namespace with nft(8) in it, read as an administrator would read it.
 */
#ifndef WILDSET_TESTS_SETSYNC_FIXTURE_H
#define WILDSET_TESTS_SETSYNC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "setsync/sets/set_state.h"
#include "setsync/setsync.h"
#include "setsync/setsync_state.h"
#include "setsync/writer/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline struct dname name_of(const char *text)
{
    struct dname name;
    if (!dname_from_text(text, &name))
        fail_msg("no name: %s", text);
    return name;
}

static inline struct address address_of(const char *text)
{
    struct address address;
    if (!address_from_text(text, &address))
        fail_msg("no address: %s", text);
    return address;
}

static inline struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    if (!prefix_from_text(text, &prefix))
        fail_msg("no prefix: %s", text);
    return prefix;
}

static inline struct pattern pattern_of(const char *text)
{
    struct pattern pattern;
    if (!pattern_from_text(text, &pattern))
        fail_msg("no pattern: %s", text);
    return pattern;
}

/* Patterns end with NULL; the array is static to the caller and filled here. */
static inline struct whitelist whitelist_of(const char *name, struct pattern *patterns,
                                            const char *const *texts)
{
    struct whitelist whitelist = {
        .patterns = patterns,
        .create = true,
        .match = MATCH_QUESTION,
        .follow = FOLLOW_ACROSS,
        .ttl_min = 60,
        .ttl_max = 86400,
        .grace = 600,
        .max_addresses = 4096,
        .benchmark_addresses = true, /* where there are enough of them */
    };
    char text[SET_TEXT_MAX];
    snprintf(whitelist.name, sizeof(whitelist.name), "%s", name);
    for (; texts[whitelist.pattern_count] != NULL; whitelist.pattern_count++)
        patterns[whitelist.pattern_count] = pattern_of(texts[whitelist.pattern_count]);
    snprintf(text, sizeof(text), "inet wildset %s4", name);
    assert_true(set_name_from_text(text, &whitelist.set4));
    snprintf(text, sizeof(text), "inet wildset %s6", name);
    assert_true(set_name_from_text(text, &whitelist.set6));
    return whitelist;
}

static inline struct sighting sighting_of(const char *question)
{
    struct sighting sighting = {
        .question = name_of(question),
        .matched = name_of(question),
        .owner = name_of(question),
        .resolver = address_of("192.0.2.53"),
        .client = address_of("192.0.2.10"),
        .resolver_port = 53,
        .client_port = 40000,
        .vlan = SIGHTING_NO_VLAN,
        .transport = TRANSPORT_UDP,
        .chain_ttl = 300,
    };
    return sighting;
}

static inline void see(struct sighting *sighting, const char *text, uint32_t ttl)
{
    struct sighting_address *seen = &sighting->addresses[sighting->address_count++];
    seen->address = address_of(text);
    seen->record = seen->address.family == ADDRESS_IPV4 ? RECORD_A : RECORD_AAAA;
    seen->ttl = ttl;
}

/* ---- events ---- */

enum { RECORDED_MAX = 64 };

struct recorded {
    enum event_kind kind;
    enum reason reason;
    struct dname name;
    struct address address;
    uint32_t lifetime;
};

struct record {
    struct recorded events[RECORDED_MAX];
    size_t count; /* all, also those that were not kept */
    size_t by_kind[EVENT_COUNT];
};

static inline void record_event(void *context, const struct event *event)
{
    struct record *record = context;
    struct recorded *recorded = &record->events[record->count % RECORDED_MAX];
    *recorded = (struct recorded){
        .kind = event->kind, .reason = event->reason, .lifetime = event->lifetime};
    if (event->name != NULL)
        recorded->name = *event->name;
    if (event->address != NULL)
        recorded->address = *event->address;
    record->count++;
    record->by_kind[event->kind]++;
}

static inline bool was_told(const struct record *record, enum event_kind kind, enum reason reason,
                            const char *address)
{
    struct address wanted = address_of(address);
    for (size_t i = 0; i < record->count && i < RECORDED_MAX; i++)
        if (record->events[i].kind == kind && record->events[i].reason == reason &&
            address_equal(&record->events[i].address, &wanted))
            return true;
    return false;
}

static inline struct setsync *setsync_of(const struct whitelist *whitelists, size_t count,
                                         const struct nftset_ops *kernel, struct record *record,
                                         const struct moment *now)
{
    struct setsync_options options = {.whitelists = whitelists,
                                      .whitelist_count = count,
                                      .kernel = kernel,
                                      .event = record != NULL ? record_event : NULL,
                                      .context = record};
    struct setsync *sync = NULL;
    assert_int_equal(setsync_new(&options, now, &sync), 0);
    return sync;
}

static inline const struct lease *lease_of(struct setsync *sync, const struct set_name *set,
                                           const char *text)
{
    struct address address = address_of(text);
    for (size_t i = 0; i < sync->set_count; i++)
        if (set_name_equal(&sync->sets[i]->name, set))
            return lease_find(sync->leases, &sync->sets[i]->name, &address);
    return NULL;
}

/* ---- the kernel ---- */

static inline void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    close(fd);
}

/* A network namespace of our own, as root or in a user namespace; 77 (skipped) when neither may be.
 */
static inline void enter_namespace(void)
{
    char map[64];
    snprintf(map, sizeof(map), "0 %d 1", (int)getuid());
    if (unshare(CLONE_NEWNET) < 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
            printf("1..0 # SKIP no network namespace: %s\n", strerror(errno));
            exit(77);
        }
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", map);
        snprintf(map, sizeof(map), "0 %d 1", (int)getgid());
        write_file("/proc/self/gid_map", map);
    }
    if (system("nft list ruleset >/dev/null 2>&1") != 0) {
        printf("1..0 # SKIP nft(8) cannot be used here\n");
        exit(77);
    }
}

static inline void nft(const char *command)
{
    char line[2048];
    snprintf(line, sizeof(line), "nft '%s'", command);
    if (system(line) != 0)
        fail_msg("%s", line);
}

/* The set as `nft -j list set` shows it; NULL when there is none. */
static inline json_t *list_set(const char *set)
{
    char line[512];
    snprintf(line, sizeof(line), "nft -j list set %s 2>/dev/null", set);
    FILE *stream = popen(line, "r");
    assert_non_null(stream);
    json_t *root = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL);
    pclose(stream);
    json_t *found = NULL;
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(root, "nftables"), index,
                       entry) if (json_object_get(entry, "set") != NULL) found =
        json_incref(json_object_get(entry, "set"));
    json_decref(root);
    return found;
}

struct shown {
    bool exists;
    bool timed;
    long long timeout, expires; /* seconds */
    char comment[256];
};

static inline size_t elements_of(const char *set)
{
    json_t *json = list_set(set);
    size_t count = json_array_size(json_object_get(json, "elem"));
    json_decref(json);
    return count;
}

static inline struct shown element_of(const char *set, const char *address)
{
    struct shown shown = {0};
    json_t *json = list_set(set);
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(json, "elem"), index, entry)
    {
        json_t *element = json_object_get(entry, "elem");
        json_t *value = element != NULL ? json_object_get(element, "val") : entry;
        if (!json_is_string(value) || strcmp(json_string_value(value), address) != 0)
            continue;
        shown.exists = true;
        shown.timed = json_object_get(element, "timeout") != NULL;
        shown.timeout = json_integer_value(json_object_get(element, "timeout"));
        shown.expires = json_integer_value(json_object_get(element, "expires"));
        const char *comment = json_string_value(json_object_get(element, "comment"));
        snprintf(shown.comment, sizeof(shown.comment), "%s", comment != NULL ? comment : "");
    }
    json_decref(json);
    return shown;
}

#endif
