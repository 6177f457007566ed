/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/upload.c needs of a system's files. Error texts are the OS's reason alone. Only for platform/, linux/ and
   win32/. */
#ifndef PLATFORM_NEW_FILE_H
#define PLATFORM_NEW_FILE_H

#include "platform/file.h"

#define OS_FILE_EXISTS 1     /* there is a file of that name; no error is set */
#define OS_FILE_NEEDS_NAME 2 /* the file system keeps no file without a name; no error is set */

/* A temporary name: these, and between them what is_temporary_name (platform/upload.c) takes. */
#define OS_TEMPORARY_HEAD ".periscope-"
#define OS_TEMPORARY_TAIL ".tmp"

/* Refuses a path that no file may take: a folder, a device. What has the name may be replaced else. */
int os_new_file_check(const char *path, struct error *err);
/* Returns the length of the folder's part of a path, its last separator included. */
size_t os_path_folder_len(const char *path);

/* A file that was not there before, for writing. Where the system can, it is gone when it is closed, or its process is
   killed, before os_new_file_keep. */
struct os_new_file;
/* Makes it in the folder of that path, without a name. */
int os_new_file_make_unnamed(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err);
int os_new_file_make(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err);
/* os_upload_resemble: path is what it will replace. */
int os_new_file_resemble(struct os_new_file *file, const char *path, struct error *err);
/* Returns how many bytes were written, at least one. */
int os_new_file_write(struct os_new_file *file, const void *bytes, size_t len, struct error *err);
int os_new_file_read(struct os_new_file *file, uint64_t offset, void *bytes, size_t max, struct error *err);
int os_new_file_describe(struct os_new_file *file, uint32_t mode, int64_t mtime_ns, struct error *err);
/* Makes it stay: under that name if it has none yet, else path is the one it was made with. durable: its content is on
   the disk before. */
int os_new_file_keep(struct os_new_file *file, const char *path, bool durable, struct error *err);
/* Frees it in any case. */
int os_new_file_close(struct os_new_file *file, struct error *err);
/* Flushes the name of a new file to the disk, where the file system can: the file is in place all the same. */
void os_new_file_sync_name(const char *path);
/* Removes the files of the working folder that have a temporary name, that `is_ours` takes, and that no process has in
   use. Returns how many. */
unsigned os_new_file_sweep(bool (*is_ours)(const char *name));

#endif
