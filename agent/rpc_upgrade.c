/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upgrade, restart: the agent becomes another executable once the client has its answer. */
#include "agent/log.h"
#include "agent/receive.h"
#include "agent/rpc.h"
#include "platform/file.h"
#include "platform/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under the lock, since two clients may upgrade at once: the last one wins. */
static int set_next(struct agent *agent, const char *path, const char *const *argv, struct error *err)
{
    struct strlist list = {0};
    char *copy = strdup(path);
    for (; *argv; argv++)
        strlist_add(&list, *argv);
    if (!copy || list.failed) {
        free(copy);
        strlist_deinit(&list);
        return error_set(err, ERR_NO_MEMORY, "unable to start the new server: Cannot allocate memory");
    }
    os_mutex_lock(agent->lock);
    free(agent->next_path);
    strlist_deinit(&agent->next_argv);
    agent->next_path = copy;
    agent->next_argv = list;
    os_mutex_unlock(agent->lock);
    return 0;
}

static int rename_file(const char *from, const char *to, const char *what, struct error *err)
{
    struct error reason;
    int status = os_file_rename(from, to, &reason);
    return status ? error_set(err, status, "unable to move the %s: %s", what, reason.text) : 0;
}

/* exe -> exe.old, exe.new -> exe; back again where the second fails. */
static int swap_files(const char *exe, const char *fresh, const char *old, struct error *err)
{
    int status = rename_file(exe, old, "current server file out of the way", err);
    if (status)
        return status;
    status = rename_file(fresh, exe, "new server file into place", err);
    if (status)
        (void)os_file_rename(old, exe, NULL);
    return status;
}

static int install(struct session *session, struct request *request, const char *exe, struct error *err)
{
    struct error reason;
    char fresh[4200], old[4200];
    const char *const *argv = (const char *const *)session->agent->options->argv;
    if (strlen(exe) >= 4096)
        return error_set(err, ERR_LIMIT, "unable to get the process filename: it is too long");
    snprintf(fresh, sizeof fresh, "%s.new", exe);
    snprintf(old, sizeof old, "%s.old", exe);
    int status = receive_file(request, fresh, true, err);
    if (status == 0) {
        status = os_upgrade_check(fresh, argv, err);
        if (status == 0)
            status = swap_files(exe, fresh, old, err);
        if (status == 0)
            status = set_next(session->agent, exe, argv, err);
        if (status && os_file_remove(fresh, &reason) && reason.status != ERR_NOT_FOUND)
            log_line("could not remove '%s': %s", fresh, reason.text);
    }
    return status;
}

int rpc_upgrade(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct buffer exe;
    if (session->agent->options->no_upgrade) {
        log_line("%s: an upgrade of %llu bytes was dropped (--no-upgrade)", session->peer_text,
                 (unsigned long long)request->data_size);
        return reply_empty(reply);
    }
    buffer_init(&exe, 65536);
    int status = os_self_path(&exe, err);
    if (status == 0)
        status = install(session, request, (const char *)exe.data, err);
    buffer_deinit(&exe);
    if (status)
        return status;
    uint32_t count = start_count_get(session->agent);
    if (count > 0 && start_count_set(session->agent, count - 1, err)) /* this start is no sign of a reboot */
        log_line("%s", err->text);
    log_line("%s: upgrade", session->peer_text);
    reply->become_next = true;
    return reply_empty(reply);
}

int rpc_restart(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist argv = {0};
    struct error reason;
    struct os_file *file;
    uint64_t size;
    const char *path = request->args[0].text;
    int status = os_file_open(&file, path, &size, &reason);
    if (status)
        return error_set(err, status, "could not stat '%s': %s", path, reason.text);
    os_file_close(file);
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(&argv, request->args[i].text);
    status = argv.failed ? error_set(err, ERR_NO_MEMORY, "unable to build the new command line")
                         : os_upgrade_check(path, (const char *const *)argv.items, err);
    if (status == 0)
        status = set_next(session->agent, path, (const char *const *)argv.items, err);
    strlist_deinit(&argv);
    if (status)
        return status;
    log_line("%s: restart as '%s'", session->peer_text, path);
    reply->become_next = true;
    return reply_empty(reply);
}
