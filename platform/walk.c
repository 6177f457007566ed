/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/tree.h"

#include <stdlib.h>
#include <string.h>

#define PATH_PART_MAX 1024 /* bytes of a name, which no system has: what can't be named can't be told */

struct os_walk_level {
    struct os_folder *folder; /* owned */
    struct strlist names;
    size_t next;
    size_t path_len; /* of the folder's own path, without a separator */
    struct os_node node;
};

static int walk_no_memory(struct error *err)
{
    return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
}

static void walk_level_free(struct os_walk_level *level)
{
    os_folder_close(level->folder);
    strlist_deinit(&level->names);
}

/* Goes into a folder, which the walk owns then. */
static int walk_push(struct os_walk *walk, struct os_folder *folder, struct error *err)
{
    struct os_walk_level level = {.folder = folder, .node = walk->node};
    level.path_len = walk->path.len ? walk->path.len - 1 : 0;
    int status = walk->depth == OS_TREE_DEPTH_MAX
                     ? error_set(err, ERR_LIMIT, "more than %d folders in folders", OS_TREE_DEPTH_MAX)
                     : os_folder_list(folder, &level.names, err);
    if (status)
        walk_level_free(&level);
    else
        walk->levels[walk->depth++] = level;
    return status;
}

int os_walk_begin(struct os_walk *walk, const char *path, struct error *err)
{
    struct os_folder *folder;
    *walk = (struct os_walk){0};
    buffer_init(&walk->path, OS_TREE_DEPTH_MAX * PATH_PART_MAX);
    walk->levels = calloc(OS_TREE_DEPTH_MAX, sizeof *walk->levels);
    if (!walk->levels || !buffer_reserve(&walk->path, OS_TREE_DEPTH_MAX * PATH_PART_MAX))
        return walk_no_memory(err);
    int status = os_node_look(&walk->node, path, true, err);
    if (status == 0)
        status = os_folder_open(&folder, path, err);
    return status ? status : walk_push(walk, folder, err);
}

static int walk_enter(struct os_walk *walk, struct error *err)
{
    struct os_folder *folder;
    walk->enter = false;
    int status = os_folder_enter(&folder, walk->folder, walk->name, err);
    return status ? status : walk_push(walk, folder, err);
}

/* Leaves the folder whose names are all done. It stays open until the next step. */
static int walk_leave(struct os_walk *walk)
{
    struct os_walk_level *level = &walk->levels[--walk->depth];
    walk->left = level->folder;
    level->folder = NULL;
    walk->node = level->node;
    walk->path.len = level->path_len;
    buffer_append(&walk->path, "", 1);
    strlist_deinit(&level->names);
    if (walk->depth == 0)
        return OS_WALK_END;
    struct os_walk_level *above = &walk->levels[walk->depth - 1];
    walk->folder = above->folder;
    walk->name = above->names.items[above->next - 1];
    return OS_WALK_LEAVE;
}

static int walk_step(struct os_walk *walk, struct os_walk_level *level, struct error *err)
{
    walk->folder = level->folder;
    walk->name = level->names.items[level->next++];
    walk->path.len = level->path_len;
    if (level->path_len)
        buffer_append(&walk->path, "/", 1);
    buffer_append(&walk->path, walk->name, strlen(walk->name) + 1);
    if (walk->path.failed) {
        buffer_clear(&walk->path);
        return walk_no_memory(err);
    }
    int status = os_folder_look(walk->folder, walk->name, &walk->node, err);
    walk->enter = status == 0 && walk->node.type == OS_NODE_FOLDER;
    return status ? status : OS_WALK_NODE;
}

int os_walk_next(struct os_walk *walk, struct error *err)
{
    os_folder_close(walk->left);
    walk->left = NULL;
    int status = walk->enter ? walk_enter(walk, err) : 0;
    if (status || walk->depth == 0)
        return status;
    struct os_walk_level *level = &walk->levels[walk->depth - 1];
    return level->next == level->names.count ? walk_leave(walk) : walk_step(walk, level, err);
}

void os_walk_end(struct os_walk *walk)
{
    while (walk->depth > 0)
        walk_level_free(&walk->levels[--walk->depth]);
    os_folder_close(walk->left);
    free(walk->levels);
    buffer_deinit(&walk->path);
    *walk = (struct os_walk){0};
}

void os_tree_note(struct os_tree_notes *notes, const char *path, const char *why)
{
    if (notes->count++ < OS_TREE_NOTES_MAX)
        strlist_addf(&notes->texts, "%s: %s", path, why);
}

static int tree_remove_node(struct os_walk *walk, bool is_folder, struct os_tree_notes *notes, uint64_t *removed)
{
    struct error why;
    int status = os_folder_remove(walk->folder, walk->name, is_folder, &why);
    if (status == 0)
        ++*removed;
    else if (status != ERR_NOT_FOUND)
        os_tree_note(notes, (const char *)walk->path.data, why.text);
    return status;
}

int os_tree_empty(const char *path, struct os_tree_notes *notes, uint64_t *removed, struct error *err)
{
    struct os_walk walk;
    struct error why;
    int status = os_walk_begin(&walk, path, err), event = status ? OS_WALK_END : 1;
    while (event != OS_WALK_END) {
        event = os_walk_next(&walk, &why);
        os_folder_close(walk.left); /* Windows removes none that is open */
        walk.left = NULL;
        if (event < 0)
            os_tree_note(notes, (const char *)walk.path.data, why.text);
        else if (event == OS_WALK_LEAVE || (event == OS_WALK_NODE && !walk.enter))
            tree_remove_node(&walk, event == OS_WALK_LEAVE, notes, removed);
    }
    os_walk_end(&walk);
    return status;
}
