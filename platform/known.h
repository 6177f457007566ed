/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one side of a transfer of a tree has of it: texts "SIZE MTIME PATH", sorted by the path. */
#ifndef PLATFORM_KNOWN_H
#define PLATFORM_KNOWN_H

#include "base/strlist.h"

void known_sort(struct strlist *known);
/* Returns the text of this path, borrowed from the list, or NULL. */
const char *known_find(const struct strlist *known, const char *path);

#endif
