/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/drive.h"

#include "host/common/json.h"
#include "host/periscope.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 5000
#define ANSWER_MS 15000

/* Tells all who watch the guest that another drives, or why not; with the lock. */
static void drive_changed(struct guest *guest, const char *reason)
{
    snprintf(guest->drive_reason, sizeof guest->drive_reason, "%s", reason ? reason : "");
    guest->drive_version++;
    gateway_wake(guest->gateway);
}

static void drive_free(struct drive *drive)
{
    os_waker_free(drive->news);
    strlist_deinit(&drive->actions);
    free(drive);
}

/* ---- the thread ---- */

/* Takes over what waits, behind who drives; false once it is the end. */
static bool drive_next(struct drive *drive, struct strlist *actions)
{
    os_waker_wait(drive->news, os_deadline(-1));
    guest_lock(drive->guest);
    os_waker_clear(drive->news);
    bool ends = drive->ends;
    *actions = (struct strlist){0};
    strlist_addf(actions, "driver=%s", drive->name);
    for (size_t i = 0; i < drive->actions.count; i++)
        strlist_add(actions, drive->actions.items[i]);
    strlist_deinit(&drive->actions);
    guest_unlock(drive->guest);
    return !ends;
}

/* Gives up, with the guest's reason. */
static void drive_fail(struct drive *drive, const char *reason)
{
    guest_lock(drive->guest);
    drive->ends = true;
    if (drive->guest->drive == drive) {
        drive->guest->drive = NULL;
        drive_changed(drive->guest, reason);
    }
    guest_unlock(drive->guest);
    gateway_log("guest '%s' takes no input: %s", drive->guest->config->name, reason);
}

static bool drive_pass_on(struct drive *drive, struct periscope *periscope)
{
    struct strlist actions;
    struct periscope_strings facts = {0};
    bool goes_on = drive_next(drive, &actions);
    int status = 0;
    if (goes_on)
        status = periscope_input(periscope, (const char *const *)actions.items, &facts);
    if (status)
        drive_fail(drive, periscope_error_text(periscope));
    periscope_strings_free(&facts);
    strlist_deinit(&actions);
    return goes_on && !status;
}

static void drive_main(void *context)
{
    struct drive *drive = context;
    const struct target *target = &drive->guest->config->target;
    struct periscope *periscope = periscope_new(target->host, target->port);
    if (periscope)
        periscope_set_timeouts(periscope, CONNECT_MS, ANSWER_MS);
    else
        drive_fail(drive, "no memory");
    while (periscope && drive_pass_on(drive, periscope))
        continue;
    periscope_free(periscope);
    drive_free(drive);
}

/* ---- what pages do; all of the service thread ---- */

/* Makes the thread; with the lock. */
static int drive_start(struct guest *guest, struct error *err)
{
    struct drive *drive = calloc(1, sizeof *drive);
    if (!drive)
        return error_set(err, ERR_NO_MEMORY, "no memory to drive '%s'", guest->config->name);
    drive->guest = guest;
    int status = os_waker_new(&drive->news, err);
    if (!status)
        status = os_thread_start(drive_main, drive, err);
    if (status) {
        drive_free(drive);
        return status;
    }
    guest->drive = drive;
    return 0;
}

int drive_take(struct guest *guest, const void *holder, const char *name, struct error *err)
{
    guest_lock(guest);
    int status = guest->drive ? 0 : drive_start(guest, err);
    if (!status) {
        struct drive *drive = guest->drive;
        drive->holder = holder;
        snprintf(drive->name, sizeof drive->name, "%s", name);
        strlist_deinit(&drive->actions); /* of who drove before */
        os_waker_set(drive->news);
        drive_changed(guest, NULL);
    }
    guest_unlock(guest);
    return status;
}

void drive_let_go(struct guest *guest, const void *holder, const char *reason)
{
    guest_lock(guest);
    struct drive *drive = guest->drive;
    if (drive && drive->holder == holder) {
        guest->drive = NULL;
        drive->ends = true;
        os_waker_set(drive->news);
        drive_changed(guest, reason);
    }
    guest_unlock(guest);
}

bool drive_is_held_by(struct guest *guest, const void *holder)
{
    guest_lock(guest);
    bool held = guest->drive && guest->drive->holder == holder;
    guest_unlock(guest);
    return held;
}

static bool drive_is_move(const char *action)
{
    return strncmp(action, "move=", 5) == 0;
}

/* Queues one; of moves in a row the last counts. */
static bool drive_queue(struct drive *drive, const char *action)
{
    struct strlist *list = &drive->actions;
    if (list->count > 0 && drive_is_move(action) && drive_is_move(list->items[list->count - 1]))
        free(list->items[--list->count]);
    return list->count < DRIVE_ACTIONS_MAX && strlist_add(list, action);
}

int drive_act(struct guest *guest, const void *holder, const struct strlist *actions, struct error *err)
{
    int status = 0;
    guest_lock(guest);
    struct drive *drive = guest->drive;
    if (!drive || drive->holder != holder)
        status = error_set(err, ERR_DENIED, "input is ignored: %s drives", drive ? drive->name : "nobody");
    for (size_t i = 0; i < actions->count && !status; i++)
        if (strncmp(actions->items[i], "driver=", 7) == 0 || !drive_queue(drive, actions->items[i]))
            status = error_set(err, ERR_LIMIT, "input is ignored: the guest does not keep up");
    if (drive && drive->holder == holder)
        os_waker_set(drive->news);
    guest_unlock(guest);
    return status;
}

struct blob *drive_tell(struct guest *guest, const void *viewer)
{
    struct json json;
    json_init(&json);
    guest_lock(guest);
    json_object_begin(&json, NULL);
    json_text(&json, "t", "driver");
    json_text(&json, "guest", guest->config->name);
    json_text(&json, "who", !guest->drive ? NULL : guest->drive->holder == viewer ? "you" : guest->drive->name);
    json_text(&json, "reason", *guest->drive_reason ? guest->drive_reason : NULL);
    json_object_end(&json);
    guest_unlock(guest);
    struct blob *blob = json.out.failed ? NULL : blob_copy(json.out.data, json.out.len);
    json_deinit(&json);
    return blob;
}
