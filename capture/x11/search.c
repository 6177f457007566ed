/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/search.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REASONS_MAX 2048 /* bytes of the reasons of one server */

struct attempt {
    const struct x11_environment *environment; /* borrowed */
    const struct x11_server *server;           /* borrowed */
    struct x11_entry *entry;                   /* borrowed */
    char host_name[256];
    int64_t deadline_ms;
    struct buffer reasons; /* owned */
};

static void x11_add_reason(struct attempt *attempt, const char *what, const char *reason)
{
    buffer_printf(&attempt->reasons, "%s%s%s%s", attempt->reasons.len ? ", " : "", what, *what ? ": " : "", reason);
}

/* Returns whether the socket's peer is the server. When one of two servers runs in a container both can have the same
   display number. */
static bool x11_socket_is_of_server(const struct attempt *attempt, const struct x11_liveness *liveness)
{
    char name[X11_PROCESS_NAME_SIZE], state;
    if (attempt->server->pid == 0 || liveness->pid == 0 || liveness->pid == attempt->server->pid)
        return true;
    /* The server may have got its socket from the process that started it. */
    return !x11_process_stat("", liveness->pid, name, &state) || !x11_is_server_name(name);
}

/* Tries one cookie. `authority` and `cookie` are NULL to try without one. */
static enum x11_answer x11_try_cookie(struct attempt *attempt, const char *what, const struct x11_authority *authority,
                                      const struct x11_cookie *cookie, bool may_show_to_all)
{
    struct x11_entry *entry = attempt->entry;
    char reason[256] = "";
    enum x11_answer answer =
        x11_liveness_connect(&entry->liveness, attempt->server->number, attempt->deadline_ms, reason, sizeof reason);
    if (answer != X11_ANSWERED) {
        x11_add_reason(attempt, "", reason);
        return answer;
    }
    if (!x11_socket_is_of_server(attempt, &entry->liveness)) {
        snprintf(reason, sizeof reason, "its socket belongs to process %d", (int)entry->liveness.pid);
        answer = X11_GONE;
    } else if (authority && !may_show_to_all && !x11_authority_may_show(authority, entry->liveness.uid)) {
        snprintf(reason, sizeof reason, "not shown to a server of user %u", (unsigned)entry->liveness.uid);
        answer = X11_REFUSED;
    } else {
        struct slice bytes = cookie ? (struct slice){cookie->data, cookie->len} : (struct slice){0};
        answer =
            x11_liveness_setup(&entry->liveness, X11_COOKIE_NAME, bytes, attempt->deadline_ms, reason, sizeof reason);
    }
    if (answer == X11_ANSWERED) {
        entry->cookie.len = 0;
        if (cookie)
            entry->cookie = *cookie;
        return answer;
    }
    x11_add_reason(attempt, what, reason);
    x11_liveness_close(&entry->liveness);
    return answer;
}

static enum x11_answer x11_try_file(struct attempt *attempt, enum x11_authority_stage stage, const char *path)
{
    struct x11_authority authority;
    struct error why;
    int status = x11_authority_load(&authority, path, attempt->server->number, attempt->host_name, &why);
    if (status == ERR_NOT_FOUND && stage == X11_AUTHORITY_OWN && !attempt->environment->xauthority)
        return X11_REFUSED; /* the default file may be missing */
    if (status) {
        x11_add_reason(attempt, path, why.text);
        return X11_REFUSED;
    }
    enum x11_answer answer = X11_REFUSED;
    for (size_t i = 0; i < authority.cookies.count && answer == X11_REFUSED; i++)
        answer = x11_try_cookie(attempt, path, &authority, &authority.cookies.items[i], stage == X11_AUTHORITY_OWN);
    if (answer == X11_REFUSED && authority.cookies.more)
        x11_add_reason(attempt, path, "it has more cookies than are tried");
    return answer;
}

static enum x11_answer x11_try_authorities(struct attempt *attempt)
{
    struct strlist paths = {0};
    enum x11_answer answer = X11_REFUSED;
    for (int stage = 0; stage < X11_AUTHORITY_STAGES && answer == X11_REFUSED; stage++) {
        size_t i = paths.count;
        x11_authority_files("", (enum x11_authority_stage)stage, attempt->environment, attempt->server, &paths);
        for (; i < paths.count && answer == X11_REFUSED; i++)
            answer = x11_try_file(attempt, (enum x11_authority_stage)stage, paths.items[i]);
    }
    if (answer == X11_REFUSED && paths.count == X11_AUTHORITY_FILES_MAX)
        x11_add_reason(attempt, "", "no more files are tried");
    strlist_deinit(&paths);
    if (answer == X11_REFUSED)
        answer = x11_try_cookie(attempt, "no authority", NULL, NULL, true);
    return answer;
}

static enum x11_answer x11_try_server(struct attempt *attempt, struct strlist *refused)
{
    char label[64];
    enum x11_answer answer = X11_GONE;
    buffer_init(&attempt->reasons, REASONS_MAX);
    if (attempt->server->rootless)
        x11_add_reason(attempt, "", "the root window of a rootless Xwayland is never shown");
    else
        answer = x11_try_authorities(attempt);
    if (answer != X11_ANSWERED) {
        x11_server_label(attempt->server, label, sizeof label);
        strlist_addf(refused, "%s: %.*s%s", label, (int)attempt->reasons.len,
                     attempt->reasons.data ? (const char *)attempt->reasons.data : "",
                     attempt->reasons.failed ? " ... (cut)" : "");
    }
    buffer_deinit(&attempt->reasons);
    return answer;
}

static int x11_report_none(const struct strlist *refused, int status, struct error *err)
{
    struct buffer text;
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < refused->count; i++)
        buffer_printf(&text, "%s%s", i ? "; " : "", refused->items[i]);
    if (refused->count == 0)
        error_set(err, status, "no X server runs here");
    else
        error_set(err, status, "no X server can be used: %s%s", text.data ? (const char *)text.data : "",
                  text.failed ? " ... (cut)" : "");
    buffer_deinit(&text);
    return status;
}

static int x11_report_timeout(const struct x11_entry *entry, const struct x11_server *server, struct error *err)
{
    char text[256];
    x11_describe_silence(text, sizeof text, server->number, server->pid ? server->pid : entry->liveness.pid);
    return error_set(err, ERR_TIMEOUT, "%s", text);
}

static bool x11_server_is_wanted(const struct x11_server *server, const char *only)
{
    char name[16];
    snprintf(name, sizeof name, ":%u", server->number);
    return !only || strcmp(name, only) == 0;
}

static int x11_try_servers(struct attempt *attempt, const struct x11_servers *servers,
                           void (*trying)(const struct x11_server *server), struct strlist *refused, struct error *err)
{
    int status = ERR_UNAVAILABLE;
    for (size_t i = 0; i < servers->count; i++) {
        if (!x11_server_is_wanted(&servers->items[i], attempt->environment->only))
            continue;
        attempt->server = &servers->items[i];
        trying(attempt->server);
        switch (x11_try_server(attempt, refused)) {
        case X11_ANSWERED:
            attempt->entry->server = *attempt->server;
            attempt->entry->server.authority = NULL;
            return 0;
        case X11_SILENT:
            return x11_report_timeout(attempt->entry, attempt->server, err);
        case X11_REFUSED:
            status = ERR_DENIED;
            break;
        case X11_GONE:
            break;
        }
    }
    return x11_report_none(refused, status, err);
}

int x11_search(struct x11_entry *entry, const struct x11_environment *environment, int64_t deadline_ms,
               void (*trying)(const struct x11_server *server), struct strlist *refused, struct error *err)
{
    struct attempt attempt = {.environment = environment, .entry = entry, .deadline_ms = deadline_ms};
    struct x11_servers servers;
    *entry = (struct x11_entry){.liveness.fd = -1};
    gethostname(attempt.host_name, sizeof attempt.host_name - 1);
    x11_servers_find(&servers, "", environment->display, refused);
    int status = x11_try_servers(&attempt, &servers, trying, refused, err);
    x11_servers_deinit(&servers);
    if (status == 0 && entry->server.pid == 0)
        entry->server.pid = entry->liveness.pid;
    return status;
}
