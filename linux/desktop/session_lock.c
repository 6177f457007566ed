/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/desktop/session_lock.h"

#include "linux/desktop/bus.h"
#include "linux/user/login.h"

#include "platform/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT_MS 2000 /* a D-Bus that hangs tells of no change */

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

/* ---- one picture after the other ---- */

/* Returns whether nothing was told since. Any message may be of a change. */
static bool session_lock_is_silent(const struct session_lock *kept)
{
    char byte;
    return recv(kept->fd, &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool session_lock_holds(const struct session_lock *kept, const char *session)
{
    if (!kept->asked_ms || os_clock_ms() - kept->asked_ms > KEPT_MS || strcmp(kept->session, session) != 0)
        return false;
    return kept->status == ERR_TIMEOUT || (kept->fd >= 0 && session_lock_is_silent(kept));
}

/* Listens before it asks, so that a change after the answer is told. */
static int session_lock_listen(struct session_lock *kept, const char *bus, int64_t deadline_ms, struct error *err)
{
    char path[136], rule[320];
    if (kept->fd >= 0)
        close(kept->fd);
    session_object(kept->session, path, sizeof path);
    snprintf(rule, sizeof rule,
             "type='signal',sender='org.freedesktop.login1',path='%s',interface='org.freedesktop.DBus.Properties'",
             path);
    kept->fd = bus_listen(bus, rule, deadline_ms, err);
    return kept->fd < 0 ? kept->fd : 0;
}

int session_lock_look(struct session_lock *kept, const char *bus, const char *session, int64_t deadline_ms,
                      bool *locked, struct error *err)
{
    if (!session_lock_holds(kept, session)) {
        snprintf(kept->session, sizeof kept->session, "%s", session);
        kept->locked = false;
        kept->status = session_lock_listen(kept, bus, deadline_ms, &kept->why);
        if (kept->status == 0)
            kept->status = session_lock_ask(bus, session, deadline_ms, &kept->locked, &kept->why);
        kept->asked_ms = os_clock_ms();
    }
    *locked = kept->locked;
    return kept->status ? error_set(err, kept->status, "%s", kept->why.text) : 0;
}

/* ---- the session at the screen ---- */

static int session_lock_find(struct login *login, struct error *err)
{
    if (login_find(login, "", err) < 0 || !login->id[0])
        return error_set(err, ERR_NOT_FOUND, "logind has no session at the screen");
    return 0;
}

int os_session_locked(int64_t deadline_ms, bool *locked, struct error *err)
{
    struct login login;
    *locked = false;
    int status = session_lock_find(&login, err);
    return status ? status : session_lock_ask(BUS_SYSTEM, login.id, deadline_ms, locked, err);
}

int os_session_locked_still(int64_t deadline_ms, bool *locked, struct error *err)
{
    static struct session_lock kept = {.fd = -1};
    struct login login;
    *locked = false;
    int status = session_lock_find(&login, err);
    return status ? status : session_lock_look(&kept, BUS_SYSTEM, login.id, deadline_ms, locked, err);
}
