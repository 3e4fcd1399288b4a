/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare way from an answer to an element, to measure wildset against: one process, one loop, no
 * privilege separation and nothing checked.  libpcap in immediate mode behind the kernel's port
 * filter, ldns on a name below the suffix, one libnftnl transaction.  --hold-latency keeps the CPUs
 * from deep sleep all the time; --never-sleep looks at the ring without end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ldns/ldns.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ELEMENT_MS = 900000, HEAD_SIZE = 14, BATCH_MAX = 131072 };

struct options {
    const char *interface, *table, *set4, *set6, *suffix;
    bool hold_latency, realtime, never_sleep;
};

struct prototype {
    struct options options;
    uint8_t suffix[256]; /* wire format */
    size_t suffix_size;
    struct mnl_socket *netlink;
    uint32_t sequence;
    unsigned long matched;
    uint8_t batch[BATCH_MAX];
};

static pcap_t *capture;
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
    pcap_breakloop(capture);
}

static void add_element(struct nftnl_set *set, const ldns_rdf *address)
{
    struct nftnl_set_elem *element = nftnl_set_elem_alloc();

    if (element == NULL)
        return;
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, ldns_rdf_data(address),
                       (uint32_t)ldns_rdf_size(address));
    nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, ELEMENT_MS);
    nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_EXPIRATION, ELEMENT_MS);
    nftnl_set_elem_add(set, element);
}

static size_t put_set(struct prototype *prototype, uint8_t *at, const ldns_rr_list *records,
                      ldns_rr_type type, const char *name)
{
    struct nftnl_set *set = nftnl_set_alloc();
    struct nlmsghdr *head;
    unsigned count = 0;

    if (set == NULL)
        return 0;
    nftnl_set_set_str(set, NFTNL_SET_TABLE, prototype->options.table);
    nftnl_set_set_str(set, NFTNL_SET_NAME, name);
    for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
        const ldns_rr *record = ldns_rr_list_rr(records, i);

        if (ldns_rr_get_type(record) != type)
            continue;
        add_element(set, ldns_rr_rdf(record, 0));
        count++;
    }
    head = nftnl_nlmsg_build_hdr((char *)at, NFT_MSG_NEWSETELEM, NFPROTO_INET, NLM_F_CREATE,
                                 prototype->sequence++);
    if (count > 0)
        nftnl_set_elems_nlmsg_build_payload(head, set);
    nftnl_set_free(set);
    return count > 0 ? NLMSG_ALIGN(head->nlmsg_len) : 0;
}

static void transact(struct prototype *prototype, const ldns_rr_list *records)
{
    size_t size = 0;
    char reply[8192];

    nftnl_batch_begin((char *)prototype->batch, prototype->sequence++);
    size = ((struct nlmsghdr *)prototype->batch)->nlmsg_len;
    size += put_set(prototype, prototype->batch + size, records, LDNS_RR_TYPE_A,
                    prototype->options.set4);
    size += put_set(prototype, prototype->batch + size, records, LDNS_RR_TYPE_AAAA,
                    prototype->options.set6);
    nftnl_batch_end((char *)prototype->batch + size, prototype->sequence++);
    size += ((struct nlmsghdr *)(prototype->batch + size))->nlmsg_len;
    if (mnl_socket_sendto(prototype->netlink, prototype->batch, size) < 0)
        fprintf(stderr, "prototype: sending: %s\n", strerror(errno));
    while (recv(mnl_socket_get_fd(prototype->netlink), reply, sizeof reply, MSG_DONTWAIT) > 0) {
        const struct nlmsgerr *error = mnl_nlmsg_get_payload((struct nlmsghdr *)reply);

        fprintf(stderr, "prototype: the kernel refused: %s\n", strerror(-error->error));
    }
}

/* The question's name ends in the suffix, by labels. */
static bool name_matches(const struct prototype *prototype, const uint8_t *dns, size_t size)
{
    const uint8_t *label = dns + 12, *end = dns + size;

    while (label < end && *label != 0 && *label < 64) {
        label += *label + 1;
        if ((size_t)(end - label) >= prototype->suffix_size && label < end &&
            strncasecmp((const char *)label, (const char *)prototype->suffix,
                        prototype->suffix_size) == 0)
            return true;
    }
    return false;
}

static void look(u_char *user, const struct pcap_pkthdr *head, const u_char *bytes)
{
    struct prototype *prototype = (struct prototype *)(void *)user;
    bool ipv6 = head->caplen > HEAD_SIZE && bytes[HEAD_SIZE] >> 4 == 6;
    size_t offset = HEAD_SIZE + (ipv6 ? 40 : 20) + 8;
    ldns_pkt *packet;

    if (head->caplen < offset + 17 ||
        !name_matches(prototype, bytes + offset, head->caplen - offset))
        return;
    if (ldns_wire2pkt(&packet, bytes + offset, head->caplen - offset) != LDNS_STATUS_OK)
        return;
    prototype->matched++;
    if (ldns_pkt_qr(packet) && ldns_pkt_ancount(packet) > 0)
        transact(prototype, ldns_pkt_answer(packet));
    ldns_pkt_free(packet);
}

static pcap_t *open_capture(const char *interface)
{
    struct bpf_program program;
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *live = pcap_create(interface, error);

    if (live == NULL)
        return NULL;
    pcap_set_snaplen(live, 1700);
    pcap_set_immediate_mode(live, 1);
    pcap_set_buffer_size(live, 8 << 20);
    if (pcap_activate(live) < 0 || pcap_compile(live, &program, "udp src port 53", 1, 0) < 0 ||
        pcap_setfilter(live, &program) < 0)
        return NULL;
    return live;
}

static bool set_suffix(struct prototype *prototype, const char *text)
{
    ldns_rdf *name = ldns_dname_new_frm_str(text);

    if (name == NULL || ldns_rdf_size(name) > sizeof prototype->suffix)
        return false;
    prototype->suffix_size = ldns_rdf_size(name);
    memcpy(prototype->suffix, ldns_rdf_data(name), prototype->suffix_size);
    ldns_rdf_deep_free(name);
    return true;
}

static bool hold_latency(void)
{
    int32_t none = 0;
    int fd = open("/dev/cpu_dma_latency", O_WRONLY);

    /* Held until the process ends. */
    return fd >= 0 && write(fd, &none, sizeof none) == (ssize_t)sizeof none;
}

static bool take_priority(void)
{
    const struct sched_param lowest = {.sched_priority = 1};

    return sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

static bool open_netlink(struct prototype *prototype)
{
    prototype->netlink = mnl_socket_open(NETLINK_NETFILTER);
    return prototype->netlink != NULL &&
           mnl_socket_bind(prototype->netlink, 0, MNL_SOCKET_AUTOPID) == 0;
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"hold-latency", no_argument, NULL, 'h'},
                                          {"realtime", no_argument, NULL, 'r'},
                                          {"never-sleep", no_argument, NULL, 'n'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?')
            return false;
        out->hold_latency |= option == 'h';
        out->realtime |= option == 'r';
        out->never_sleep |= option == 'n';
    }
    if (optind + 5 != argc)
        return false;
    out->interface = argv[optind];
    out->table = argv[optind + 1];
    out->set4 = argv[optind + 2];
    out->set6 = argv[optind + 3];
    out->suffix = argv[optind + 4];
    return true;
}

static void watch(struct prototype *prototype)
{
    char error[PCAP_ERRBUF_SIZE];

    if (!prototype->options.never_sleep || pcap_setnonblock(capture, 1, error) < 0) {
        pcap_loop(capture, -1, look, (u_char *)prototype);
        return;
    }
    while (!stopped && pcap_dispatch(capture, -1, look, (u_char *)prototype) >= 0)
        ;
}

int main(int argc, char **argv)
{
    static struct prototype prototype;
    struct pcap_stat stat;

    if (!parse_options(argc, argv, &prototype.options) ||
        !set_suffix(&prototype, prototype.options.suffix)) {
        fprintf(stderr, "usage: prototype [--hold-latency] [--realtime] [--never-sleep] INTERFACE "
                        "TABLE SET4 SET6 "
                        "SUFFIX\n");
        return 2;
    }
    capture = open_capture(prototype.options.interface);
    if (capture == NULL || !open_netlink(&prototype)) {
        fprintf(stderr, "prototype: cannot capture on %s or open netlink\n",
                prototype.options.interface);
        return 1;
    }
    if (prototype.options.hold_latency && !hold_latency()) {
        fprintf(stderr, "prototype: /dev/cpu_dma_latency: %s\n", strerror(errno));
        return 1;
    }
    if (prototype.options.realtime && !take_priority()) {
        fprintf(stderr, "prototype: SCHED_FIFO: %s\n", strerror(errno));
        return 1;
    }
    signal(SIGTERM, stop);
    printf("ready\n");
    fflush(stdout);
    watch(&prototype);
    if (pcap_stats(capture, &stat) == 0)
        printf("received %u dropped %u matched %lu\n", stat.ps_recv, stat.ps_drop,
               prototype.matched);
    return 0;
}
