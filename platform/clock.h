/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time. Deadlines are monotonic milliseconds: setting the wall clock never moves them. */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include "base/error.h"

#include <stdint.h>

#define OS_FOREVER INT64_MAX /* a deadline that never comes */

int64_t os_clock_ms(void);                 /* monotonic; only differences mean anything */
int64_t os_boot_clock_ms(void);            /* since the boot, also while the system sleeps */
int64_t os_clock_us(void);                 /* the same in microseconds, for measuring */
int64_t os_deadline(int64_t timeout_ms);   /* now + timeout; OS_FOREVER for a negative timeout */
int64_t os_time_left(int64_t deadline_ms); /* milliseconds, 0 once it has passed; OS_FOREVER stays */
void os_sleep_ms(unsigned ms);

int64_t os_wall_time_ms(void); /* milliseconds since 1970 UTC */
/* Sets the wall clock to seconds since 1970 UTC. On failure the text is testagentd's for this OS. */
int os_wall_time_set(int64_t seconds, struct error *err);

#endif
