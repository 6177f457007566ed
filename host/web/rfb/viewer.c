/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/rfb/viewer.h"

#include "host/web/drive.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/screen.h"
#include "host/web/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECTS_MAX 64          /* of one update */
#define PIXELS_MAX (1u << 20) /* of one update, and those of its last rectangle */
#define KEPT_MAX (2u << 20)   /* bytes that are kept for the next update */

struct rfb_viewer *rfb_viewer_new(struct gateway *gateway, struct guest *guest, const char *who)
{
    struct error err;
    struct rfb_viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return NULL;
    viewer->screen = screen_subscribe(guest, NULL, &err);
    if (!viewer->screen) {
        gateway_log("%s is refused: %s", who, err.text);
        free(viewer);
        return NULL;
    }
    viewer->gateway = gateway;
    viewer->guest = guest;
    viewer->told_x = viewer->told_y = UINT32_MAX;
    snprintf(viewer->who, sizeof viewer->who, "VNC %.60s", who);
    rfb_init(&viewer->rfb);
    guest_look(guest);
    atomic_fetch_add(&gateway->metrics.viewers_watching, 1);
    return viewer;
}

void rfb_viewer_free(struct rfb_viewer *viewer)
{
    if (!viewer)
        return;
    drive_let_go(viewer->guest, viewer, NULL);
    screen_unsubscribe(viewer->screen);
    guest_look_away(viewer->guest);
    atomic_fetch_sub(&viewer->gateway->metrics.viewers_watching, 1);
    damage_deinit(&viewer->damage);
    rfb_deinit(&viewer->rfb);
    free(viewer);
}

bool rfb_viewer_is_open(const struct rfb_viewer *viewer)
{
    return viewer->rfb.stage == RFB_OPEN;
}

/* ---- its hands ---- */

/* Returns whether a person has done something on purpose, by which the viewer takes over. */
static bool rfb_viewer_means_it(const struct strlist *actions)
{
    for (size_t i = 0; i < actions->count; i++)
        if (strncmp(actions->items[i], "move=", 5) != 0 && !strstr(actions->items[i], ",up"))
            return true;
    return false;
}

static void rfb_viewer_act(struct rfb_viewer *viewer)
{
    struct strlist *actions = &viewer->rfb.hands.actions;
    char name[DRIVE_NAME_MAX + 1];
    struct error err;
    if (actions->count == 0)
        return;
    int status = drive_act(viewer->guest, viewer, actions, &err);
    snprintf(name, sizeof name, "%.*s", DRIVE_NAME_MAX, viewer->who);
    if (status == ERR_DENIED && rfb_viewer_means_it(actions) && drive_take(viewer->guest, viewer, name, &err) == 0)
        drive_act(viewer->guest, viewer, actions, &err);
    strlist_deinit(actions);
}

int rfb_viewer_receive(struct rfb_viewer *viewer, const void *bytes, size_t len, struct error *err)
{
    int status = rfb_receive(&viewer->rfb, bytes, len, err);
    if (status == 0)
        rfb_viewer_act(viewer);
    return status;
}

/* ---- its pixels; all with the screen's lock ---- */

/* Cuts a rectangle to the framebuffer that the viewer knows, once the update has begun. Returns whether something is left. */
static bool rfb_viewer_clip(const struct rfb_viewer *viewer, struct damage_box *box)
{
    const struct rfb *rfb = &viewer->rfb;
    bool learns = rfb->extended_size || rfb->desktop_size;
    uint32_t width = learns ? viewer->screen->width : rfb->width,
             height = learns ? viewer->screen->height : rfb->height;
    if (box->x >= width || box->y >= height)
        return false;
    box->width = box->width < width - box->x ? box->width : width - box->x;
    box->height = box->height < height - box->y ? box->height : height - box->y;
    return true;
}

static uint32_t rfb_viewer_take_boxes(struct rfb_viewer *viewer, struct damage_box boxes[RECTS_MAX])
{
    uint32_t count = 0;
    uint64_t pixels = 0;
    while (count < RECTS_MAX && pixels < PIXELS_MAX && damage_next(&viewer->damage, &boxes[count])) {
        if (!rfb_viewer_clip(viewer, &boxes[count]))
            continue;
        pixels += (uint64_t)boxes[count].width * boxes[count].height;
        count++;
    }
    return count;
}

/* Finds what of the pixels differs by the pointer. It is painted in for who does not draw it by itself; and for who can't learn
   where it points to, while another moves it. */
static void rfb_viewer_look_pointer(struct rfb_viewer *viewer)
{
    const struct screen *screen = viewer->screen;
    const struct rfb *rfb = &viewer->rfb;
    bool paints = !rfb_draws_pointer(rfb) || (!rfb->pointer_place && !viewer->drives);
    if (paints == viewer->paints && viewer->pointer == screen->pointer.version)
        return;
    if (viewer->painted.width)
        damage_add(&viewer->damage, &viewer->painted);
    viewer->painted = (struct damage_box){0};
    if (paints && screen_pointer_box(&screen->pointer, screen->width, screen->height, &viewer->painted))
        damage_add(&viewer->damage, &viewer->painted);
    viewer->paints = paints;
    viewer->pointer = screen->pointer.version;
}

/* Finds what the viewer lacks. */
static void rfb_viewer_look(struct rfb_viewer *viewer)
{
    const struct screen *screen = viewer->screen;
    bool anew = viewer->shape != screen->shape || viewer->rfb.everything;
    if (!anew && (viewer->damage.left > 0 || viewer->generation == screen->generation))
        return;
    if (damage_take(&viewer->damage, screen->tiles, screen->width, screen->height, anew ? 0 : viewer->generation))
        viewer->generation = screen->generation;
    viewer->shape = screen->shape;
    viewer->rfb.everything = false;
}

static bool rfb_viewer_paints(const struct rfb_viewer *viewer, const struct damage_box *box)
{
    const struct damage_box *painted = &viewer->painted;
    return painted->width && painted->x < box->x + box->width && box->x < painted->x + painted->width &&
           painted->y < box->y + box->height && box->y < painted->y + painted->height;
}

static void rfb_viewer_put(struct rfb_viewer *viewer, const struct damage_box *box)
{
    struct screen *screen = viewer->screen;
    bool paints = rfb_viewer_paints(viewer, box), is_png = viewer->rfb.encoding == RFB_TIGHT_PNG;
    uint8_t *own = paints && !is_png ? screen_painted(screen, box) : NULL;
    struct blob *png = is_png ? (paints ? screen_png_painted : screen_png)(screen, box) : NULL;
    struct slice file = png ? (struct slice){png->bytes, png->len} : (struct slice){0};
    size_t stride = (size_t)(own ? box->width : screen->width) * 3;
    rfb_update_rect(&viewer->rfb, &(struct rfb_rect){box->x, box->y, box->width, box->height},
                    own ? own : screen->pixels + box->y * stride + (size_t)box->x * 3, stride, file);
    blob_release(png);
    free(own);
}

/* ---- its pointer, where the viewer draws it ---- */

static uint32_t rfb_viewer_shape(const struct rfb_viewer *viewer)
{
    const struct screen_shape *shape = screen_pointer_shape(&viewer->screen->pointer);
    return viewer->paints ? viewer->told_shape : shape ? shape->number : 0;
}

/* Whether the viewer is to be told where the pointer is. */
static bool rfb_viewer_moves(const struct rfb_viewer *viewer)
{
    const struct screen *screen = viewer->screen;
    const struct screen_pointer *pointer = &screen->pointer;
    uint32_t x = (uint32_t)pointer->x, y = (uint32_t)pointer->y; /* what is left or above is far right or below */
    bool moved = x != viewer->told_x || y != viewer->told_y;
    return viewer->rfb.pointer_place && !viewer->paints && pointer->shown && moved && x < screen->width &&
           y < screen->height && rfb_knows_size(&viewer->rfb, screen->width, screen->height);
}

static void rfb_viewer_put_pointer(struct rfb_viewer *viewer, bool shape, bool place)
{
    const struct screen_pointer *pointer = &viewer->screen->pointer;
    const struct screen_shape *shown = screen_pointer_shape(pointer);
    struct rfb_shape told = {0};
    if (shown)
        told = (struct rfb_shape){shown->width, shown->height, shown->hot_x, shown->hot_y, shown->rgba};
    if (shape) {
        rfb_update_shape(&viewer->rfb, &told);
        viewer->told_shape = shown ? shown->number : 0;
    }
    if (place) {
        viewer->told_x = (uint32_t)pointer->x;
        viewer->told_y = (uint32_t)pointer->y;
        rfb_update_place(&viewer->rfb, viewer->told_x, viewer->told_y);
    }
}

static void rfb_viewer_update(struct rfb_viewer *viewer)
{
    const struct screen *screen = viewer->screen;
    struct damage_box boxes[RECTS_MAX];
    struct rfb *rfb = &viewer->rfb;
    rfb_viewer_look(viewer);
    rfb_viewer_look_pointer(viewer);
    uint32_t count = rfb_viewer_take_boxes(viewer, boxes);
    bool learns = (rfb->extended_size || rfb->desktop_size) && !rfb_knows_size(rfb, screen->width, screen->height);
    bool shape = rfb_viewer_shape(viewer) != viewer->told_shape, place = rfb_viewer_moves(viewer);
    if (count == 0 && !learns && !rfb_has_extras(rfb) && !shape && !place)
        return;
    rfb_update_begin(rfb, screen->width, screen->height, count + shape + place);
    /* The pointer first: TigerVNC 1.12 decodes pixels before a shape with alpha in the format of that. */
    rfb_viewer_put_pointer(viewer, shape, place);
    for (uint32_t i = 0; i < count; i++)
        rfb_viewer_put(viewer, &boxes[i]);
    rfb_update_end(rfb);
    atomic_fetch_add(&viewer->gateway->metrics.frames, 1);
}

static void rfb_viewer_make(struct rfb_viewer *viewer)
{
    struct screen *screen = viewer->screen;
    if (screen->generation == 0)
        return;
    if (viewer->rfb.stage == RFB_SERVER_INIT)
        rfb_begin(&viewer->rfb, screen->width, screen->height, viewer->guest->config->name);
    else if (rfb_wants_update(&viewer->rfb))
        rfb_viewer_update(viewer);
}

int rfb_viewer_next(struct rfb_viewer *viewer, struct slice *bytes, struct error *err)
{
    struct buffer *out = &viewer->rfb.out;
    if (out->len == 0) {
        viewer->drives = drive_is_held_by(viewer->guest, viewer);
        screen_lock(viewer->screen);
        rfb_viewer_make(viewer);
        screen_unlock(viewer->screen);
    }
    *bytes = (struct slice){out->data + viewer->at, out->len - viewer->at};
    return out->failed ? error_set(err, ERR_NO_MEMORY, "no memory for an update") : 0;
}

void rfb_viewer_sent(struct rfb_viewer *viewer, size_t len)
{
    struct buffer *out = &viewer->rfb.out;
    viewer->at += len;
    if (viewer->at < out->len)
        return;
    viewer->at = 0;
    if (out->capacity > KEPT_MAX) {
        buffer_deinit(out);
        buffer_init(out, RFB_OUT_MAX);
    }
    buffer_clear(out);
}
