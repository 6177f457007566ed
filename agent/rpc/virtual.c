/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/virtual.h"
#include "agent/rpc/evidence.h"
#include "agent/events.h"
#include "agent/log.h"
#include "agent/worker/answer.h"
#include "agent/worker/options.h"
#include "base/number.h"
#include "platform/console.h"
#include "platform/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER ".periscope"
#define OUTPUT_MAX 128 /* bytes of an output's name */
#define WINDOWS_MS SCREENSHOT_DEADLINE_MS
#define CONSOLE_MS SCREENSHOT_DEADLINE_MS
#define DUMP_MS 20000
#define DUMP_LEAST_MS 100

static int virtual_copy_lines(const struct strlist *lines, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < lines->count; i++)
        buffer_printf(out, "%s\n", lines->items[i]);
    return out->failed || lines->failed ? error_set(err, ERR_NO_MEMORY, "no memory for its text") : 0;
}

static int read_status(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                       struct error *err)
{
    struct strlist facts = {0};
    (void)name;
    properties_list(agent, client, &facts);
    int status = virtual_copy_lines(&facts, out, err);
    strlist_deinit(&facts);
    return status;
}

static int read_windows(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                        struct error *err)
{
    struct strlist lines = {0};
    (void)name;
    int status = worker_pool_lines(agent->workers, "windows", client, WINDOWS_MS, &lines, err);
    if (status == 0)
        status = virtual_copy_lines(&lines, out, err);
    strlist_deinit(&lines);
    return status;
}

/* Returns the N of "console-N.txt", from 1 on, or 0 for any other name. */
static unsigned console_number(const char *name)
{
    uint64_t number;
    if (strncmp(name, "console-", strlen("console-")) != 0)
        return 0;
    name += strlen("console-");
    return number_take(&name, OS_CONSOLES_MAX, &number) && strcmp(name, ".txt") == 0 ? (unsigned)number : 0;
}

static int virtual_read_console(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                                struct error *err)
{
    struct strlist lines = {0};
    char verb[32];
    unsigned number = console_number(name);
    snprintf(verb, sizeof verb, number ? "console-%u" : "console", number);
    int status = worker_pool_lines(agent->workers, verb, client, CONSOLE_MS, &lines, err);
    if (status == 0)
        status = virtual_copy_lines(&lines, out, err);
    strlist_deinit(&lines);
    return status;
}

/* Appends the answer's file, at its end, to `out`. What `out` has moves before the file and both change places where that
   fits: a copy would need the memory of a picture twice. Returns false without memory. */
static bool virtual_take_file(struct buffer *list, const struct slice *file, struct buffer *out)
{
    size_t before = file->len ? (size_t)(file->data - list->data) : 0;
    if (out->len > before || out->failed)
        return buffer_append(out, file->data, file->len);
    memmove(list->data + out->len, file->data, file->len);
    memcpy(list->data, out->data, out->len);
    list->len = out->len + file->len;
    struct buffer empty = *out;
    *out = *list;
    *list = empty;
    return true;
}

/* Appends the file of a worker's answer, or returns the status when there is no answer. */
static int virtual_copy_file(struct buffer *list, int status, struct buffer *out, struct error *err)
{
    struct slice file = {0};
    if (status == 0)
        file = answer_file(list);
    if (status || virtual_take_file(list, &file, out))
        return status;
    if (out->over_budget)
        return budget_error(out->budget, err);
    return error_set(err, ERR_NO_MEMORY, "no memory for a file of %zu bytes", file.len);
}

static int read_log(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                    struct error *err)
{
    (void)agent;
    (void)client;
    (void)name;
    (void)err;
    log_copy(out);
    return 0;
}

static int read_events(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                       struct error *err)
{
    (void)agent;
    (void)client;
    (void)name;
    (void)err;
    events_copy(out);
    return 0;
}

static int read_screenshot(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                           struct error *err)
{
    struct strlist options = {0};
    struct buffer list;
    const char *dash = strchr(name, '-');
    buffer_init(&list, WIRE_REPLY_MAX);
    list.budget = out->budget;
    if (dash)
        strlist_addf(&options, "output=%.*s", (int)(strlen(dash + 1) - strlen(".png")), dash + 1);
    int status = worker_pool_picture(agent->workers, "screenshot", &options, client, &list, err);
    status = virtual_copy_file(&list, status, out, err);
    strlist_deinit(&options);
    buffer_deinit(&list);
    return status;
}

static bool is_output_picture(const char *name)
{
    size_t len = strlen(name), head = strlen("screenshot-"), tail = strlen(".png");
    return len > head + tail && len <= head + OUTPUT_MAX + tail && strncmp(name, "screenshot-", head) == 0 &&
           strcmp(name + len - tail, ".png") == 0;
}

/* Parses the pid in a name of the form "HEAD123TAIL"; returns false for any other name. */
static bool take_pid(const char *name, const char *head, const char *tail, uint64_t *pid)
{
    size_t len = strlen(head);
    if (strncmp(name, head, len) != 0)
        return false;
    name += len;
    return number_take(&name, UINT32_MAX, pid) && strcmp(name, tail) == 0;
}

static bool is_evidence(const char *name, uint64_t *pid)
{
    return take_pid(name, "evidence-", ".txt", pid) || take_pid(name, "processes-", ".txt", pid);
}

static int read_evidence(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                         struct error *err)
{
    uint64_t pid = 0;
    is_evidence(name, &pid);
    return evidence_collect(agent, pid, *name == 'e', client, out, err);
}

/* Parses "dump-PID.dmp" and "dump-PID-MS.dmp": within how long. */
static bool is_dump(const char *name, uint64_t *pid, uint64_t *ms)
{
    *ms = DUMP_MS;
    if (strncmp(name, "dump-", 5) != 0)
        return false;
    name += 5;
    if (!number_take(&name, UINT32_MAX, pid))
        return false;
    if (*name == '-' && (++name, !number_take(&name, DUMP_MS, ms)))
        return false;
    return *ms >= DUMP_LEAST_MS && strcmp(name, ".dmp") == 0;
}

static int read_dump(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                     struct error *err)
{
    struct buffer list;
    uint64_t pid = 0, ms;
    is_dump(name, &pid, &ms);
    buffer_init(&list, WIRE_REPLY_MAX);
    list.budget = out->budget;
    int status = virtual_copy_file(&list, worker_pool_dump(agent->workers, pid, client, (int)ms, &list, err), out, err);
    buffer_deinit(&list);
    return status;
}

typedef int virtual_reader(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                           struct error *err);

static virtual_reader *find_reader(const char *file)
{
    static const struct {
        const char *name;
        virtual_reader *read;
    } files[] = {{"screenshot.png", read_screenshot},   {"status.txt", read_status}, {"windows.txt", read_windows},
                 {"console.txt", virtual_read_console}, {"events.txt", read_events}, {"log.txt", read_log}};
    uint64_t pid, ms;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(file, files[i].name) == 0)
            return files[i].read;
    if (console_number(file))
        return virtual_read_console;
    if (is_evidence(file, &pid))
        return read_evidence;
    if (is_dump(file, &pid, &ms))
        return read_dump;
    return is_output_picture(file) ? read_screenshot : NULL;
}

int virtual_file_name(char **name, const char *path, struct error *err)
{
    return os_path_below(name, path, FOLDER, err);
}

int virtual_file_keep_out(const char *path, struct error *err)
{
    char *name;
    int status = virtual_file_name(&name, path, err);
    if (name)
        status = error_set(err, ERR_DENIED, "the names in " FOLDER " are the agent's own");
    free(name);
    return status;
}

bool virtual_file_exists(const char *name)
{
    return find_reader(name) != NULL;
}

int virtual_file_read(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                      struct error *err)
{
    virtual_reader *read = find_reader(name);
    return read ? read(agent, client, name, out, err) : error_set(err, ERR_NOT_FOUND, "No such file or directory");
}
