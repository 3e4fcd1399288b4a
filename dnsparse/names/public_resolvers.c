/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list, as the operators' pages name them, with those that filter malware or what is not for
 * children, and those that make DNS64 answers.
 */
#include "dnsparse/names/public_resolvers.h"

enum { BOTH = PUBLIC_DNS | PUBLIC_HTTPS };

static const struct public_resolver {
    const char *address;
    unsigned services;
} public_resolvers[] = {
    /* Google */
    {"8.8.8.8", BOTH},
    {"8.8.4.4", BOTH},
    {"2001:4860:4860::8888", BOTH},
    {"2001:4860:4860::8844", BOTH},
    {"2001:4860:4860::6464", PUBLIC_DNS},
    {"2001:4860:4860::64", PUBLIC_DNS},

    /* Cloudflare */
    {"1.1.1.1", BOTH},
    {"1.0.0.1", BOTH},
    {"1.1.1.2", BOTH},
    {"1.0.0.2", BOTH},
    {"1.1.1.3", BOTH},
    {"1.0.0.3", BOTH},
    {"2606:4700:4700::1111", BOTH},
    {"2606:4700:4700::1001", BOTH},
    {"2606:4700:4700::1112", BOTH},
    {"2606:4700:4700::1002", BOTH},
    {"2606:4700:4700::1113", BOTH},
    {"2606:4700:4700::1003", BOTH},
    {"2606:4700:4700::64", PUBLIC_DNS},
    {"2606:4700:4700::6400", PUBLIC_DNS},

    /* Cloudflare for browsers */
    {"162.159.61.3", PUBLIC_HTTPS},
    {"172.64.41.3", PUBLIC_HTTPS},
    {"162.159.61.4", PUBLIC_HTTPS},
    {"172.64.41.4", PUBLIC_HTTPS},
    {"2803:f800:53::4", PUBLIC_HTTPS},
    {"2a06:98c1:52::4", PUBLIC_HTTPS},

    /* Quad9 */
    {"9.9.9.9", BOTH},
    {"149.112.112.112", BOTH},
    {"9.9.9.10", BOTH},
    {"149.112.112.10", BOTH},
    {"9.9.9.11", BOTH},
    {"149.112.112.11", BOTH},
    {"2620:fe::fe", BOTH},
    {"2620:fe::9", BOTH},
    {"2620:fe::10", BOTH},
    {"2620:fe::fe:10", BOTH},
    {"2620:fe::11", BOTH},
    {"2620:fe::fe:11", BOTH},
    {"149.112.112.9", PUBLIC_DNS},
    {"9.9.9.12", PUBLIC_DNS},
    {"149.112.112.12", PUBLIC_DNS},
    {"2620:fe::fe:9", PUBLIC_DNS},
    {"2620:fe::12", PUBLIC_DNS},
    {"2620:fe::fe:12", PUBLIC_DNS},

    /* OpenDNS */
    {"208.67.222.222", BOTH},
    {"208.67.220.220", BOTH},
    {"2620:119:35::35", BOTH},
    {"2620:119:53::53", BOTH},
    {"208.67.222.220", PUBLIC_DNS},
    {"208.67.220.222", PUBLIC_DNS},
    {"208.67.222.123", PUBLIC_DNS},
    {"208.67.220.123", PUBLIC_DNS},
    {"2620:119:35::123", PUBLIC_DNS},
    {"2620:119:53::123", PUBLIC_DNS},
    {"2620:0:ccc::2", PUBLIC_DNS},
    {"2620:0:ccd::2", PUBLIC_DNS},

    /* AdGuard */
    {"94.140.14.14", BOTH},
    {"94.140.15.15", BOTH},
    {"2a10:50c0::ad1:ff", BOTH},
    {"2a10:50c0::ad2:ff", BOTH},
    {"94.140.14.15", PUBLIC_DNS},
    {"94.140.15.16", PUBLIC_DNS},
    {"94.140.14.140", PUBLIC_DNS},
    {"94.140.14.141", PUBLIC_DNS},
    {"2a10:50c0::bad1:ff", PUBLIC_DNS},
    {"2a10:50c0::bad2:ff", PUBLIC_DNS},
    {"2a10:50c0::1:ff", PUBLIC_DNS},
    {"2a10:50c0::2:ff", PUBLIC_DNS},

    /* DNS4EU */
    {"86.54.11.1", PUBLIC_DNS},
    {"86.54.11.201", PUBLIC_DNS},
    {"86.54.11.11", PUBLIC_DNS},
    {"86.54.11.211", PUBLIC_DNS},
    {"86.54.11.12", PUBLIC_DNS},
    {"86.54.11.212", PUBLIC_DNS},
    {"86.54.11.13", PUBLIC_DNS},
    {"86.54.11.213", PUBLIC_DNS},
    {"86.54.11.100", PUBLIC_DNS},
    {"86.54.11.200", PUBLIC_DNS},
    {"2a13:1001::86:54:11:1", PUBLIC_DNS},
    {"2a13:1001::86:54:11:201", PUBLIC_DNS},
    {"2a13:1001::86:54:11:11", PUBLIC_DNS},
    {"2a13:1001::86:54:11:211", PUBLIC_DNS},
    {"2a13:1001::86:54:11:12", PUBLIC_DNS},
    {"2a13:1001::86:54:11:212", PUBLIC_DNS},
    {"2a13:1001::86:54:11:13", PUBLIC_DNS},
    {"2a13:1001::86:54:11:213", PUBLIC_DNS},
    {"2a13:1001::86:54:11:100", PUBLIC_DNS},
    {"2a13:1001::86:54:11:200", PUBLIC_DNS},

    /* CleanBrowsing */
    {"185.228.168.9", PUBLIC_DNS},
    {"185.228.169.9", PUBLIC_DNS},
    {"185.228.168.10", PUBLIC_DNS},
    {"185.228.169.11", PUBLIC_DNS},
    {"185.228.168.168", PUBLIC_DNS},
    {"185.228.169.168", PUBLIC_DNS},
    {"2a0d:2a00:1::", PUBLIC_DNS},
    {"2a0d:2a00:2::", PUBLIC_DNS},
    {"2a0d:2a00:1::1", PUBLIC_DNS},
    {"2a0d:2a00:2::1", PUBLIC_DNS},
    {"2a0d:2a00:1::2", PUBLIC_DNS},
    {"2a0d:2a00:2::2", PUBLIC_DNS},

    /* Control D, its free ones */
    {"76.76.2.0", PUBLIC_DNS},
    {"76.76.10.0", PUBLIC_DNS},
    {"76.76.2.1", PUBLIC_DNS},
    {"76.76.10.1", PUBLIC_DNS},
    {"76.76.2.2", PUBLIC_DNS},
    {"76.76.10.2", PUBLIC_DNS},
    {"76.76.2.3", PUBLIC_DNS},
    {"76.76.10.3", PUBLIC_DNS},
    {"76.76.2.4", PUBLIC_DNS},
    {"76.76.10.4", PUBLIC_DNS},
    {"76.76.2.5", PUBLIC_DNS},
    {"76.76.10.5", PUBLIC_DNS},
    {"2606:1a40::", PUBLIC_DNS},
    {"2606:1a40:1::", PUBLIC_DNS},
    {"2606:1a40::1", PUBLIC_DNS},
    {"2606:1a40:1::1", PUBLIC_DNS},
    {"2606:1a40::2", PUBLIC_DNS},
    {"2606:1a40:1::2", PUBLIC_DNS},
    {"2606:1a40::3", PUBLIC_DNS},
    {"2606:1a40:1::3", PUBLIC_DNS},
    {"2606:1a40::4", PUBLIC_DNS},
    {"2606:1a40:1::4", PUBLIC_DNS},
    {"2606:1a40::5", PUBLIC_DNS},
    {"2606:1a40:1::5", PUBLIC_DNS},

    /* CIRA Canadian Shield */
    {"149.112.121.10", PUBLIC_DNS},
    {"149.112.122.10", PUBLIC_DNS},
    {"149.112.121.20", PUBLIC_DNS},
    {"149.112.122.20", PUBLIC_DNS},
    {"149.112.121.30", PUBLIC_DNS},
    {"149.112.122.30", PUBLIC_DNS},
    {"2620:10a:80bb::10", PUBLIC_DNS},
    {"2620:10a:80bc::10", PUBLIC_DNS},
    {"2620:10a:80bb::20", PUBLIC_DNS},
    {"2620:10a:80bc::20", PUBLIC_DNS},
    {"2620:10a:80bb::30", PUBLIC_DNS},
    {"2620:10a:80bc::30", PUBLIC_DNS},

    /* Level 3, Lumen */
    {"4.2.2.1", PUBLIC_DNS},
    {"4.2.2.2", PUBLIC_DNS},
    {"4.2.2.3", PUBLIC_DNS},
    {"4.2.2.4", PUBLIC_DNS},
    {"4.2.2.5", PUBLIC_DNS},
    {"4.2.2.6", PUBLIC_DNS},
    {"209.244.0.3", PUBLIC_DNS},
    {"209.244.0.4", PUBLIC_DNS},

    /* Vercara UltraDNS Public */
    {"64.6.64.6", PUBLIC_DNS},
    {"64.6.65.6", PUBLIC_DNS},
    {"156.154.70.1", PUBLIC_DNS},
    {"156.154.71.1", PUBLIC_DNS},
    {"156.154.70.2", PUBLIC_DNS},
    {"156.154.71.2", PUBLIC_DNS},
    {"156.154.70.3", PUBLIC_DNS},
    {"156.154.71.3", PUBLIC_DNS},
    {"156.154.70.5", PUBLIC_DNS},
    {"156.154.71.5", PUBLIC_DNS},
    {"2620:74:1b::1:1", PUBLIC_DNS},
    {"2620:74:1c::2:2", PUBLIC_DNS},
    {"2610:a1:1018::1", PUBLIC_DNS},
    {"2610:a1:1019::1", PUBLIC_DNS},
    {"2610:a1:1018::2", PUBLIC_DNS},
    {"2610:a1:1019::2", PUBLIC_DNS},
    {"2610:a1:1018::3", PUBLIC_DNS},
    {"2610:a1:1019::3", PUBLIC_DNS},
    {"2610:a1:1018::5", PUBLIC_DNS},
    {"2610:a1:1019::5", PUBLIC_DNS},

    /* Hurricane Electric */
    {"74.82.42.42", PUBLIC_DNS},
    {"2001:470:20::2", PUBLIC_DNS},
};

enum { PUBLIC_RESOLVERS = sizeof(public_resolvers) / sizeof(public_resolvers[0]) };

bool publicresolvers_get(size_t index, struct address *out, unsigned *services)
{
    if (index >= PUBLIC_RESOLVERS || !address_from_text(public_resolvers[index].address, out))
        return false;
    *services = public_resolvers[index].services;
    return true;
}

size_t publicresolvers_count(enum public_service service)
{
    size_t count = 0;

    for (size_t i = 0; i < PUBLIC_RESOLVERS; i++)
        count += (public_resolvers[i].services & (unsigned)service) != 0;
    return count;
}
