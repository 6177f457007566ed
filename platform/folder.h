/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders that are walked by their parts, so that nothing that is planted on the way leads out of them: no link is
   followed, and a name is one part of a path. Error texts are the OS's reason alone. */
#ifndef PLATFORM_FOLDER_H
#define PLATFORM_FOLDER_H

#include "base/strlist.h"
#include "platform/node.h"

struct os_folder;
/* Opens a folder as a path leads to it. */
int os_folder_open(struct os_folder **out, const char *path, struct error *err);
/* Opens a folder in another; ERR_DENIED for a link. */
int os_folder_enter(struct os_folder **out, struct os_folder *in, const char *name, struct error *err);
void os_folder_close(struct os_folder *folder); /* accepts NULL */

/* Lists the names, sorted by their bytes. ERR_LIMIT for more than STRLIST_MAX_COUNT. */
int os_folder_list(struct os_folder *folder, struct strlist *names, struct error *err);
int os_folder_look(struct os_folder *folder, const char *name, struct os_node *node, struct error *err);
/* Opens a regular file for reading. */
int os_folder_open_file(struct os_folder *folder, const char *name, struct os_file **out, struct os_node *node,
                        struct error *err);
/* Appends a link's target and a NUL. */
int os_folder_read_link(struct os_folder *folder, const char *name, struct buffer *target, struct error *err);

/* A folder that is there already is no error. */
int os_folder_make_folder(struct os_folder *folder, const char *name, struct error *err);
/* Replaces a file or another link. ERR_UNAVAILABLE where the system lets this user make none. */
int os_folder_make_link(struct os_folder *folder, const char *name, const char *target, struct error *err);
/* A new file, which gets its name when it is kept, in place of a file or link; it does not wait for the disk. */
struct os_folder_file;
int os_folder_file_make(struct os_folder_file **out, struct os_folder *folder, const char *name, struct error *err);
int os_folder_file_write(struct os_folder_file *file, const void *bytes, size_t len, struct error *err);
int os_folder_file_keep(struct os_folder_file *file, uint32_t mode, int64_t mtime_ns, struct error *err); /* frees it */
void os_folder_file_abandon(struct os_folder_file *file); /* accepts NULL */
/* Sets mode and time of the folder itself. */
int os_folder_describe(struct os_folder *folder, uint32_t mode, int64_t mtime_ns, struct error *err);
/* Removes a file or link, or an empty folder. */
int os_folder_remove(struct os_folder *folder, const char *name, bool is_folder, struct error *err);
/* Removes an empty folder by its path. */
int os_folder_unmake(const char *path, struct error *err);
/* Waits until all that was written in the folder's file system is on the disk, where the system can. */
int os_folder_sync(struct os_folder *folder, struct error *err);

/* What a file system has room for. */
struct os_space {
    uint64_t total, free, available; /* bytes; available: for this user */
    uint64_t files, files_free;      /* 0 where there is no such limit */
};
int os_space_look(struct os_space *space, const char *path, struct error *err);

#endif
