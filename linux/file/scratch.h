/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only for linux/. */
#ifndef LINUX_FILE_SCRATCH_H
#define LINUX_FILE_SCRATCH_H

/* Opens a file without a name in that folder, for this process alone, or returns -1 with errno. */
int scratch_open_descriptor(const char *base);

#endif
