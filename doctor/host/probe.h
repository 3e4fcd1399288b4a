/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Knocks at many ports at once: a STUN Binding request over UDP, a connection over TCP.  Each says
 * whether it was answered, refused, turned away on the way, or met with silence.
 */
#ifndef WILDSET_DOCTOR_HOST_PROBE_H
#define WILDSET_DOCTOR_HOST_PROBE_H

#include "dnsparse/names/address.h"
#include "doctor/host/stun.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum probe_state {
    PROBE_WAITING,
    PROBE_ANSWERED, /* UDP: a STUN answer to this request, success or error */
    PROBE_OPEN,     /* TCP: connected */
    PROBE_STRANGE,  /* UDP: answered by something that is no STUN server */
    PROBE_REFUSED,  /* a reset, or ICMP port unreachable: nobody listens, or a firewall rejects */
    PROBE_TURNED_AWAY, /* another ICMP error: prohibited, host or network unreachable */
    PROBE_SILENT,      /* nothing came in time */
    PROBE_NOT_SENT,    /* this machine could or would not: no route, own rules; see error */
    PROBE_STATE_COUNT,
};

struct probe {
    /* asked */
    struct address address;
    uint8_t protocol; /* IPPROTO_UDP, IPPROTO_TCP */
    uint16_t port;
    /* found */
    enum probe_state state;
    int error;              /* errno of refused, turned away, not sent */
    struct address sender;  /* of the ICMP error; ADDRESS_NONE: none came */
    struct stun_reply stun; /* of answered */
    uint64_t took_us;       /* from the first packet to what was found */
    int fd; /* open: the connection, non-blocking, to be closed by the caller; else -1 */
    /* on the way */
    struct stun_id id;
    uint64_t sent_ns, again_ns, wait_ns;
};

enum { PROBES_MAX = 512 };

/* ADDRESS_NONE for another family than the two. */
struct address address_from_sockaddr(const struct sockaddr *from);
/* All of them, at most PROBES_MAX, in `timeout_ms`.  0 or -errno when none could be made. */
int probes_run(struct probe *probes, size_t count, unsigned timeout_ms);

#endif
