/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from a live interface or from a capture file, both through libpcap and both with the same
 * callback.  The only place that knows libpcap.  Reading never blocks and, live, makes no system
 * call that a sandboxed process would miss: everything that has to be opened is opened by
 * capture_open.
 */
#ifndef WILDSET_SNIFFER_LIVE_CAPTURE_H
#define WILDSET_SNIFFER_LIVE_CAPTURE_H

#include "sniffer/decode/frame.h"
#include "sniffer/filter/kernelfilter.h"
#include "source/message.h"

#include <stdint.h>
#include <stdio.h>

enum {
    CAPTURE_ERROR_MAX = 512,
    CAPTURE_RINGS_MAX = 2,      /* slots for ordinary frames, and for large ones */
    CAPTURE_RING_FRAMES = 4096, /* no ring holds more */
};

struct capture;

/* The frame is lent for the call. */
typedef void capture_frame(void *context, const struct frame *frame);

/*
 * Opens a live interface ("any" for all of them, never promiscuous): immediate mode, nanoseconds,
 * both directions, with `filter` in the kernel.  `index` is what frames will say of their
 * interface; it is one of `together` that are opened, whose rings share a budget. 0; -ENODEV when
 * there is no such interface, -ENETDOWN when it is down, -EPERM without NET_RAW, -EPROTONOSUPPORT
 * for a link layer that is not read, or another -errno; `error` says more, for people.
 */
int capture_open(const char *interface, uint16_t index, unsigned together,
                 struct kernelfilter *filter, struct capture **out,
                 char error[static CAPTURE_ERROR_MAX]);
/*
 * Attaches the filter as it is now in place of the one before, for frames to come.  0, or -errno
 * when the kernel takes none: then each socket has the one it had, or this one.
 */
int capture_filter(struct capture *capture, struct kernelfilter *filter);
struct kernelfilter_outcome capture_filter_outcome(const struct capture *capture);
/*
 * The same for a pcap or pcapng file; takes `file`, also on failure.  ftello(file) tells how far it
 * has been read.  -EBADMSG when it is not a capture file, -EPROTONOSUPPORT for an unknown link
 * type.
 */
int capture_open_file(FILE *file, uint16_t index, struct capture **out,
                      char error[static CAPTURE_ERROR_MAX]);
void capture_close(struct capture *capture);

/*
 * Hands on what is there, at most `most` frames a ring.  How many they were; 0 when there is none
 * (a file: the end); -ENODEV when the interface has vanished, -EBADMSG when the rest of the file
 * cannot be read, -EPROTONOSUPPORT when the file goes on with another link type; then capture_error
 * says more. Frames before the failure have been handed on.
 */
int capture_read(struct capture *capture, unsigned most, capture_frame *callback, void *context);
/* The same for one of the descriptors: reading where nothing is takes a system call. */
int capture_read_ring(struct capture *capture, unsigned ring, unsigned most,
                      capture_frame *callback, void *context);
const char *capture_error(const struct capture *capture);

/* The descriptors to poll for reading; how many.  Large frames come over the second. */
unsigned capture_descriptors(const struct capture *capture, int out[static CAPTURE_RINGS_MAX]);
/* Whether a frame may be several datagrams of one flow, as it was when it was opened. */
bool capture_merges(const struct capture *capture);
/*
 * The interface as it is now, with the kernel's counters since the start.  Call it each second or
 * so: the kernel counts in 32 bits.
 */
void capture_state(struct capture *capture, struct state_report *out);

#endif
