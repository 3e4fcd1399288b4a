/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two dumps of rtnetlink.  What the kernel does not say of an interface is taken for what grants
 * less.
 */
#include "daemon/sources/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RECEIVE_SIZE = 32768, KIND_MAX = 16 };

/* ---- links ---- */

/* A link's message on its way. */
struct parsing {
    struct topology_link link;
    char kind[KIND_MAX]; /* "": hardware */
    bool told;           /* whether it forwards IPv4 */
    bool elsewhere;      /* what it stands on is in another network namespace */
};

/* One of the kernel's settings of an interface, as an array of them is told. */
static bool setting(const struct nlattr *values, unsigned index)
{
    uint32_t value;

    if (mnl_attr_get_payload_len(values) < (index + 1) * sizeof(value))
        return false;
    memcpy(&value, (const char *)mnl_attr_get_payload(values) + index * sizeof(value),
           sizeof(value));
    return value != 0;
}

/* AF_INET counts its settings from 1. */
static void take_settings(struct parsing *parsing, uint16_t family, const struct nlattr *values)
{
    struct topology_link *link = &parsing->link;

    if (family == AF_INET && mnl_attr_get_type(values) == IFLA_INET_CONF) {
        parsing->told = true;
        link->forwards |= setting(values, IPV4_DEVCONF_FORWARDING - 1);
        link->proxies |= setting(values, IPV4_DEVCONF_PROXY_ARP - 1) ||
                         setting(values, IPV4_DEVCONF_PROXY_ARP_PVLAN - 1);
    } else if (family == AF_INET6 && mnl_attr_get_type(values) == IFLA_INET6_CONF) {
        link->forwards |= setting(values, DEVCONF_FORWARDING);
        link->proxies |= setting(values, DEVCONF_PROXY_NDP);
    }
}

static void take_families(struct parsing *parsing, const struct nlattr *families)
{
    const struct nlattr *family, *values;

    mnl_attr_for_each_nested(family, families)
    {
        mnl_attr_for_each_nested(values, family)
            take_settings(parsing, mnl_attr_get_type(family), values);
    }
}

static void take_kind(struct parsing *parsing, const struct nlattr *info)
{
    const struct nlattr *attribute;

    mnl_attr_for_each_nested(attribute, info)
    {
        if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
            strncpy(parsing->kind, mnl_attr_get_str(attribute), KIND_MAX - 1);
    }
}

static int take_link_attribute(const struct nlattr *attribute, void *context)
{
    struct parsing *parsing = context;

    switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
        strncpy(parsing->link.name, mnl_attr_get_str(attribute), IFNAMSIZ - 1);
        break;
    case IFLA_MASTER:
        parsing->link.master = mnl_attr_get_u32(attribute);
        break;
    case IFLA_LINK:
        parsing->link.lower = mnl_attr_get_u32(attribute);
        break;
    case IFLA_LINK_NETNSID:
        parsing->elsewhere = true;
        break;
    case IFLA_LINKINFO:
        take_kind(parsing, attribute);
        break;
    case IFLA_AF_SPEC:
        take_families(parsing, attribute);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

/* The two ends of a cable stand on nothing; hardware names itself. */
static void link_conclude(struct parsing *parsing)
{
    static const char *const plain[] = {"", "veth", "dummy", "ifb", "tun"};
    struct topology_link *link = &parsing->link;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        link->plain |= strcmp(parsing->kind, plain[i]) == 0;
    link->made = parsing->kind[0] != '\0';
    link->vrf = strcmp(parsing->kind, "vrf") == 0;
    link->forwards |= !parsing->told;
    if (parsing->elsewhere || link->plain || link->lower == link->index)
        link->lower = 0;
}

static int take_link(const struct nlmsghdr *header, void *context)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
    struct topology *topology = context;
    struct parsing parsing = {.told = false};

    if (header->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(header) < sizeof(*info) ||
        topology->link_count == TOPOLOGY_LINKS_MAX)
        return MNL_CB_OK;
    parsing.link.index = (uint32_t)info->ifi_index;
    parsing.link.loopback = info->ifi_type == ARPHRD_LOOPBACK;
    mnl_attr_parse(header, sizeof(*info), take_link_attribute, &parsing);
    link_conclude(&parsing);
    if (parsing.link.index > 0 && parsing.link.name[0])
        topology->links[topology->link_count++] = parsing.link;
    return MNL_CB_OK;
}

/* ---- addresses ---- */

static bool take_address_bytes(uint8_t family, const struct nlattr *attribute, struct address *out)
{
    size_t size = mnl_attr_get_payload_len(attribute);

    if (family == AF_INET && size == 4)
        *out = address_from_ipv4(mnl_attr_get_payload(attribute));
    else if (family == AF_INET6 && size == 16)
        *out = address_from_ipv6(mnl_attr_get_payload(attribute));
    else
        return false;
    return true;
}

/* Of a link between two points IFA_ADDRESS is the other end, else the two are the same. */
struct ends {
    uint8_t family;
    struct address local, other;
};

static int take_address_attribute(const struct nlattr *attribute, void *context)
{
    struct ends *ends = context;

    if (mnl_attr_get_type(attribute) == IFA_LOCAL)
        take_address_bytes(ends->family, attribute, &ends->local);
    else if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
        take_address_bytes(ends->family, attribute, &ends->other);
    return MNL_CB_OK;
}

static struct prefix prefix_of(const struct address *address, unsigned length)
{
    struct prefix prefix = {*address, (uint8_t)length};

    for (unsigned bit = length; bit < 8 * address_size(address); bit++)
        prefix.address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return prefix;
}

/* fe80::/10: each interface makes its own, a mirror port too, and they mean nothing elsewhere. */
static bool is_link_local(const struct address *address)
{
    return address->family == ADDRESS_IPV6 && address->bytes[0] == 0xfe &&
           (address->bytes[1] & 0xc0) == 0x80;
}

static int take_address(const struct nlmsghdr *header, void *context)
{
    const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
    struct topology *topology = context;
    struct ends ends = {.family = 0};

    if (header->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(header) < sizeof(*info) ||
        topology->address_count == TOPOLOGY_ADDRESSES_MAX)
        return MNL_CB_OK;
    ends.family = info->ifa_family;
    mnl_attr_parse(header, sizeof(*info), take_address_attribute, &ends);
    if (ends.local.family == ADDRESS_NONE)
        ends.local = ends.other;
    if (ends.other.family == ADDRESS_NONE)
        ends.other = ends.local;
    if (ends.local.family == ADDRESS_NONE || is_link_local(&ends.local) ||
        info->ifa_prefixlen > 8 * address_size(&ends.other))
        return MNL_CB_OK;
    topology->addresses[topology->address_count++] = (struct topology_address){
        .link = info->ifa_index,
        .own = ends.local,
        .connected = prefix_of(&ends.other, info->ifa_prefixlen),
    };
    return MNL_CB_OK;
}

/* ---- asking ---- */

static int dump(struct mnl_socket *socket, uint16_t type, mnl_cb_t take, void *context)
{
    static unsigned sequence;
    char buffer[RECEIVE_SIZE];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    unsigned number = ++sequence;
    ssize_t got;
    int result = MNL_CB_OK;

    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = number;
    mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
    if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
        return -errno;
    while (result > MNL_CB_STOP) {
        got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
        if (got < 0)
            return -errno;
        result =
            mnl_cb_run(buffer, (size_t)got, number, mnl_socket_get_portid(socket), take, context);
    }
    return result < 0 ? -errno : 0;
}

static int compare_links(const void *a, const void *b)
{
    uint32_t left = ((const struct topology_link *)a)->index;
    uint32_t right = ((const struct topology_link *)b)->index;

    return (left > right) - (left < right);
}

/* A dump that was disturbed may tell one twice. */
static void sort_links(struct topology *topology)
{
    size_t kept = 0;

    qsort(topology->links, topology->link_count, sizeof(*topology->links), compare_links);
    for (size_t i = 0; i < topology->link_count; i++) {
        if (kept == 0 || topology->links[kept - 1].index != topology->links[i].index)
            topology->links[kept++] = topology->links[i];
    }
    topology->link_count = kept;
}

static int read_into(struct topology *topology)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    int result = -errno;

    if (!socket)
        return result;
    result = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
    if (result == 0)
        result = dump(socket, RTM_GETLINK, take_link, topology);
    if (result == 0)
        result = dump(socket, RTM_GETADDR, take_address, topology);
    mnl_socket_close(socket);
    return result;
}

int topology_read(struct topology *out)
{
    struct topology topology = {
        .links = calloc(TOPOLOGY_LINKS_MAX, sizeof(*topology.links)),
        .addresses = calloc(TOPOLOGY_ADDRESSES_MAX, sizeof(*topology.addresses)),
    };
    int result = topology.links && topology.addresses ? read_into(&topology) : -ENOMEM;

    if (result < 0) {
        topology_free(&topology);
        return result;
    }
    sort_links(&topology);
    *out = topology;
    return 0;
}
