/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service manager is told: sd_notify(3).  The only place that knows libsystemd; without a
 * service manager all of it does nothing.
 */
#ifndef WILDSET_DAEMON_NOTIFY_H
#define WILDSET_DAEMON_NOTIFY_H

#include <stdint.h>

/* `status` is one line for `systemctl status`. */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
/* Milliseconds in which it wants to hear notify_alive twice; 0: it does not. */
uint64_t notify_watchdog_ms(void);

#endif
