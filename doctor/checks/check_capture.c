/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where packets come in: the sources, their interfaces, and what the cards do to packets.
 */
#include "doctor/doctor.h"

#include "base/json_read.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void check_sources(struct doctor *doctor)
{
    json_t *source;
    size_t i;

    checklist_add_findings(doctor->list, "source", doctor->status, ADVICE_SOURCES);
    json_array_foreach(json_object_get(doctor->status, "sources"), i, source)
    {
        json_int_t restarts = number_of(source, "restarts");

        if (!text_is(source, "state", "running"))
            continue;
        checklist_add(doctor->list, "source", CHECK_OK,
                      "the %s runs, process %" JSON_INTEGER_FORMAT
                      ", restarted %" JSON_INTEGER_FORMAT " time%s",
                      text_of(source, "source"), number_of(source, "pid"), restarts,
                      restarts == 1 ? "" : "s");
    }
}

/* ---- offloads ---- */

/* A setting of ethtool(8); false when the driver does not say. */
static bool ethtool_get(int fd, const char *interface, uint32_t command, uint32_t *out)
{
    struct ethtool_value value = {.cmd = command};
    struct ifreq request = {.ifr_data = (void *)&value};

    if (strlen(interface) >= IFNAMSIZ)
        return false;
    strcpy(request.ifr_name, interface);
    if (ioctl(fd, SIOCETHTOOL, &request) < 0)
        return false;
    *out = value.data;
    return true;
}

/*
 * LRO merges what it receives and does not keep what it merged (the kernel itself turns it off
 * where it forwards); GRO keeps it, and what it merges the sniffer has room for.
 */
static void offloads_check(struct doctor *doctor, int fd, const char *interface)
{
    uint32_t flags = 0, gro = 0;

    if (!ethtool_get(fd, interface, ETHTOOL_GFLAGS, &flags) ||
        !ethtool_get(fd, interface, ETHTOOL_GGRO, &gro))
        return;
    if (!(flags & ETH_FLAG_LRO)) {
        checklist_add(doctor->list, "offload", CHECK_OK, "%s: LRO is off, GRO is %s, which is fine",
                      interface, gro ? "on" : "off");
        return;
    }
    checklist_add(doctor->list, "offload", CHECK_WARNING,
                  "%s: large receive offload is on: the card merges packets, and DNS over TCP may"
                  " not be read",
                  interface);
    checklist_advise(doctor->list, "`ethtool -K %s lro off`", interface);
}

/* ---- interfaces ---- */

static void interface_check(struct doctor *doctor, int fd, const json_t *interface)
{
    const char *name = text_of(interface, "interface");
    const char *link_type = text_of(interface, "link_type");

    if (!text_is(interface, "state", "up"))
        return;
    checklist_add(doctor->list, "interface", CHECK_OK,
                  "%s is up, link type %s, %" JSON_INTEGER_FORMAT " packets passed the filter,"
                  " %" JSON_INTEGER_FORMAT " were dropped",
                  name, *link_type ? link_type : "unknown", number_of(interface, "received"),
                  number_of(interface, "dropped") + number_of(interface, "interface_dropped"));
    if (strcmp(name, "any") == 0) {
        checklist_add(doctor->list, "interface", CHECK_OK,
                      "any is never promiscuous: it sees what this machine forwards, sends and"
                      " receives; a mirror port must be named");
        return;
    }
    if (!json_is_true(json_object_get(interface, "promiscuous"))) {
        checklist_add(doctor->list, "interface", CHECK_WARNING,
                      "%s is not promiscuous: it sees what passes through this machine, but not"
                      " what a switch mirrors to it",
                      name);
        checklist_advise(doctor->list, "if it is a mirror port, `journalctl -u wildset` says why");
    }
    if (fd >= 0)
        offloads_check(doctor, fd, name);
}

void check_interfaces(struct doctor *doctor)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    json_t *source, *interface;
    size_t i, j;

    checklist_add_findings(doctor->list, "interface", doctor->status, ADVICE_INTERFACES);
    json_array_foreach(json_object_get(doctor->status, "sources"), i, source)
        json_array_foreach(json_object_get(source, "interfaces"), j, interface)
            interface_check(doctor, fd, interface);
    if (fd >= 0)
        close(fd);
}
