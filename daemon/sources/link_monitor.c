/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listens to RTM_NEWLINK and RTM_DELLINK.  What was lost because nobody read in time is made up for
 * by saying that everything came up: whoever listens checks whether that matters.
 */
#include "daemon/sources/link_monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 32768, READS_A_WAKE = 32 };

struct link {
    char name[IFNAMSIZ];
    int index; /* 0: not there */
    bool up;
    bool retyped;  /* since it was last up */
    uint16_t type; /* ARPHRD_ */
};

struct link_monitor {
    struct mnl_socket *socket;
    struct loop_watch *watch;
    struct link_monitor_hooks hooks;
    size_t count;
    struct link links[PLAN_INTERFACES_MAX];
    char buffer[RECEIVE_SIZE];
};

static void link_is(struct link_monitor *links, size_t i, int index, uint16_t type, bool up)
{
    struct link *link = &links->links[i];
    bool came_up = up && (!link->up || link->index != index);

    link->retyped |= link->index == index && index != 0 && link->type != type;
    link->index = index;
    link->type = type;
    link->up = up;
    if (!came_up)
        return;
    links->hooks.up(links->hooks.context, i, link->retyped);
    link->retyped = false;
}

static int read_name(const struct nlattr *attribute, void *context)
{
    const char **name = context;
    if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
        mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
        *name = mnl_attr_get_str(attribute);
    return MNL_CB_OK;
}

static int links_take_message(const struct nlmsghdr *header, void *context)
{
    struct link_monitor *links = context;
    const struct ifinfomsg *info;
    const char *name = "";
    bool there = header->nlmsg_type == RTM_NEWLINK;

    if ((!there && header->nlmsg_type != RTM_DELLINK) ||
        mnl_nlmsg_get_payload_len(header) < sizeof(*info))
        return MNL_CB_OK;
    info = mnl_nlmsg_get_payload(header);
    if (info->ifi_family != AF_UNSPEC) /* a bridge port's own message */
        return MNL_CB_OK;
    mnl_attr_parse(header, sizeof(*info), read_name, &name);
    for (size_t i = 0; i < links->count; i++) {
        if (strcmp(links->links[i].name, name) == 0)
            link_is(links, i, there ? info->ifi_index : 0, info->ifi_type,
                    there && (info->ifi_flags & IFF_UP));
        else if (links->links[i].index == info->ifi_index)
            link_is(links, i, 0, 0, false); /* has another name now */
    }
    return MNL_CB_OK;
}

static void links_on_readable(void *context)
{
    struct link_monitor *links = context;
    for (int reads = 0; reads < READS_A_WAKE; reads++) {
        ssize_t got = mnl_socket_recvfrom(links->socket, links->buffer, sizeof(links->buffer));
        bool lost = got < 0 && errno == ENOBUFS;

        for (size_t i = 0; lost && i < links->count; i++)
            links->hooks.up(links->hooks.context, i, false);
        if (got > 0 || lost)
            links->hooks.changed(links->hooks.context);
        if (got <= 0)
            return;
        mnl_cb_run(links->buffer, (size_t)got, 0, 0, links_take_message, links);
    }
}

/* The groups of a bind's mask end before those of the settings. */
static int subscribe(struct mnl_socket *socket)
{
    static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                 RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF};

    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        int group = groups[i];

        if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
            return -errno;
    }
    return 0;
}

int link_monitor_open(struct loop *loop, const struct link_monitor_hooks *hooks,
                      struct link_monitor **out)
{
    struct link_monitor *links = calloc(1, sizeof(*links));
    int result = -ENOMEM;

    if (!links)
        return result;
    links->hooks = *hooks;
    links->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    result = links->socket ? subscribe(links->socket) : -errno;
    if (result < 0) {
        link_monitor_close(links);
        return result;
    }
    links->watch = loop_readable(loop, mnl_socket_get_fd(links->socket), LOOP_NORMAL,
                                 links_on_readable, links);
    if (!links->watch) {
        link_monitor_close(links);
        return -ENOMEM;
    }
    *out = links;
    return 0;
}

void link_monitor_close(struct link_monitor *links)
{
    if (!links)
        return;
    loop_unwatch(links->watch);
    if (links->socket)
        mnl_socket_close(links->socket);
    free(links);
}

/* As it is now, so that only what changes from here on is told. */
static struct link look_at(int query, const struct plan_interface *interface)
{
    struct link link = {.index = 0};
    struct ifreq request = {.ifr_ifindex = 0};

    memcpy(link.name, interface->name, IFNAMSIZ);
    memcpy(request.ifr_name, interface->name, IFNAMSIZ);
    if (query < 0 || ioctl(query, SIOCGIFINDEX, &request) < 0)
        return link;
    link.index = request.ifr_ifindex;
    link.up = ioctl(query, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
    if (ioctl(query, SIOCGIFHWADDR, &request) == 0)
        link.type = request.ifr_hwaddr.sa_family;
    return link;
}

void link_monitor_watch(struct link_monitor *links, const struct plan_interface *interfaces,
                        size_t count)
{
    int query = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    links->count = count < PLAN_INTERFACES_MAX ? count : PLAN_INTERFACES_MAX;
    for (size_t i = 0; i < links->count; i++)
        links->links[i] = look_at(query, &interfaces[i]);
    if (query >= 0)
        close(query);
}
