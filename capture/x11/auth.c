/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/auth.h"

#include <stdio.h>
#include <string.h>

#define FAMILY_LOCAL 256
#define FAMILY_WILD 65535

struct auth_entry {
    unsigned family;
    struct slice address, number, name, data;
};

enum fit { FIT_THIS_HOST, FIT_ANY_HOST, FIT_OTHER_HOST, FIT_COUNT, FIT_NOT };

static bool take_u16(struct slice *rest, unsigned *value)
{
    if (rest->len < 2)
        return false;
    *value = (unsigned)rest->data[0] << 8 | rest->data[1];
    rest->data += 2;
    rest->len -= 2;
    return true;
}

static bool take_counted(struct slice *rest, struct slice *bytes)
{
    unsigned size;
    if (!take_u16(rest, &size) || size > rest->len)
        return false;
    *bytes = (struct slice){.data = rest->data, .len = size};
    rest->data += size;
    rest->len -= size;
    return true;
}

static bool take_entry(struct slice *rest, struct auth_entry *entry)
{
    return take_u16(rest, &entry->family) && take_counted(rest, &entry->address) &&
           take_counted(rest, &entry->number) && take_counted(rest, &entry->name) && take_counted(rest, &entry->data);
}

static bool slice_is(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

static enum fit entry_fit(const struct auth_entry *entry, const char *number, const char *host_name)
{
    if (!slice_is(entry->name, X11_COOKIE_NAME) || entry->data.len == 0 || entry->data.len > X11_COOKIE_SIZE_MAX)
        return FIT_NOT;
    if (entry->number.len != 0 && !slice_is(entry->number, number))
        return FIT_NOT;
    if (entry->family == FAMILY_WILD)
        return FIT_ANY_HOST;
    if (entry->family != FAMILY_LOCAL)
        return FIT_NOT;
    return slice_is(entry->address, host_name) ? FIT_THIS_HOST : FIT_OTHER_HOST;
}

static void add_cookie(struct x11_cookies *cookies, struct slice data)
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
    /* One pass a fit keeps the order without a sort; a file is a few entries long. */
    for (enum fit fit = 0; fit < FIT_COUNT; fit++) {
        struct slice rest = file;
        struct auth_entry entry;
        cookies->whole = true;
        while (cookies->whole && rest.len > 0) {
            cookies->whole = take_entry(&rest, &entry);
            if (cookies->whole && entry_fit(&entry, number_text, host_name) == fit)
                add_cookie(cookies, entry.data);
        }
    }
}
