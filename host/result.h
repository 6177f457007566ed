/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library gives out: lists of strings and exit statuses. */
#ifndef HOST_RESULT_H
#define HOST_RESULT_H

#include "base/strlist.h"
#include "host/periscope.h"

/* Moves the strings to *out and leaves the list empty. */
void strings_take(struct periscope_strings *out, struct strlist *list);

/* Decodes a received status: wait(2)'s status word from Linux guests, the exit code from Windows guests. */
void exit_decode(bool windows, uint32_t status, struct periscope_exit *out);

#endif
