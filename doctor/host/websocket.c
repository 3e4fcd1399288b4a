/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handshake's arithmetic, and a table of what responses mean.
 */
#include "doctor/host/websocket.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

enum { SHA1_SIZE = 20 };

static void base64(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;

        three |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= i + 2 < size ? bytes[i + 2] : 0;
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[three & 63] : '=';
    }
    *out = '\0';
}

struct websocket_key websocket_key_of(const uint8_t nonce[static WEBSOCKET_NONCE_SIZE])
{
    struct websocket_key key;

    base64(nonce, WEBSOCKET_NONCE_SIZE, key.text);
    return key;
}

void websocket_accept(const struct websocket_key *key, char out[static WEBSOCKET_ACCEPT_MAX])
{
    char text[WEBSOCKET_KEY_MAX + 36];
    uint8_t digest[SHA1_SIZE];

    int size = snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key->text);
    *out = '\0';
    if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, (size_t)size, digest) == 0)
        base64(digest, sizeof(digest), out);
}

size_t websocket_request(const char *host, const char *path, const struct websocket_key *key,
                         char out[static WEBSOCKET_REQUEST_MAX])
{
    int size =
        snprintf(out, WEBSOCKET_REQUEST_MAX,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                 "Sec-WebSocket-Version: 13\r\nUser-Agent: wildset/" WILDSET_VERSION "\r\n\r\n",
                 path, host, key->text);

    return size > 0 && size < WEBSOCKET_REQUEST_MAX ? (size_t)size : 0;
}

static enum websocket_verdict judge_101(const struct http_head *head,
                                        const struct websocket_key *key)
{
    char accept[WEBSOCKET_ACCEPT_MAX];

    websocket_accept(key, accept);
    if (!head->upgrade || !head->connection_upgrade || head->accept[0] == '\0')
        return WEBSOCKET_HALF;
    /* Nothing was offered, so nothing may be chosen (section 4.1, steps 5 and 6). */
    if (strcmp(head->accept, accept) != 0 || head->extension)
        return WEBSOCKET_WRONG_KEY;
    return WEBSOCKET_OPEN;
}

enum websocket_verdict websocket_judge(const struct http_head *head,
                                       const struct websocket_key *key)
{
    static const struct {
        unsigned first, last;
        enum websocket_verdict verdict;
    } meanings[] = {
        {200, 299, WEBSOCKET_PLAIN},       {300, 399, WEBSOCKET_REDIRECT},
        {400, 400, WEBSOCKET_BAD_REQUEST}, {401, 401, WEBSOCKET_FORBIDDEN},
        {403, 403, WEBSOCKET_FORBIDDEN},   {404, 405, WEBSOCKET_NO_PATH},
        {407, 407, WEBSOCKET_PROXY},       {410, 410, WEBSOCKET_NO_PATH},
        {426, 426, WEBSOCKET_STRIPPED},    {502, 504, WEBSOCKET_PROXY},
        {511, 511, WEBSOCKET_PROXY},
    };

    if (head->status == 101)
        return judge_101(head, key);
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (head->status >= meanings[i].first && head->status <= meanings[i].last)
            return meanings[i].verdict;
    }
    return WEBSOCKET_OTHER;
}
