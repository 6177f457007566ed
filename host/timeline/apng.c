/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/apng.h"

#include "picture/image.h"
#include "picture/png_filter.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL 6

struct area {
    uint32_t x, y, w, h;
};

struct animation {
    const struct result *result;
    struct buffer *out;
    uint32_t width, height;  /* of the largest screen */
    uint8_t *shown, *coming; /* owned: RGB24 */
    uint32_t sequence;
    size_t frames;
};

static void animation_put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void animation_put_u16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void animation_chunk(struct buffer *out, const char *type, const uint8_t *content, size_t len)
{
    uint8_t *chunk = buffer_extend(out, len + 12);
    if (!chunk)
        return;
    animation_put_u32(chunk, (uint32_t)len);
    memcpy(chunk + 4, type, 4);
    if (len)
        memcpy(chunk + 8, content, len);
    animation_put_u32(chunk + 8 + len, (uint32_t)crc32(0, chunk + 4, (uInt)(len + 4)));
}

/* ---- frames ---- */

/* Filters and deflates an area of the coming picture. The caller frees *packed, which has room for 4 bytes before it. */
static int animation_pack(const struct animation *a, const struct area *area, uint8_t **packed, size_t *len,
                          struct error *err)
{
    size_t row_len = (size_t)area->w * 3, stride = (size_t)a->width * 3;
    size_t size = (row_len + 1) * area->h;
    uLongf room = compressBound((uLong)size);
    uint8_t *rows = malloc(size + 2 * row_len), *zeros = rows ? rows + size : NULL;
    *packed = malloc(room + 4);
    bool good = rows && *packed;
    if (good)
        memset(zeros, 0, row_len);
    for (uint32_t y = 0; good && y < area->h; y++) {
        const uint8_t *row = a->coming + (area->y + y) * stride + (size_t)area->x * 3;
        png_filter_choose(rows + (row_len + 1) * y, zeros + row_len, row, y ? row - stride : zeros, row_len);
    }
    good = good && compress2(*packed + 4, &room, rows, (uLong)size, LEVEL) == Z_OK;
    free(rows);
    *len = room;
    if (good)
        return 0;
    free(*packed);
    *packed = NULL;
    return error_set(err, ERR_NO_MEMORY, "no memory for a frame");
}

static int animation_add_frame(struct animation *a, const struct area *area, int64_t delay_ms, struct error *err)
{
    uint8_t control[26] = {0}, *packed;
    size_t len;
    int status = animation_pack(a, area, &packed, &len, err);
    if (status)
        return status;
    animation_put_u32(control, a->sequence++);
    animation_put_u32(control + 4, area->w);
    animation_put_u32(control + 8, area->h);
    animation_put_u32(control + 12, area->x);
    animation_put_u32(control + 16, area->y);
    animation_put_u16(control + 20, (uint32_t)delay_ms);
    animation_put_u16(control + 22, 1000);
    animation_chunk(a->out, "fcTL", control, sizeof control);
    if (a->frames++ == 0) {
        animation_chunk(a->out, "IDAT", packed + 4, len);
    } else {
        animation_put_u32(packed, a->sequence++);
        animation_chunk(a->out, "fdAT", packed, len + 4);
    }
    free(packed);
    return 0;
}

/* Finds the rectangle around all pixels that differ. Returns false when none does. */
static bool animation_find_change(const struct animation *a, struct area *area)
{
    size_t stride = (size_t)a->width * 3, left = stride, right = 0;
    uint32_t top = a->height, bottom = 0;
    for (uint32_t y = 0; y < a->height; y++) {
        const uint8_t *was = a->shown + y * stride, *is = a->coming + y * stride;
        if (memcmp(was, is, stride) == 0)
            continue;
        size_t first = 0, last = stride;
        while (was[first] == is[first])
            first++;
        while (was[last - 1] == is[last - 1])
            last--;
        left = first < left ? first : left;
        right = last > right ? last : right;
        top = top < a->height ? top : y;
        bottom = y + 1;
    }
    if (bottom == 0)
        return false;
    *area = (struct area){(uint32_t)(left / 3), top, (uint32_t)((right + 2) / 3 - left / 3), bottom - top};
    return true;
}

/* Draws a picture into the upper left corner of the coming one; what is beside it is black. */
static int animation_draw(struct animation *a, size_t picture, struct error *err)
{
    const struct recording_picture *p = &a->result->recording.pictures[picture];
    size_t stride = (size_t)a->width * 3, len = (size_t)p->width * 3;
    uint8_t *pixels;
    int status = result_pixels(a->result, picture, &pixels, err);
    if (status)
        return status;
    memset(a->coming, 0, stride * a->height);
    for (uint32_t y = 0; y < p->height; y++)
        memcpy(a->coming + y * stride, pixels + y * len, len);
    free(pixels);
    return 0;
}

/* Returns for how long the screen showed what this entry says, in bounds. */
static int64_t animation_delay(const struct recording *recording, size_t entry)
{
    size_t next = entry + 1;
    while (next < recording->entry_count && recording->entries[next].kind != RECORDING_PICTURE &&
           recording->entries[next].kind != RECORDING_SAME && next + 1 < recording->entry_count)
        next++;
    if (next >= recording->entry_count)
        return APNG_DELAY_MAX_MS;
    int64_t ms = (recording->entries[next].at_us - recording->entries[entry].at_us) / 1000;
    return ms > APNG_DELAY_MAX_MS ? APNG_DELAY_MAX_MS : ms < APNG_DELAY_MIN_MS ? APNG_DELAY_MIN_MS : ms;
}

static int animation_add_frames(struct animation *a, struct error *err)
{
    const struct recording *recording = &a->result->recording;
    int status = 0;
    for (size_t i = 0; i < recording->entry_count && !status && !a->out->failed; i++) {
        const struct recording_entry *entry = &recording->entries[i];
        struct area area = {0, 0, a->width, a->height};
        if ((entry->kind != RECORDING_PICTURE && entry->kind != RECORDING_SAME) ||
            recording->pictures[entry->picture].dropped)
            continue;
        status = animation_draw(a, entry->picture, err);
        if (status || (a->frames && !animation_find_change(a, &area)))
            continue;
        if (a->frames == APNG_FRAMES_MAX)
            return error_set(err, ERR_LIMIT, "an animation has at most %d frames", APNG_FRAMES_MAX);
        status = animation_add_frame(a, &area, animation_delay(recording, i), err);
        uint8_t *swap = a->shown;
        a->shown = a->coming;
        a->coming = swap;
    }
    return status;
}

/* ---- the file ---- */

static void animation_put_head(struct animation *a, size_t *control_at)
{
    uint8_t head[13] = {0}, control[8] = {0};
    animation_put_u32(head, a->width);
    animation_put_u32(head + 4, a->height);
    head[8] = 8; /* bits, of RGB */
    head[9] = 2;
    buffer_append(a->out, "\x89PNG\r\n\x1a\n", 8);
    animation_chunk(a->out, "IHDR", head, sizeof head);
    *control_at = a->out->len;
    animation_chunk(a->out, "acTL", control, sizeof control); /* its numbers are known at the end */
}

static void animation_set_count(struct animation *a, size_t control_at)
{
    struct buffer chunk;
    uint8_t storage[20], control[8] = {0};
    buffer_init_fixed(&chunk, storage, sizeof storage);
    animation_put_u32(control, (uint32_t)a->frames);
    animation_chunk(&chunk, "acTL", control, sizeof control);
    memcpy(a->out->data + control_at, storage, sizeof storage);
}

static void animation_measure(struct animation *a)
{
    const struct recording *recording = &a->result->recording;
    for (size_t i = 0; i < recording->picture_count; i++) {
        const struct recording_picture *p = &recording->pictures[i];
        a->width = p->width > a->width ? p->width : a->width;
        a->height = p->height > a->height ? p->height : a->height;
    }
}

int apng_write(struct buffer *out, const struct result *result, size_t *frames, struct error *err)
{
    struct animation a = {.result = result, .out = out};
    size_t control_at = 0;
    animation_measure(&a);
    if (a.width == 0)
        return error_set(err, ERR_UNAVAILABLE, "the recording has no picture");
    int status = image_check_size("the animation", a.width, a.height, err);
    if (status)
        return status;
    a.shown = calloc((size_t)a.width * a.height, 3);
    a.coming = calloc((size_t)a.width * a.height, 3);
    status = a.shown && a.coming ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for the animation");
    animation_put_head(&a, &control_at);
    if (!status)
        status = animation_add_frames(&a, err);
    animation_chunk(out, "IEND", NULL, 0);
    if (!status && out->failed)
        status = error_set(err, ERR_LIMIT, "the animation would have more than %u MB", APNG_SIZE_MAX >> 20);
    if (!status && a.frames == 0)
        status = error_set(err, ERR_UNAVAILABLE, "the recording has no picture any more");
    if (!status)
        animation_set_count(&a, control_at);
    *frames = a.frames;
    free(a.shown);
    free(a.coming);
    return status;
}
