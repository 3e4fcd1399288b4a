/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of outlets and one timer for them.
 */
#include "daemon/outputs/feeds.h"

#include "base/log.h"
#include "base/loop.h"
#include "daemon/config/config.h"
#include "daemon/outputs/feed_file.h"
#include "daemon/outputs/feed_list.h"
#include "daemon/outputs/outlet.h"
#include "daemon/outputs/views.h"
#include "source/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feeds {
    struct loop_watch *timer;
    const struct daemon_views *views;
    const char *state;
    struct feedlist *list; /* the files, for the next start */
    struct outlet *first;
};

static void feeds_arm(const struct feeds *feeds)
{
    uint64_t now_ns = clock_now().boot_ns, due_ns = UINT64_MAX;

    for (const struct outlet *outlet = feeds->first; outlet; outlet = outlet->next)
        if (outlet_due(outlet) < due_ns)
            due_ns = outlet_due(outlet);
    if (due_ns == UINT64_MAX)
        loop_timer_stop(feeds->timer);
    else
        loop_timer_set(feeds->timer,
                       due_ns > now_ns ? (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void on_feeds_timer(void *context)
{
    struct feeds *feeds = context;
    uint64_t now_ns = clock_now().boot_ns;

    for (struct outlet *outlet = feeds->first; outlet; outlet = outlet->next)
        outlet_run(outlet, now_ns);
    feeds_arm(feeds);
}

/* Those of the configuration, and those that are still to be emptied. */
static void feeds_keep_list(struct feeds *feeds)
{
    feedlist_begin(feeds->list);
    for (const struct outlet *outlet = feeds->first; outlet; outlet = outlet->next)
        feedlist_add(feeds->list, outlet->path);
    feedlist_end(feeds->list);
}

static void feeds_reap(void *self)
{
    struct feeds *feeds = self;
    bool forgotten = false;

    for (struct outlet **at = &feeds->first; *at;) {
        struct outlet *outlet = *at;

        outlet_reap(outlet);
        /* A retired one goes when it is emptied, or nowhere to be found. */
        if (!outlet->retired || outlet->write.child != 0 ||
            (outlet_is_dirty(outlet) && outlet->error != -ENOENT)) {
            at = &outlet->next;
            continue;
        }
        *at = outlet->next;
        outlet_free(outlet);
        forgotten = true;
    }
    if (forgotten)
        feeds_keep_list(feeds);
    feeds_arm(feeds);
}

static void feeds_event(void *self, const struct event *event, uint64_t boot_ns)
{
    struct feeds *feeds = self;
    bool changed = false;

    for (struct outlet *outlet = feeds->first; outlet; outlet = outlet->next) {
        uint64_t before = feed_changes(outlet->feed);
        outlet_event(outlet, event, boot_ns);
        changed = changed || feed_changes(outlet->feed) != before;
    }
    if (changed)
        feeds_arm(feeds);
}

/* ---- the configuration ---- */

static struct outlet *outlet_find(const struct feeds *feeds, const char *path)
{
    struct outlet *outlet = feeds->first;

    while (outlet && strcmp(outlet->path, path) != 0)
        outlet = outlet->next;
    return outlet;
}

/* The same file is the same feed, whichever whitelist names it. */
static int feeds_configure_one(struct feeds *feeds, const struct whitelist *whitelist,
                               const struct moment *now)
{
    struct outlet *outlet = outlet_find(feeds, whitelist->feed);

    if (!outlet) {
        outlet = outlet_new(whitelist->feed, whitelist);
        if (!outlet)
            return -ENOMEM;
        outlet->next = feeds->first;
        feeds->first = outlet;
    }
    return outlet_configure(outlet, whitelist, feeds->views->sync, now);
}

static void feeds_configure(void *self, const struct config *config, const struct moment *now)
{
    struct feeds *feeds = self;

    for (struct outlet *outlet = feeds->first; outlet; outlet = outlet->next) {
        bool named = false;

        for (size_t i = 0; i < config->whitelist_count; i++)
            named = named || strcmp(config->whitelists[i].feed, outlet->path) == 0;
        if (!named)
            outlet_retire(outlet);
    }
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        if (whitelist->feed[0] == '\0')
            continue;
        if (feeds->state && strcmp(whitelist->feed, feeds->state) == 0)
            log_error("feed %s of whitelist %s: that is the daemon's state file: choose "
                      "another",
                      whitelist->feed, whitelist->name);
        else if (feeds_configure_one(feeds, whitelist, now) < 0)
            log_error("feed %s: out of memory", whitelist->feed);
    }
    feeds_keep_list(feeds);
    feeds_arm(feeds);
}

/* ---- beginning, end, looking ---- */

/* A feed of the last run, without a whitelist: it is emptied unless the configuration names it. */
static void feeds_adopt(void *context, const char *path)
{
    static const struct whitelist nobody;
    struct feeds *feeds = context;
    struct outlet *outlet;

    if (outlet_find(feeds, path) || (feeds->state && strcmp(path, feeds->state) == 0))
        return;
    outlet = outlet_new(path, &nobody);
    if (!outlet)
        return;
    outlet->next = feeds->first;
    feeds->first = outlet;
}

static int feeds_open(const struct output_setting *setting, void **self, const char **what)
{
    struct feeds *feeds = calloc(1, sizeof(*feeds));

    (void)what;
    if (!feeds)
        return -ENOMEM;
    *feeds = (struct feeds){
        .views = setting->views, .state = setting->state, .list = feedlist_open(setting->state)};
    feeds->timer = loop_timer(setting->loop, on_feeds_timer, feeds);
    if (!feeds->timer || !feeds->list) {
        loop_unwatch(feeds->timer);
        feedlist_free(feeds->list);
        free(feeds);
        return -ENOMEM;
    }
    feedlist_each(feeds->list, feeds_adopt, feeds);
    *self = feeds;
    return 0;
}

/* Writes what was not written yet, and waits for it. */
static void feeds_close(void *self)
{
    struct feeds *feeds = self;

    if (!feeds)
        return;
    while (feeds->first) {
        struct outlet *outlet = feeds->first;
        feeds->first = outlet->next;
        outlet_end(outlet);
    }
    loop_unwatch(feeds->timer);
    feedlist_free(feeds->list);
    free(feeds);
}

/* ---- its part of status ---- */

static void feeds_status(const void *self, json_t *status)
{
    const struct feeds *feeds = self;
    json_t *array = json_array();

    for (const struct outlet *outlet = feeds->first; outlet; outlet = outlet->next) {
        char problem[256];
        json_t *object;

        if (outlet->retired)
            continue;
        object = json_object();
        put_text(object, "whitelist", outlet->whitelist);
        put_text(object, "feed", outlet->path);
        put_count(object, "addresses", feed_count(outlet->feed));
        put_time(object, "written", outlet->written_real_ns);
        if (outlet->error) {
            snprintf(problem, sizeof(problem), "%s: %s", strerror(-outlet->error),
                     feedfile_advice(outlet->error));
            put_text(object, "problem", problem);
        }
        json_array_append_new(array, object);
    }
    json_object_set_new(status, "feeds", array);
}

const struct output feeds_output = {
    .name = "the feeds",
    .open = feeds_open,
    .close = feeds_close,
    .configure = feeds_configure,
    .event = feeds_event,
    .child_ended = feeds_reap,
    .status = feeds_status,
};
