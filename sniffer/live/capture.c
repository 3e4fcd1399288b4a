/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap, live and from files.  Live: TPACKET_V2 in immediate mode, since V3 delivers only after
 * its time-out.  A V2 ring has slots of one size, so ordinary frames and large ones (loopback,
 * jumbo, merged by offloads) have rings of their own, told apart by length in the kernel.
 */
#include "sniffer/live/capture.h"

#include "base/clock.h"
#include "sniffer/live/drivercounters.h"
#include "sniffer/live/merging.h"
#include "sniffer/live/ringslot.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MIB = 1 << 20,
    /* Two slots a page and room for four tags behind the largest ordinary frame. */
    SLOT_ORDINARY = 1700,
    FRAME_OVERHEAD = 14 + 4 * 4,
    SLOT_MAX = 65536 + FRAME_OVERHEAD, /* no IP packet is longer */
    /* libpcap takes the next power of two from a page on as a block, for as many slots as fit. */
    ROOM_ORDINARY = 4096 / 2,
    ROOM_LARGE = 128 * 1024,
    BUFFER_ORDINARY = 8 * MIB, /* bursts */
    BUFFER_LARGE = 4 * MIB,
    BUFFER_LEAST = MIB / 2,
    COOKED_SIZE = 16,    /* of the header that libpcap makes: LINKTYPE_LINUX_SLL */
    SHARING_NOTHING = 2, /* interfaces with rings of full size; more share what two have */
};

_Static_assert((int)BUFFER_ORDINARY / (int)ROOM_ORDINARY <= (int)CAPTURE_RING_FRAMES &&
                   (int)BUFFER_LARGE / (int)ROOM_LARGE <= (int)CAPTURE_RING_FRAMES,
               "who has read so many has read what was there");

struct ring {
    pcap_t *pcap;
    uint32_t snaplen;
    uint32_t buffer;               /* bytes, as memory: no more than these; less when shared */
    uint32_t room;                 /* what a slot takes of them */
    struct filter_lengths lengths; /* that its filter lets through */
};

/* Whatever the MTU: offloads merge what came in many frames into one (GRO, TSO). */
static const struct ring live_rings[CAPTURE_RINGS_MAX] = {
    {
        .snaplen = SLOT_ORDINARY,
        .buffer = BUFFER_ORDINARY,
        .room = ROOM_ORDINARY,
        .lengths = {.most = SLOT_ORDINARY},
    },
    {
        .snaplen = SLOT_MAX,
        .buffer = BUFFER_LARGE,
        .room = ROOM_LARGE,
        .lengths = {.least = SLOT_ORDINARY + 1},
    },
};

struct capture {
    struct ring rings[CAPTURE_RINGS_MAX]; /* a file has one */
    unsigned ring_count;
    char interface[IFNAMSIZ]; /* empty: a file */
    uint16_t index;
    int link_type;
    bool any;
    bool merges; /* UDP datagrams: one frame may hold several */
    bool gone;
    bool nanoseconds;
    struct drivercounters driver;
    uint64_t received, dropped;
    struct kernelfilter_outcome filter; /* the coarsest of the rings' */
    uint32_t whole; /* no frame of one packet is longer; UINT32_MAX: not known */
    uint64_t merged, cut, undirected;
    uint32_t page; /* of this machine's memory, bytes */
    char error[CAPTURE_ERROR_MAX];
};

static __attribute__((format(printf, 2, 3))) void say(char out[static CAPTURE_ERROR_MAX],
                                                      const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out, CAPTURE_ERROR_MAX, format, arguments);
    va_end(arguments);
}

static struct capture *capture_new(const char *interface, uint16_t index)
{
    struct capture *capture = calloc(1, sizeof(*capture));

    if (!capture)
        return NULL;
    strncpy(capture->interface, interface, IFNAMSIZ - 1);
    capture->any = strcmp(interface, "any") == 0;
    capture->index = index;
    capture->nanoseconds = true;
    capture->whole = UINT32_MAX;
    capture->page = (uint32_t)sysconf(_SC_PAGESIZE);
    drivercounters_init(&capture->driver);
    return capture;
}

void capture_close(struct capture *capture)
{
    if (!capture)
        return;
    for (unsigned i = 0; i < capture->ring_count; i++)
        pcap_close(capture->rings[i].pcap);
    drivercounters_close(&capture->driver);
    free(capture);
}

/* ---- live ---- */

struct activation {
    int result; /* of pcap_activate */
    int error;  /* our errno for it */
    const char *text;
};

static const struct activation activations[] = {
    {PCAP_ERROR_NO_SUCH_DEVICE, -ENODEV, "there is no such interface"},
    {PCAP_ERROR_IFACE_NOT_UP, -ENETDOWN, "the interface is down"},
    {PCAP_ERROR_PERM_DENIED, -EPERM, "capturing needs CAP_NET_RAW"},
    {PCAP_ERROR_PROMISC_PERM_DENIED, -EPERM, "promiscuous mode needs CAP_NET_RAW"},
};

static int activation_failed(pcap_t *pcap, int result, char error[static CAPTURE_ERROR_MAX])
{
    for (unsigned i = 0; i < sizeof(activations) / sizeof(activations[0]); i++) {
        if (activations[i].result != result)
            continue;
        say(error, "%s", activations[i].text);
        return activations[i].error;
    }
    say(error, "%s", result == PCAP_ERROR ? pcap_geterr(pcap) : pcap_statustostr(result));
    return -EIO;
}

static int ring_open(struct capture *capture, const struct ring *wanted, unsigned together,
                     char error[static CAPTURE_ERROR_MAX])
{
    char text[PCAP_ERRBUF_SIZE];
    struct ring ring = *wanted;
    int result;

    if (together > SHARING_NOTHING)
        ring.buffer = ring.buffer * SHARING_NOTHING / together;
    if (ring.buffer < BUFFER_LEAST)
        ring.buffer = BUFFER_LEAST;
    ring.pcap = pcap_create(capture->interface, text);
    if (!ring.pcap) {
        say(error, "%s", text);
        return -ENOMEM;
    }
    pcap_set_snaplen(ring.pcap, (int)ring.snaplen);
    pcap_set_buffer_size(ring.pcap, (int)(ring.buffer / ring.room * ring.snaplen));
    pcap_set_immediate_mode(ring.pcap, 1);
    pcap_set_promisc(ring.pcap, !capture->any);
    pcap_set_tstamp_precision(ring.pcap, PCAP_TSTAMP_PRECISION_NANO);
    result = pcap_activate(ring.pcap);
    if (result < 0) {
        result = activation_failed(ring.pcap, result, error);
    } else if (pcap_setnonblock(ring.pcap, 1, text) < 0) {
        say(error, "%s", text);
        result = -EIO;
    }
    if (result < 0) {
        pcap_close(ring.pcap);
        return result;
    }
    capture->rings[capture->ring_count++] = ring;
    return 0;
}

int capture_filter(struct capture *capture, struct kernelfilter *filter)
{
    struct kernelfilter_outcome coarsest = {.filter = INTERFACE_FILTER_NONE};

    for (unsigned i = 0; i < capture->ring_count; i++) {
        const struct ring *ring = &capture->rings[i];
        struct kernelfilter_socket socket = {
            .fd = pcap_fileno(ring->pcap),
            .link_type = capture->link_type,
            .interface = capture->index,
            .lengths = ring->lengths,
            .merges = capture->merges,
        };
        struct kernelfilter_outcome outcome;
        int result = kernelfilter_attach(filter, &socket, &outcome);

        if (result < 0)
            return result;
        if (outcome.filter > coarsest.filter)
            coarsest = outcome;
    }
    capture->filter = coarsest;
    return 0;
}

/* As the interface is now: its MTU may change, and that of "any" is unknown. */
static uint32_t whole_frame(const struct capture *capture)
{
    struct ifreq request = {0};

    if (capture->any || capture->gone)
        return UINT32_MAX;
    memcpy(request.ifr_name, capture->interface, IFNAMSIZ);
    if (ioctl(pcap_fileno(capture->rings[0].pcap), SIOCGIFMTU, &request) < 0 || request.ifr_mtu < 0)
        return UINT32_MAX;
    return (uint32_t)request.ifr_mtu + FRAME_OVERHEAD;
}

static void ignore(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    (void)user, (void)header, (void)bytes;
}

static int check_link_type(struct capture *capture, char error[static CAPTURE_ERROR_MAX])
{
    const char *name;

    capture->link_type = pcap_datalink(capture->rings[0].pcap);
    capture->nanoseconds =
        pcap_get_tstamp_precision(capture->rings[0].pcap) == PCAP_TSTAMP_PRECISION_NANO;
    if (frame_link_type_is_known(capture->link_type))
        return 0;
    name = pcap_datalink_val_to_name(capture->link_type);
    say(error, "link type %d (%s) is not read", capture->link_type, name ? name : "unknown");
    return -EPROTONOSUPPORT;
}

int capture_open(const char *interface, uint16_t index, unsigned together,
                 struct kernelfilter *filter, struct capture **out,
                 char error[static CAPTURE_ERROR_MAX])
{
    struct capture *capture;
    int result = 0;

    error[0] = '\0';
    if (strlen(interface) >= IFNAMSIZ) {
        say(error, "there is no such interface");
        return -ENODEV;
    }
    capture = capture_new(interface, index);
    if (!capture) {
        say(error, "out of memory");
        return -ENOMEM;
    }
    for (unsigned i = 0; i < CAPTURE_RINGS_MAX && result == 0; i++)
        result = ring_open(capture, &live_rings[i], together, error);
    if (result == 0)
        result = check_link_type(capture, error);
    if (result == 0) {
        capture->merges = merging_is_on(pcap_fileno(capture->rings[0].pcap), interface);
        result = capture_filter(capture, filter);
        if (result < 0) /* without it a ring would hold what the other one has */
            say(error, "the kernel takes no filter for its socket: %s", strerror(-result));
    }
    /* What came before the filters were attached may lie in both rings: nobody waits for it yet. */
    for (unsigned i = 0; i < capture->ring_count && result == 0; i++) {
        const struct ring *ring = &capture->rings[i];

        if (pcap_dispatch(ring->pcap, (int)(ring->buffer / ring->snaplen), ignore, NULL) < 0)
            result = -ENODEV;
    }
    if (result < 0) {
        capture_close(capture);
        return result;
    }
    if (!capture->any)
        drivercounters_open(&capture->driver, interface);
    capture->whole = whole_frame(capture);
    *out = capture;
    return 0;
}

unsigned capture_descriptors(const struct capture *capture, int out[static CAPTURE_RINGS_MAX])
{
    for (unsigned i = 0; i < capture->ring_count; i++)
        out[i] = pcap_get_selectable_fd(capture->rings[i].pcap);
    return capture->ring_count;
}

bool capture_merges(const struct capture *capture)
{
    return capture->merges;
}

struct kernelfilter_outcome capture_filter_outcome(const struct capture *capture)
{
    return capture->filter;
}

/* A packet socket stays with its interface when that gets another name; ours is the name's. */
static bool is_the_names(const struct capture *capture)
{
    int fd = pcap_fileno(capture->rings[0].pcap);
    struct sockaddr_ll bound = {0};
    socklen_t size = sizeof(bound);
    struct ifreq request = {0};

    memcpy(request.ifr_name, capture->interface, IFNAMSIZ);
    return getsockname(fd, (struct sockaddr *)&bound, &size) == 0 &&
           ioctl(fd, SIOCGIFINDEX, &request) == 0 && request.ifr_ifindex == bound.sll_ifindex;
}

static enum interface_state interface_state(const struct capture *capture)
{
    const short wanted = IFF_UP | IFF_RUNNING;
    struct ifreq request = {0};

    if (capture->gone)
        return is_the_names(capture) ? STATE_DOWN : STATE_WAITING;
    if (capture->any)
        return STATE_UP;
    memcpy(request.ifr_name, capture->interface, IFNAMSIZ);
    if (ioctl(pcap_fileno(capture->rings[0].pcap), SIOCGIFFLAGS, &request) < 0)
        return STATE_DOWN;
    return (request.ifr_flags & wanted) == wanted ? STATE_UP : STATE_DOWN;
}

void capture_state(struct capture *capture, struct state_report *out)
{
    struct state_report report = {
        .state = (uint8_t)interface_state(capture),
        .promiscuous = !capture->any,
        .filter = (uint8_t)capture->filter.filter,
        .filter_reason = (uint8_t)capture->filter.reason,
        .link_type = capture->link_type,
    };

    capture->whole = whole_frame(capture);
    memcpy(report.interface, capture->interface, IFNAMSIZ);
    for (unsigned i = 0; i < capture->ring_count; i++) {
        const struct ring *ring = &capture->rings[i];
        struct tpacket_stats statistics;
        socklen_t size = sizeof(statistics);

        report.buffer += ring->buffer;
        report.snaplen = ring->snaplen;
        /* These start anew at each reading; tp_packets counts the dropped ones too. */
        if (getsockopt(pcap_fileno(ring->pcap), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) <
            0)
            continue;
        capture->received += statistics.tp_packets;
        capture->dropped += statistics.tp_drops;
    }
    report.received = capture->received;
    report.dropped = capture->dropped;
    report.interface_dropped = drivercounters_read(&capture->driver, DRIVERCOUNTER_DROPPED);
    report.frames = drivercounters_read(&capture->driver, DRIVERCOUNTER_FRAMES);
    report.merged = capture->merged;
    report.undirected = capture->undirected;
    report.cut = capture->cut;
    *out = report;
}

/* ---- files ---- */

int capture_open_file(FILE *file, uint16_t index, struct capture **out,
                      char error[static CAPTURE_ERROR_MAX])
{
    struct capture *capture = capture_new("", index);
    char text[PCAP_ERRBUF_SIZE];
    pcap_t *pcap;
    int result;

    error[0] = '\0';
    if (!capture) {
        say(error, "out of memory");
        fclose(file);
        return -ENOMEM;
    }
    pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, text);
    if (!pcap) {
        say(error, "not a readable pcap or pcapng file: %s", text);
        fclose(file);
        capture_close(capture);
        return -EBADMSG;
    }
    capture->rings[0] = (struct ring){.pcap = pcap, .snaplen = (uint32_t)pcap_snapshot(pcap)};
    capture->ring_count = 1;
    result = check_link_type(capture, error);
    if (result < 0) {
        capture_close(capture);
        return result;
    }
    *out = capture;
    return 0;
}

/* ---- reading ---- */

struct reading {
    struct capture *capture;
    const struct ring *ring;
    capture_frame *callback;
    void *context;
};

/* Files hold what they like: a time before 1970 or past 2500 becomes one of the two. */
static uint64_t frame_time(const struct capture *capture, const struct timeval *time)
{
    const uint64_t latest = UINT64_C(17000000000);
    uint64_t seconds = time->tv_sec < 0 ? 0 : (uint64_t)time->tv_sec;
    uint64_t fraction = time->tv_usec < 0 ? 0 : (uint64_t)time->tv_usec;

    if (seconds > latest)
        seconds = latest;
    if (!capture->nanoseconds)
        fraction *= NS_PER_US;
    return seconds * NS_PER_SECOND + (fraction < NS_PER_SECOND ? fraction : NS_PER_SECOND - 1);
}

/*
 * A named interface's link layer does not tell, cooked mode's tells no index, and DLT_LINUX_SLL2's,
 * which tells both, costs the outermost tag: libpcap does not put it back there.
 */
static void set_way(struct capture *capture, const struct ring *ring,
                    const struct pcap_pkthdr *header, struct frame *frame)
{
    struct ringslot_packet packet = {
        .bytes = frame->bytes,
        .captured = header->caplen,
        .length = header->len,
        .seconds = (uint32_t)header->ts.tv_sec,
        .nanoseconds = (uint32_t)header->ts.tv_usec,
        .cooked = capture->link_type == DLT_LINUX_SLL ? COOKED_SIZE : 0,
        .snaplen = ring->snaplen,
        .page = capture->page,
    };
    struct ringslot slot;

    if (!ringslot_find(&packet, &slot)) {
        capture->undirected++;
        frame->way = WAY_UNKNOWN;
        return;
    }
    frame->way = slot.kind == PACKET_OUTGOING ? WAY_OUT : WAY_IN;
    frame->link = slot.link;
}

static void hand_on(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    const struct reading *reading = (const void *)user;
    struct capture *capture = reading->capture;
    struct frame frame = {
        .bytes = bytes,
        .captured = header->caplen,
        .length = header->len,
        .link_type = capture->link_type,
        .interface = capture->index,
        .captured_ns = frame_time(capture, &header->ts),
    };

    if (capture->interface[0])
        set_way(capture, reading->ring, header, &frame);
    capture->merged += header->len > capture->whole;
    capture->cut += header->caplen < header->len;
    reading->callback(reading->context, &frame);
}

/* libpcap tells its errors apart by their text alone. */
static int reading_failed(struct capture *capture, const struct ring *ring)
{
    const char *text = pcap_geterr(ring->pcap);

    if (capture->interface[0]) {
        capture->gone = true;
        say(capture->error, "%s", text);
        return -ENODEV;
    }
    if (strstr(text, "different from the type of the first interface")) {
        say(capture->error, "goes on with an interface of another link type, which cannot be read "
                            "in one go: split it by interface (editcap, tshark)");
        return -EPROTONOSUPPORT;
    }
    say(capture->error, "cannot be read completely: %s", text);
    return -EBADMSG;
}

int capture_read_ring(struct capture *capture, unsigned ring, unsigned most,
                      capture_frame *callback, void *context)
{
    struct reading reading = {
        .capture = capture,
        .ring = &capture->rings[ring],
        .callback = callback,
        .context = context,
    };
    int count;

    if (capture->gone)
        return -ENODEV;
    count = pcap_dispatch(capture->rings[ring].pcap, (int)most, hand_on, (u_char *)&reading);
    return count < 0 ? reading_failed(capture, &capture->rings[ring]) : count;
}

int capture_read(struct capture *capture, unsigned most, capture_frame *callback, void *context)
{
    int total = 0;

    if (capture->interface[0] && !capture->any && !capture->gone && !is_the_names(capture)) {
        capture->gone = true;
        return -ENODEV;
    }
    for (unsigned i = 0; i < capture->ring_count; i++) {
        int count = capture_read_ring(capture, i, most, callback, context);

        if (count < 0)
            return count;
        total += count;
    }
    return total;
}

const char *capture_error(const struct capture *capture)
{
    return capture->error;
}
