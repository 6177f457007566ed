/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/target.h"

#include "capture/x11/card.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- as whom ---- */

void x11_target_rights(const struct x11_server *server, struct apart_rights *rights)
{
    *rights = (struct apart_rights){.changes_user = geteuid() == 0, .uid = server->owner, .gid = server->group};
    if (rights->uid == 0 || rights->uid == (uid_t)-1)
        *rights = (struct apart_rights){rights->changes_user, APART_NOBODY, APART_NOBODY, false};
    if (rights->gid == 0 || rights->gid == (gid_t)-1)
        rights->gid = APART_NOBODY;
}

/* ---- what root reads ---- */

static void target_add_reason(struct buffer *reasons, const char *path, const char *why)
{
    buffer_printf(reasons, "%s%s: %s", reasons->len ? ", " : "", path, why);
}

static void target_add_cookies(struct x11_target *target, const char *path, const struct x11_cookies *more)
{
    struct x11_cookies *all = &target->cookies;
    snprintf(target->cookies_from, sizeof target->cookies_from, "%s", all->count ? "root's files" : path);
    for (size_t i = 0; i < more->count; i++) {
        if (all->count == X11_COOKIES_MAX) {
            all->more = true;
            return;
        }
        all->items[all->count++] = more->items[i];
    }
}

/* Returns whether root may be made to use the file: what others can name must be root's. A server's own -auth was named by
   who started it, which for root's server is root. */
static bool target_may_use(enum x11_authority_stage stage, const struct x11_authority *authority)
{
    return stage == X11_AUTHORITY_OWN || stage == X11_AUTHORITY_SERVER || authority->owner == 0;
}

static void target_read_file(struct x11_target *target, enum x11_authority_stage stage, const char *path,
                             bool may_be_missing, struct buffer *reasons)
{
    struct x11_authority authority;
    struct error why;
    char host_name[256] = "";
    gethostname(host_name, sizeof host_name - 1);
    int status = x11_authority_load(&authority, path, target->server.number, host_name, &why);
    if (status == ERR_NOT_FOUND && may_be_missing)
        return;
    if (status)
        target_add_reason(reasons, path, why.text);
    else if (!target_may_use(stage, &authority))
        target_add_reason(reasons, path, "not root's, as the server is");
    else
        target_add_cookies(target, path, &authority.cookies);
}

static void target_read_stage(struct x11_target *target, enum x11_authority_stage stage,
                              const struct x11_environment *environment, const struct x11_server *server,
                              struct strlist *paths, struct buffer *reasons)
{
    size_t i = paths->count;
    x11_authority_files("", stage, environment, server, paths);
    for (; i < paths->count; i++)
        target_read_file(target, stage, paths->items[i], stage == X11_AUTHORITY_OWN && !environment->xauthority,
                         reasons);
}

/* Returns whether the server is in our IPC namespace. In another one it would attach another segment, or none. */
static bool target_shares_ipc(pid_t server)
{
    char path[64], ours[64], theirs[64];
    snprintf(path, sizeof path, "/proc/%d/ns/ipc", (int)server);
    ssize_t our_len = readlink("/proc/self/ns/ipc", ours, sizeof ours);
    ssize_t their_len = readlink(path, theirs, sizeof theirs);
    return our_len <= 0 || their_len <= 0 || (our_len == their_len && memcmp(ours, theirs, (size_t)our_len) == 0);
}

void x11_target_fill(struct x11_target *target, const struct x11_server *server,
                     const struct x11_environment *environment, struct buffer *reasons)
{
    struct strlist paths = {0};
    bool reads_all = geteuid() == 0 && server->owner == 0;
    *target = (struct x11_target){.server = *server, .reads_files = !reads_all};
    target->server.authority = NULL;
    if (server->authority)
        snprintf(target->authority, sizeof target->authority, "%s", server->authority);
    for (int stage = 0; stage < X11_AUTHORITY_STAGES; stage++)
        if (stage == X11_AUTHORITY_OWN || reads_all)
            target_read_stage(target, (enum x11_authority_stage)stage, environment, server, &paths, reasons);
    strlist_deinit(&paths);
    target->cards = server->pid ? x11_card_mask("", server->pid) : 0;
    target->shares_ipc = server->pid != 0 && target_shares_ipc(server->pid);
}
