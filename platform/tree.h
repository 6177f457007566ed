/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees of files: walked, removed, packed into a tar stream (base/tar.h) and unpacked from one. Links are never followed,
 * and nothing outside of the tree's folder is read or changed.
 *
 * What can't be packed or unpacked alone, as a device, a file that may not be read or a name that the system can't have,
 * is left out, counted and noted; the rest goes on. A folder comes behind what is in it, so that its time and
 * permissions are set when nothing more is put into it.
 */
#ifndef PLATFORM_TREE_H
#define PLATFORM_TREE_H

#include "platform/folder.h"

#define OS_TREE_DEPTH_MAX 100 /* folders in folders */
#define OS_TREE_NOTES_MAX 64  /* of what was left out; what is beyond is counted only */

/* ---- walking ---- */

enum os_walk_event { OS_WALK_END, OS_WALK_NODE, OS_WALK_LEAVE };
struct os_walk {
    struct os_walk_level *levels; /* owned */
    size_t depth;                 /* of those in use; 0: at the end */
    struct buffer path;           /* of the node, from the tree's folder: "a/b" with a NUL */
    const char *name;             /* its last part */
    struct os_folder *folder;     /* that it is in; borrowed */
    struct os_folder *left;       /* at OS_WALK_LEAVE the folder itself */
    struct os_node node;
    bool
        enter; /* after OS_WALK_NODE of a folder: whether the walk goes into it; set by the walk, cleared by its user */
};
int os_walk_begin(struct os_walk *walk, const char *path, struct error *err);
/* Goes on: OS_WALK_NODE for each file, link and folder, and OS_WALK_LEAVE for a folder behind what is in it. A negative
   status is of walk->path alone, and the next call goes on behind it. */
int os_walk_next(struct os_walk *walk, struct error *err);
void os_walk_end(struct os_walk *walk); /* accepts a zeroed one */

/* What was left out. */
struct os_tree_notes {
    struct strlist texts; /* "PATH: why" */
    uint64_t count;
};
void os_tree_note(struct os_tree_notes *notes, const char *path, const char *why);

/* Removes all that is in the folder, and counts what was removed. The folder itself stays. */
int os_tree_empty(const char *path, struct os_tree_notes *notes, uint64_t *removed, struct error *err);

/* ---- packing ---- */

struct os_pack;
/* Decides whether a file or link is wanted; NULL in its place: all are. */
typedef bool os_pack_filter(void *context, const char *path, const struct os_node *node);
int os_pack_begin(struct os_pack **out, const char *path, os_pack_filter *filter, void *context, struct error *err);
/* Returns the next bytes of the stream: their number, 0 behind its end, or a negative status. */
int os_pack_read(struct os_pack *pack, void *bytes, size_t max, struct error *err);
const struct os_tree_notes *os_pack_notes(const struct os_pack *pack);
void os_pack_end(struct os_pack *pack); /* accepts NULL */

/* ---- unpacking ---- */

struct os_unpack;
/* Into a folder that is there. */
int os_unpack_begin(struct os_unpack **out, const char *path, struct error *err);
/* Takes the next bytes. ERR_INVALID for what is no tar stream, or one that leads out of the folder. */
int os_unpack_write(struct os_unpack *unpack, const void *bytes, size_t len, struct error *err);
/* Refuses a stream that is not whole, else waits for the disk. */
int os_unpack_finish(struct os_unpack *unpack, struct error *err);
const struct os_tree_notes *os_unpack_notes(const struct os_unpack *unpack);
uint64_t os_unpack_files(const struct os_unpack *unpack); /* files, links and folders that were made */
void os_unpack_end(struct os_unpack *unpack);             /* accepts NULL */

#endif
