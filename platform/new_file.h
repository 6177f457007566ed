/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/upload.c needs of a system's files. Error texts are the OS's reason alone. Only for platform/, linux/ and
   win32/. */
#ifndef PLATFORM_NEW_FILE_H
#define PLATFORM_NEW_FILE_H

#include "platform/file.h"

#define OS_FILE_EXISTS 1 /* there is a file of that name; no error is set */

/* Refuses a path that no file may take: a folder, a device. What has the name may be replaced else. */
int os_new_file_check(const char *path, struct error *err);
/* Returns the length of the folder's part of a path, its last separator included. */
size_t os_path_folder_len(const char *path);
uint64_t os_own_pid(void);

/* A file that was not there before, for writing. */
struct os_new_file;
int os_new_file_make(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err);
/* Returns how many bytes were written, at least one. */
int os_new_file_write(struct os_new_file *file, const void *bytes, size_t len, struct error *err);
/* Frees it in any case. durable: its content is on the disk before. */
int os_new_file_close(struct os_new_file *file, bool durable, struct error *err);
/* Flushes the name of a new file to the disk, where the file system can: the file is in place all the same. */
void os_new_file_sync_name(const char *path);

#endif
