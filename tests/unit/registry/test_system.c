/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken from the system: resolv.conf, hosts, the proxy's variables, URLs. */
#include "registry/fetch/fetch.h"
#include "registry/fetch/proxy.h"
#include "registry/resolve/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_servers(void **context)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    char text[ADDRESS_TEXT_MAX];
    (void)context;

    assert_int_equal(system_servers("# by hand\nsearch example.net\nnameserver 192.0.2.53\n"
                                    "nameserver\t2001:db8::53 # second\nnameserver nowhere\n"
                                    "  nameserver fe80::1%nowhere0\noptions edns0\n",
                                    servers),
                     2);
    assert_string_equal(address_to_text(&servers[1].address, text), "2001:db8::53");
    assert_int_equal(servers[0].port, 53);
    assert_int_equal(system_servers("", servers), 1);
    assert_string_equal(address_to_text(&servers[0].address, text), "127.0.0.1");
    assert_int_equal(system_servers("nameserver fe80::1%lo", servers), 1);
    assert_int_not_equal(servers[0].scope, 0);
}

static void test_hosts(void **context)
{
    static const char hosts[] = "127.0.0.1 localhost\n198.51.100.7\tEU1.example.net eu1 # here\n"
                                "2001:db8::7 eu1.example.net\n# 192.0.2.1 eu1.example.net\n";
    struct address found[SYSTEM_HOST_ADDRESSES_MAX];
    struct dname name;
    (void)context;

    dname_from_text("eu1.example.net", &name);
    assert_int_equal(system_hosts_find(hosts, &name, found), 2);
    dname_from_text("example.net", &name);
    assert_int_equal(system_hosts_find(hosts, &name, found), 0);
}

/* The end of a line that is too long does not become another name: eu1.example.net(work). */
static void test_a_line_is_cut_between_words(void **context)
{
    static const char start[] = "192.0.2.1 ", name[] = "eu1.example.net";
    struct address found[SYSTEM_HOST_ADDRESSES_MAX];
    struct dname wanted;
    char line[2048];
    (void)context;

    dname_from_text(name, &wanted);
    for (size_t at = 900; at < 1100; at++) {
        memset(line, ' ', sizeof(line));
        memcpy(line, start, sizeof(start) - 1);
        snprintf(line + at, sizeof(line) - at, "%swork\n192.0.2.2 %s\n", name, name);
        assert_int_equal(system_hosts_find(line, &wanted, found), 1);
        snprintf(line + at, sizeof(line) - at, "%s %*s\n", name, 1000, "");
        assert_int_equal(system_hosts_find(line, &wanted, found), at + sizeof(name) <= 1024);
    }
}

static void test_no_proxy(void **context)
{
    (void)context;
    assert_false(proxy_is_bypassed("", "a.example.net"));
    assert_true(proxy_is_bypassed("*", "a.example.net"));
    assert_true(proxy_is_bypassed("example.org, example.net", "a.example.net"));
    assert_true(proxy_is_bypassed(".example.net", "A.EXAMPLE.net."));
    assert_true(proxy_is_bypassed("localhost a.example.net", "a.example.net"));
    assert_false(proxy_is_bypassed("ample.net", "a.example.net"));
    assert_false(proxy_is_bypassed("b.a.example.net", "a.example.net"));
    assert_true(proxy_is_bypassed("192.0.2.0/24", "192.0.2.7"));
    assert_false(proxy_is_bypassed("192.0.2.0/24", "192.0.3.7"));
    assert_true(proxy_is_bypassed("[2001:db8::7]", "2001:db8::7"));
    assert_false(proxy_is_bypassed("2", "192.0.2.2"));
}

static void test_the_environment(void **context)
{
    (void)context;
    setenv("ALL_PROXY", "http://all:1", 1);
    assert_string_equal(proxy_from_environment(), "http://all:1");
    setenv("HTTPS_PROXY", "http://upper:1", 1);
    setenv("https_proxy", "http://lower:1", 1);
    setenv("http_proxy", "http://plain:1", 1);
    assert_string_equal(proxy_from_environment(), "http://lower:1");
    assert_true(proxy_resolves("http://lower:1"));
    assert_true(proxy_resolves("socks5h://lower:1"));
    assert_false(proxy_resolves("socks5://lower:1"));
}

static void expect_url(const char *url, bool https, const char *host, uint16_t port)
{
    char found[FETCH_HOST_MAX];
    uint16_t found_port = 0;

    if (!fetch_split_url(url, https, found, &found_port))
        fail_msg("%s: not read", url);
    assert_string_equal(found, host);
    assert_int_equal(found_port, port);
}

static void test_urls(void **context)
{
    char host[FETCH_HOST_MAX];
    uint16_t port;
    (void)context;

    expect_url("https://example.net/x", true, "example.net", 443);
    expect_url("https://example.net:8443", true, "example.net", 8443);
    expect_url("https://[2001:db8::7]/", true, "2001:db8::7", 443);
    expect_url("http://user:pw@proxy.example:3128", false, "proxy.example", 3128);
    expect_url("proxy.example:3128", false, "proxy.example", 3128);
    expect_url("proxy.example", false, "proxy.example", 1080);
    assert_false(fetch_split_url("http://example.net/", true, host, &port));
    assert_false(fetch_split_url("file:///etc/passwd", true, host, &port));
    assert_false(fetch_split_url("", true, host, &port));
    assert_false(fetch_split_url("https://", true, host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_a_line_is_cut_between_words),
        cmocka_unit_test(test_no_proxy),
        cmocka_unit_test(test_the_environment),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
