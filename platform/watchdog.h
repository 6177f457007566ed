/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A deadline for work that may hang: another thread acts when it passes. */
#ifndef PLATFORM_WATCHDOG_H
#define PLATFORM_WATCHDOG_H

#include "base/error.h"

#include <stdint.h>

struct os_watchdog;
/* Starts a thread that calls expired(context) when an armed deadline passes, and sleeps else. It lives as long as the
   process. */
int os_watchdog_new(struct os_watchdog **out, void (*expired)(void *context), void *context, struct error *err);
void os_watchdog_arm(struct os_watchdog *watchdog, int64_t deadline_ms);
/* Disarms it: expired() is not called any more when this returns, and none is under way. */
void os_watchdog_disarm(struct os_watchdog *watchdog);

#endif
