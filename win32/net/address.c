/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/net/address.h"
#include "platform/address.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

int winsock_start(struct error *err)
{
    static atomic_bool started;
    WSADATA data;
    if (atomic_load(&started))
        return 0;
    int code = WSAStartup(MAKEWORD(2, 2), &data);
    if (code)
        return windows_error(err, (unsigned long)code, "could not start Winsock");
    atomic_store(&started, true);
    return 0;
}

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
        out->scope = (uint32_t)six->sin6_scope_id;
        out->port = ntohs(six->sin6_port);
    }
}

int endpoint_to_sockaddr(struct sockaddr_storage *out, const struct os_endpoint *from)
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
    struct sockaddr_storage name;
    struct os_endpoint endpoint = {.address = *address};
    int size = endpoint_to_sockaddr(&name, &endpoint);
    if (winsock_start(NULL) ||
        getnameinfo((const struct sockaddr *)&name, size, text, OS_ADDRESS_TEXT_SIZE, NULL, 0, NI_NUMERICHOST))
        strcpy(text, "?");
}

int os_look_up(const char *name, uint16_t port, struct os_endpoint *out, int max, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char service[8], text[REASON_SIZE];
    int status = winsock_start(err);
    if (status)
        return status;
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(name, service, &hints, &list);
    if (code)
        return error_set(err, ERR_NOT_FOUND, "could not resolve '%s': %s", name,
                         windows_reason((unsigned long)code, text));
    int count = 0;
    for (struct addrinfo *a = list; a && count < max; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            endpoint_from_sockaddr(&out[count++], a->ai_addr);
    freeaddrinfo(list);
    return count;
}
