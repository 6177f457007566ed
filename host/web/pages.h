/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the pages: built into the program, or for who works on them in a folder. */
#ifndef HOST_WEB_PAGES_H
#define HOST_WEB_PAGES_H

#include "host/web/blob.h"

/* Returns a file by its name, which is no path; NULL when there is none. folder: NULL for those that are built in. */
struct blob *pages_get(const char *folder, const char *name);

#endif
