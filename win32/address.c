/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/address.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

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
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    bool is_four = memcmp(address->ip, v4_mapped, 12) == 0;
    memcpy(&four.sin_addr, address->ip + 12, 4);
    memcpy(&six.sin6_addr, address->ip, 16);
    const struct sockaddr *name = is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    int size = is_four ? (int)sizeof four : (int)sizeof six;
    if (winsock_start(NULL) || getnameinfo(name, size, text, OS_ADDRESS_TEXT_SIZE, NULL, 0, NI_NUMERICHOST))
        strcpy(text, "?");
}

int resolve(const char *name, uint16_t port, bool passive, struct addrinfo **out, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
    char service[8], text[REASON_SIZE];
    int status = winsock_start(err);
    if (status)
        return status;
    snprintf(service, sizeof service, "%u", port);
    int code = getaddrinfo(name, service, &hints, out);
    if (code)
        return error_set(err, ERR_NOT_FOUND, "could not resolve '%s': %s", name ? name : "*",
                         windows_reason((unsigned long)code, text));
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
