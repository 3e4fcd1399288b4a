/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket as its clients see it: a child runs the loop with leases and without a kernel,
 * the test asks it.
 */
#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "daemon/control/control.h"
#include "daemon/control/protocol.h"
#include "daemon/control/request.h"
#include "daemon/outputs/views.h"
#include "daemon/sources/sources.h"
#include "setsync/setsync.h"
#include "source/resolvers_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEASES = 3000, NOBODY = 65534, MANY = 6000 };

static const char config_text[] = "capture { resolvers = { \"192.0.2.53\" } }\n"
                                  "whitelist one { names = { \"*.one.example\" }\n"
                                  " benchmark-addresses = true }\n"
                                  "whitelist two { names = { \"*.two.example\" }\n"
                                  " benchmark-addresses = true }\n";

struct server {
    char folder[64];
    char path[108];
    pid_t pid;
};

/* Of the child, for its callbacks. */
static struct {
    struct setsync *sync;
    void *control; /* NULL: not open */
} served;

static void on_event(void *context, const struct event *event)
{
    (void)context;
    if (served.control)
        control_output.event(served.control, event, clock_now().boot_ns);
}

static struct sighting sighting_of(const char *name, unsigned number)
{
    struct sighting sighting = {
        .vlan = SIGHTING_NO_VLAN, .transport = TRANSPORT_UDP, .address_count = 1, .chain_ttl = 300};

    assert_true(dname_from_text(name, &sighting.question));
    sighting.matched = sighting.owner = sighting.question;
    assert_true(address_from_text("192.0.2.53", &sighting.resolver));
    assert_true(address_from_text("192.0.2.10", &sighting.client));
    sighting.resolver_port = 53;
    sighting.client_port = 40000;
    sighting.addresses[0] = (struct sighting_address){
        .address = address_from_ipv4(
            (uint8_t[]){198, 18, (uint8_t)(number / 256), (uint8_t)(number % 256)}),
        .record = RECORD_A,
        .ttl = 300,
    };
    return sighting;
}

static void learn(struct setsync *sync)
{
    struct moment now = clock_now();
    struct sighting other = sighting_of("b.two.example", 65535);

    for (unsigned i = 0; i < LEASES; i++) {
        struct sighting sighting = sighting_of("a.one.example", i);
        setsync_learn(sync, SOURCE_SNIFFER, &sighting, 1, &now);
    }
    setsync_learn(sync, SOURCE_SNIFFER, &other, 1, &now);
}

/* SIGUSR1 to the child: one event for those who watch, and one refusal. */
static void on_one(void *context)
{
    struct moment now = clock_now();
    struct sighting sighting = sighting_of("c.two.example", 7);
    struct sighting refused = sighting_of("d.two.example", 7);

    (void)context;
    setsync_learn(served.sync, SOURCE_SNIFFER, &sighting, 1, &now);
    refused.addresses[0].address = address_from_ipv4((uint8_t[]){10, 1, 2, 3});
    setsync_learn(served.sync, SOURCE_SNIFFER, &refused, 1, &now);
}

/* SIGUSR2: more than anybody who does not read is kept. */
static void on_many(void *context)
{
    struct moment now = clock_now();
    struct sighting sighting = sighting_of("b.two.example", 65535);

    (void)context;
    for (unsigned i = 0; i < MANY; i++)
        setsync_learn(served.sync, SOURCE_SNIFFER, &sighting, 1, &now);
}

/* Before anybody watches: an answer that says something else than the one before it. */
static void alarm_tell(void)
{
    struct alarm_report alarm = {.sighting = sighting_of("e.two.example", 9), .earlier_count = 1};
    const struct event event = {.kind = EVENT_ALARM,
                                .reason = REASON_EXTRA_ANSWER,
                                .source = SOURCE_SNIFFER,
                                .owner = &alarm.sighting.owner,
                                .sighting = &alarm.sighting,
                                .alarm = &alarm};

    alarm.earlier[0] = address_from_ipv4((uint8_t[]){203, 0, 113, 9});
    on_event(NULL, &event);
}

/* The child: opens everything, tells the test, runs until it is ended. */
static void serve(const char *path, int ready)
{
    static const struct sources_hooks hooks = {.context = NULL};
    static const struct resolvers resolvers = {.count = 0};
    static struct plan_resolver named = {
        .prefix = {.address = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}}, .length = 32}};
    static const struct trusted trusted = {.resolvers = &named, .count = 1, .named = 1};
    struct daemon_views views = {
        .started = clock_now(), .resolvers = &resolvers, .trusted = &trusted};
    struct config *config;
    struct loop *loop;
    struct sources *sources;
    void *control = NULL;
    char error[CONFIG_ERROR_MAX];

    if (config_from_text("test", config_text, strlen(config_text), &config, error) < 0) {
        fprintf(stderr, "%s\n", error);
        _exit(2);
    }
    struct setsync_options options = {.whitelists = config->whitelists,
                                      .whitelist_count = config->whitelist_count,
                                      .event = on_event};
    if (loop_new(&loop) < 0 ||
        sources_new(loop, &(struct sources_options){.libexec = "/nowhere"}, &hooks, &sources) < 0 ||
        setsync_new(&options, &views.started, &views.sync) < 0)
        _exit(3);
    learn(views.sync);
    views.config = config;
    views.sources = sources;
    const struct output_setting setting = {.loop = loop, .control_path = path, .views = &views};
    const char *what;
    int opened = control_output.open(&setting, &control, &what);
    served.sync = views.sync;
    served.control = opened < 0 ? NULL : control;
    loop_signal(loop, SIGUSR1, on_one, NULL);
    loop_signal(loop, SIGUSR2, on_many, NULL);
    if (opened == 0)
        alarm_tell();
    if (write(ready, &opened, sizeof(opened)) != sizeof(opened) || opened < 0)
        _exit(4);
    _exit(loop_run(loop) < 0 ? 5 : 0);
}

/* What opening the socket said in the child. */
static int server_start(struct server *server)
{
    int ready[2], opened = 0;

    assert_int_equal(pipe(ready), 0);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        serve(server->path, ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &opened, sizeof(opened)), sizeof(opened));
    close(ready[0]);
    return opened;
}

static void server_stop(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

static int set_up(void **state)
{
    static struct server server;

    strcpy(server.folder, "/tmp/wildset-control-XXXXXX");
    assert_non_null(mkdtemp(server.folder));
    assert_int_equal(chmod(server.folder, 0755), 0);
    snprintf(server.path, sizeof(server.path), "%s/control.sock", server.folder);
    assert_int_equal(server_start(&server), 0);
    *state = &server;
    return 0;
}

static int tear_down(void **state)
{
    struct server *server = *state;

    server_stop(server);
    unlink(server->path);
    rmdir(server->folder);
    return 0;
}

static int client_open(const struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval silence = {.tv_sec = 5};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, server->path, sizeof(address.sun_path));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)), 0);
    return fd;
}

static void ask(int fd, const char *request)
{
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

/* One reply of one packet; NULL when the connection has ended. */
static json_t *hear(int fd)
{
    char bytes[CONTROL_MESSAGE_MAX];
    ssize_t size = recv(fd, bytes, sizeof(bytes), 0);

    if (size <= 0)
        return NULL;
    assert_true(size < CONTROL_MESSAGE_MAX);
    json_t *reply = json_loadb(bytes, (size_t)size, 0, NULL);
    assert_true(json_is_object(reply));
    return reply;
}

static void expect_error(int fd, const char *request, const char *says)
{
    ask(fd, request);
    json_t *reply = hear(fd);
    assert_non_null(reply);
    const char *error = json_string_value(json_object_get(reply, "error"));
    assert_int_equal(json_integer_value(json_object_get(reply, "protocol")), 1);
    assert_non_null(error);
    if (!strstr(error, says))
        fail_msg("\"%s\", wanted \"%s\"", error, says);
    json_decref(reply);
}

static size_t list_length(int fd, const char *request)
{
    size_t count = 0;

    ask(fd, request);
    for (;;) {
        json_t *reply = hear(fd);
        assert_non_null(reply);
        bool end = json_object_get(reply, "end") != NULL;
        if (!end)
            assert_non_null(json_object_get(reply, "address"));
        json_decref(reply);
        if (end)
            return count;
        count++;
    }
}

static json_int_t leases_of(int fd)
{
    ask(fd, "{\"protocol\":1,\"command\":\"status\"}");
    json_t *reply = hear(fd);
    assert_non_null(reply);
    json_int_t leases = json_integer_value(json_object_get(reply, "leases"));
    json_decref(reply);
    return leases;
}

static void test_status_holds_what_it_promises(void **state)
{
    static const char *const keys[] = {
        "protocol", "version",      "uptime",  "log",           "sources", "sets",    "whitelists",
        "leases",   "sightings",    "granted", "extended",      "expired", "evicted", "forgotten",
        "refused",  "transactions", "latency", "require_query", "warnings"};
    int fd = client_open(*state);

    ask(fd, "{\"protocol\":1,\"command\":\"status\"}");
    json_t *reply = hear(fd);
    assert_non_null(reply);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const json_t *value = json_object_get(reply, keys[i]);
        if (!value || json_is_null(value))
            fail_msg("%s is missing", keys[i]);
    }
    assert_int_equal(json_integer_value(json_object_get(reply, "leases")), LEASES + 1);
    assert_int_equal(json_integer_value(json_object_get(reply, "granted")), LEASES + 1);
    assert_int_equal(json_array_size(json_object_get(reply, "sets")), 4);
    assert_int_equal(json_array_size(json_object_get(reply, "whitelists")), 2);
    json_decref(reply);
    close(fd);
}

static void test_list_is_whole(void **state)
{
    int fd = client_open(*state);

    assert_int_equal(list_length(fd, "{\"protocol\":1,\"command\":\"list\"}"), LEASES + 1);
    assert_int_equal(list_length(fd, "{\"protocol\":1,\"command\":\"list\",\"whitelist\":\"two\"}"),
                     1);
    close(fd);
}

/* Some at once, and no JSON of each. */
static void test_list_comes_as_rows_for_people(void **state)
{
    int fd = client_open(*state);
    size_t rows = 0, packets = 0;

    ask(fd, "{\"protocol\":1,\"command\":\"list\",\"as\":\"rows\"}");
    for (json_t *reply = hear(fd);; reply = hear(fd), packets++) {
        const char *text = json_string_value(json_object_get(reply, "rows"));
        bool is_end = json_is_true(json_object_get(reply, "end"));

        assert_true(is_end != (text != NULL));
        for (const char *at = text; at && *at; at = strchr(at, '\n') + 1) {
            assert_memory_equal(at, "inet wildset ", 13);
            rows++;
        }
        json_decref(reply);
        if (is_end)
            break;
    }
    assert_int_equal(rows, LEASES + 1);
    assert_in_range(packets, 1, LEASES / 20);
    ask(fd, "{\"protocol\":1,\"command\":\"list\",\"as\":\"rows\",\"whitelist\":\"two\"}");
    json_t *reply = hear(fd);
    assert_non_null(strstr(json_string_value(json_object_get(reply, "rows")),
                           "inet wildset two4\t198.18.255.255\tb.two.example\t"));
    json_decref(reply);
    close(fd);
}

static void test_a_lease_has_the_keys_of_replay(void **state)
{
    static const char *const texts[][2] = {{"address", "198.18.255.255"},
                                           {"set", "inet wildset two4"},
                                           {"whitelist", "two"},
                                           {"name", "b.two.example"},
                                           {"owner", "b.two.example"},
                                           {"pattern", "*.two.example"},
                                           {"record", "A"},
                                           {"source", "sniffer"},
                                           {"resolver", "192.0.2.53"},
                                           {"client", "192.0.2.10"}};
    int fd = client_open(*state);

    ask(fd, "{\"protocol\":1,\"command\":\"list\",\"whitelist\":\"two\"}");
    json_t *lease = hear(fd);
    assert_non_null(lease);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *text = json_string_value(json_object_get(lease, texts[i][0]));
        assert_non_null(text);
        assert_string_equal(text, texts[i][1]);
    }
    json_int_t left = json_integer_value(json_object_get(lease, "left"));
    assert_int_equal(json_integer_value(json_object_get(lease, "ttl")), 300);
    assert_true(left > 890 && left <= 900);
    assert_non_null(json_object_get(lease, "expires"));
    json_decref(lease);
    close(fd);
}

static void test_errors_are_replies_and_the_connection_goes_on(void **state)
{
    char large[REQUEST_MAX + 100];
    int fd = client_open(*state);

    memset(large, ' ', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    expect_error(fd, "x", "one JSON object");
    expect_error(fd, large, "at most 4096 bytes");
    expect_error(fd, "{\"protocol\":7,\"command\":\"status\"}",
                 "protocol 7, this wildsetd speaks 1");
    expect_error(fd, "{\"protocol\":1,\"command\":\"dance\"}",
                 "known are status, list, forget, explain, watch");
    expect_error(fd, "{\"protocol\":1,\"command\":\"list\",\"whitelist\":\"three\"}",
                 "configured are one, two");
    assert_int_equal(leases_of(fd), LEASES + 1);
    close(fd);
}

/* However many begin a list and do not read it, the others are served. */
static void test_clients_that_do_not_read_hold_nobody_up(void **state)
{
    enum { LAZY = 20 };
    int lazy[LAZY];
    int fd = client_open(*state);

    for (int i = 0; i < LAZY; i++) {
        lazy[i] = client_open(*state);
        ask(lazy[i], "{\"protocol\":1,\"command\":\"list\"}");
    }
    assert_int_equal(list_length(fd, "{\"protocol\":1,\"command\":\"list\"}"), LEASES + 1);
    assert_int_equal(leases_of(fd), LEASES + 1);
    for (int i = 0; i < LAZY; i++)
        close(lazy[i]);
    close(fd);
}

static void test_the_longest_silent_makes_room(void **state)
{
    enum { CLIENTS = 40, KEPT = 32 };
    int fd[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        fd[i] = client_open(*state);
        assert_int_equal(leases_of(fd[i]), LEASES + 1);
    }
    for (unsigned i = 0; i < CLIENTS - KEPT; i++)
        assert_null(hear(fd[i]));
    assert_int_equal(leases_of(fd[CLIENTS - KEPT]), LEASES + 1);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(fd[i]);
}

static void test_forget_is_for_root(void **state)
{
    struct server *server = *state;
    int status;

    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(server->path, 0666), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (setuid(NOBODY) < 0)
            _exit(77);
        int fd = client_open(server);
        expect_error(fd, "{\"protocol\":1,\"command\":\"forget\",\"address\":\"198.18.255.255\"}",
                     "only for root");
        expect_error(fd, "{\"protocol\":1,\"command\":\"reload\"}", "only for root");
        _exit(leases_of(fd) == LEASES + 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip(); /* a user namespace with one user only */
    assert_int_equal(status, 0);
}

static json_int_t forgotten(int fd, const char *request)
{
    ask(fd, request);
    json_t *reply = hear(fd);
    assert_non_null(reply);
    assert_null(json_object_get(reply, "error"));
    json_int_t count = json_integer_value(json_object_get(reply, "forgotten"));
    json_decref(reply);
    return count;
}

static void test_forget(void **state)
{
    int fd = client_open(*state);

    if (geteuid() != 0)
        skip();
    assert_int_equal(
        forgotten(fd, "{\"protocol\":1,\"command\":\"forget\",\"address\":\"198.18.0.1\"}"), 1);
    assert_int_equal(
        forgotten(fd, "{\"protocol\":1,\"command\":\"forget\",\"address\":\"198.18.0.1\"}"), 0);
    assert_int_equal(leases_of(fd), LEASES);
    assert_int_equal(
        forgotten(fd, "{\"protocol\":1,\"command\":\"forget\",\"name\":\"B.two.example\"}"), 1);
    assert_int_equal(
        forgotten(fd, "{\"protocol\":1,\"command\":\"forget\",\"name\":\"a.one.example\"}"),
        LEASES - 1);
    assert_int_equal(leases_of(fd), 0);
    close(fd);
}

static int watcher_open(const struct server *server)
{
    int fd = client_open(server);

    ask(fd, "{\"protocol\":1,\"command\":\"watch\"}");
    json_t *reply = hear(fd);
    assert_non_null(reply);
    assert_true(json_is_true(json_object_get(reply, "watching")));
    json_decref(reply);
    return fd;
}

static void expect_text(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text || strcmp(text, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", key, text ? text : "nothing", wanted);
}

static void expect_event(int fd, const char *event, const char *address)
{
    json_t *object = hear(fd);

    assert_non_null(object);
    expect_text(object, "event", event);
    expect_text(object, "address", address);
    expect_text(object, "client", "192.0.2.10");
    json_decref(object);
}

static void test_those_who_watch_hear_everything_from_then_on(void **state)
{
    const struct server *server = *state;
    int fd[2] = {watcher_open(server), watcher_open(server)};

    for (unsigned round = 0; round < 2; round++) {
        kill(server->pid, SIGUSR1);
        for (unsigned i = 0; i < 2; i++) {
            expect_event(fd[i], round ? "extended" : "granted", "198.18.0.7");
            expect_event(fd[i], "refused", "10.1.2.3");
        }
    }
    close(fd[0]);
    kill(server->pid, SIGUSR1);
    expect_event(fd[1], "extended", "198.18.0.7");
    close(fd[1]);
    int late = watcher_open(server);
    assert_int_equal(leases_of(client_open(server)), LEASES + 2);
    kill(server->pid, SIGUSR1);
    expect_event(late, "extended", "198.18.0.7");
}

/* Until it has heard of all: what it was told and what it lost are as many as there were. */
static void test_who_does_not_read_is_told_what_it_lost(void **state)
{
    const struct server *server = *state;
    int fd = watcher_open(server), other = client_open(server);
    json_int_t told = 0, lost = 0;
    unsigned gaps = 0;

    kill(server->pid, SIGUSR2);
    usleep(50 * 1000);
    assert_int_equal(leases_of(other), LEASES + 1);
    while (told + lost < MANY) {
        json_t *object = hear(fd);
        assert_non_null(object);
        json_int_t more = json_integer_value(json_object_get(object, "lost"));
        lost += more;
        gaps += more > 0;
        told += more == 0;
        json_decref(object);
    }
    assert_int_equal(told + lost, MANY);
    assert_true(lost > 0);
    assert_int_equal(gaps, 1);
    kill(server->pid, SIGUSR1);
    expect_event(fd, "granted", "198.18.0.7");
    close(fd);
    close(other);
}

static void test_those_who_watch_keep_their_places(void **state)
{
    enum { CLIENTS = 40, WATCHERS = 8 };
    const struct server *server = *state;
    int watcher[WATCHERS];

    for (unsigned i = 0; i < WATCHERS; i++)
        watcher[i] = watcher_open(server);
    int fd = client_open(server);
    expect_error(fd, "{\"protocol\":1,\"command\":\"watch\"}", "too many watchers");
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(leases_of(client_open(server)), LEASES + 1);
    kill(server->pid, SIGUSR1);
    for (unsigned i = 0; i < WATCHERS; i++)
        expect_event(watcher[i], "granted", "198.18.0.7");

    ask(watcher[0], "{\"protocol\":1,\"command\":\"status\"}");
    for (json_t *object; (object = hear(watcher[0]));)
        json_decref(object);
    close(watcher_open(server)); /* its place is free again */
}

static json_t *explained(int fd, const char *request)
{
    ask(fd, request);
    json_t *reply = hear(fd);
    assert_non_null(reply);
    assert_null(json_object_get(reply, "error"));
    return reply;
}

static void test_explain_an_address(void **state)
{
    const struct server *server = *state;
    int fd = client_open(server);
    json_t *reply =
        explained(fd, "{\"protocol\":1,\"command\":\"explain\",\"address\":\"198.18.255.255\"}");
    const json_t *lease = json_array_get(json_object_get(reply, "leases"), 0);
    const json_t *claim = json_array_get(json_object_get(lease, "claims"), 0);

    assert_true(json_is_true(json_object_get(reply, "allowed")));
    expect_text(lease, "set", "inet wildset two4");
    assert_string_equal(json_string_value(json_array_get(json_object_get(lease, "clients"), 0)),
                        "192.0.2.10");
    expect_text(claim, "whitelist", "two");
    expect_text(claim, "name", "b.two.example");
    expect_text(claim, "pattern", "*.two.example");
    expect_text(claim, "resolver", "192.0.2.53");
    assert_non_null(json_object_get(claim, "first_seen"));
    json_decref(reply);
    close(fd);
}

static void test_explain_a_refused_address(void **state)
{
    const struct server *server = *state;
    int fd = client_open(server), watcher = watcher_open(server);

    kill(server->pid, SIGUSR1);
    json_decref(hear(watcher));
    json_t *reply =
        explained(fd, "{\"protocol\":1,\"command\":\"explain\",\"address\":\"10.1.2.3\"}");
    const json_t *event = json_array_get(json_object_get(reply, "recent"), 0);
    const json_t *whitelist = json_array_get(json_object_get(reply, "whitelists"), 1);

    assert_true(json_is_false(json_object_get(reply, "allowed")));
    expect_text(whitelist, "reason", "private-address");
    expect_text(event, "event", "refused");
    expect_text(event, "reason", "private-address");
    expect_text(event, "name", "d.two.example");
    json_decref(reply);
    close(fd);
    close(watcher);
}

/* By each of its addresses, and by the chain's end. */
static void test_explain_finds_alarms(void **state)
{
    static const char *const about[] = {"\"address\":\"203.0.113.9\"", "\"address\":\"198.18.0.9\"",
                                        "\"name\":\"E.two.example\""};
    int fd = client_open(*state);

    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
        char request[128];

        snprintf(request, sizeof(request), "{\"protocol\":1,\"command\":\"explain\",%s}", about[i]);
        json_t *reply = explained(fd, request);
        expect_text(json_array_get(json_object_get(reply, "recent"), 0), "event", "alarm");
        json_decref(reply);
    }
    json_t *reply =
        explained(fd, "{\"protocol\":1,\"command\":\"explain\",\"address\":\"203.0.113.8\"}");
    assert_int_equal(json_array_size(json_object_get(reply, "recent")), 0);
    json_decref(reply);
    close(fd);
}

static void test_explain_names(void **state)
{
    int fd = client_open(*state);
    json_t *reply =
        explained(fd, "{\"protocol\":1,\"command\":\"explain\",\"name\":\"A.one.example\"}");

    expect_text(reply, "name", "a.one.example");
    expect_text(json_array_get(json_object_get(reply, "whitelists"), 0), "pattern",
                "*.one.example");
    assert_true(json_is_true(json_object_get(reply, "allowed")));
    size_t shown = json_array_size(json_object_get(reply, "leases"));
    assert_int_equal(shown, 32);
    assert_int_equal(json_integer_value(json_object_get(reply, "leases_left_out")), LEASES - 32);
    json_decref(reply);

    reply = explained(fd, "{\"protocol\":1,\"command\":\"explain\",\"name\":\"one.example\"}");
    const json_t *one = json_array_get(json_object_get(reply, "whitelists"), 0);
    const json_t *near = json_array_get(json_object_get(one, "near"), 0);
    assert_true(json_is_false(json_object_get(reply, "allowed")));
    assert_int_equal(json_integer_value(json_object_get(reply, "leases_below")), LEASES);
    expect_text(near, "pattern", "*.one.example");
    expect_text(near, "near", "apex");
    json_decref(reply);
    close(fd);
}

static void test_the_socket_is_for_its_group(void **state)
{
    const struct server *server = *state;
    struct stat status;

    assert_int_equal(stat(server->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
}

static void test_a_living_daemon_is_not_replaced_and_a_dead_one_is(void **state)
{
    struct server *server = *state;
    struct server second = *server;

    assert_int_equal(server_start(&second), -EADDRINUSE);
    waitpid(second.pid, NULL, 0);
    int fd = client_open(server);
    assert_int_equal(leases_of(fd), LEASES + 1);
    close(fd);
    server_stop(server);
    assert_int_equal(server_start(server), 0);
}

static void test_a_file_in_the_way_is_left_alone(void **state)
{
    struct server *server = *state;
    struct server second = *server;

    snprintf(second.path, sizeof(second.path), "%s/file", server->folder);
    FILE *file = fopen(second.path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(server_start(&second), -EEXIST);
    waitpid(second.pid, NULL, 0);
    assert_int_equal(access(second.path, F_OK), 0);
    assert_int_equal(unlink(second.path), 0);
}

#define control_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        control_test(test_status_holds_what_it_promises),
        control_test(test_list_is_whole),
        control_test(test_list_comes_as_rows_for_people),
        control_test(test_a_lease_has_the_keys_of_replay),
        control_test(test_errors_are_replies_and_the_connection_goes_on),
        control_test(test_clients_that_do_not_read_hold_nobody_up),
        control_test(test_the_longest_silent_makes_room),
        control_test(test_forget_is_for_root),
        control_test(test_forget),
        control_test(test_those_who_watch_hear_everything_from_then_on),
        control_test(test_who_does_not_read_is_told_what_it_lost),
        control_test(test_those_who_watch_keep_their_places),
        control_test(test_explain_an_address),
        control_test(test_explain_a_refused_address),
        control_test(test_explain_finds_alarms),
        control_test(test_explain_names),
        control_test(test_the_socket_is_for_its_group),
        control_test(test_a_living_daemon_is_not_replaced_and_a_dead_one_is),
        control_test(test_a_file_in_the_way_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
