/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/viewer/viewer.h"

#include "host/web/drive.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/tail_fetch.h"
#include "host/web/viewer/message.h"
#include "host/web/viewer/viewer_screen.h"
#include "host/web/viewer/viewer_wall.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES 4 /* that take turns */

struct viewer *viewer_new(struct gateway *gateway, const char *who)
{
    struct viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return NULL;
    viewer->gateway = gateway;
    snprintf(viewer->who, sizeof viewer->who, "%s", who);
    viewer->told_versions = calloc(gateway->guest_count + 1, sizeof *viewer->told_versions);
    viewer->told_pictures = calloc(gateway->guest_count + 1, sizeof *viewer->told_pictures);
    viewer->in_view = calloc(gateway->guest_count + 1, sizeof *viewer->in_view);
    if (viewer->told_versions && viewer->told_pictures && viewer->in_view)
        return viewer;
    viewer_free(viewer);
    return NULL;
}

void viewer_free(struct viewer *viewer)
{
    if (!viewer)
        return;
    if (viewer->in_view)
        viewer_set_view(viewer, NULL);
    viewer_watch_end(viewer);
    for (size_t i = 0; i < VIEWER_FOLLOWS_MAX; i++)
        tail_stop(viewer->follows[i]);
    damage_deinit(&viewer->watch.damage);
    for (unsigned i = 0; i < viewer->error_count; i++)
        free(viewer->errors[i]);
    free(viewer->told_versions);
    free(viewer->told_pictures);
    free(viewer->in_view);
    free(viewer);
}

/* ---- what the page says ---- */

/* Finds a followed text by the page's number of it, or with NULL a free place. */
static struct tail **viewer_find_follow(struct viewer *viewer, const uint32_t *id)
{
    for (size_t i = 0; i < VIEWER_FOLLOWS_MAX; i++)
        if (id ? viewer->follows[i] && viewer->follows[i]->id == *id : !viewer->follows[i])
            return &viewer->follows[i];
    return NULL;
}

static void viewer_unfollow(struct viewer *viewer, uint32_t id)
{
    struct tail **place = viewer_find_follow(viewer, &id);
    if (!place)
        return;
    tail_stop(*place);
    *place = NULL;
}

static void viewer_follow(struct viewer *viewer, const struct message *message)
{
    struct guest *guest = guest_find(viewer->gateway, message->guest);
    struct error err = {0};
    viewer_unfollow(viewer, message->number);
    struct tail **place = viewer_find_follow(viewer, NULL);
    if (!guest)
        viewer_error(viewer, 404, "there is no such guest");
    else if (!place)
        viewer_error(viewer, 429, "too many texts are followed by this page");
    else if (!(*place = tail_start(guest, message->number, message->text, &err)))
        viewer_error(viewer, 400, err.text);
}

static void viewer_drive(struct viewer *viewer, const struct message *message)
{
    struct guest *guest = viewer->watch.guest;
    struct error err;
    if (!guest)
        viewer_error(viewer, 409, "only a guest that is watched can be driven");
    else if (!message->on)
        drive_let_go(guest, viewer, NULL);
    else if (strlen(message->text) > DRIVE_NAME_MAX)
        viewer_error(viewer, 400, "the name of who drives is too long");
    else if (drive_take(guest, viewer, message->text, &err))
        viewer_error(viewer, 503, err.text);
    else
        gateway_log("%s, '%s', drives guest '%s'", viewer->who, message->text, guest->config->name);
}

static void viewer_input(struct viewer *viewer, const struct message *message)
{
    struct error err;
    if (!viewer->watch.guest)
        viewer_error(viewer, 409, "only a guest that is watched can be driven");
    else if (drive_act(viewer->watch.guest, viewer, &message->list, &err))
        viewer_error(viewer, err.status == ERR_DENIED ? 409 : 429, err.text);
}

static void viewer_act(struct viewer *viewer, const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_WALL:
        viewer->wall = true;
        viewer_set_view(viewer, &message->list);
        break;
    case MESSAGE_WATCH:
        viewer_watch_begin(viewer, message);
        break;
    case MESSAGE_UNWATCH:
        viewer_watch_end(viewer);
        break;
    case MESSAGE_DRAWN:
        viewer_drawn(viewer, message->number);
        break;
    case MESSAGE_PING:
        viewer->pongs = 1;
        break;
    case MESSAGE_FOLLOW:
        viewer_follow(viewer, message);
        break;
    case MESSAGE_UNFOLLOW:
        viewer_unfollow(viewer, message->number);
        break;
    case MESSAGE_DRIVE:
        viewer_drive(viewer, message);
        break;
    case MESSAGE_INPUT:
        viewer_input(viewer, message);
        break;
    }
}

/* Counts a message; returns whether there are too many. */
static bool viewer_floods(struct viewer *viewer)
{
    int64_t second = os_clock_ms() / 1000;
    if (second != viewer->second)
        viewer->messages = 0;
    viewer->second = second;
    return ++viewer->messages > VIEWER_MESSAGES_MAX;
}

bool viewer_receive(struct viewer *viewer, const char *bytes, size_t len, const char **why)
{
    struct message message;
    struct error err;
    *why = "too many messages";
    if (viewer_floods(viewer))
        return false;
    if (message_parse(&message, bytes, len, &err) == 0) {
        viewer_act(viewer, &message);
        message_deinit(&message);
        return true;
    }
    atomic_fetch_add(&viewer->gateway->metrics.bad_messages, 1);
    viewer_error(viewer, 400, err.text);
    *why = "too many messages that are wrong";
    return ++viewer->bad <= VIEWER_BAD_MAX;
}

/* ---- what the page lacks ---- */

/* Makes the next piece of what is followed; the texts take turns. */
static struct blob *viewer_next_text(struct viewer *viewer)
{
    for (unsigned i = 0; i < VIEWER_FOLLOWS_MAX; i++) {
        struct tail *follow = viewer->follows[viewer->next_follow++ % VIEWER_FOLLOWS_MAX];
        struct blob *message = follow ? tail_next(follow) : NULL;
        if (message)
            return message;
    }
    return NULL;
}

static struct blob *viewer_next_driver(struct viewer *viewer)
{
    struct guest *guest = viewer->watch.guest;
    if (!guest)
        return NULL;
    guest_lock(guest);
    unsigned version = guest->drive_version;
    guest_unlock(guest);
    if (viewer->told_driver && viewer->driver_version == version)
        return NULL;
    viewer->told_driver = true;
    viewer->driver_version = version;
    return drive_tell(guest, viewer);
}

static struct blob *viewer_next_of(struct viewer *viewer, unsigned source, bool *binary)
{
    *binary = false;
    switch (source) {
    case 0:
        return viewer->told_list ? viewer_next_guest(viewer) : viewer_next_list(viewer);
    case 1:
        return viewer_next_screen(viewer, binary);
    case 2:
        *binary = true;
        return viewer_next_thumbnail(viewer);
    default:
        return viewer_next_text(viewer);
    }
}

bool viewer_next(struct viewer *viewer, struct viewer_message *message)
{
    *message = (struct viewer_message){viewer_next_error(viewer), false};
    if (!message->blob)
        message->blob = viewer_next_driver(viewer);
    for (unsigned i = 0; i < SOURCES && !message->blob; i++)
        message->blob = viewer_next_of(viewer, viewer->turn++ % SOURCES, &message->binary);
    return message->blob != NULL;
}
