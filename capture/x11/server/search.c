/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/search.h"

#include "capture/x11/server/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REASONS_MAX 2048 /* bytes of the reasons of one server */

struct attempt {
    const struct x11_target *target; /* borrowed */
    struct x11_server server;        /* its authority is the target's */
    struct x11_entry *entry;         /* borrowed */
    char host_name[256];
    int64_t deadline_ms;
    struct buffer reasons; /* owned */
};

static void x11_add_reason(struct attempt *attempt, const char *what, const char *reason)
{
    buffer_printf(&attempt->reasons, "%s%s%s%s", attempt->reasons.len ? ", " : "", what, *what ? ": " : "", reason);
}

/* Tries one cookie. `authority` and `cookie` are NULL to try without one. */
static enum x11_answer x11_try_cookie(struct attempt *attempt, const char *what, const struct x11_authority *authority,
                                      const struct x11_cookie *cookie, bool may_show_to_all)
{
    struct x11_entry *entry = attempt->entry;
    char reason[256] = "";
    enum x11_answer answer =
        x11_liveness_connect(&entry->liveness, attempt->server.number, attempt->deadline_ms, reason, sizeof reason);
    if (answer != X11_ANSWERED) {
        x11_add_reason(attempt, "", reason);
        return answer;
    }
    if (!x11_peer_is_server(&entry->liveness, &attempt->server)) {
        x11_peer_describe(&entry->liveness, reason, sizeof reason);
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

static enum x11_answer x11_try_cookies(struct attempt *attempt, const char *what, const struct x11_authority *authority,
                                       const struct x11_cookies *cookies, bool may_show_to_all)
{
    enum x11_answer answer = X11_REFUSED;
    for (size_t i = 0; i < cookies->count && answer == X11_REFUSED; i++)
        answer = x11_try_cookie(attempt, what, authority, &cookies->items[i], may_show_to_all);
    if (answer == X11_REFUSED && cookies->more)
        x11_add_reason(attempt, what, "it has more cookies than are tried");
    return answer;
}

static enum x11_answer x11_try_file(struct attempt *attempt, const char *path)
{
    struct x11_authority authority;
    struct error why;
    int status = x11_authority_load(&authority, path, attempt->server.number, attempt->host_name, &why);
    if (status) {
        x11_add_reason(attempt, path, why.text);
        return X11_REFUSED;
    }
    return x11_try_cookies(attempt, path, &authority, &authority.cookies, false);
}

static enum x11_answer x11_try_files(struct attempt *attempt)
{
    struct strlist paths = {0};
    enum x11_answer answer = X11_REFUSED;
    struct x11_environment environment = {getenv("XAUTHORITY"), getenv("HOME")};
    x11_authority_files("", X11_AUTHORITY_OWN, &environment, &attempt->server, &paths); /* which the worker has read */
    for (int stage = X11_AUTHORITY_OWN + 1; stage < X11_AUTHORITY_STAGES && answer == X11_REFUSED; stage++) {
        size_t i = paths.count;
        x11_authority_files("", (enum x11_authority_stage)stage, &environment, &attempt->server, &paths);
        for (; i < paths.count && answer == X11_REFUSED; i++)
            answer = x11_try_file(attempt, paths.items[i]);
    }
    if (answer == X11_REFUSED && paths.count == X11_AUTHORITY_FILES_MAX)
        x11_add_reason(attempt, "", "no more files are tried");
    strlist_deinit(&paths);
    return answer;
}

static enum x11_answer x11_try_authorities(struct attempt *attempt)
{
    const struct x11_target *target = attempt->target;
    enum x11_answer answer = x11_try_cookies(attempt, target->cookies_from, NULL, &target->cookies, true);
    if (answer == X11_REFUSED && target->reads_files)
        answer = x11_try_files(attempt);
    if (answer == X11_REFUSED)
        answer = x11_try_cookie(attempt, "no authority", NULL, NULL, true);
    return answer;
}

int x11_enter(struct x11_entry *entry, const struct x11_target *target, int64_t deadline_ms, struct error *err)
{
    struct attempt attempt = {.target = target, .server = target->server, .entry = entry, .deadline_ms = deadline_ms};
    char text[256];
    int status = 0;
    *entry = (struct x11_entry){.liveness.fd = -1, .server = target->server};
    attempt.server.authority = *target->authority ? (char *)(uintptr_t)target->authority : NULL;
    gethostname(attempt.host_name, sizeof attempt.host_name - 1);
    buffer_init(&attempt.reasons, REASONS_MAX);
    enum x11_answer answer = x11_try_authorities(&attempt);
    if (answer == X11_SILENT) {
        x11_describe_silence(text, sizeof text, entry->server.number,
                             entry->server.pid ? entry->server.pid : entry->liveness.pid);
        status = error_set(err, ERR_TIMEOUT, "%s", text);
    } else if (answer != X11_ANSWERED) {
        status = error_set(err, answer == X11_REFUSED ? ERR_DENIED : ERR_UNAVAILABLE, "%.*s%s",
                           (int)attempt.reasons.len, attempt.reasons.data ? (const char *)attempt.reasons.data : "",
                           attempt.reasons.failed ? " ... (cut)" : "");
    }
    buffer_deinit(&attempt.reasons);
    if (status == 0 && entry->server.pid == 0)
        entry->server.pid = entry->liveness.pid;
    return status;
}
