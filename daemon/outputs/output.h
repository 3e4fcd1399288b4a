/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output: what is told of all that happens to addresses, and makes something of it.  One row an
 * output, listed in daemon/output_table.c; everybody else calls all of them by the functions below.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_OUTPUT_H
#define WILDSET_DAEMON_OUTPUTS_OUTPUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct daemon_views;
struct event;
struct loop;
struct moment;

/* What an output may use, borrowed for its whole life. */
struct output_setting {
    struct loop *loop;
    const char *state;                /* the file that keeps the leases; NULL: none */
    const char *control_path;         /* of the control socket */
    const struct daemon_views *views; /* filled as the daemon's parts open: behind the outputs */
};

/* All but open and close may be NULL, and none but close is called while `self` is NULL. */
struct output {
    const char *name;
    /* 0, with `*self` NULL when there is nothing for it to do here; or -errno, and `*what` may say
     * better than the name what could not be opened. */
    int (*open)(const struct output_setting *setting, void **self, const char **what);
    void (*close)(void *self); /* NULL does nothing; the leases are still there */
    /* At the start, and when another configuration is in force. */
    void (*configure)(void *self, const struct config *config, const struct moment *now);
    /* The kernel has it.  Nothing here waits for anybody. */
    void (*event)(void *self, const struct event *event, uint64_t boot_ns);
    void (*pulse)(void *self);         /* each second */
    void (*clock_changed)(void *self); /* the wall clock was set, or stood still in a suspend */
    void (*child_ended)(void *self);   /* a child process has ended; perhaps one of its own */
    void (*reload_ended)(void *self);  /* the sources follow the configuration, or it was refused */
    void (*status)(const void *self, json_t *status); /* puts its part */
};

struct outputs;

/* `rows` in the order in which they open and are told, NULL behind the last.  0, or -errno with
 * `*what` saying what could not be opened. */
int outputs_open(const struct output *const *rows, const struct output_setting *setting,
                 struct outputs **out, const char **what);
/* The last first.  The others do nothing for NULL. */
void outputs_close(struct outputs *outputs);
void outputs_configure(struct outputs *outputs, const struct config *config,
                       const struct moment *now);
void outputs_event(struct outputs *outputs, const struct event *event, uint64_t boot_ns);
void outputs_pulse(struct outputs *outputs);
void outputs_clock_changed(struct outputs *outputs);
void outputs_child_ended(struct outputs *outputs);
void outputs_reload_ended(struct outputs *outputs);
void outputs_status(const struct outputs *outputs, json_t *status);

#endif
