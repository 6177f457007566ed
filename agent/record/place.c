/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/record/place.h"

#include "agent/log.h"
#include "platform/append.h"
#include "platform/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void place_write_id(char id[PLACE_ID_SIZE], uint64_t number)
{
    snprintf(id, PLACE_ID_SIZE, "%016" PRIx64, number);
}

bool place_is_id(const char *name)
{
    return strlen(name) == PLACE_ID_SIZE - 1 && name[strspn(name, "0123456789abcdef")] == '\0';
}

/* Joins two names, owned by the caller. */
static int place_join(char **path, const char *folder, const char *name, struct error *err)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    *path = malloc(size);
    if (!*path)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    snprintf(*path, size, "%s/%s", folder, name);
    return 0;
}

int place_make(char **folder, const char *own, const char *run_as, struct error *err)
{
    const char *failed = own;
    int status = place_join(folder, own, PLACE_NAME, err);
    if (status)
        return status;
    status = os_own_folder_make(own, run_as, err);
    if (status == 0) {
        failed = *folder;
        status = os_own_folder_make(*folder, run_as, err);
    }
    if (status == 0)
        return 0;
    status = error_prefix(err, status, "unable to record into '%s'", failed);
    free(*folder);
    *folder = NULL;
    return status;
}

/* Returns whether it can be the name of a file in a recording: a single part, that leads nowhere else on any system. */
static bool place_is_file(const char *name)
{
    return *name && strlen(name) <= PLACE_FILE_MAX && *name != '.' &&
           name[strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz.")] == '\0';
}

/* Returns whether it is "recordings", or that with an id and a file behind it. */
static bool place_knows(const char *name)
{
    char id[PLACE_ID_SIZE];
    size_t head = sizeof PLACE_NAME - 1;
    if (strncmp(name, PLACE_NAME, head) != 0 || (name[head] != '/' && name[head]))
        return false;
    if (!name[head])
        return true;
    name += head + 1;
    snprintf(id, sizeof id, "%s", name);
    if (!place_is_id(id))
        return false;
    name += sizeof id - 1;
    return *name == '/' ? place_is_file(name + 1) : !*name;
}

int place_find(char **path, const char *own, const char *name, struct error *err)
{
    *path = NULL;
    if (!place_knows(name))
        return 0;
    return *own ? place_join(path, own, name, err) : error_set(err, ERR_NOT_FOUND, "No such file or directory");
}

/* ---- the bound ---- */

static bool is_listed(const struct strlist *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

/* One that may be removed. */
struct place_kept {
    const char *id; /* borrowed */
    int64_t mtime_ns;
    uint64_t bytes;
};

/* Adds up the files of a recording. What can't be looked at counts for nothing. */
static uint64_t place_count_bytes(struct os_folder *all, const char *id)
{
    struct os_folder *folder = NULL;
    struct strlist names = {0};
    struct error reason;
    uint64_t bytes = 0;
    if (os_folder_enter(&folder, all, id, &reason) == 0 && os_folder_list(folder, &names, &reason) == 0)
        for (size_t i = 0; i < names.count; i++) {
            struct os_node node;
            if (os_folder_look(folder, names.items[i], &node, &reason) == 0)
                bytes += node.size;
        }
    strlist_deinit(&names);
    os_folder_close(folder);
    return bytes;
}

/* Finds those that may be removed, and counts all. */
static size_t place_find_kept(struct os_folder *all, const struct strlist *names, const struct strlist *in_use,
                              struct place_kept *kept, size_t *total)
{
    size_t count = 0;
    *total = 0;
    for (size_t i = 0; i < names->count; i++) {
        struct os_node node;
        struct error reason;
        const char *id = names->items[i];
        if (!place_is_id(id) || os_folder_look(all, id, &node, &reason))
            continue;
        ++*total;
        if (!is_listed(in_use, id))
            kept[count++] = (struct place_kept){id, node.mtime_ns, place_count_bytes(all, id)};
    }
    return count;
}

/* Orders by when something was added last. */
static int place_compare_age(const void *a, const void *b)
{
    int64_t first = ((const struct place_kept *)a)->mtime_ns, second = ((const struct place_kept *)b)->mtime_ns;
    return (first > second) - (first < second);
}

static void place_remove(const char *folder, const char *id)
{
    struct os_tree_notes notes = {{0}, 0};
    struct error why;
    uint64_t removed;
    char *path;
    int status = place_join(&path, folder, id, &why);
    if (status == 0)
        status = os_tree_empty(path, &notes, &removed, &why);
    if (status == 0)
        status = os_folder_unmake(path, &why);
    log_line("recording %s %s%s", id,
             status ? "is the oldest one and can't be removed: " : "is removed: it was the oldest one",
             status ? why.text : "");
    strlist_deinit(&notes.texts);
    free(path);
}

/* Removes the oldest of these until there is room in number and in bytes. */
static void place_remove_oldest(const char *folder, struct place_kept *kept, size_t count, size_t total, uint64_t bytes)
{
    for (size_t i = 0; i < count; i++)
        bytes += kept[i].bytes;
    qsort(kept, count, sizeof *kept, place_compare_age);
    for (size_t i = 0; i < count && (total >= PLACE_KEPT || bytes > PLACE_BYTES); i++) {
        place_remove(folder, kept[i].id);
        total--;
        bytes -= kept[i].bytes;
    }
}

int place_make_room(const char *folder, const struct strlist *in_use, uint64_t reserved, struct error *err)
{
    struct os_folder *all;
    struct strlist names = {0};
    struct error reason;
    size_t total;
    if (reserved > PLACE_BYTES)
        return error_set(err, ERR_LIMIT,
                         "it and those that run may have %" PRIu64 " bytes, more than the %" PRIu64 " of all", reserved,
                         PLACE_BYTES);
    if (os_folder_open(&all, folder, &reason))
        return 0;
    struct place_kept *kept = os_folder_list(all, &names, &reason) ? NULL : calloc(names.count + 1, sizeof *kept);
    size_t count = kept ? place_find_kept(all, &names, in_use, kept, &total) : 0;
    os_folder_close(all);
    if (kept)
        place_remove_oldest(folder, kept, count, total, reserved);
    free(kept);
    strlist_deinit(&names);
    return 0;
}
