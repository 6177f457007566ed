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

/* Returns the recording among the names to which nothing was added for the longest time, or NULL. */
static const char *place_oldest(struct os_folder *folder, const struct strlist *names, const struct strlist *in_use)
{
    const char *oldest = NULL;
    int64_t oldest_ns = 0;
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++) {
        struct os_node node;
        struct error reason;
        const char *name = names->items[i];
        if (!place_is_id(name) || os_folder_look(folder, name, &node, &reason))
            continue;
        count++;
        if (!is_listed(in_use, name) && (!oldest || node.mtime_ns < oldest_ns)) {
            oldest = name;
            oldest_ns = node.mtime_ns;
        }
    }
    return count >= PLACE_KEPT ? oldest : NULL;
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

void place_make_room(const char *folder, const struct strlist *in_use)
{
    struct os_folder *all;
    struct strlist names = {0};
    struct error reason;
    if (os_folder_open(&all, folder, &reason))
        return;
    const char *oldest = os_folder_list(all, &names, &reason) ? NULL : place_oldest(all, &names, in_use);
    os_folder_close(all);
    if (oldest)
        place_remove(folder, oldest);
    strlist_deinit(&names);
}
