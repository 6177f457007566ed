/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The X servers, each in a process that belongs to the server's owner and has no capability. This file and what it calls
 * find servers and read root's own authority files. Nothing here speaks with a server or loads Xlib.
 */
#include "capture/apart/apart.h"

#include "capture/x11/backend.h"
#include "capture/x11/server/peer.h"
#include "capture/x11/server/target.h"
#include "platform/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES_MAX 4 /* kept between requests, one for a server */
#define TIMEOUT_DEFAULT_MS 5000
#define REASONS_MAX 2048 /* bytes of the reasons of one server */

struct x11_process {
    struct apart *apart;      /* owned; NULL: the place is free */
    struct x11_server server; /* without its authority */
};

struct capture {
    struct x11_process processes[PROCESSES_MAX];
    struct x11_process *last; /* that gave the last answer; or NULL */
    struct strlist refused;   /* "WHO: why" of the servers that were tried before it */
    size_t next;              /* whose place is taken when none is free */
};

/* A task for whichever server does it first. */
struct x11_task {
    int (*run)(struct apart *apart, const struct capture_options *options, struct x11_task *task, struct error *err);
    struct image_view *image;
    struct strlist *lines;
    enum capture_result result;
    bool was_input; /* no other server is asked then: a part of it may have been done */
};

/* The server that is being asked, for describe_hang in another thread. */
static atomic_int apart_asked_number = -1, apart_asked_pid;

static void x11_apart_describe_hang(char *text, size_t size)
{
    int number = atomic_load(&apart_asked_number);
    text[0] = 0;
    if (number >= 0)
        x11_describe_silence(text, size, (unsigned)number, atomic_load(&apart_asked_pid));
}

static void x11_note_asked(const struct x11_server *server)
{
    atomic_store(&apart_asked_pid, (int)server->pid);
    atomic_store(&apart_asked_number, (int)server->number);
}

/* ---- processes ---- */

static void x11_drop_process(struct capture *capture, struct x11_process *process)
{
    apart_stop(process->apart);
    *process = (struct x11_process){0};
    if (capture->last == process)
        capture->last = NULL;
}

/* Returns the place of the process for a server that runs already, or NULL. */
static struct x11_process *x11_find_process(struct capture *capture, const struct x11_server *server)
{
    for (size_t i = 0; i < PROCESSES_MAX; i++) {
        struct x11_process *process = &capture->processes[i];
        if (process->apart && process->server.number == server->number && process->server.pid == server->pid &&
            process->server.screen == server->screen)
            return process;
    }
    return NULL;
}

static struct x11_process *x11_free_place(struct capture *capture)
{
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        if (!capture->processes[i].apart)
            return &capture->processes[i];
    struct x11_process *process = &capture->processes[capture->next++ % PROCESSES_MAX];
    x11_drop_process(capture, process);
    return process;
}

/* Puts what the worker found against files before the reason that the process gave. */
static int x11_join_reasons(const struct buffer *reasons, int status, struct error *err)
{
    char text[ERROR_TEXT_SIZE];
    if (reasons->len == 0 || status == ERR_TIMEOUT)
        return status;
    snprintf(text, sizeof text, "%s", err->text);
    return error_set(err, status, "%.*s, %s", (int)reasons->len, (const char *)reasons->data, text);
}

/* Says what a process that does not answer waits for. */
static int x11_describe_failure(const struct x11_process *process, int status, struct error *err)
{
    struct apart_note note;
    char text[256];
    if (status != ERR_TIMEOUT || apart_is_usable(process->apart))
        return status;
    apart_read_note(process->apart, &note);
    x11_describe_silence(text, sizeof text, process->server.number, process->server.pid);
    return error_set(err, ERR_TIMEOUT, "%s%s%s", text, note.call[0] ? " in " : "", note.call);
}

static int x11_start_process(struct x11_process *process, struct x11_server *server,
                             const struct capture_options *options, struct buffer *reasons, struct error *err)
{
    struct x11_environment environment = {getenv("XAUTHORITY"), getenv("HOME")};
    struct x11_target *target = malloc(sizeof *target);
    struct apart_rights rights;
    if (!target)
        return error_set(err, ERR_NO_MEMORY, "no memory for a connection to an X server");
    x11_target_fill(target, server, &environment, reasons);
    x11_target_rights(server, &rights);
    process->server = target->server;
    int status = apart_start(&process->apart, "x11", &rights, err);
    if (status == 0) {
        struct slice bytes = {(const uint8_t *)target, sizeof *target};
        status = x11_describe_failure(process, apart_open(process->apart, options, bytes, err), err);
    }
    free(target);
    return status;
}

/* Gets the process for a server, and starts it where there is none. */
static int x11_open_process(struct capture *capture, struct x11_server *server, const struct capture_options *options,
                            struct x11_process **out, struct error *err)
{
    struct buffer reasons;
    *out = x11_find_process(capture, server);
    if (*out)
        return 0;
    *out = x11_free_place(capture);
    buffer_init(&reasons, REASONS_MAX);
    int status = x11_start_process(*out, server, options, &reasons, err);
    if (status) {
        status = x11_join_reasons(&reasons, status, err);
        x11_drop_process(capture, *out);
        *out = NULL;
    }
    buffer_deinit(&reasons);
    return status;
}

/* ---- a task on the first server that does it ---- */

static int x11_run_task(struct capture *capture, struct x11_process *process, const struct capture_options *options,
                        struct x11_task *task, struct error *err)
{
    x11_note_asked(&process->server);
    int status = task->run(process->apart, options, task, err);
    capture->last = process;
    if (status < 0)
        status = x11_describe_failure(process, status, err);
    if (status < 0 && (status == ERR_CLOSED || !apart_is_usable(process->apart)))
        x11_drop_process(capture, process);
    return status;
}

/* Returns whether another server may be asked after this failure, since it says nothing of the screen. */
static bool x11_may_try_next(const struct capture *capture, const struct x11_task *task, int status)
{
    return (status == ERR_TIMEOUT || !capture->last) && !task->was_input;
}

static void x11_add_refusal(struct capture *capture, const struct x11_server *server, int status,
                            const struct error *err)
{
    char label[64];
    x11_server_label(server, label, sizeof label);
    if (status == ERR_TIMEOUT)
        strlist_addf(&capture->refused, "%s", err->text); /* which names it */
    else
        strlist_addf(&capture->refused, "%s: %s", label, err->text);
}

static int x11_refuse_rootless(struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "the root window of a rootless Xwayland is never shown");
}

static int x11_try_server(struct capture *capture, struct x11_server *server, const struct capture_options *options,
                          struct x11_task *task, struct error *err)
{
    struct x11_process *process = NULL;
    capture->last = NULL;
    x11_note_asked(server);
    int status =
        server->rootless ? x11_refuse_rootless(err) : x11_open_process(capture, server, options, &process, err);
    return status ? status : x11_run_task(capture, process, options, task, err);
}

static bool x11_server_is_wanted(const struct x11_server *server, const char *only)
{
    char name[16];
    snprintf(name, sizeof name, ":%u", server->number);
    return !only || strcmp(name, only) == 0;
}

static size_t x11_count_wanted(const struct x11_servers *servers, size_t from, const char *only)
{
    size_t count = 0;
    for (size_t i = from; i < servers->count; i++)
        count += x11_server_is_wanted(&servers->items[i], only);
    return count;
}

static int x11_report_none(const struct capture *capture, int status, struct error *err)
{
    const struct strlist *refused = &capture->refused;
    struct buffer text;
    if (refused->count == 0)
        return error_set(err, status, "no X server runs here");
    if (refused->count == 1 && status == ERR_TIMEOUT)
        return error_set(err, status, "%s", refused->items[0]);
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < refused->count; i++)
        buffer_printf(&text, "%s%s", i ? "; " : "", refused->items[i]);
    error_set(err, status, "no X server can be used: %s%s", text.data ? (const char *)text.data : "",
              text.failed ? " ... (cut)" : "");
    buffer_deinit(&text);
    return status;
}

/* Returns the status of all after one more failure: silence first, then a refusal. */
static int x11_worse_status(int all, int status)
{
    if (all == ERR_TIMEOUT || status == ERR_TIMEOUT)
        return ERR_TIMEOUT;
    return all == ERR_DENIED || status == ERR_DENIED ? ERR_DENIED : ERR_UNAVAILABLE;
}

/* Tries the servers in order. Each has its share of the time, so that a silent one leaves some to the others: the first,
   which is likely the right one, a half. */
static int x11_try_servers(struct capture *capture, struct x11_servers *servers, const struct capture_options *options,
                           int64_t deadline_ms, struct x11_task *task, struct error *err)
{
    int all = ERR_UNAVAILABLE;
    bool is_first = true;
    for (size_t i = 0; i < servers->count; i++) {
        struct x11_server *server = &servers->items[i];
        struct capture_options own = *options;
        if (!x11_server_is_wanted(server, options->source))
            continue;
        size_t left = x11_count_wanted(servers, i, options->source);
        own.timeout_ms = (int)(os_time_left(deadline_ms) / (int64_t)(is_first && left > 2 ? 2 : left));
        is_first = false;
        int status = x11_try_server(capture, server, &own, task, err);
        if (status == 0 || !x11_may_try_next(capture, task, status))
            return status;
        x11_add_refusal(capture, server, status, err);
        all = x11_worse_status(all, status);
    }
    return x11_report_none(capture, all, err);
}

/* Returns whether another server's picture is expected than the last one's, which DISPLAY names. */
static bool x11_is_beside_display(const struct capture *capture, const struct capture_options *options)
{
    const char *display = getenv("DISPLAY");
    return !options->source && display && *display && !capture->last->server.chosen;
}

/* Does the task on the server of the last one, where that is the one that is asked for. Returns false when others are to
   be asked, too: it is another one, has ended, or is silent and was not asked for by name. */
static bool x11_do_on_last(struct capture *capture, const struct capture_options *options, struct x11_task *task,
                           int *status, struct error *err)
{
    struct capture_options own = *options;
    if (!capture->last || !x11_server_is_wanted(&capture->last->server, options->source) ||
        x11_is_beside_display(capture, options))
        return false;
    if (!options->source)
        own.timeout_ms /= 2;
    *status = x11_run_task(capture, capture->last, &own, task, err);
    return *status == 0 || task->was_input || (capture->last && (options->source || *status != ERR_TIMEOUT));
}

static int x11_do(struct capture *capture, const struct capture_options *options, struct x11_task *task,
                  struct error *err)
{
    struct capture_options own = *options;
    struct x11_servers servers;
    int status;
    if (own.timeout_ms <= 0)
        own.timeout_ms = TIMEOUT_DEFAULT_MS;
    int64_t deadline_ms = os_deadline(own.timeout_ms);
    if (x11_do_on_last(capture, &own, task, &status, err))
        return status;
    strlist_deinit(&capture->refused);
    x11_servers_find(&servers, "", getenv("DISPLAY"), &capture->refused);
    if (servers.count && x11_server_is_wanted(&servers.items[0], own.source))
        x11_peer_confirm(&servers);
    status = x11_try_servers(capture, &servers, &own, deadline_ms, task, err);
    x11_servers_deinit(&servers);
    return status;
}

/* ---- the backend ---- */

static int x11_run_grab(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                        struct error *err)
{
    task->result = apart_grab(apart, options, task->image, task->lines, err);
    return task->result == CAPTURE_OK ? 0 : err->status;
}

static int x11_run_displays(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                            struct error *err)
{
    return apart_displays(apart, options, task->lines, err);
}

static int x11_run_windows(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                           struct error *err)
{
    return apart_windows(apart, options, task->lines, err);
}

static int x11_run_desktop(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                           struct error *err)
{
    return apart_desktop(apart, options, task->lines, err);
}

static int x11_run_input(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                         struct error *err)
{
    int status = apart_input(apart, options, task->lines, err);
    task->was_input = status != ERR_CLOSED; /* then the server has ended */
    return status;
}

static enum capture_result x11_apart_grab(struct capture *capture, const struct capture_options *options,
                                          struct image_view *image, struct strlist *facts, struct error *err)
{
    struct x11_task task = {.run = x11_run_grab, .image = image, .lines = facts};
    int status = x11_do(capture, options, &task, err);
    for (size_t i = 0; i < capture->refused.count && status == 0; i++)
        strlist_addf(facts, "refused=%s", capture->refused.items[i]);
    if (status == 0)
        strlist_addf(facts, "watch=x11:%u", capture->last->server.number);
    if (status == 0 && x11_is_beside_display(capture, options))
        strlist_addf(facts, "warning=this is not the screen of DISPLAY=%.63s", getenv("DISPLAY"));
    return status == 0 ? CAPTURE_OK : CAPTURE_FAILED;
}

/* Asks the last one's process, which x11_do() will ask first if the server is still the one that is wanted. */
static void x11_apart_begin(struct capture *capture, const struct capture_options *options)
{
    struct capture_options own = *options;
    if (!capture->last || !x11_server_is_wanted(&capture->last->server, options->source))
        return;
    if (own.timeout_ms <= 0)
        own.timeout_ms = TIMEOUT_DEFAULT_MS;
    apart_begin_grab(capture->last->apart, &own);
}

static int x11_apart_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                              struct error *err)
{
    struct x11_task task = {.run = x11_run_displays, .lines = facts};
    return x11_do(capture, options, &task, err);
}

static int x11_apart_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                             struct error *err)
{
    struct x11_task task = {.run = x11_run_windows, .lines = lines};
    return x11_do(capture, options, &task, err);
}

static int x11_apart_desktop(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                             struct error *err)
{
    struct x11_task task = {.run = x11_run_desktop, .lines = facts};
    return x11_do(capture, options, &task, err);
}

/* Lets every server go that something was asked of. */
static int x11_apart_leave(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                           struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < PROCESSES_MAX; i++) {
        struct apart *apart = capture->processes[i].apart;
        if (apart && apart_has_input(apart) && apart_is_usable(apart) && apart_input(apart, options, facts, err))
            status = err->status;
    }
    return status;
}

static int x11_apart_input(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                           struct error *err)
{
    struct x11_task task = {.run = x11_run_input, .lines = facts};
    if (!options->actions)
        return x11_apart_leave(capture, options, facts, err);
    int status = x11_do(capture, options, &task, err);
    if (status == 0)
        strlist_add(facts, "by=xtest");
    return status;
}

static int x11_run_changes(struct apart *apart, const struct capture_options *options, struct x11_task *task,
                           struct error *err)
{
    return apart_changes(apart, options, task->lines, err);
}

static int x11_apart_changes(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                             struct error *err)
{
    struct x11_task task = {.run = x11_run_changes, .lines = facts};
    return x11_do(capture, options, &task, err);
}

static int x11_apart_watch(struct capture *capture)
{
    return capture->last ? apart_watch(capture->last->apart) : -1;
}

static void x11_apart_close(struct capture *capture)
{
    if (!capture)
        return;
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        apart_stop(capture->processes[i].apart);
    strlist_deinit(&capture->refused);
    free(capture);
}

static int x11_apart_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options; /* the servers are looked for when something is asked of them */
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for X servers");
}

const struct capture_backend capture_x11 = {
    .name = "x11",
    .summary = "the screen of a running X server",
    .open = x11_apart_open,
    .grab = x11_apart_grab,
    .begin = x11_apart_begin,
    .displays = x11_apart_displays,
    .windows = x11_apart_windows,
    .desktop = x11_apart_desktop,
    .watch = x11_apart_watch,
    .input = x11_apart_input,
    .changes = x11_apart_changes,
    .close = x11_apart_close,
    .describe_hang = x11_apart_describe_hang,
    .shares_time = true,
};
