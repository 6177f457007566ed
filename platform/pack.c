/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/tar.h"
#include "platform/tree.h"

#include <stdlib.h>
#include <string.h>

struct os_pack {
    struct os_walk walk;
    os_pack_filter *filter;
    void *context;
    struct buffer head;   /* headers and zeroes that are to be given out */
    size_t head_done;     /* bytes of it that were */
    struct os_file *file; /* owned: whose content is given out, or NULL */
    uint64_t left;        /* bytes of it */
    size_t padding;       /* zeroes behind it */
    bool ended;
    struct os_tree_notes notes;
};

static void pack_note(struct os_pack *pack, const char *why)
{
    const char *path = pack->walk.path.len ? (const char *)pack->walk.path.data : "";
    os_tree_note(&pack->notes, *path ? path : ".", why);
}

int os_pack_begin(struct os_pack **out, const char *path, os_pack_filter *filter, void *context, struct error *err)
{
    struct os_pack *pack = *out = calloc(1, sizeof *pack);
    if (!pack)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    pack->filter = filter;
    pack->context = context;
    buffer_init(&pack->head, 4 * TAR_EXTENDED_MAX);
    int status = os_walk_begin(&pack->walk, path, err);
    if (status) {
        os_pack_end(pack);
        *out = NULL;
    }
    return status;
}

/* Appends the header of the walk's node. */
static int pack_head(struct os_pack *pack, char type, const char *name, const char *target, struct error *err)
{
    const struct os_node *node = &pack->walk.node;
    /* tar_write only reads the texts. */
    union {
        const char *from;
        char *to;
    } path = {.from = name}, link = {.from = target};
    struct tar_entry entry = {.type = type,
                              .path = path.to,
                              .target = link.to,
                              .size = type == TAR_FILE ? node->size : 0,
                              .mode = node->mode,
                              .mtime_ns = node->mtime_ns};
    tar_write(&pack->head, &entry);
    return pack->head.failed ? error_set(err, ERR_NO_MEMORY, "Cannot allocate memory") : 0;
}

static int pack_file(struct os_pack *pack, const char *path, struct error *err)
{
    struct os_walk *walk = &pack->walk;
    struct error why;
    if (os_folder_open_file(walk->folder, walk->name, &pack->file, &walk->node, &why)) {
        pack_note(pack, why.text);
        return 0;
    }
    pack->left = walk->node.size;
    pack->padding = tar_padding(walk->node.size);
    return pack_head(pack, TAR_FILE, path, "", err);
}

static int pack_link(struct os_pack *pack, const char *path, struct error *err)
{
    struct buffer target;
    struct error why;
    int status = 0;
    buffer_init(&target, TAR_NAME_MAX);
    if (os_folder_read_link(pack->walk.folder, pack->walk.name, &target, &why))
        pack_note(pack, why.text);
    else
        status = pack_head(pack, TAR_LINK, path, (const char *)target.data, err);
    buffer_deinit(&target);
    return status;
}

static int pack_node(struct os_pack *pack, struct error *err)
{
    struct os_walk *walk = &pack->walk;
    const char *path = (const char *)walk->path.data;
    if (pack->filter && !pack->filter(pack->context, path, &walk->node)) {
        walk->enter = false;
        return 0;
    }
    switch (walk->node.type) {
    case OS_NODE_FILE:
        return pack_file(pack, path, err);
    case OS_NODE_LINK:
        return pack_link(pack, path, err);
    case OS_NODE_FOLDER:
        return 0; /* it follows what is in it */
    default:
        pack_note(pack, os_node_type_name(walk->node.type));
        return 0;
    }
}

static int pack_folder(struct os_pack *pack, struct error *err)
{
    struct buffer path;
    buffer_init(&path, pack->walk.path.limit + 2);
    if (pack->walk.path.len > 1)
        buffer_append(&path, pack->walk.path.data, pack->walk.path.len - 1);
    else
        buffer_append(&path, ".", 1);
    buffer_append(&path, "/", 2);
    int status = path.failed ? error_set(err, ERR_NO_MEMORY, "Cannot allocate memory")
                             : pack_head(pack, TAR_FOLDER, (const char *)path.data, "", err);
    buffer_deinit(&path);
    return status;
}

static int pack_next(struct os_pack *pack, struct error *err)
{
    struct error why;
    buffer_clear(&pack->head);
    pack->head_done = 0;
    int event = os_walk_next(&pack->walk, &why), status = 0;
    if (event < 0)
        pack_note(pack, why.text);
    else if (event == OS_WALK_NODE)
        status = pack_node(pack, err);
    else
        status = pack_folder(pack, err);
    if (event == OS_WALK_END) {
        tar_write_end(&pack->head);
        pack->ended = true;
    }
    return status;
}

/* Gives out the next bytes of the file. One that has become shorter is filled up with zeroes: its size was told. */
static int pack_content(struct os_pack *pack, uint8_t *bytes, size_t max, struct error *err)
{
    struct error why;
    size_t want = pack->left < max ? (size_t)pack->left : max;
    (void)err;
    int got = pack->file && want ? os_file_read(pack->file, bytes, want, &why) : 0;
    if (got <= 0 && pack->file && want) {
        pack_note(pack, got < 0 ? why.text : "it became shorter while it was read");
        os_file_close(pack->file);
        pack->file = NULL;
    }
    if (got <= 0) {
        memset(bytes, 0, want);
        got = (int)want;
    }
    pack->left -= (uint64_t)got;
    if (pack->left == 0) {
        os_file_close(pack->file);
        pack->file = NULL;
    }
    return got;
}

static size_t pack_padding(struct os_pack *pack, uint8_t *bytes, size_t max)
{
    size_t len = pack->padding < max ? pack->padding : max;
    memset(bytes, 0, len);
    pack->padding -= len;
    return len;
}

int os_pack_read(struct os_pack *pack, void *bytes, size_t max, struct error *err)
{
    uint8_t *out = bytes;
    size_t done = 0;
    while (done < max) {
        size_t head_left = pack->head.len - pack->head_done;
        int status = 0;
        if (head_left > 0) {
            size_t step = head_left < max - done ? head_left : max - done;
            memcpy(out + done, pack->head.data + pack->head_done, step);
            pack->head_done += step;
            done += step;
        } else if (pack->left > 0) {
            done += (size_t)pack_content(pack, out + done, max - done, err);
        } else if (pack->padding > 0) {
            done += pack_padding(pack, out + done, max - done);
        } else if (pack->ended) {
            break;
        } else {
            os_file_close(pack->file); /* an empty one */
            pack->file = NULL;
            status = pack_next(pack, err);
        }
        if (status)
            return status;
    }
    return (int)done;
}

const struct os_tree_notes *os_pack_notes(const struct os_pack *pack)
{
    return &pack->notes;
}

void os_pack_end(struct os_pack *pack)
{
    if (!pack)
        return;
    os_walk_end(&pack->walk);
    os_file_close(pack->file);
    buffer_deinit(&pack->head);
    strlist_deinit(&pack->notes.texts);
    free(pack);
}
