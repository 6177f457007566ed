/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/evidence.h"
#include "agent/worker/options.h"
#include "base/field.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS_MS SCREENSHOT_DEADLINE_MS

struct tree {
    struct os_process_info *items; /* owned */
    size_t count;
};

static const struct os_process_info *tree_find(const struct tree *tree, uint64_t pid)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->items[i].pid == pid)
            return &tree->items[i];
    return NULL;
}

/* Appends a name or a reason, which may hold any bytes, as a field. */
static void append_field(struct buffer *out, const char *text)
{
    field_append(out, text, strlen(text));
}

static void append_reason(struct buffer *out, const char *kind, const char *reason)
{
    buffer_printf(out, "%s\t", kind);
    append_field(out, reason);
    buffer_append(out, "\n", 1);
}

static void append_processes(struct buffer *out, const struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct os_process_info *info = &tree->items[i];
        buffer_printf(out, "process\t%" PRIu64 "\t%" PRIu64 "\t", info->pid, info->parent);
        append_field(out, info->name);
        buffer_printf(out, "\t%s\n", info->state);
    }
}

/* Returns the start of field n, from 0, of a tab-separated line, or NULL when it has fewer fields. */
static const char *field(const char *line, int n)
{
    for (; n > 0 && line; n--) {
        line = strchr(line, '\t');
        if (line)
            line++;
    }
    return line;
}

/* Appends a line for a window of the tree, or for a dialog of another program that is shown. The fields of `line` are
   title, class, pid, geometry, visible: docs/protocol.md. */
static void append_window(struct buffer *out, const struct tree *tree, const char *line)
{
    char other[OS_PROCESS_NAME_SIZE];
    const char *class = field(line, 1), *number = field(line, 2), *visible = field(line, 4);
    uint64_t pid = 0;
    if (number && !number_take(&number, UINT32_MAX, &pid))
        return; /* the window's program does not report its pid */
    const struct os_process_info *info = tree_find(tree, pid);
    bool shown_dialog = visible && *visible == '1' && strncmp(class, "#32770\t", 7) == 0;
    if (!info && !shown_dialog)
        return;
    if (!info)
        os_process_name(pid, other);
    buffer_printf(out, info ? "window\t" : "other-window\t");
    append_field(out, info ? info->name : other);
    buffer_printf(out, "\t%s\n", line);
}

static void append_windows(struct buffer *out, struct agent *agent, struct os_socket *client, const struct tree *tree)
{
    struct strlist lines = {0};
    struct error reason;
    if (worker_pool_lines(agent->workers, "windows", client, WINDOWS_MS, &lines, &reason))
        append_reason(out, "no-windows", reason.text);
    else
        for (size_t i = 0; i < lines.count; i++)
            append_window(out, tree, lines.items[i]);
    strlist_deinit(&lines);
}

int evidence_collect(struct agent *agent, uint64_t pid, bool windows, struct os_socket *client, struct buffer *out,
                     struct error *err)
{
    struct tree tree;
    int status = children_tree(agent->children, pid, &tree.items, &tree.count, err);
    if (status && tree.count == 0) {
        free(tree.items);
        return status;
    }
    append_processes(out, &tree);
    if (status)
        append_reason(out, "no-processes", err->text);
    if (windows)
        append_windows(out, agent, client, &tree);
    free(tree.items);
    return out->failed ? error_set(err, ERR_NO_MEMORY, "no memory for its text") : 0;
}
