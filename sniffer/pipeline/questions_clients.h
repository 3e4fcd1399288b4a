/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose question is which, which is the oldest, and which has to make room: for the table of
 * questions, which keeps the entries.  Entries are numbers 1..QUESTIONS_MAX; 0 means none.  A
 * client has two lists, of questions that wait and of questions that have had an answer.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_QUESTIONS_CLIENTS_H
#define WILDSET_SNIFFER_PIPELINE_QUESTIONS_CLIENTS_H

#include "dnsparse/names/address.h"

#include <stdint.h>

enum client_list {
    CLIENT_WAITING,
    CLIENT_ANSWERED,
    CLIENT_LISTS,
};

struct clients;
struct siphash_key;

/* Borrows the key.  NULL when out of memory. */
struct clients *clients_new(const struct siphash_key *key);
void clients_free(struct clients *clients);

/* Enters the newest of all entries as waiting.  Returns the client's number. */
uint32_t clients_add(struct clients *clients, const struct address *client, uint32_t entry);
/* A client without entries is gone. */
void clients_remove(struct clients *clients, uint32_t client, uint32_t entry,
                    enum client_list list);
void clients_move(struct clients *clients, uint32_t client, uint32_t entry, enum client_list from,
                  enum client_list to);
/* Becomes the newest of all, and of its client's list. */
void clients_renew(struct clients *clients, uint32_t client, uint32_t entry, enum client_list list);
/* The oldest of all entries, or 0. */
uint32_t clients_oldest(const struct clients *clients);
/*
 * When all room is taken: of a client with about the most entries the oldest one that has had an
 * answer, else the oldest; where none has more than QUESTIONS_SHARE, the oldest of all.
 */
uint32_t clients_make_room(const struct clients *clients);
unsigned clients_waiting(const struct clients *clients);

#endif
