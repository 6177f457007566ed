/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of methods over a D-Bus, in the few messages that this takes. Only for linux/. */
#ifndef LINUX_DESKTOP_BUS_H
#define LINUX_DESKTOP_BUS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_SYSTEM "/run/dbus/system_bus_socket"

struct bus_call {
    const char *destination, *path, *interface, *member; /* each below 200 bytes */
    const char *signature;                               /* of the body; "": there is none */
    const void *body; /* marshalled, the numbers with the least significant byte first */
    size_t body_len;
    bool starts_nothing; /* a service that does not run is not started for it */
};

/* Makes a call as the effective user of this process, over a connection of its own, and waits for its return. `path` is the
   D-Bus's socket. ERR_NOT_FOUND: there is no D-Bus. ERR_DENIED, ERR_UNAVAILABLE: the text of the error that is the answer,
   or why there is none. ERR_TIMEOUT. */
int bus_call(const char *path, const struct bus_call *call, int64_t deadline_ms, struct error *err);
/* Makes a call whose return is a boolean in a variant, as of a property. */
int bus_ask(const char *path, const struct bus_call *call, int64_t deadline_ms, bool *value, struct error *err);

/* Opens a connection to which the signals of this match rule are sent. Returns its descriptor, which the caller owns and
   does not block on, or a negative status as above. */
int bus_listen(const char *path, const char *rule, int64_t deadline_ms, struct error *err);

#endif
