/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/viewer.h"

#include "host/common/json.h"
#include "host/web/drive.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/tail_fetch.h"
#include "host/web/thumbnail.h"
#include "host/web/watch.h"
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

/* Says which tiles are in view, of all guests: NULL for none. */
static void viewer_set_view(struct viewer *viewer, const struct strlist *names)
{
    for (size_t i = 0; i < viewer->gateway->guest_count; i++) {
        struct guest *guest = &viewer->gateway->guests[i];
        bool now = false;
        for (size_t j = 0; names && j < names->count && !now; j++)
            now = strcmp(names->items[j], guest->config->name) == 0;
        if (now == viewer->in_view[i])
            continue;
        viewer->in_view[i] = now;
        if (now) {
            guest_look(guest);
            thumbnail_look(guest);
        } else {
            guest_look_away(guest);
            thumbnail_look_away(guest);
        }
    }
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

void viewer_error(struct viewer *viewer, int status, const char *text)
{
    struct json json;
    if (viewer->error_count == VIEWER_ERRORS_MAX)
        return;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "t", "error");
    json_text(&json, "message", text);
    if (status)
        json_integer(&json, "status", status);
    json_object_end(&json);
    buffer_append(&json.out, "", 1);
    char *copy = json.out.failed ? NULL : strdup((const char *)json.out.data);
    if (copy)
        viewer->errors[viewer->error_count++] = copy;
    json_deinit(&json);
}

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

static struct blob *viewer_text(const char *text)
{
    return blob_copy(text, strlen(text));
}

static struct blob *viewer_next_error(struct viewer *viewer)
{
    if (viewer->pongs) {
        viewer->pongs = 0;
        return viewer_text("{\"t\":\"pong\"}");
    }
    if (viewer->error_count == 0)
        return NULL;
    struct blob *blob = viewer_text(viewer->errors[0]);
    free(viewer->errors[0]);
    memmove(viewer->errors, viewer->errors + 1, --viewer->error_count * sizeof *viewer->errors);
    return blob;
}

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

static void viewer_put(uint8_t **at, uint32_t value, int bytes)
{
    while (bytes-- > 0)
        *(*at)++ = (uint8_t)(value >> 8 * bytes);
}

struct blob *viewer_binary(enum viewer_binary kind, bool last, uint32_t frame, const struct damage_box *box,
                           const char *name, const struct blob *png)
{
    size_t name_len = name ? strlen(name) : 0;
    struct blob *blob = blob_new(VIEWER_HEADER + name_len + png->len);
    if (!blob)
        return NULL;
    uint8_t *at = blob->bytes;
    viewer_put(&at, kind, 1);
    viewer_put(&at, last, 1);
    viewer_put(&at, (uint32_t)name_len, 2);
    viewer_put(&at, frame, 4);
    viewer_put(&at, box->x, 2);
    viewer_put(&at, box->y, 2);
    viewer_put(&at, box->width, 2);
    viewer_put(&at, box->height, 2);
    viewer_put(&at, (uint32_t)png->len, 4);
    if (name_len)
        memcpy(at, name, name_len);
    memcpy(at + name_len, png->bytes, png->len);
    return blob;
}
