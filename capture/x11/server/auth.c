/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/auth.h"

#include <stdio.h>
#include <string.h>

#define FAMILY_LOCAL 256
#define FAMILY_WILD 65535

struct auth_entry {
    unsigned family;
    struct slice address, number, name, data;
};

enum fit { FIT_THIS_HOST, FIT_ANY_HOST, FIT_OTHER_HOST, FIT_COUNT, FIT_NOT };

static bool x11_take_u16(struct slice *rest, unsigned *value)
{
    if (rest->len < 2)
        return false;
    *value = (unsigned)rest->data[0] << 8 | rest->data[1];
    rest->data += 2;
    rest->len -= 2;
    return true;
}

static bool x11_take_counted(struct slice *rest, struct slice *bytes)
{
    unsigned size;
    if (!x11_take_u16(rest, &size) || size > rest->len)
        return false;
    *bytes = (struct slice){.data = rest->data, .len = size};
    rest->data += size;
    rest->len -= size;
    return true;
}

static bool x11_take_entry(struct slice *rest, struct auth_entry *entry)
{
    return x11_take_u16(rest, &entry->family) && x11_take_counted(rest, &entry->address) &&
           x11_take_counted(rest, &entry->number) && x11_take_counted(rest, &entry->name) &&
           x11_take_counted(rest, &entry->data);
}

static bool x11_slice_equals(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

static enum fit x11_entry_fit(const struct auth_entry *entry, const char *number, const char *host_name)
{
    if (!x11_slice_equals(entry->name, X11_COOKIE_NAME) || entry->data.len == 0 ||
        entry->data.len > X11_COOKIE_SIZE_MAX)
        return FIT_NOT;
    if (entry->number.len != 0 && !x11_slice_equals(entry->number, number))
        return FIT_NOT;
    if (entry->family == FAMILY_WILD)
        return FIT_ANY_HOST;
    if (entry->family != FAMILY_LOCAL)
        return FIT_NOT;
    return x11_slice_equals(entry->address, host_name) ? FIT_THIS_HOST : FIT_OTHER_HOST;
}

static void x11_add_cookie(struct x11_cookies *cookies, struct slice data)
{
    for (size_t i = 0; i < cookies->count; i++)
        if (cookies->items[i].len == data.len && memcmp(cookies->items[i].data, data.data, data.len) == 0)
            return;
    if (cookies->count == X11_COOKIES_MAX) {
        cookies->more = true;
        return;
    }
    struct x11_cookie *cookie = &cookies->items[cookies->count++];
    memcpy(cookie->data, data.data, data.len);
    cookie->len = data.len;
}

void x11_auth_read(struct slice file, unsigned number, const char *host_name, struct x11_cookies *cookies)
{
    char number_text[16];
    snprintf(number_text, sizeof number_text, "%u", number);
    cookies->count = 0;
    cookies->more = false;
    /* One pass for each fit gives the order without a sort. A file has few entries. */
    for (enum fit fit = 0; fit < FIT_COUNT; fit++) {
        struct slice rest = file;
        struct auth_entry entry;
        cookies->whole = true;
        while (cookies->whole && rest.len > 0) {
            cookies->whole = x11_take_entry(&rest, &entry);
            if (cookies->whole && x11_entry_fit(&entry, number_text, host_name) == fit)
                x11_add_cookie(cookies, entry.data);
        }
    }
}
