/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resolver that knows every fresh name: answers A and AAAA questions in the order in which they
 * come, at once.  getaddrinfo asks for A first, so the AAAA answer is the last.
 */
#include "frames.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The question's name as text and its type; false when it is not one that we would have sent. */
static bool read_question(const uint8_t *bytes, size_t size, char name[static NAME_TEXT_MAX],
                          uint16_t *type)
{
    size_t at = 12, length = 0;

    while (at < size && bytes[at] != 0) {
        size_t label = bytes[at++];

        if (label > 63 || at + label >= size || length + label + 2 > NAME_TEXT_MAX)
            return false;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, bytes + at, label);
        length += label;
        at += label;
    }
    name[length] = '\0';
    if (at + 5 > size)
        return false;
    *type = (uint16_t)(bytes[at + 1] << 8 | bytes[at + 2]);
    return true;
}

static size_t respond(const uint8_t *bytes, size_t size, struct dns_writer *writer)
{
    char name[NAME_TEXT_MAX];
    uint8_t address[16];
    uint32_t number;
    uint16_t type;

    if (!read_question(bytes, size, name, &type) || !fresh_number(name, &number))
        return 0;
    dns_begin(writer, (uint16_t)(bytes[0] << 8 | bytes[1]), 0x8180, name, type);
    fresh_ipv4(number, address);
    if (type == RECORD_TYPE_A)
        dns_answer(writer, NULL, type, 300, address, 4);
    fresh_ipv6(number, address);
    if (type == RECORD_TYPE_AAAA)
        dns_answer(writer, NULL, type, 300, address, 16);
    return writer->size;
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)}, from;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc != 2 || inet_pton(AF_INET, argv[1], &here.sin_addr) != 1) {
        fprintf(stderr, "usage: responder ADDRESS\n");
        return 2;
    }
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0) {
        perror("responder");
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        struct dns_writer writer = {.size = 0};
        socklen_t from_size = sizeof from;
        uint8_t question[MESSAGE_MAX];
        ssize_t size =
            recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &from_size);

        if (size > 12 && respond(question, (size_t)size, &writer) > 0)
            sendto(fd, writer.bytes, writer.size, 0, (struct sockaddr *)&from, from_size);
    }
}
