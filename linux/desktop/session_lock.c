/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/desktop/session_lock.h"

#include "linux/desktop/bus.h"
#include "linux/user/login.h"

#include <stdio.h>

/* The interface and the property, marshalled: a length in four bytes, the text with its NUL, and zeros up to the next
   length, which begins at a multiple of 4. */
static const char locked_hint[] = "\36\0\0\0"
                                  "org.freedesktop.login1.Session\0"
                                  "\0"
                                  "\12\0\0\0"
                                  "LockedHint";

/* Writes the session's object: all but letters and digits as _HH, and a digit at the start too. */
static void session_object(const char *session, char *path, size_t size)
{
    size_t len = (size_t)snprintf(path, size, "/org/freedesktop/login1/session/");
    for (const char *at = session; *at && len + 4 < size; at++) {
        bool digit = *at >= '0' && *at <= '9', letter = (*at | 32) >= 'a' && (*at | 32) <= 'z';
        bool plain = letter || (digit && at > session);
        len += (size_t)snprintf(path + len, size - len, plain ? "%c" : "_%02x", (unsigned char)*at);
    }
}

int session_lock_ask(const char *bus, const char *session, int64_t deadline_ms, bool *locked, struct error *err)
{
    char path[136];
    *locked = false;
    session_object(session, path, sizeof path);
    const struct bus_call get = {.destination = "org.freedesktop.login1",
                                 .path = path,
                                 .interface = "org.freedesktop.DBus.Properties",
                                 .member = "Get",
                                 .signature = "ss",
                                 .body = locked_hint,
                                 .body_len = sizeof locked_hint,
                                 .starts_nothing = true};
    return bus_ask(bus, &get, deadline_ms, locked, err);
}

int os_session_locked(int64_t deadline_ms, bool *locked, struct error *err)
{
    struct login login;
    *locked = false;
    if (login_find(&login, "", err) < 0 || !login.id[0])
        return error_set(err, ERR_NOT_FOUND, "logind has no session at the screen");
    return session_lock_ask(BUS_SYSTEM, login.id, deadline_ms, locked, err);
}
