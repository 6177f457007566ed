/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a page lacks of the list of guests, and of the small pictures of those in view. */
#include "host/web/viewer/viewer_wall.h"

#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/thumbnail.h"
#include "host/web/watch.h"

#include "picture/image.h"

#include <string.h>

void viewer_set_view(struct viewer *viewer, const struct strlist *names)
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

struct blob *viewer_next_list(struct viewer *viewer)
{
    struct json json;
    if (!viewer->wall)
        return NULL;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "t", "guests");
    json_array_begin(&json, "guests");
    for (size_t i = 0; i < viewer->gateway->guest_count; i++) {
        viewer->told_versions[i] = atomic_load(&viewer->gateway->guests[i].version);
        guest_json(&viewer->gateway->guests[i], &json, NULL, false);
    }
    json_array_end(&json);
    json_object_end(&json);
    viewer->told_list = true;
    return viewer_take_json(&json);
}

static struct blob *wall_guest(struct guest *guest)
{
    struct json json;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "t", "guest");
    guest_json(guest, &json, "guest", false);
    json_object_end(&json);
    return viewer_take_json(&json);
}

/* Whether the page is to be told of it: all guests of the list, and the one that it watches. */
static bool wall_concerns(const struct viewer *viewer, size_t index)
{
    return viewer->wall || viewer->watch.guest == &viewer->gateway->guests[index];
}

struct blob *viewer_next_guest(struct viewer *viewer)
{
    size_t count = viewer->gateway->guest_count;
    for (size_t i = 0; i < count; i++) {
        size_t index = viewer->next_guest++ % count;
        struct guest *guest = &viewer->gateway->guests[index];
        uint32_t version = atomic_load(&guest->version);
        if (viewer->told_versions[index] == version || !wall_concerns(viewer, index))
            continue;
        viewer->told_versions[index] = version;
        return wall_guest(guest);
    }
    return NULL;
}

static uint32_t wall_png_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Makes the message from a picture whose size stands in its header, as in every PNG. */
static struct blob *wall_picture(const struct guest *guest, const struct blob *png, uint32_t generation)
{
    struct damage_box box = {0};
    if (png->len < 24)
        return NULL;
    box.width = wall_png_number(png->bytes + 16);
    box.height = wall_png_number(png->bytes + 20);
    if (box.width > IMAGE_SIZE_MAX || box.height > IMAGE_SIZE_MAX)
        return NULL;
    return viewer_binary(VIEWER_THUMBNAIL, true, generation, &box, guest->config->name, png);
}

struct blob *viewer_next_thumbnail(struct viewer *viewer)
{
    size_t count = viewer->gateway->guest_count;
    for (size_t i = 0; i < count && viewer->wall; i++) {
        size_t index = viewer->next_picture++ % count;
        struct guest *guest = &viewer->gateway->guests[index];
        if (!viewer->in_view[index])
            continue;
        guest_lock(guest);
        uint32_t generation = guest->thumbnail.generation;
        struct blob *png = generation == viewer->told_pictures[index] ? NULL : blob_share(guest->thumbnail.png);
        guest_unlock(guest);
        struct blob *message = png ? wall_picture(guest, png, generation) : NULL;
        viewer->told_pictures[index] = generation;
        blob_release(png);
        if (message) {
            atomic_fetch_add(&viewer->gateway->metrics.picture_bytes, message->len);
            return message;
        }
    }
    return NULL;
}
