/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an IP header to the ports behind it.
 */
#include "sniffer/filter/filterlevel.h"
#include "dnsparse/names/dns.h"
#include "sniffer/decode/tunnel.h"

#include <netinet/in.h>

enum {
    IPV4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
    IPV6_HEADER_SIZE = 40,
};

/* ---- transport ---- */

/* To `found` where resolvers answer at one of the two ports.  A is the destination's. */
static void write_dns_ports(const struct filterwriting *writing, unsigned found)
{
    const struct tunnelrules *rules = writing->path->rules;

    for (uint32_t at = 0; at <= 2; at += 2) {
        load(writing, BPF_H, at);
        if_equal(writing, DNS_PORT, found);
        for (unsigned i = 0; rules && rules->dns && i < rules->dns->count; i++)
            if_equal(writing, rules->dns->others[i], found);
    }
}

static void write_udp(const struct filterwriting *writing, const struct filterlevel *level)
{
    const struct tunnelrules *rules = writing->path->rules;
    bool vxlan = enters(writing, ENCAPSULATION_VXLAN);
    const struct filterchoice ports[] = {
        {vxlan, TUNNEL_PORT_VXLAN, level->vxlan},
        {vxlan, TUNNEL_PORT_VXLAN_LINUX, level->vxlan},
        {vxlan, TUNNEL_PORT_VXLAN_GPE, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_GENEVE), TUNNEL_PORT_GENEVE, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_TZSP), TUNNEL_PORT_TZSP, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_GTP), TUNNEL_PORT_GTP, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_GRE) || enters(writing, ENCAPSULATION_ERSPAN),
         TUNNEL_PORT_GRE, FILTERCODE_PASS},
    };

    write_dns_ports(writing, writing->path->dns);
    /* In front of the usual ones: the configuration may say that something else is there. */
    for (size_t i = 0; rules && rules->own_ports && i < rules->count; i++) {
        uint16_t port = rules->tunnels[i].port;

        if (port == 0)
            continue;
        enum encapsulation there = tunnelrules_at_port(rules, port);
        if (there == ENCAPSULATION_VXLAN && port != TUNNEL_PORT_VXLAN_GPE)
            if_equal(writing, port, level->vxlan);
        else if (there != ENCAPSULATION_NONE)
            if_equal(writing, port, FILTERCODE_PASS);
    }
    if_one_of(writing, ports, sizeof(ports) / sizeof(ports[0]));
    go(writing, FILTERCODE_DROP);
}

/* ---- network ---- */

/* A is the protocol, which is kept; one that nothing leads on from does not come to `on`. */
static void write_protocol(const struct filterwriting *writing, unsigned on)
{
    bool gre = enters(writing, ENCAPSULATION_GRE) || enters(writing, ENCAPSULATION_ERSPAN);
    bool ip_in_ip = enters(writing, ENCAPSULATION_IPIP);
    const struct filterchoice protocols[] = {
        {true, IPPROTO_UDP, on},      {true, IPPROTO_TCP, on},      {gre, IPPROTO_GRE, on},
        {ip_in_ip, IPPROTO_IPIP, on}, {ip_in_ip, IPPROTO_IPV6, on},
    };

    filtercode_add(writing->code, BPF_ST, FILTERPATH_CELL);
    if_one_of(writing, protocols, sizeof(protocols) / sizeof(protocols[0]));
}

static void write_ipv4(const struct filterwriting *writing, unsigned transport)
{
    unsigned on = filtercode_label(writing->code);

    load(writing, BPF_B, 9); /* protocol */
    write_protocol(writing, on);
    filtercode_branch(writing->code, BPF_JEQ, IPPROTO_AH, FILTERCODE_PASS, FILTERCODE_DROP);
    filtercode_place(writing->code, on);
    load(writing, BPF_H, 6); /* flags and fragment offset */
    if_bits(writing, IPV4_FRAGMENT, FILTERCODE_PASS);
    load(writing, BPF_B, 0); /* version and header length */
    filtercode_add(writing->code, BPF_ALU | BPF_AND | BPF_K, 0x0f);
    filtercode_add(writing->code, BPF_ALU | BPF_LSH | BPF_K, 2);
    filtercode_add(writing->code, BPF_ALU | BPF_ADD | BPF_X, 0);
    filtercode_add(writing->code, BPF_MISC | BPF_TAX, 0);
    filtercode_add(writing->code, BPF_LD | BPF_MEM, FILTERPATH_CELL);
    go(writing, transport);
}

/* Falls through to the transport. */
static void write_ipv6(const struct filterwriting *writing)
{
    /* Extension headers: the way to the port is not walked here. */
    static const uint8_t extensions[] = {
        IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS,
        IPPROTO_AH,      IPPROTO_MH,      139 /* HIP */,    140 /* Shim6 */,
    };
    unsigned on = filtercode_label(writing->code);

    load(writing, BPF_B, 6); /* next header */
    write_protocol(writing, on);
    for (unsigned i = 0; i < sizeof(extensions); i++)
        if_equal(writing, extensions[i], FILTERCODE_PASS);
    go(writing, FILTERCODE_DROP);
    filtercode_place(writing->code, on);
    move_on(writing, IPV6_HEADER_SIZE);
    filtercode_add(writing->code, BPF_LD | BPF_MEM, FILTERPATH_CELL);
}

void filterlevel_write(const struct filterwriting *writing, const struct filterlevel *level)
{
    unsigned transport = filtercode_label(writing->code), tcp = filtercode_label(writing->code);
    const struct filterlevel *inside = level->inside;
    bool ip_in_ip = enters(writing, ENCAPSULATION_IPIP);
    const struct filterchoice protocols[] = {
        {true, IPPROTO_TCP, tcp},
        {enters(writing, ENCAPSULATION_GRE) || enters(writing, ENCAPSULATION_ERSPAN), IPPROTO_GRE,
         level->gre},
        {ip_in_ip, IPPROTO_IPIP, inside ? inside->v4 : FILTERCODE_PASS},
        {ip_in_ip, IPPROTO_IPV6, inside ? inside->v6 : FILTERCODE_PASS},
    };

    filtercode_place(writing->code, level->v4);
    write_ipv4(writing, transport);
    filtercode_place(writing->code, level->v6);
    write_ipv6(writing);
    filtercode_place(writing->code, transport); /* X at its header, A its protocol */
    if_one_of(writing, protocols, sizeof(protocols) / sizeof(protocols[0]));
    write_udp(writing, level);
    filtercode_place(writing->code, tcp);
    write_dns_ports(writing, FILTERCODE_PASS);
    go(writing, FILTERCODE_DROP);
}
