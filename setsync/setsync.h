/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From sightings to set elements: policy makes grants, grants extend leases, leases become
 * elements. One object owns all of it; the daemon and replay drive the same code, replay without a
 * kernel.
 */
#ifndef WILDSET_SETSYNC_SETSYNC_H
#define WILDSET_SETSYNC_SETSYNC_H

#include "base/clock.h"
#include "dnsparse/names/derived.h"
#include "setsync/leases/lease.h"
#include "setsync/policy/whitelist.h"
#include "setsync/setsync_types.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Opens the netlink socket and looks at each set: one that is missing is made (create = true), one
 * that is wrong is waited for and told in setsync_sets; neither is an error.  0 or -errno.
 */
int setsync_new(const struct setsync_options *options, const struct moment *now,
                struct setsync **out);
void setsync_free(struct setsync *sync);

/*
 * One whole answer: its ANSWER sightings in order, checked by message_is_valid.  One transaction
 * for all addresses in all sets; events follow when it is done.
 */
void setsync_learn(struct setsync *sync, enum source source, const struct sighting *parts,
                   size_t count, const struct moment *now);

/* An answer that the caller does not bring here, for this reason: counted with the refused ones. */
void setsync_refuse(struct setsync *sync, enum reason reason);

/*
 * The same in two steps, for answers that come together: each is judged and granted, and the commit
 * writes all of it in one transaction and tells.  The parts stay as they are until then.
 */
void setsync_take(struct setsync *sync, enum source source, const struct sighting *parts,
                  size_t count, const struct moment *now);
void setsync_commit(struct setsync *sync, const struct moment *now);

/* When setsync_run has work next: CLOCK_BOOTTIME, UINT64_MAX for never. */
uint64_t setsync_due(const struct setsync *sync);
/* Expiries, refreshes, sets that were waited for, retries. */
void setsync_run(struct setsync *sync, const struct moment *now);

/* The machine has slept so long since the last call, or the start: elements stood still then. */
void setsync_resumed(struct setsync *sync, uint64_t slept_ns, const struct moment *now);

/* Readable when the ruleset changed; -1 when there is no kernel or no notifications are to be had:
 * then setsync_run looks for changes each second. */
int setsync_event_fd(const struct setsync *sync);
/* The descriptor was readable: puts back what someone else took out of the sets. */
void setsync_notified(struct setsync *sync, const struct moment *now);

/* What learning will need of caches, ours and the kernel's, before it is needed: changes nothing.
 */
void setsync_warm(struct setsync *sync, const struct dname *name, const struct moment *now);

/*
 * Other whitelists from now on; the old ones may be freed when it returns 0.  Takes away what would
 * not be granted any more: what a removed pattern, whitelist or set alone had granted, addresses
 * that are refused now, what is above a lower limit; and no lease lasts longer than a new one
 * would.  -EINVAL when they are too many, -ENOMEM: then nothing was changed.
 */
int setsync_reload(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                   const struct moment *now);
/*
 * The derived names that are still backed by these whitelists, with their numbers: what
 * setsync_reload would keep, and what a sniffer has to know from its start.
 */
size_t setsync_derived(const struct setsync *sync, const struct whitelist *whitelists, size_t count,
                       const struct moment *now, struct derived_name out[static DERIVED_MAX]);

/*
 * All leases into a file, for the next start: atomically, and on the disk when it returns 0.  Takes
 * as long as the disk does.  0 or -errno.
 */
int setsync_save(const struct setsync *sync, const char *path, const struct moment *now);

/* Calls `each` for every lease, in the order of sets and addresses; of one whitelist, or all for
 * NULL. */
typedef void setsync_each_lease(void *context, const struct lease *lease);
void setsync_leases(const struct setsync *sync, const char *whitelist, setsync_each_lease *each,
                    void *context);

/*
 * The same a little at a time, in no order: some SETSYNC_SLICE leases from *cursor on, which is 0
 * at the beginning and again at the end.  None that stays is left out; one may come twice.  Behind
 * the leases come those that are removed, as setsync_find has them.
 */
enum { SETSYNC_SLICE = 64 };
void setsync_slice(const struct setsync *sync, size_t *cursor, setsync_each_lease *each,
                   void *context);
/*
 * The leases of one address, one a set at most, not ended by this moment.  One that is `removed` is
 * none any more: without claims, and the kernel has yet to let go of its element.
 */
size_t setsync_find(const struct setsync *sync, const struct address *address,
                    const struct moment *now, const struct lease **out, size_t most);

struct setsync_element {
    bool exists;
    bool is_wide;        /* an interval of more addresses than this one */
    uint64_t timeout_ms; /* 0: permanent */
    uint64_t expires_ms; /* time left */
};
/* What the kernel holds of a lease at this moment.  0, -ENOTCONN in replay, or another -errno. */
int setsync_read(const struct setsync *sync, const struct lease *lease,
                 struct setsync_element *out);

/* The address in sets where there is no lease of it: somebody else put it there. */
typedef void setsync_each_element(void *context, const struct set_name *set,
                                  const struct setsync_element *element);
void setsync_each_foreign(const struct setsync *sync, const struct address *address,
                          setsync_each_element *each, void *context);

/* Elements of leases that are none any more which the kernel has yet to let go of. */
size_t setsync_leaving(const struct setsync *sync);

/* Takes leases back: by address, or by the name of a claim, which leads to no other name then.
 * Returns how many. */
size_t setsync_forget_address(struct setsync *sync, const struct address *address,
                              const struct moment *now);
size_t setsync_forget_name(struct setsync *sync, const struct dname *name,
                           const struct moment *now);

struct set_status {
    const struct set_name *name;
    enum set_state state;
    char problem[SET_PROBLEM_MAX]; /* "holds ipv6_addr, expected ipv4_addr"; "" when ready */
    uint32_t size;                 /* the set's own limit, 0: none */
    size_t leases;
    size_t covered; /* of them: others' elements are there and left as they are */
    enum address_family family;
    bool create;       /* made where it is missing */
    bool table_owned;  /* by another program (flags owner): nobody else writes there */
    bool interval;     /* the flag: a write costs the more, the more elements there are */
    size_t capacity;   /* the sum of max-addresses of the whitelists that feed it */
    uint64_t full;     /* times the kernel said ENFILE */
    uint64_t restored; /* addresses written again after others had changed the set */
};
size_t setsync_set_count(const struct setsync *sync);
struct set_status setsync_set(const struct setsync *sync, size_t index);

/* How many addresses of this family the whitelist holds, by its place in the options. */
size_t setsync_whitelist_leases(const struct setsync *sync, size_t index,
                                enum address_family family);

const struct setsync_statistics *setsync_statistics(const struct setsync *sync);

#endif
