/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void address_from_sockaddr(struct os_address *out, const struct sockaddr *from)
{
    if (from->sa_family == AF_INET) {
        memcpy(out->ip, v4_mapped, 12);
        memcpy(out->ip + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else {
        memcpy(out->ip, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    }
}

void os_address_text(const struct os_address *address, char text[OS_ADDRESS_TEXT_SIZE])
{
    bool v4 = memcmp(address->ip, v4_mapped, 12) == 0;
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, address->ip + (v4 ? 12 : 0), text, OS_ADDRESS_TEXT_SIZE))
        strcpy(text, "?");
}

int resolve(const char *name, uint16_t port, bool passive, struct addrinfo **out, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(name, service, &hints, out);
    if (code)
        return error_set(err, ERR_NOT_FOUND, "could not resolve '%s': %s", name ? name : "*", gai_strerror(code));
    return 0;
}

int os_resolve(const char *name, struct os_address *out, int max, struct error *err)
{
    struct addrinfo *list;
    int status = resolve(name, 0, false, &list, err);
    if (status)
        return status;
    int count = 0;
    for (struct addrinfo *a = list; a && count < max; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            address_from_sockaddr(&out[count++], a->ai_addr);
    freeaddrinfo(list);
    return count;
}
