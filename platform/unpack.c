/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/tar.h"
#include "platform/tree.h"

#include <stdlib.h>
#include <string.h>

#define UNPACK_LEVELS (OS_TREE_DEPTH_MAX + 1)

struct unpack_level {
    struct os_folder *folder; /* owned */
    size_t path_len;          /* of its path in `at` */
};

struct os_unpack {
    struct tar_reader tar;
    struct unpack_level levels[UNPACK_LEVELS]; /* the folder itself, and those on the way to where the last entry was */
    size_t depth;
    char *at;                    /* owned: the path of the last level */
    struct os_folder_file *file; /* owned: what the content goes into; NULL: it is left out */
    uint64_t files;
    struct os_tree_notes notes;
};

int os_unpack_begin(struct os_unpack **out, const char *path, struct error *err)
{
    struct os_unpack *unpack = *out = calloc(1, sizeof *unpack);
    if (!unpack)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    tar_reader_init(&unpack->tar);
    unpack->at = calloc(1, TAR_NAME_MAX + 1);
    int status = unpack->at ? os_folder_open(&unpack->levels[0].folder, path, err)
                            : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    if (status) {
        os_unpack_end(unpack);
        *out = NULL;
        return status;
    }
    unpack->depth = 1;
    return 0;
}

/* ---- names ---- */

/* Makes the path one without "." and doubled separators, in place. Returns false if it leads out of the folder. */
static bool unpack_clean(char *path)
{
    char *out = path, *next = path;
    if (*path == '/')
        return false;
    while (*next) {
        size_t len = strcspn(next, "/");
        bool is_dot = len == 1 && *next == '.';
        if (len == 2 && next[0] == '.' && next[1] == '.')
            return false;
        if (len > 0 && !is_dot) {
            if (out != path)
                *out++ = '/';
            memmove(out, next, len);
            out += len;
        }
        next += len + (next[len] == '/');
    }
    *out = 0;
    return true;
}

/* Returns whether a link that is `depth` folders deep leads to what is in the tree. What goes up behind a name may do so
   from where another link has led. */
static bool unpack_link_stays(const char *target, size_t depth)
{
    bool down = false;
    if (*target == '/' || !*target)
        return false;
    while (*target) {
        size_t len = strcspn(target, "/");
        bool up = len == 2 && target[0] == '.' && target[1] == '.';
        if (up && (down || depth-- == 0))
            return false;
        down |= !up && len > 0 && !(len == 1 && *target == '.');
        target += len + (target[len] == '/');
    }
    return true;
}

static size_t unpack_depth(const char *path)
{
    size_t depth = 0;
    for (; *path; path++)
        depth += *path == '/';
    return depth;
}

/* ---- the folder that an entry is in ---- */

static void unpack_pop(struct os_unpack *unpack)
{
    os_folder_close(unpack->levels[--unpack->depth].folder);
    unpack->at[unpack->levels[unpack->depth - 1].path_len] = 0;
}

/* Returns whether the path lies in the last level, or is it. */
static bool unpack_is_below(const struct os_unpack *unpack, const char *path, size_t len)
{
    size_t have = unpack->levels[unpack->depth - 1].path_len;
    return have == 0 || (len >= have && memcmp(path, unpack->at, have) == 0 && (len == have || path[have] == '/'));
}

static int unpack_push(struct os_unpack *unpack, const char *path, size_t len, struct error *err)
{
    struct unpack_level *last = &unpack->levels[unpack->depth - 1];
    struct os_folder *folder;
    if (unpack->depth == UNPACK_LEVELS)
        return error_set(err, ERR_LIMIT, "more than %d folders in folders", OS_TREE_DEPTH_MAX);
    size_t start = last->path_len + (last->path_len > 0);
    memcpy(unpack->at, path, len);
    unpack->at[len] = 0;
    int status = os_folder_enter(&folder, last->folder, unpack->at + start, err);
    if (status == ERR_NOT_FOUND) {
        status = os_folder_make_folder(last->folder, unpack->at + start, err);
        if (status == 0)
            status = os_folder_enter(&folder, last->folder, unpack->at + start, err);
    }
    if (status)
        unpack->at[last->path_len] = 0;
    else
        unpack->levels[unpack->depth++] = (struct unpack_level){folder, len};
    return status;
}

/* Opens the folder of the first `len` bytes of a path, and makes what is missing of it. */
static int unpack_go(struct os_unpack *unpack, const char *path, size_t len, struct os_folder **out, struct error *err)
{
    int status = 0;
    while (!unpack_is_below(unpack, path, len))
        unpack_pop(unpack);
    for (size_t have; status == 0 && (have = unpack->levels[unpack->depth - 1].path_len) < len;) {
        size_t from = have + (have > 0);
        size_t end = from + strcspn(path + from, "/");
        status = unpack_push(unpack, path, end < len ? end : len, err);
    }
    *out = unpack->levels[unpack->depth - 1].folder;
    return status;
}

/* ---- entries ---- */

static int unpack_make(struct os_unpack *unpack, const struct tar_entry *entry, struct error *why)
{
    const char *slash = strrchr(entry->path, '/'), *name = slash ? slash + 1 : entry->path;
    struct os_folder *folder;
    bool is_folder = entry->type == TAR_FOLDER;
    size_t len = is_folder ? strlen(entry->path) : slash ? (size_t)(slash - entry->path) : 0;
    int status = unpack_go(unpack, entry->path, len, &folder, why);
    if (status)
        return status;
    switch (entry->type) {
    case TAR_FOLDER:
        return os_folder_describe(folder, entry->mode, entry->mtime_ns, why);
    case TAR_LINK:
        if (!unpack_link_stays(entry->target, unpack_depth(entry->path)))
            return error_set(why, ERR_INVALID, "a link to '%s', which is outside of the tree", entry->target);
        return os_folder_make_link(folder, name, entry->target, why);
    case TAR_FILE:
        return os_folder_file_make(&unpack->file, folder, name, why);
    }
    return error_set(why, ERR_INVALID, "of the type '%c', which is not made", entry->type > ' ' ? entry->type : '?');
}

static int unpack_entry(struct os_unpack *unpack, struct error *err)
{
    struct tar_entry *entry = &unpack->tar.entry;
    struct error why;
    if (!unpack_clean(entry->path))
        return error_set(err, ERR_INVALID, "'%s' leads out of the tree", entry->path);
    if (!*entry->path && entry->type != TAR_FOLDER)
        return error_set(err, ERR_INVALID, "an entry without a name in a tar stream");
    if (unpack_make(unpack, entry, &why))
        os_tree_note(&unpack->notes, *entry->path ? entry->path : ".", why.text);
    else
        unpack->files += entry->type != TAR_FILE;
    return 0;
}

static void unpack_content(struct os_unpack *unpack)
{
    struct error why;
    struct slice content = unpack->tar.content;
    if (!unpack->file || os_folder_file_write(unpack->file, content.data, content.len, &why) == 0)
        return;
    os_tree_note(&unpack->notes, unpack->tar.entry.path, why.text);
    os_folder_file_abandon(unpack->file);
    unpack->file = NULL;
}

static void unpack_done(struct os_unpack *unpack)
{
    const struct tar_entry *entry = &unpack->tar.entry;
    struct error why;
    if (!unpack->file)
        return;
    if (os_folder_file_keep(unpack->file, entry->mode, entry->mtime_ns, &why))
        os_tree_note(&unpack->notes, entry->path, why.text);
    else
        unpack->files++;
    unpack->file = NULL;
}

int os_unpack_write(struct os_unpack *unpack, const void *bytes, size_t len, struct error *err)
{
    const uint8_t *next = bytes;
    int event;
    while ((event = tar_read(&unpack->tar, &next, &len, err)) != TAR_MORE && event != TAR_END) {
        if (event < 0)
            return event;
        if (event == TAR_CONTENT)
            unpack_content(unpack);
        else if (event == TAR_DONE)
            unpack_done(unpack);
        else if (unpack_entry(unpack, err))
            return ERR_INVALID;
    }
    return 0;
}

int os_unpack_finish(struct os_unpack *unpack, struct error *err)
{
    if (!unpack->tar.ended)
        return error_set(err, ERR_INVALID, "the tar stream is not whole");
    return os_folder_sync(unpack->levels[0].folder, err);
}

const struct os_tree_notes *os_unpack_notes(const struct os_unpack *unpack)
{
    return &unpack->notes;
}

uint64_t os_unpack_files(const struct os_unpack *unpack)
{
    return unpack->files;
}

void os_unpack_end(struct os_unpack *unpack)
{
    if (!unpack)
        return;
    os_folder_file_abandon(unpack->file);
    while (unpack->depth > 0)
        os_folder_close(unpack->levels[--unpack->depth].folder);
    tar_reader_deinit(&unpack->tar);
    free(unpack->at);
    strlist_deinit(&unpack->notes.texts);
    free(unpack);
}
