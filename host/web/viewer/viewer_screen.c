/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a page lacks of the screen that it watches. A frame is what is newer than the page has, as rectangles; the next is
 * begun once the page says that it has drawn the last, so each page has the pace that it can keep. */
#include "host/web/viewer/viewer_screen.h"

#include "host/web/drive.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/screen.h"
#include "host/web/watch.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

void viewer_watch_end(struct viewer *viewer)
{
    struct viewer_watch *watch = &viewer->watch;
    if (!watch->guest)
        return;
    drive_let_go(watch->guest, viewer, NULL);
    viewer->told_driver = false;
    screen_unsubscribe(watch->screen);
    guest_look_away(watch->guest);
    atomic_fetch_sub(&viewer->gateway->metrics.viewers_watching, 1);
    watch->guest = NULL;
    watch->screen = NULL;
    watch->sending = watch->awaits = watch->lost = false;
    watch->shape = watch->generation = watch->still = watch->pointer = 0;
    memset(watch->shapes, 0, sizeof watch->shapes);
}

void viewer_watch_begin(struct viewer *viewer, const struct message *message)
{
    struct viewer_watch *watch = &viewer->watch;
    struct guest *guest = guest_find(viewer->gateway, message->guest);
    struct error err;
    viewer_watch_end(viewer);
    if (!guest) {
        viewer_error(viewer, 404, "there is no such guest");
        return;
    }
    watch->screen = screen_subscribe(guest, message->on ? message->text : NULL, &err);
    if (!watch->screen) {
        viewer_error(viewer, 503, err.text);
        return;
    }
    watch->guest = guest;
    guest_look(guest);
    viewer->told_versions[guest - viewer->gateway->guests] = atomic_load(&guest->version) - 1;
    atomic_fetch_add(&viewer->gateway->metrics.viewers_watching, 1);
}

void viewer_drawn(struct viewer *viewer, uint32_t frame)
{
    if (frame == viewer->watch.frame && !viewer->watch.sending)
        viewer->watch.awaits = false;
}

/* ---- texts; all with the screen's lock ---- */

static void watch_begin(struct json *json, const char *kind, const struct viewer_watch *watch)
{
    json_init(json);
    json_object_begin(json, NULL);
    json_text(json, "t", kind);
    json_text(json, "guest", watch->guest->config->name);
}

static void watch_outputs(struct json *json, const struct screen *screen)
{
    json_array_begin(json, "outputs");
    for (size_t i = 0; i < screen->facts.count; i++)
        if (strncmp(screen->facts.items[i], "output.", 7) == 0 && strchr(screen->facts.items[i], '='))
            json_text(json, NULL, strchr(screen->facts.items[i], '=') + 1);
    json_array_end(json);
}

/* Tells the picture's place on the virtual screen, from the fact geometry, "WxH+X+Y". */
static void watch_place(struct json *json, const struct screen *screen)
{
    const char *geometry = strlist_get(&screen->facts, "geometry");
    int x = 0, y = 0;
    unsigned width, height;
    if (!geometry || sscanf(geometry, "%5ux%5u%6d%6d", &width, &height, &x, &y) != 4)
        x = y = 0;
    json_integer(json, "x", x);
    json_integer(json, "y", y);
}

static struct blob *watch_size(struct viewer_watch *watch)
{
    struct screen *screen = watch->screen;
    struct json json;
    watch_begin(&json, "screen", watch);
    json_number(&json, "width", screen->width);
    json_number(&json, "height", screen->height);
    watch_place(&json, screen);
    json_text(&json, "output", strlist_get(&screen->facts, "output"));
    watch_outputs(&json, screen);
    json_object_end(&json);
    watch->shape = screen->shape;
    watch->generation = 0;
    watch->sending = watch->awaits = false;
    return viewer_take_json(&json);
}

static struct blob *watch_lost(struct viewer_watch *watch)
{
    struct json json;
    watch->lost = watch->screen->lost;
    watch->still = 0; /* it is told anew */
    watch_begin(&json, watch->lost ? "lost" : "back", watch);
    if (watch->lost)
        json_text(&json, "reason", watch->screen->reason);
    json_object_end(&json);
    return viewer_take_json(&json);
}

static struct blob *watch_still(struct viewer_watch *watch)
{
    struct json json;
    watch->still = watch->generation;
    watch_begin(&json, "still", watch);
    json_text(&json, "hash", watch->screen->hash);
    json_number(&json, "frame", watch->frame);
    json_facts(&json, "facts", watch->screen->facts.items, watch->screen->facts.count);
    json_object_end(&json);
    return viewer_take_json(&json);
}

/* ---- the pointer ---- */

/* Makes the file of a shape that the page has not yet; NULL when it has it, or without memory. */
static struct blob *watch_shape(struct viewer *viewer, struct viewer_watch *watch, const struct screen_shape *shape)
{
    uint32_t *sent = &watch->shapes[watch->screen->pointer.shape];
    struct damage_box box = {shape->hot_x, shape->hot_y, shape->width, shape->height};
    if (*sent == shape->number)
        return NULL;
    struct blob *message = viewer_binary(VIEWER_POINTER, true, shape->number, &box, NULL, shape->png);
    if (!message)
        return NULL;
    *sent = shape->number;
    atomic_fetch_add(&viewer->gateway->metrics.picture_bytes, message->len);
    return message;
}

static struct blob *watch_pointer(struct viewer_watch *watch, const struct screen_shape *shape)
{
    const struct screen_pointer *pointer = &watch->screen->pointer;
    struct json json;
    watch->pointer = pointer->version;
    watch_begin(&json, "pointer", watch);
    json_integer(&json, "x", pointer->x);
    json_integer(&json, "y", pointer->y);
    if (shape)
        json_number(&json, "shape", shape->number);
    else
        json_null(&json, "shape");
    json_object_end(&json);
    return viewer_take_json(&json);
}

static struct blob *watch_next_pointer(struct viewer *viewer, struct viewer_watch *watch, bool *binary)
{
    const struct screen_shape *shape = screen_pointer_shape(&watch->screen->pointer);
    struct blob *message = shape ? watch_shape(viewer, watch, shape) : NULL;
    *binary = message != NULL;
    return message ? message : watch_pointer(watch, shape);
}

/* ---- pixels ---- */

static void watch_begin_frame(struct viewer *viewer, struct viewer_watch *watch)
{
    struct screen *screen = watch->screen;
    if (!damage_take(&watch->damage, screen->tiles, screen->width, screen->height, watch->generation))
        return;
    watch->generation = screen->generation;
    if (watch->damage.left == 0)
        return;
    watch->frame++;
    watch->sending = watch->awaits = true;
    atomic_fetch_add(&viewer->gateway->metrics.frames, 1);
}

/* Makes the next rectangle of a frame. Without memory the frame ends early, and what it lacks comes with the next. */
static struct blob *watch_rectangle(struct viewer *viewer, struct viewer_watch *watch)
{
    struct damage_box box;
    bool more = damage_next(&watch->damage, &box);
    struct blob *png = more ? screen_png(watch->screen, &box) : NULL;
    struct blob *message =
        png ? viewer_binary(VIEWER_RECTANGLE, watch->damage.left == 0, watch->frame, &box, NULL, png) : NULL;
    blob_release(png);
    watch->sending = message && watch->damage.left > 0;
    if (!message) {
        watch->awaits = false;
        watch->generation = 0;
        return NULL;
    }
    atomic_fetch_add(&viewer->gateway->metrics.rectangles, 1);
    atomic_fetch_add(&viewer->gateway->metrics.picture_bytes, message->len);
    return message;
}

static struct blob *watch_next(struct viewer *viewer, struct viewer_watch *watch, bool *binary)
{
    struct screen *screen = watch->screen;
    if (watch->lost != screen->lost)
        return watch_lost(watch);
    if (screen->generation == 0)
        return NULL;
    if (watch->shape != screen->shape)
        return watch_size(watch);
    if (watch->pointer != screen->pointer.version && !watch->sending)
        return watch_next_pointer(viewer, watch, binary);
    if (!watch->awaits && watch->generation != screen->generation)
        watch_begin_frame(viewer, watch);
    *binary = watch->sending;
    if (watch->sending)
        return watch_rectangle(viewer, watch);
    bool tells_still = !watch->awaits && screen->still && watch->generation == screen->generation;
    return tells_still && watch->still != watch->generation ? watch_still(watch) : NULL;
}

struct blob *viewer_next_screen(struct viewer *viewer, bool *binary)
{
    struct viewer_watch *watch = &viewer->watch;
    if (!watch->guest)
        return NULL;
    screen_lock(watch->screen);
    struct blob *message = watch_next(viewer, watch, binary);
    screen_unlock(watch->screen);
    return message;
}
