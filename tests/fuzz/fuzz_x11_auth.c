/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An Xauthority file of any bytes. The cookies must be among the bytes, none twice, and a whole file's end must be an
   entry's. */
#include "capture/x11/server/auth.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool holds(const uint8_t *data, size_t size, const struct x11_cookie *cookie)
{
    return cookie->len <= size && memmem(data, size, cookie->data, cookie->len) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct x11_cookies cookies;
    x11_auth_read((struct slice){data, size}, 0, "guest", &cookies);
    require(cookies.count <= X11_COOKIES_MAX && (!cookies.more || cookies.count == X11_COOKIES_MAX));
    for (size_t i = 0; i < cookies.count; i++) {
        const struct x11_cookie *cookie = &cookies.items[i];
        require(cookie->len > 0 && cookie->len <= X11_COOKIE_SIZE_MAX && holds(data, size, cookie));
        for (size_t j = 0; j < i; j++)
            require(cookies.items[j].len != cookie->len ||
                    memcmp(cookies.items[j].data, cookie->data, cookie->len) != 0);
    }
    if (cookies.whole && size > 0) { /* one byte more is no entry */
        uint8_t *longer = malloc(size + 1);
        require(longer != NULL);
        memcpy(longer, data, size);
        longer[size] = 1;
        x11_auth_read((struct slice){longer, size + 1}, 0, "guest", &cookies);
        require(!cookies.whole);
        free(longer);
    }
    return 0;
}
