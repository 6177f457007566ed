/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of the agent's own that only grows, in a folder in which nobody else may write. Error texts are the OS's reason
   alone. */
#ifndef PLATFORM_APPEND_H
#define PLATFORM_APPEND_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

/* Appends the folder in which a service keeps what is its own, with its NUL; nothing where the agent is no service. */
void os_own_folder_find(struct buffer *out);
/* Makes the folder unless it is there, and refuses one that others than the agent's user (on Windows: and administrators) may
   read or write, or that is a link. run_as: as for os_identity_find; if that is another user, nobody else may be able to
   replace a folder on the way there either. */
int os_own_folder_make(const char *path, const char *run_as, struct error *err);

struct os_append;
/* Opens the file, made if there is none, at its first `size` bytes: what is beyond is cut off. ERR_UNAVAILABLE while
   another process has it open so. */
int os_append_open(struct os_append **out, const char *path, uint64_t size, struct error *err);
int os_append_write(struct os_append *file, const void *bytes, size_t len, struct error *err); /* all of it */
int os_append_sync(struct os_append *file, struct error *err); /* what was written is on the disk */
/* Gives a closed file another's name, and returns once that is on the disk. */
int os_append_rename(const char *from, const char *to, struct error *err);
void os_append_close(struct os_append *file); /* accepts NULL */

#endif
