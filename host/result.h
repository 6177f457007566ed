/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the lists of strings inside and those that the public headers give out. */
#ifndef HOST_RESULT_H
#define HOST_RESULT_H

#include "base/strlist.h"
#include "host/periscope.h"

void strings_take(struct periscope_strings *out, struct strlist *list); /* leaves the list empty */

#endif
