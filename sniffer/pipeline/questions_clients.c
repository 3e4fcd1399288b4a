/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists that run through the table of questions: by age over all, two for each client, and of
 * the clients with much, by how much.  Doubly linked by number, in arrays that the kernel backs
 * with memory only as they are used.
 */
#include "sniffer/pipeline/questions_clients.h"

#include "base/big_table.h"
#include "base/siphash.h"
#include "sniffer/pipeline/questions.h"

#include <assert.h>

enum {
    CLIENTS_MAX = QUESTIONS_MAX, /* each has an entry at least */
    BUCKETS = 65536,
    /* 0: up to QUESTIONS_SHARE entries; then each for up to twice as many as the one before. */
    SIZES = 11,
};
static_assert((QUESTIONS_MAX - 1) / QUESTIONS_SHARE < 1 << (SIZES - 1), "a client may have all");

struct link {
    uint32_t before, after;
};

struct list {
    uint32_t first, last, count;
};

struct client {
    struct address address;
    uint32_t next; /* in the bucket, or in the free list */
    struct list lists[CLIENT_LISTS];
    unsigned size; /* in which of clients.by_size it is; 0: in none */
};

struct clients {
    const struct siphash_key *key;
    struct list by_age;
    struct list by_size[SIZES]; /* of clients */
    unsigned waiting;
    uint32_t used, free;
    uint32_t buckets[BUCKETS];
    struct link age_links[QUESTIONS_MAX + 1];
    struct link client_links[QUESTIONS_MAX + 1];
    struct link size_links[CLIENTS_MAX + 1];
    struct client clients[CLIENTS_MAX + 1];
};

struct clients *clients_new(const struct siphash_key *key)
{
    struct clients *clients = big_table_new(sizeof(*clients));

    if (clients)
        clients->key = key;
    return clients;
}

void clients_free(struct clients *clients)
{
    big_table_free(clients, sizeof(*clients));
}

static void list_append(struct list *list, struct link *links, uint32_t entry)
{
    links[entry] = (struct link){.before = list->last};
    if (list->last)
        links[list->last].after = entry;
    else
        list->first = entry;
    list->last = entry;
    list->count++;
}

static void list_remove(struct list *list, struct link *links, uint32_t entry)
{
    struct link link = links[entry];

    if (link.before)
        links[link.before].after = link.after;
    else
        list->first = link.after;
    if (link.after)
        links[link.after].before = link.before;
    else
        list->last = link.before;
    list->count--;
}

static uint32_t client_bucket(const struct clients *clients, const struct address *address)
{
    return siphash(clients->key, address, sizeof(*address)) % BUCKETS;
}

static void client_resize(struct clients *clients, uint32_t number)
{
    struct client *client = &clients->clients[number];
    uint32_t count = client->lists[CLIENT_WAITING].count + client->lists[CLIENT_ANSWERED].count;
    uint32_t shares = count > 0 ? (count - 1) / QUESTIONS_SHARE : 0;
    unsigned size = shares ? 32 - (unsigned)__builtin_clz(shares) : 0;

    if (size == client->size)
        return;
    if (client->size)
        list_remove(&clients->by_size[client->size], clients->size_links, number);
    if (size)
        list_append(&clients->by_size[size], clients->size_links, number);
    client->size = size;
}

uint32_t clients_add(struct clients *clients, const struct address *client, uint32_t entry)
{
    uint32_t *bucket = &clients->buckets[client_bucket(clients, client)], number = *bucket;

    while (number && !address_equal(&clients->clients[number].address, client))
        number = clients->clients[number].next;
    if (!number) {
        number = clients->free ? clients->free : ++clients->used;
        if (clients->free)
            clients->free = clients->clients[number].next;
        clients->clients[number] = (struct client){.address = *client, .next = *bucket};
        *bucket = number;
    }
    list_append(&clients->clients[number].lists[CLIENT_WAITING], clients->client_links, entry);
    list_append(&clients->by_age, clients->age_links, entry);
    clients->waiting++;
    client_resize(clients, number);
    return number;
}

void clients_remove(struct clients *clients, uint32_t client, uint32_t entry, enum client_list list)
{
    struct client *own = &clients->clients[client];
    struct list *lists = own->lists;

    list_remove(&lists[list], clients->client_links, entry);
    list_remove(&clients->by_age, clients->age_links, entry);
    clients->waiting -= list == CLIENT_WAITING;
    client_resize(clients, client);
    if (lists[CLIENT_WAITING].count || lists[CLIENT_ANSWERED].count)
        return;
    uint32_t *link = &clients->buckets[client_bucket(clients, &own->address)];
    while (*link != client)
        link = &clients->clients[*link].next;
    *link = own->next;
    own->next = clients->free;
    clients->free = client;
}

void clients_move(struct clients *clients, uint32_t client, uint32_t entry, enum client_list from,
                  enum client_list to)
{
    struct list *lists = clients->clients[client].lists;

    list_remove(&lists[from], clients->client_links, entry);
    list_append(&lists[to], clients->client_links, entry);
    clients->waiting -= from == CLIENT_WAITING;
    clients->waiting += to == CLIENT_WAITING;
}

void clients_renew(struct clients *clients, uint32_t client, uint32_t entry, enum client_list list)
{
    struct list *own = &clients->clients[client].lists[list];

    list_remove(own, clients->client_links, entry);
    list_append(own, clients->client_links, entry);
    list_remove(&clients->by_age, clients->age_links, entry);
    list_append(&clients->by_age, clients->age_links, entry);
}

uint32_t clients_oldest(const struct clients *clients)
{
    return clients->by_age.first;
}

uint32_t clients_make_room(const struct clients *clients)
{
    for (unsigned size = SIZES - 1; size > 0; size--) {
        uint32_t number = clients->by_size[size].first;
        const struct list *lists = clients->clients[number].lists;

        if (number)
            return lists[CLIENT_ANSWERED].count ? lists[CLIENT_ANSWERED].first
                                                : lists[CLIENT_WAITING].first;
    }
    return clients_oldest(clients);
}

unsigned clients_waiting(const struct clients *clients)
{
    return clients->waiting;
}
