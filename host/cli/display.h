/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outputs that an agent reports: "display.N.KEY=VALUE" among its facts. */
#ifndef HOST_CLI_DISPLAY_H
#define HOST_CLI_DISPLAY_H

#include "host/periscope.h"

#define DISPLAYS_MAX 256

/* Each is borrowed from the facts below, or NULL if the agent does not report it. */
struct display {
    const char *name, *geometry, *mode, *backend, *driver, *pci, *class;
};

struct displays {
    struct periscope_strings facts; /* owned */
    struct display items[DISPLAYS_MAX];
    size_t count;
};

/* Takes ownership of the facts, and empties *facts. */
void displays_take(struct displays *displays, struct periscope_strings *facts);
void displays_deinit(struct displays *displays); /* accepts a zeroed one */

enum display_class { DISPLAY_UNKNOWN, DISPLAY_EMULATED, DISPLAY_PASSED_THROUGH, DISPLAY_VIRTUAL };
/* Returns the class that the agent reports, or DISPLAY_UNKNOWN. */
enum display_class display_class(const struct display *display);
const char *display_class_name(enum display_class class); /* "passed-through" */

/* Returns the class of the output of that name, or that of its card if only another source reports it. Without a name,
   it is that of the first output with a class: an agent lists first what it would show first. */
enum display_class displays_class(const struct displays *displays, const char *name);

#endif
