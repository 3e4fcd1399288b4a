/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of a lookup.  A connected UDP socket takes datagrams from its server alone, and hears
 * of ICMP errors.
 */
#include "registry/resolve/exchange.h"

#include "base/bytes.h"
#include "registry/resolve/query.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DATAGRAM_MAX = 4096,
    MESSAGE_MAX = 65535,
    DATAGRAMS_A_WAKE = 8,
};

struct exchange {
    struct loop *loop;
    struct exchange_hooks hooks;
    struct loop_watch *readable, *writable;
    int fd;
    size_t size, sent;       /* of the question, over TCP with its length in front */
    size_t wanted, received; /* of the answer, its length included */
    uint8_t *answer;         /* over TCP */
    uint8_t question[2 + QUERY_SIZE_MAX];
};

static socklen_t socket_address(const struct resolver_server *server, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (server->address.family == ADDRESS_IPV4) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(server->port);
        memcpy(&v4->sin_addr, server->address.bytes, 4);
        return sizeof(*v4);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(server->port);
    v6->sin6_scope_id = server->scope;
    memcpy(&v6->sin6_addr, server->address.bytes, 16);
    return sizeof(*v6);
}

static int open_socket(const struct resolver_server *server, bool over_tcp)
{
    struct sockaddr_storage address;
    socklen_t size = socket_address(server, &address);
    int fd = socket(address.ss_family,
                    (over_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, size) == 0 || errno == EINPROGRESS)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/*
 * The hooks may free the exchange, and with it the watch that called: nothing is touched behind
 * them but where a hook says that it goes on.
 */
static void exchange_fail(struct exchange *exchange)
{
    exchange->hooks.failure(exchange->hooks.context);
}

static void on_datagram(void *context)
{
    struct exchange *exchange = context;
    uint8_t bytes[DATAGRAM_MAX];

    for (unsigned i = 0; i < DATAGRAMS_A_WAKE; i++) {
        ssize_t size = recv(exchange->fd, bytes, sizeof(bytes), MSG_TRUNC);

        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size < 0) {
            exchange_fail(exchange);
            return;
        }
        if ((size_t)size > sizeof(bytes))
            continue;
        if (!exchange->hooks.message(exchange->hooks.context, bytes, (size_t)size))
            return;
    }
}

static void on_stream(void *context)
{
    struct exchange *exchange = context;
    ssize_t size = recv(exchange->fd, exchange->answer + exchange->received,
                        exchange->wanted - exchange->received, 0);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        exchange_fail(exchange);
        return;
    }
    exchange->received += (size_t)size;
    if (exchange->received < exchange->wanted)
        return;
    if (exchange->wanted == 2) {
        exchange->wanted += big_endian_16(exchange->answer);
        return;
    }
    exchange->hooks.message(exchange->hooks.context, exchange->answer + 2, exchange->received - 2);
}

static void on_exchange_writable(void *context)
{
    struct exchange *exchange = context;
    ssize_t size = send(exchange->fd, exchange->question + exchange->sent,
                        exchange->size - exchange->sent, MSG_NOSIGNAL);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0) {
        exchange_fail(exchange);
        return;
    }
    exchange->sent += (size_t)size;
    if (exchange->sent < exchange->size)
        return;
    loop_unwatch(exchange->writable);
    exchange->writable = NULL;
}

static int begin_stream(struct exchange *exchange)
{
    exchange->wanted = 2;
    exchange->answer = malloc(2 + MESSAGE_MAX);
    exchange->readable =
        loop_readable(exchange->loop, exchange->fd, LOOP_NORMAL, on_stream, exchange);
    exchange->writable =
        loop_writable(exchange->loop, exchange->fd, on_exchange_writable, exchange);
    return exchange->answer && exchange->readable && exchange->writable ? 0 : -ENOMEM;
}

static int begin_datagram(struct exchange *exchange)
{
    exchange->readable =
        loop_readable(exchange->loop, exchange->fd, LOOP_NORMAL, on_datagram, exchange);
    if (!exchange->readable)
        return -ENOMEM;
    return send(exchange->fd, exchange->question + 2, exchange->size - 2, MSG_NOSIGNAL) < 0 ? -errno
                                                                                            : 0;
}

int exchange_open(struct loop *loop, const struct resolver_server *server, bool over_tcp,
                  const uint8_t *question, size_t size, const struct exchange_hooks *hooks,
                  struct exchange **out)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    int result;

    if (!exchange)
        return -ENOMEM;
    exchange->loop = loop;
    exchange->hooks = *hooks;
    exchange->question[0] = (uint8_t)(size >> 8);
    exchange->question[1] = (uint8_t)size;
    memcpy(exchange->question + 2, question, size);
    exchange->size = size + 2;
    exchange->fd = open_socket(server, over_tcp);
    result = exchange->fd;
    if (result >= 0)
        result = over_tcp ? begin_stream(exchange) : begin_datagram(exchange);
    if (result < 0) {
        exchange_free(exchange);
        return result;
    }
    *out = exchange;
    return 0;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    loop_unwatch(exchange->readable);
    loop_unwatch(exchange->writable);
    if (exchange->fd >= 0)
        close(exchange->fd);
    free(exchange->answer);
    free(exchange);
}
