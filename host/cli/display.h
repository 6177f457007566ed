/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outputs that an agent tells of: "display.N.KEY=VALUE" among its strings. */
#ifndef HOST_CLI_DISPLAY_H
#define HOST_CLI_DISPLAY_H

#include "host/periscope.h"

#define DISPLAYS_MAX 256

/* Each borrowed from the strings' own copy below, or NULL where the agent does not tell it. */
struct display {
    const char *name, *geometry, *mode, *backend, *driver, *pci, *class;
};

struct displays {
    struct periscope_strings facts; /* owned */
    struct display items[DISPLAYS_MAX];
    size_t count;
};

/* Takes the facts over, and empties *facts. */
void displays_take(struct displays *displays, struct periscope_strings *facts);
void displays_deinit(struct displays *displays); /* accepts a zeroed one */

enum display_class { DISPLAY_UNKNOWN, DISPLAY_EMULATED, DISPLAY_PASSED_THROUGH, DISPLAY_VIRTUAL };
enum display_class display_class(const struct display *display);
const char *display_class_name(enum display_class class); /* "passed-through" */

/* Of the output of that name, or of its card where another source alone tells it; without a name, of the first output
   whose class is told: an agent lists first what it shows first. */
enum display_class displays_class(const struct displays *displays, const char *name);

#endif
