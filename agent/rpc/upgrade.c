/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upgrade, restart: the agent becomes another executable once the client has its answer. */
#include "agent/log.h"
#include "agent/rpc/receive.h"
#include "agent/rpc/rpc.h"
#include "platform/file.h"
#include "platform/upgrade.h"
#include "platform/upgrade_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 4200 /* bytes */
#define ENDING_SIZE 8  /* bytes: ".old" */
#define SELF_MAX 65536 /* bytes of a path, with its NUL */
#define WHOSE "only the system's administrator may be able to write what the agent becomes"

/* Sets the executable to become, under the lock since two clients may upgrade at once: the last one wins. */
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

static void path_with_ending(char name[NAME_SIZE], const char *exe, const char *ending)
{
    snprintf(name, NAME_SIZE, "%s%s", exe, ending);
}

/* Renames exe to exe.old and exe.new to exe. Undoes the first when the second fails. */
static int swap_files(struct agent *agent, const char *exe, const char *fresh, struct error *err)
{
    char old[NAME_SIZE], *replaced = strdup(exe);
    if (!replaced)
        return error_set(err, ERR_NO_MEMORY, "unable to start the new server: Cannot allocate memory");
    path_with_ending(old, exe, ".old");
    int status = rename_file(exe, old, "current server file out of the way", err);
    if (status == 0) {
        status = rename_file(fresh, exe, "new server file into place", err);
        if (status)
            (void)os_file_rename(old, exe, NULL);
    }
    if (status) {
        free(replaced);
        return status;
    }
    os_mutex_lock(agent->lock);
    agent->replaced = replaced;
    os_mutex_unlock(agent->lock);
    return 0;
}

/* Moves back what swap_files has moved. Returns false when it has moved nothing. */
static bool swap_back(struct agent *agent)
{
    char old[NAME_SIZE];
    struct error reason;
    os_mutex_lock(agent->lock);
    char *exe = agent->replaced;
    agent->replaced = NULL;
    os_mutex_unlock(agent->lock);
    if (!exe)
        return false;
    path_with_ending(old, exe, ".old");
    if (rename_file(old, exe, "current server file back", &reason))
        log_line("%s", reason.text);
    free(exe);
    return true;
}

/* Adjusts the start count for a start that must not look like a reboot. */
static void correct_start_count(struct agent *agent, int by)
{
    struct error err;
    uint32_t count = start_count_get(agent);
    if ((by > 0 || count > 0) && start_count_set(agent, count + (uint32_t)by, &err))
        log_line("%s", err.text);
}

void upgrade_undo(struct agent *agent, const char *why)
{
    log_line("%s", why);
    bool upgrade = swap_back(agent);
    if (upgrade)
        correct_start_count(agent, 1);
    char *text = strdup(why);
    os_mutex_lock(agent->lock);
    free(agent->upgrade_error);
    agent->upgrade_error = text;
    os_mutex_unlock(agent->lock);
    atomic_store(&agent->upgrading, false);
}

/* Gives the received executable its name, checks it there, and puts it in the place of the agent's own. */
static int upgrade_install(struct session *session, struct os_upload *upload, const char *exe, const char *fresh,
                           struct error *err)
{
    struct error reason;
    const char *const *argv = (const char *const *)session->agent->options->argv;
    int status = receive_commit(upload, fresh, err);
    if (status)
        return status;
    status = os_upgrade_check(fresh, argv, err);
    if (status == 0)
        status = swap_files(session->agent, exe, fresh, err);
    if (status == 0) {
        status = set_next(session->agent, exe, argv, err);
        if (status)
            swap_back(session->agent);
    }
    if (status && os_file_remove(fresh, &reason) && reason.status != ERR_NOT_FOUND)
        log_line("could not remove '%s': %s", fresh, reason.text);
    return status;
}

/* Begins an upgrade or a restart, which lasts until the agent has become the next executable, or until upgrade_undo. */
static int begin_upgrade(struct agent *agent, struct error *err)
{
    return atomic_exchange(&agent->upgrading, true) ? error_set(err, ERR_UNAVAILABLE, "another upgrade is under way")
                                                    : 0;
}

/* Ends one that was refused. */
static int give_up(struct agent *agent, int status)
{
    if (status)
        atomic_store(&agent->upgrading, false);
    return status;
}

/* Receives the executable first: whoever sends it slowly, or never to its end, is in nobody's way. */
static int upgrade_receive(struct session *session, struct request *request, const char *exe, struct error *err)
{
    char fresh[NAME_SIZE];
    struct os_upload *upload;
    if (strlen(exe) >= NAME_SIZE - ENDING_SIZE)
        return error_set(err, ERR_LIMIT, "unable to get the process filename: it is too long");
    int status = os_upgrade_check_folder(exe, agent_run_as(session->agent), err);
    if (status)
        return error_prefix(err, status, "upgrade is refused: " WHOSE);
    path_with_ending(fresh, exe, ".new");
    status = receive_upload(request, fresh, OS_UPLOAD_PROGRAM, &upload, err);
    if (status)
        return status;
    status = begin_upgrade(session->agent, err);
    if (status) {
        os_upload_abandon(upload);
        return status;
    }
    return give_up(session->agent, upgrade_install(session, upload, exe, fresh, err));
}

int rpc_upgrade(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct buffer exe;
    if (session->agent->options->no_upgrade) {
        log_line("%s: an upgrade of %llu bytes was dropped (--no-upgrade)", session->peer_text,
                 (unsigned long long)request->data_size);
        return reply_empty(reply);
    }
    buffer_init(&exe, SELF_MAX);
    int status = os_self_path(&exe, err);
    if (status == 0)
        status = upgrade_receive(session, request, (const char *)exe.data, err);
    buffer_deinit(&exe);
    if (status)
        return status;
    correct_start_count(session->agent, -1);
    log_line("%s: upgrade", session->peer_text);
    reply->become_next = true;
    return reply_empty(reply);
}

/* Finds the executable by its real path, on which nobody can put another one between the check and the restart. */
static int restart_find(struct session *session, const char *path, struct buffer *real, struct error *err)
{
    struct error reason;
    int status = os_upgrade_find(real, path, agent_run_as(session->agent), &reason);
    if (status == ERR_DENIED)
        return error_set(err, status, "restart as '%s' is refused: " WHOSE ": %s", path, reason.text);
    return status ? error_set(err, status, "could not stat '%s': %s", path, reason.text) : 0;
}

static int restart_prepare(struct session *session, const struct request *request, struct error *err)
{
    struct strlist argv = {0};
    struct buffer real;
    buffer_init(&real, SELF_MAX);
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(&argv, request->args[i].text);
    int status = argv.failed ? error_set(err, ERR_NO_MEMORY, "unable to build the new command line")
                             : restart_find(session, request->args[0].text, &real, err);
    if (status == 0)
        status = os_upgrade_check((const char *)real.data, (const char *const *)argv.items, err);
    if (status == 0)
        status = set_next(session->agent, (const char *)real.data, (const char *const *)argv.items, err);
    buffer_deinit(&real);
    strlist_deinit(&argv);
    return status;
}

int rpc_restart(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    if (session->agent->options->no_upgrade)
        return error_set(err, ERR_DENIED, "restart as '%s' is not allowed (--no-upgrade)", path);
    int status = begin_upgrade(session->agent, err);
    if (status == 0)
        status = give_up(session->agent, restart_prepare(session, request, err));
    if (status)
        return status;
    log_line("%s: restart as '%s'", session->peer_text, path);
    reply->become_next = true;
    return reply_empty(reply);
}
