/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files. Names are UTF-8 (any bytes on Linux), relative to the agent's working folder. Error texts are the OS's reason
   alone (strerror on every OS, "No such file or directory"): the caller names the object. */
#ifndef PLATFORM_FILE_H
#define PLATFORM_FILE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct os_file;
/* Opens a regular file: ERR_INVALID for folders, devices, FIFOs and sockets, never blocking on one. It is shared for
   reading, writing and removal while it is open. ERR_NOT_FOUND when there is none. */
int os_file_open(struct os_file **out, const char *path, uint64_t *size, struct error *err);
/* The same for a file that holds the agent's own state: no link, no other name, and of nobody else's making. ERR_DENIED
   with the reason otherwise. */
int os_file_open_own(struct os_file **out, const char *path, uint64_t *size, struct error *err);
int os_file_read(struct os_file *file, void *bytes, size_t max, struct error *err); /* 0 at the end */
/* Appends what is left of it, to its end as that is then. ERR_LIMIT where the buffer may not have as much. */
int os_file_read_rest(struct os_file *file, struct buffer *out, struct error *err);
/* Opens a file, appends all of it as above, and closes it. */
int os_file_read_whole(const char *path, struct buffer *out, struct error *err);
/* Sets where the next read or os_socket_send_file() begins. */
int os_file_seek(struct os_file *file, uint64_t offset, struct error *err);
void os_file_close(struct os_file *file); /* accepts NULL */

/* A new file beside path that takes its name when committed: path holds the old content or all of the new. Until then it
   has no name where the system can do without, else a random one that nobody can take before: ".periscope-…tmp". */
struct os_upload;
enum os_upload_kind {
    OS_UPLOAD_PRIVATE,    /* for its owner only, as testagentd makes files; on the disk when it is committed */
    OS_UPLOAD_EXECUTABLE, /* so too, and may be executed */
    OS_UPLOAD_PROGRAM,    /* may be read and executed by all, as what is installed; on the disk too */
    OS_UPLOAD_ORDINARY,   /* as any program's new file; the commit does not wait for the disk */
};
int os_upload_begin(struct os_upload **out, const char *path, enum os_upload_kind kind, struct error *err);
/* Gives the new file what the one has that it is to replace: the permissions, and as far as this process may give it,
   the owner, the group and the access control list. Whom no list or group lets in is kept out. No error without one. */
int os_upload_resemble(struct os_upload *upload, struct error *err);
int os_upload_write(struct os_upload *upload, const void *bytes, size_t len, struct error *err);
/* Reads what was written so far, from an offset; 0 at its end. Writing goes on where it was. */
int os_upload_read(struct os_upload *upload, uint64_t offset, void *bytes, size_t max, struct error *err);
/* Gives the new file these permissions and this time of its last change: platform/node.h has what leaves them. */
int os_upload_describe(struct os_upload *upload, uint32_t mode, int64_t mtime_ns, struct error *err);
int os_upload_commit(struct os_upload *upload, struct error *err); /* rename; frees it in any case */
void os_upload_abandon(struct os_upload *upload);                  /* accepts NULL */

/* Writes all of it at once: the path is a file with these bytes then, or what it was before. */
int os_upload_whole(const char *path, enum os_upload_kind kind, const void *bytes, size_t len, struct error *err);

/* Removes what uploads of processes that were killed have left in the working folder; returns how many files. */
unsigned os_upload_sweep(void);

/* What is lost when another file takes its name. */
struct os_file_facts {
    bool exists;           /* and is a regular file, no link to one; else all is zero */
    bool read_only;        /* for this process, or for all: who may override that is asked too */
    bool has_list;         /* an access control list */
    uint64_t names;        /* hard links */
    uint32_t owner, group; /* ids; 0 on Windows */
};
void os_file_look(const char *path, struct os_file_facts *facts);

int os_file_remove(const char *path, struct error *err); /* ERR_NOT_FOUND when there is none (ENOENT, ENOTDIR) */
int os_file_rename(const char *from, const char *to, struct error *err);
/* What was written to it is on the disk after it. size: NULL, or that of the last call: a file that still has it is left alone. */
int os_file_sync(const char *path, uint64_t *size, struct error *err);
/* Refuses a file, with ERR_DENIED, to which the system lets nobody write: on Windows one that a program runs from, or that
   somebody else has open so. Who has it open for a moment is waited for. */
int os_file_check_replaceable(const char *path, struct error *err);
const char *os_file_name(const char *path); /* its last part; borrowed from it */
/* Makes the folder and those above it that are missing. One that exists already is no error. */
int os_folder_make(const char *path, struct error *err);
int os_getcwd(struct buffer *out, struct error *err); /* appended with its NUL */
int os_chdir(const char *path, struct error *err);

#endif
