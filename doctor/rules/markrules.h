/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iptables-save(8) prints, looked through for the one rule that lets marked connections pass.
 * Pure.
 */
#ifndef WILDSET_DOCTOR_RULES_MARKRULES_H
#define WILDSET_DOCTOR_RULES_MARKRULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a rule of the table filter accepts connections by a mark that this one fits. */
bool markrules_accept(const char *text, size_t size, uint32_t mark);

#endif
