/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a system has to show in --selftest that no other has. */
#ifndef PLATFORM_SELFTEST_H
#define PLATFORM_SELFTEST_H

#include "base/error.h"
#include "base/findings.h"

#include <stdint.h>

/* Reports where the agent is, what rights it has, and what of the system it could not find. Changes nothing. */
void os_selftest(struct findings *findings);

/* A window with these pixels, rows of RGB (borrowed until the close), at that place of the screen, above all others.
   ERR_UNAVAILABLE where the system's agent shows none. */
struct os_test_window;
int os_test_window_open(struct os_test_window **out, int x, int y, uint32_t width, uint32_t height,
                        const uint8_t *pixels, struct error *err);
void os_test_window_close(struct os_test_window *window); /* accepts NULL */

#endif
