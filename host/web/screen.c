/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/screen.h"

#include "picture/png.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

#define PNG_MOST (DAMAGE_BOX_PIXELS * 64u) /* bytes of a rectangle's file: a row of tiles of the widest screen too */

struct screen *screen_new(struct guest *guest, const char *output)
{
    struct screen *screen = calloc(1, sizeof *screen);
    if (!screen)
        return NULL;
    screen->output = output ? strdup(output) : NULL;
    if (output && !screen->output) {
        free(screen);
        return NULL;
    }
    screen->guest = guest;
    screen->lock = os_mutex_new();
    return screen;
}

static void screen_forget_pngs(struct screen *screen)
{
    for (unsigned i = 0; i < SCREEN_PNGS; i++) {
        blob_release(screen->pngs[i].png);
        screen->pngs[i] = (struct screen_png){0};
    }
}

void screen_free(struct screen *screen)
{
    if (!screen)
        return;
    screen_forget_pngs(screen);
    screen_pointer_deinit(&screen->pointer);
    strlist_deinit(&screen->facts);
    os_mutex_free(screen->lock);
    free(screen->pixels);
    free(screen->tiles);
    free(screen->output);
    free(screen);
}

void screen_lock(struct screen *screen)
{
    os_mutex_lock(screen->lock);
}

void screen_unlock(struct screen *screen)
{
    os_mutex_unlock(screen->lock);
}

/* Makes room for a picture of another size: all of it is new then. */
static bool screen_resize(struct screen *screen, uint32_t width, uint32_t height)
{
    if (screen->pixels && screen->width == width && screen->height == height)
        return true;
    if (width == 0 || height == 0 || (uint64_t)width * height > SCREEN_PIXELS_MAX)
        return false;
    uint8_t *pixels = malloc((size_t)3 * width * height);
    uint32_t *tiles = calloc((size_t)damage_tiles(width) * damage_tiles(height), sizeof *tiles);
    if (!pixels || !tiles) {
        free(pixels);
        free(tiles);
        return false;
    }
    screen_forget_pngs(screen);
    free(screen->pixels);
    free(screen->tiles);
    screen->pixels = pixels;
    screen->tiles = tiles;
    screen->width = width;
    screen->height = height;
    screen->shape++;
    return true;
}

static uint32_t screen_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Copies a row of an image's pixels, tile by tile, and marks those that differ. */
static bool screen_take_row(struct screen *screen, const uint8_t *from, uint32_t x, uint32_t y, uint32_t width,
                            bool all)
{
    bool changed = false;
    uint32_t *tiles = screen->tiles + (size_t)(y / DAMAGE_TILE) * damage_tiles(screen->width);
    for (uint32_t at = x, next; at < x + width; at = next) {
        next = screen_least((at / DAMAGE_TILE + 1) * DAMAGE_TILE, x + width);
        uint8_t *to = screen->pixels + ((size_t)y * screen->width + at) * 3;
        const uint8_t *part = from + (size_t)(at - x) * 3;
        size_t len = (size_t)(next - at) * 3;
        if (!all && memcmp(to, part, len) == 0)
            continue;
        memcpy(to, part, len);
        tiles[at / DAMAGE_TILE] = screen->generation + 1;
        changed = true;
    }
    return changed;
}

static void screen_changed(struct screen *screen)
{
    screen->generation++;
    screen->changed_ms = os_clock_ms();
    screen->still = false;
}

bool screen_take_whole(struct screen *screen, const struct image_view *image)
{
    uint32_t shape = screen->shape;
    if (!screen_resize(screen, image->width, image->height))
        return false;
    bool changed = shape != screen->shape;
    bool all = changed;
    for (uint32_t y = 0; y < image->height; y++)
        changed |= screen_take_row(screen, image->pixels + (size_t)image->stride * y, 0, y, image->width, all);
    if (changed)
        screen_changed(screen);
    return true;
}

bool screen_take_part(struct screen *screen, const struct image_view *image, uint32_t x, uint32_t y)
{
    if (x > screen->width || y > screen->height || image->width > screen->width - x ||
        image->height > screen->height - y)
        return false;
    for (uint32_t row = 0; row < image->height; row++)
        screen_take_row(screen, image->pixels + (size_t)image->stride * row, x, y + row, image->width, false);
    return true;
}

void screen_end_parts(struct screen *screen)
{
    screen_changed(screen);
}

/* Returns the generation of the newest tile of a rectangle. */
static uint32_t screen_newest(const struct screen *screen, const struct damage_box *box)
{
    uint32_t newest = 0, columns = damage_tiles(screen->width);
    for (uint32_t row = box->y / DAMAGE_TILE; row * DAMAGE_TILE < box->y + box->height; row++)
        for (uint32_t column = box->x / DAMAGE_TILE; column * DAMAGE_TILE < box->x + box->width; column++)
            if (screen->tiles[(size_t)row * columns + column] > newest)
                newest = screen->tiles[(size_t)row * columns + column];
    return newest;
}

static struct blob *screen_encode(const uint8_t *pixels, const struct damage_box *box, uint32_t stride)
{
    struct buffer out;
    struct image_view part = {pixels, box->width, box->height, stride, PIXEL_RGB24};
    struct png_options options = {.threads = 1, .level = PNG_FAST};
    struct blob *blob = NULL;
    buffer_init(&out, PNG_MOST);
    if (png_encode(&out, &part, &options, NULL) == 0)
        blob = blob_copy(out.data, out.len);
    buffer_deinit(&out);
    return blob;
}

static const uint8_t *screen_at(const struct screen *screen, const struct damage_box *box)
{
    return screen->pixels + ((size_t)box->y * screen->width + box->x) * 3;
}

static bool screen_has(const struct screen *screen, const struct damage_box *box)
{
    return screen->pixels && box->width > 0 && box->height > 0 && box->x <= screen->width && box->y <= screen->height &&
           box->width <= screen->width - box->x && box->height <= screen->height - box->y;
}

struct blob *screen_png(struct screen *screen, const struct damage_box *box)
{
    if (!screen_has(screen, box))
        return NULL;
    uint32_t newest = screen_newest(screen, box);
    for (unsigned i = 0; i < SCREEN_PNGS; i++) {
        struct screen_png *kept = &screen->pngs[i];
        if (kept->png && kept->generation == newest && memcmp(&kept->box, box, sizeof *box) == 0)
            return blob_share(kept->png);
    }
    struct blob *png = screen_encode(screen_at(screen, box), box, screen->width * 3);
    struct screen_png *kept = &screen->pngs[screen->next_png++ % SCREEN_PNGS];
    blob_release(kept->png);
    *kept = (struct screen_png){*box, newest, blob_share(png)};
    return png;
}

uint8_t *screen_painted(const struct screen *screen, const struct damage_box *box)
{
    size_t row = (size_t)box->width * 3;
    uint8_t *pixels = screen_has(screen, box) ? malloc(row * box->height) : NULL;
    if (!pixels)
        return NULL;
    for (uint32_t y = 0; y < box->height; y++)
        memcpy(pixels + row * y, screen_at(screen, box) + (size_t)screen->width * 3 * y, row);
    screen_pointer_draw(&screen->pointer, pixels, box);
    return pixels;
}

struct blob *screen_png_painted(struct screen *screen, const struct damage_box *box)
{
    uint8_t *pixels = screen_painted(screen, box);
    struct blob *png = pixels ? screen_encode(pixels, box, box->width * 3) : NULL;
    free(pixels);
    return png;
}
