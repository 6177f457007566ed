/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/selftest.h"

#include <unistd.h>

void os_selftest(struct findings *findings)
{
    if (geteuid() == 0)
        findings_add(findings, FINDING_PASS, "rights",
                     "root: the clock can be set, programs can run as who is logged on");
    else
        findings_add(findings, FINDING_SKIP, "rights", "uid %lu: the clock can't be set", (unsigned long)geteuid());
}

int os_test_window_open(struct os_test_window **out, int x, int y, uint32_t width, uint32_t height,
                        const uint8_t *pixels, struct error *err)
{
    (void)x;
    (void)y;
    (void)width;
    (void)height;
    (void)pixels;
    *out = NULL;
    return error_set(err, ERR_UNAVAILABLE, "the agent shows a window on Windows only");
}

void os_test_window_close(struct os_test_window *window)
{
    (void)window;
}
