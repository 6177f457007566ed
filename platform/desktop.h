/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the system itself says of the desktop, and the wait until that may be different. For worker processes. */
#ifndef PLATFORM_DESKTOP_H
#define PLATFORM_DESKTOP_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

#define OS_DESKTOP_TEXT_SIZE 256

/* Texts in words, "" where that does not hold or is not known. */
struct os_desktop {
    char ending[OS_DESKTOP_TEXT_SIZE];   /* the system shuts down */
    char updating[OS_DESKTOP_TEXT_SIZE]; /* it was booted to install updates */
    char booting[OS_DESKTOP_TEXT_SIZE];  /* nobody may log on yet */
    char greeter[OS_DESKTOP_TEXT_SIZE];  /* a log-on screen has the seat */
    char session[OS_DESKTOP_TEXT_SIZE];  /* the user's session that has it */
    bool is_graphical;                   /* that session, or the log-on screen, is to have a screen */
};

/* Reads it. root is "" but in tests. */
void os_desktop_read(const char *root, struct os_desktop *out);

/* Waits for an event that may concern any of these: sessions, sockets of display servers, cards, terminals. `other`: also
   until this descriptor of the system's can be read; -1: none. What happened since the last call counts. */
void os_desktop_await(int other, int64_t deadline_ms);

#endif
