/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server on port 443 of every address that the namespace calls its own: accepts, and closes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&here, sizeof here) != 0 ||
        listen(listener, 4096) != 0) {
        perror("acceptor");
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);

        if (connection >= 0)
            close(connection);
    }
}
