/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/net/address.h"
#include "platform/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void endpoint_from_sockaddr(struct os_endpoint *out, const struct sockaddr *from)
{
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    *out = (struct os_endpoint){.port = 0};
    if (from->sa_family == AF_INET) {
        os_address_set_v4(&out->address, &four->sin_addr);
        out->port = ntohs(four->sin_port);
    } else {
        memcpy(out->address.ip, &six->sin6_addr, sizeof out->address.ip);
        out->scope = six->sin6_scope_id;
        out->port = ntohs(six->sin6_port);
    }
}

socklen_t endpoint_to_sockaddr(struct sockaddr_storage *out, const struct os_endpoint *from)
{
    *out = (struct sockaddr_storage){.ss_family = AF_INET6};
    if (os_address_is_v4(&from->address)) {
        struct sockaddr_in *four = (void *)out;
        four->sin_family = AF_INET;
        four->sin_port = htons(from->port);
        memcpy(&four->sin_addr, from->address.ip + OS_ADDRESS_V4_AT, sizeof four->sin_addr);
        return sizeof *four;
    }
    struct sockaddr_in6 *six = (void *)out;
    six->sin6_port = htons(from->port);
    six->sin6_scope_id = from->scope;
    memcpy(&six->sin6_addr, from->address.ip, sizeof from->address.ip);
    return sizeof *six;
}

void os_address_text(const struct os_address *address, char text[OS_ADDRESS_TEXT_SIZE])
{
    bool v4 = os_address_is_v4(address);
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, address->ip + (v4 ? OS_ADDRESS_V4_AT : 0), text, OS_ADDRESS_TEXT_SIZE))
        strcpy(text, "?");
}

int os_look_up(const char *name, uint16_t port, struct os_endpoint *out, int max, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(name, service, &hints, &list);
    if (code)
        return error_set(err, ERR_NOT_FOUND, "could not resolve '%s': %s", name, gai_strerror(code));
    int count = 0;
    for (struct addrinfo *a = list; a && count < max; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            endpoint_from_sockaddr(&out[count++], a->ai_addr);
    freeaddrinfo(list);
    return count;
}
