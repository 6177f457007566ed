/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list, stat, mkdir, df, rmtree. */
#include "agent/log.h"
#include "agent/record/recorder.h"
#include "agent/rpc/files.h"
#include "agent/rpc/option.h"
#include "platform/tree.h"

#include <string.h>

static int look_failed(int status, const char *what, const char *path, const struct error *reason, struct error *err)
{
    return error_set(err, status, "unable to %s '%s': %s", what, path, reason->text);
}

/* Reads the options and begins to look at the path; files_end_look() follows. `what` names the request in its failure. */
static int look_begin(struct files_look *look, struct session *session, const struct request *request,
                      const struct option *known, const char *what, struct error *err)
{
    struct error reason;
    const char *path = request->args[0].text;
    int status = options_read(request, 1, known, err);
    if (status)
        return status;
    status = files_begin_look(look, session, path, &reason);
    return status ? look_failed(status, what, path, &reason, err) : 0;
}

/* ---- stat ---- */

static int stat_sum(struct session *session, const char *path, struct strlist *facts, struct error *reason)
{
    struct os_file *file;
    uint64_t size;
    char text[65];
    int status = os_file_open(&file, path, &size, reason);
    if (status)
        return status;
    status = files_sum(session, files_read_file, file, size, text, reason);
    if (status == 0)
        strlist_addf(facts, "sha256=%s", text);
    os_file_close(file);
    return status;
}

int rpc_stat(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    bool follow = true, sum = false;
    const struct option known[] = {{"follow", OPTION_FLAG, &follow}, {"sha256", OPTION_FLAG, &sum}, {0}};
    struct strlist facts = {0};
    struct files_look look;
    struct os_node node;
    struct error reason;
    int status = look_begin(&look, session, request, known, "look at", err);
    if (status)
        return status;
    status = os_node_look(&node, look.path, follow, &reason);
    if (status == 0) {
        files_add_facts(&facts, &node);
        strlist_addf(&facts, "names=%llu", (unsigned long long)node.names);
        strlist_addf(&facts, "owner=%lu", (unsigned long)node.owner);
        strlist_addf(&facts, "group=%lu", (unsigned long)node.group);
        status = sum ? stat_sum(session, look.path, &facts, &reason) : 0;
    }
    files_end_look(&look);
    if (status == 0)
        return files_reply(reply, &facts, 0, err);
    strlist_deinit(&facts);
    return look_failed(status, "look at", path, &reason, err);
}

/* ---- list ---- */

static void list_add(struct strlist *names, const struct os_walk *walk)
{
    char time[OPTION_TIME_SIZE];
    const struct os_node *node = &walk->node;
    strlist_addf(names, "%s %llu %04lo %s %s", os_node_type_name(node->type), (unsigned long long)node->size,
                 (unsigned long)node->mode, option_time(node->mtime_ns, time), (const char *)walk->path.data);
}

/* Lists what can be seen. What can't is an entry of the type "unknown", with the reason in place of what would be told. */
static int list_tree(const char *path, bool recursive, struct strlist *names, struct error *reason)
{
    struct os_walk walk;
    struct error why;
    int status = os_walk_begin(&walk, path, reason), event = status ? OS_WALK_END : OS_WALK_NODE;
    while (event != OS_WALK_END && !names->failed) {
        event = os_walk_next(&walk, &why);
        if (event == OS_WALK_NODE)
            list_add(names, &walk);
        else if (event < 0 && event != ERR_NOT_FOUND)
            strlist_addf(names, "unknown 0 0000 0.000000000 %s", (const char *)walk.path.data);
        walk.enter &= recursive;
    }
    os_walk_end(&walk);
    if (status == 0 && names->failed)
        return names->count >= STRLIST_MAX_COUNT
                   ? error_set(reason, ERR_LIMIT, "it has more than %d names", STRLIST_MAX_COUNT)
                   : error_set(reason, ERR_NO_MEMORY, "Cannot allocate memory");
    return status;
}

int rpc_list(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    bool recursive = false;
    const struct option known[] = {{"recursive", OPTION_FLAG, &recursive}, {0}};
    struct strlist names = {0};
    struct files_look look;
    struct error reason;
    int status = look_begin(&look, session, request, known, "list", err);
    if (status)
        return status;
    status = list_tree(look.path, recursive, &names, &reason);
    files_end_look(&look);
    if (status == 0)
        return files_reply(reply, &names, 0, err);
    strlist_deinit(&names);
    return look_failed(status, "list", path, &reason, err);
}

/* ---- mkdir, df ---- */

int rpc_mkdir(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    struct os_identity *as;
    struct error reason;
    int status = files_begin_at(session, path, &as, &reason);
    if (status == 0) {
        status = os_folder_make(path, &reason);
        files_end(as);
    }
    return status ? look_failed(status, "make the folder", path, &reason, err) : reply_empty(reply);
}

int rpc_df(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    struct strlist facts = {0};
    struct os_identity *as;
    struct os_space space;
    struct error reason;
    int status = files_begin_at(session, path, &as, &reason);
    if (status == 0) {
        status = os_space_look(&space, path, &reason);
        files_end(as);
    }
    if (status)
        return look_failed(status, "find the free space of", path, &reason, err);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"total", space.total},
                   {"free", space.free},
                   {"available", space.available},
                   {"files", space.files},
                   {"files-free", space.files_free}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        strlist_addf(&facts, "%s=%llu", numbers[i].key, (unsigned long long)numbers[i].value);
    return files_reply(reply, &facts, 0, err);
}

/* ---- rmtree ---- */

/* Refuses what a slip of the hand would name: the working folder, all above it, and all there is. Of the agent's own names a
   recording that has stopped may be removed. */
static int rmtree_begin(struct files_look *look, struct session *session, const char *path, struct error *err)
{
    const char *name = os_file_name(path);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERR_INVALID, "it does not end in a name");
    int status = files_begin_look(look, session, path, err);
    if (status || !look->own)
        return status;
    status = recorder_check_removable(session->agent->recorder, os_file_name(look->own), err);
    if (status)
        files_end_look(look);
    return status;
}

static int rmtree_all(const char *path, struct os_tree_notes *notes, uint64_t *removed, struct error *reason)
{
    struct os_node node;
    int status = os_node_look(&node, path, false, reason);
    if (status)
        return status == ERR_NOT_FOUND ? 0 : status;
    if (node.type == OS_NODE_FOLDER)
        status = os_tree_empty(path, notes, removed, reason);
    if (status == 0 && notes->count == 0) {
        status = node.type == OS_NODE_FOLDER ? os_folder_unmake(path, reason) : os_file_remove(path, reason);
        *removed += status == 0;
    }
    return status;
}

int rpc_rmtree(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    struct os_tree_notes notes = {{0}, 0};
    struct strlist facts = {0};
    struct files_look look;
    struct error reason;
    uint64_t removed = 0;
    int status = rmtree_begin(&look, session, path, &reason);
    if (status == 0) {
        status = rmtree_all(look.path, &notes, &removed, &reason);
        files_end_look(&look);
    }
    if (removed)
        log_line("%s: removed '%s': %llu files and folders", session->peer_text, path, (unsigned long long)removed);
    strlist_addf(&facts, "removed=%llu", (unsigned long long)removed);
    files_add_notes(&facts, &notes);
    strlist_deinit(&notes.texts);
    if (status == 0)
        return files_reply(reply, &facts, 0, err);
    strlist_deinit(&facts);
    return look_failed(status, "remove", path, &reason, err);
}
