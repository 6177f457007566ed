/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/flips.h"

#include "capture/drm/object.h"
#include "picture/hash.h"
#include "platform/clock.h"

#define LIVELY_MS 5000 /* for which it is asked often after a flip */
#define OFTEN_MS 50
#define SELDOM_MS 150
#define MARGIN_MS 50 /* to answer in time that nothing has changed */

static void flips_add_properties(const struct drm_card *card, uint32_t object, uint32_t type, struct xxh64 *hash)
{
    drmModeObjectProperties *get = drm_properties_read(card, object, type);
    if (!get)
        return;
    xxh64_add(hash, get->props, get->count_props * sizeof *get->props);
    xxh64_add(hash, get->prop_values, get->count_props * sizeof *get->prop_values);
    drmModeFreeObjectProperties(get);
}

static void flips_add_plane(const struct drm_card *card, uint32_t id, struct xxh64 *hash)
{
    drmModePlane *get = DRM_CALL(card, "MODE_GETPLANE", drmModeGetPlane(card->fd, id));
    uint32_t values[] = {id, get ? get->crtc_id : 0, get ? get->fb_id : 0};
    drmModeFreePlane(get);
    if (!values[2])
        return;
    xxh64_add(hash, values, sizeof values);
    flips_add_properties(card, id, DRM_MODE_OBJECT_PLANE, hash);
}

static void flips_add_crtc(const struct drm_card *card, uint32_t id, struct xxh64 *hash)
{
    drmModeCrtc *get = DRM_CALL(card, "MODE_GETCRTC", drmModeGetCrtc(card->fd, id));
    if (!get)
        return;
    uint32_t values[] = {id, get->buffer_id, get->x, get->y, get->width, get->height, (uint32_t)get->mode_valid};
    drmModeFreeCrtc(get);
    xxh64_add(hash, values, sizeof values);
    flips_add_properties(card, id, DRM_MODE_OBJECT_CRTC, hash);
}

/* A card that can't be asked counts as one that shows something else than before. */
static void flips_add_card(const struct drm_card *card, struct xxh64 *hash)
{
    struct drm_objects objects;
    struct error err;
    int status = drm_objects_read(card, &objects, &err);
    xxh64_add(hash, &status, sizeof status);
    for (uint32_t i = 0; status == 0 && i < objects.crtc_count; i++)
        flips_add_crtc(card, objects.crtcs[i], hash);
    for (uint32_t i = 0; status == 0 && i < objects.plane_count; i++)
        flips_add_plane(card, objects.planes[i], hash);
}

/* Reads all cards that have an active output. *flips: a program may have one of them scan out another framebuffer. */
static uint64_t flips_read(const unsigned *numbers, size_t count, bool *flips)
{
    struct xxh64 hash;
    *flips = false;
    xxh64_begin(&hash);
    for (size_t i = 0; i < count; i++) {
        struct drm_card card;
        struct error err;
        xxh64_add(&hash, &numbers[i], sizeof numbers[i]);
        if (drm_card_open_node(&card, numbers[i], &err) == 0) {
            *flips |= !card.was_master;
            flips_add_card(&card, &hash);
        }
        drm_card_close(&card);
    }
    return xxh64_end(&hash);
}

static size_t find_active_cards(unsigned numbers[DRM_CARDS_MAX])
{
    size_t count = drm_sysfs_cards("", numbers), kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!drm_sysfs_is_inactive("", numbers[i]))
            numbers[kept++] = numbers[i];
    return kept;
}

static void flips_sleep(const struct drm_flips *flips, bool can_flip, int64_t deadline_ms)
{
    int64_t left_ms = os_time_left(deadline_ms);
    int64_t step_ms = os_clock_ms() - flips->told_ms < LIVELY_MS ? OFTEN_MS : SELDOM_MS;
    os_sleep_ms((unsigned)(can_flip && step_ms < left_ms ? step_ms : left_ms));
}

void drm_flips_await(struct drm_flips *flips, int timeout_ms, struct strlist *facts)
{
    unsigned numbers[DRM_CARDS_MAX];
    size_t count = find_active_cards(numbers);
    int64_t deadline_ms = os_deadline(timeout_ms > MARGIN_MS ? timeout_ms - MARGIN_MS : 0);
    bool can_flip, known = flips->known;
    uint64_t seen = flips_read(numbers, count, &can_flip);
    while (known && seen == flips->seen && os_time_left(deadline_ms) > 0) {
        flips_sleep(flips, can_flip, deadline_ms);
        if (can_flip)
            seen = flips_read(numbers, count, &can_flip);
    }
    if (known && seen == flips->seen)
        return;
    *flips = (struct drm_flips){true, seen, os_clock_ms()};
    strlist_add(facts, "pixels=1");
    strlist_add(facts, "pointer=1");
}
