/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all of the gateway shares. One thread, the service thread, has libwebsockets and everything of viewers; each guest
 * has threads that wait for it (watch.c, screen_watch.c, thumbnail.c ...). These tell the service thread only that there
 * is news, by gateway_wake(); it then looks what each viewer lacks. So nothing piles up for who does not read.
 */
#ifndef HOST_WEB_GATEWAY_H
#define HOST_WEB_GATEWAY_H

#include "host/web/auth.h"
#include "host/web/config.h"
#include "host/web/metrics.h"

#include <stddef.h>

struct guest;

struct gateway {
    struct web_config config;
    struct guest *guests; /* owned, as many as config.guest_count; never moved */
    size_t guest_count;
    struct auth auth; /* of the service thread alone */
    struct metrics metrics;
    void (*wake)(void); /* libwebsockets' way to wake the service thread; NULL: there is none */
};

/* Tells the service thread, from any other, that there is news. */
void gateway_wake(struct gateway *gateway);
/* Writes a line to the log, on standard error; what would flood it is counted. From any thread. */
void gateway_log(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
