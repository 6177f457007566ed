/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program that was killed may have left behind on the screen. */
#ifndef PLATFORM_DISPLAY_H
#define PLATFORM_DISPLAY_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>

/* Returns whether this system leaves it to others to restore such things; else there is nothing to do. */
bool os_display_needs_restoring(void);
/* Restores the display's modes and frees the cursor, as they are without any program. Adds a fact for each thing that
   was different: "display=DISPLAY1: 640x480x32 is 1024x768x32 again". It may hang with a driver: only for worker
   processes. */
int os_display_restore(struct strlist *facts, struct error *err);

#endif
