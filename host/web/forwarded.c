/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/forwarded.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Compares so many bytes at most, whatever their case. */
static bool forwarded_same(const char *a, const char *b, size_t most)
{
    size_t i = 0;
    while (i < most && a[i] && tolower((unsigned char)a[i]) == tolower((unsigned char)b[i]))
        i++;
    return i == most || (!a[i] && !b[i]);
}

/* Returns an IPv4 address without the form that a socket for both families gives it. */
static const char *forwarded_plain(const char *address)
{
    static const char mapped[] = "::ffff:";
    bool is_mapped = forwarded_same(address, mapped, sizeof mapped - 1) && strchr(address, '.');
    return is_mapped ? address + sizeof mapped - 1 : address;
}

static bool forwarded_is_proxy(const struct web_config *config, const char *address)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (forwarded_same(config->proxies[i], forwarded_plain(address), SIZE_MAX))
            return true;
    return false;
}

/* Copies an entry of a list without the blanks around it, and an address without its brackets and port. */
static bool forwarded_copy_address(const char *from, size_t len, char address[FORWARDED_PEER_SIZE])
{
    while (len > 0 && (*from == ' ' || *from == '[')) {
        from++;
        len--;
    }
    while (len > 0 && from[len - 1] == ' ')
        len--;
    const char *bracket = memchr(from, ']', len), *colon = memchr(from, ':', len);
    if (bracket)
        len = (size_t)(bracket - from);
    else if (colon && memchr(from, '.', len) && !memchr(colon + 1, ':', len - (size_t)(colon + 1 - from)))
        len = (size_t)(colon - from);
    bool good = len > 1 && len < FORWARDED_PEER_SIZE && strspn(from, "0123456789abcdefABCDEF:.") >= len;
    if (good)
        snprintf(address, FORWARDED_PEER_SIZE, "%.*s", (int)len, from);
    return good;
}

/* Finds who asks: the last of the addresses that is no proxy's. What stands before it is that one's word, which is not believed. */
static void forwarded_take_client(struct forwarded *out, const struct web_config *config, const char *list)
{
    size_t end = strlen(list);
    while (end > 0) {
        size_t begin = end;
        while (begin > 0 && list[begin - 1] != ',')
            begin--;
        if (!forwarded_copy_address(list + begin, end - begin, out->peer) || !forwarded_is_proxy(config, out->peer))
            return;
        end = begin > 0 ? begin - 1 : 0;
    }
}

/* Returns the last of a list, which is the word of the proxy nearest to here. */
static const char *forwarded_last(const char *list)
{
    const char *comma = strrchr(list, ',');
    const char *last = comma ? comma + 1 : list;
    return last + strspn(last, " ");
}

void forwarded_read(struct forwarded *out, const struct web_config *config, const char *peer,
                    const struct forwarded_headers *headers)
{
    *out = (struct forwarded){.by_proxy = forwarded_is_proxy(config, peer)};
    snprintf(out->peer, sizeof out->peer, "%s", forwarded_plain(peer));
    if (!out->by_proxy)
        return;
    if (headers->client)
        forwarded_take_client(out, config, headers->client);
    if (headers->host && strlen(forwarded_last(headers->host)) < sizeof out->host)
        snprintf(out->host, sizeof out->host, "%s", forwarded_last(headers->host));
    out->is_secure = headers->proto && forwarded_same(forwarded_last(headers->proto), "https", SIZE_MAX);
    const char *prefix = headers->prefix ? forwarded_last(headers->prefix) : "";
    size_t len = web_prefix_len(prefix);
    if (len > 0 && len < sizeof out->prefix)
        snprintf(out->prefix, sizeof out->prefix, "%.*s", (int)len, prefix);
}
