/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/pointer.h"

#include "base/buffer.h"
#include "base/number.h"
#include "picture/cursor.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void shape_clear(struct screen_shape *shape)
{
    free(shape->rgba);
    blob_release(shape->png);
    *shape = (struct screen_shape){0};
}

void screen_pointer_deinit(struct screen_pointer *pointer)
{
    for (unsigned i = 0; i < SCREEN_SHAPES; i++)
        shape_clear(&pointer->shapes[i]);
}

/* ---- a shape, from the agent's file to the browser's ---- */

static void shape_put(struct buffer *out, uint32_t value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    buffer_append(out, bytes, sizeof bytes);
}

static void shape_put_chunk(struct buffer *out, const char *kind, const uint8_t *bytes, size_t len)
{
    shape_put(out, (uint32_t)len);
    size_t from = out->len;
    buffer_append(out, kind, 4);
    buffer_append(out, bytes, len);
    if (!out->failed)
        shape_put(out, (uint32_t)crc32(0, out->data + from, (uInt)(4 + len)));
}

/* Compresses the rows, each with the filter "none" before it. */
static bool shape_deflate(const struct screen_shape *shape, struct buffer *out)
{
    size_t row = (size_t)shape->width * 4, size = (row + 1) * shape->height;
    uint8_t *rows = calloc(1, size);
    uLongf len = compressBound(size);
    uint8_t *to = buffer_extend(out, len);
    for (uint32_t y = 0; rows && y < shape->height; y++)
        memcpy(rows + (row + 1) * y + 1, shape->rgba + row * y, row);
    bool good = rows && to && compress2(to, &len, rows, size, Z_DEFAULT_COMPRESSION) == Z_OK;
    out->len = good ? len : 0;
    free(rows);
    return good;
}

static struct blob *shape_png(const struct screen_shape *shape)
{
    struct buffer rows, file;
    uint8_t head[13] = {0,
                        0,
                        (uint8_t)(shape->width >> 8),
                        (uint8_t)shape->width,
                        0,
                        0,
                        (uint8_t)(shape->height >> 8),
                        (uint8_t)shape->height,
                        8,
                        6,
                        0,
                        0,
                        0}; /* 8 bits, RGB and alpha */
    buffer_init(&rows, SCREEN_SHAPE_SIDE * SCREEN_SHAPE_SIDE * 8);
    buffer_init(&file, SCREEN_SHAPE_SIDE * SCREEN_SHAPE_SIDE * 8);
    bool good = shape_deflate(shape, &rows) && buffer_append(&file, "\x89PNG\r\n\x1a\n", 8);
    if (good) {
        shape_put_chunk(&file, "IHDR", head, sizeof head);
        shape_put_chunk(&file, "IDAT", rows.data, rows.len);
        shape_put_chunk(&file, "IEND", (const uint8_t *)"", 0);
    }
    struct blob *png = good && !file.failed ? blob_copy(file.data, file.len) : NULL;
    buffer_deinit(&rows);
    buffer_deinit(&file);
    return png;
}

/* Takes "NAME VALUE" and the end of the line. */
static bool shape_take_field(const char **at, const char *name, uint32_t most, uint32_t *value)
{
    uint64_t number;
    size_t len = strlen(name);
    if (strncmp(*at, name, len) != 0)
        return false;
    *at += len;
    if (!number_take(at, most, &number) || *(*at)++ != '\n')
        return false;
    *value = (uint32_t)number;
    return true;
}

/* Takes the pixels of the one form of PAM that an agent sends. */
static bool shape_take_file(struct screen_shape *shape, const uint8_t *file, size_t len)
{
    static const char end[] = "TUPLTYPE RGB_ALPHA\nENDHDR\n";
    char head[128];
    const char *at = head;
    uint32_t depth, most;
    snprintf(head, sizeof head, "%.*s", (int)(len < sizeof head ? len : sizeof head - 1), (const char *)file);
    if (strncmp(head, "P7\n", 3) != 0)
        return false;
    at += 3;
    if (!shape_take_field(&at, "WIDTH ", SCREEN_SHAPE_SIDE, &shape->width) ||
        !shape_take_field(&at, "HEIGHT ", SCREEN_SHAPE_SIDE, &shape->height) ||
        !shape_take_field(&at, "DEPTH ", 4, &depth) || !shape_take_field(&at, "MAXVAL ", 255, &most) || depth != 4 ||
        most != 255 || strncmp(at, end, sizeof end - 1) != 0)
        return false;
    size_t from = (size_t)(at - head) + sizeof end - 1, size = (size_t)shape->width * shape->height * 4;
    if (size == 0 || len < from || len - from != size || !(shape->rgba = malloc(size)))
        return false;
    memcpy(shape->rgba, file + from, size);
    return true;
}

/* Takes the hot spot of "WxH+X+Y", which lies in the shape: one beyond is brought in. */
static bool shape_take_spot(struct screen_shape *shape, const char *size)
{
    int width, height, x, y;
    if (!size || sscanf(size, "%5dx%5d%6d%6d", &width, &height, &x, &y) != 4 || width != (int)shape->width ||
        height != (int)shape->height)
        return false;
    shape->hot_x = x < 0 ? 0 : x < width ? (uint32_t)x : shape->width - 1;
    shape->hot_y = y < 0 ? 0 : y < height ? (uint32_t)y : shape->height - 1;
    return true;
}

/* ---- the pointer ---- */

int screen_pointer_find(const struct screen_pointer *pointer, const char *hash)
{
    for (unsigned i = 0; i < SCREEN_SHAPES; i++)
        if (pointer->shapes[i].number && strcmp(pointer->shapes[i].hash, hash) == 0)
            return (int)i;
    return -1;
}

bool screen_pointer_add_shape(struct screen_pointer *pointer, const char *hash, const char *size, const uint8_t *file,
                              size_t len)
{
    static atomic_uint numbers;
    struct screen_shape made = {0};
    if (!hash || screen_pointer_find(pointer, hash) >= 0)
        return hash != NULL;
    if (shape_take_file(&made, file, len) && shape_take_spot(&made, size))
        made.png = shape_png(&made);
    if (!made.png) {
        shape_clear(&made);
        return false;
    }
    snprintf(made.hash, sizeof made.hash, "%s", hash);
    made.number = atomic_fetch_add(&numbers, 1) + 1;
    unsigned place = pointer->next_shape++ % SCREEN_SHAPES;
    if (pointer->shown && place == pointer->shape) { /* the one before it is no longer there */
        pointer->shown = false;
        pointer->version++;
    }
    shape_clear(&pointer->shapes[place]);
    pointer->shapes[place] = made;
    return true;
}

static bool pointer_parse_place(const char *text, int32_t *x, int32_t *y)
{
    int end = 0;
    return sscanf(text, "%8d,%8d%n", x, y, &end) == 2 && text[end] == '\0' && *x >= -SCREEN_PLACE_MOST &&
           *x <= SCREEN_PLACE_MOST && *y >= -SCREEN_PLACE_MOST && *y <= SCREEN_PLACE_MOST;
}

bool screen_pointer_take(struct screen_pointer *pointer, const char *place, const char *hash)
{
    int32_t x = 0, y = 0;
    int shape = place && hash ? screen_pointer_find(pointer, hash) : -1;
    bool shown = shape >= 0 && pointer_parse_place(place, &x, &y);
    bool same = shown == pointer->shown &&
                (!shown || (x == pointer->x && y == pointer->y && (unsigned)shape == pointer->shape));
    if (same)
        return shown || !place;
    pointer->version++;
    pointer->shown = shown;
    pointer->x = x;
    pointer->y = y;
    pointer->shape = shown ? (unsigned)shape : 0;
    return shown || !place;
}

const struct screen_shape *screen_pointer_shape(const struct screen_pointer *pointer)
{
    return pointer->shown ? &pointer->shapes[pointer->shape] : NULL;
}

/* Cuts a stretch to 0 .. most; returns its length. */
static uint32_t pointer_cut(int32_t from, uint32_t len, uint32_t most, uint32_t *begin)
{
    int64_t end = (int64_t)from + len;
    int64_t first = from < 0 ? 0 : from, last = end < (int64_t)most ? end : (int64_t)most;
    *begin = (uint32_t)first;
    return last > first ? (uint32_t)(last - first) : 0;
}

bool screen_pointer_box(const struct screen_pointer *pointer, uint32_t width, uint32_t height, struct damage_box *box)
{
    const struct screen_shape *shape = screen_pointer_shape(pointer);
    *box = (struct damage_box){0};
    if (!shape)
        return false;
    box->width = pointer_cut(pointer->x - (int32_t)shape->hot_x, shape->width, width, &box->x);
    box->height = pointer_cut(pointer->y - (int32_t)shape->hot_y, shape->height, height, &box->y);
    if (box->width == 0 || box->height == 0)
        *box = (struct damage_box){0};
    return box->width > 0;
}

/* Makes of R, G, B, A the bytes in the order that cursor_draw() takes. */
static void pointer_turn(const struct screen_shape *shape, uint8_t *bgra)
{
    for (size_t i = 0; i < (size_t)shape->width * shape->height * 4; i += 4) {
        bgra[i] = shape->rgba[i + 2];
        bgra[i + 1] = shape->rgba[i + 1];
        bgra[i + 2] = shape->rgba[i];
        bgra[i + 3] = shape->rgba[i + 3];
    }
}

void screen_pointer_draw(const struct screen_pointer *pointer, uint8_t *rgb, const struct damage_box *at)
{
    const struct screen_shape *shape = screen_pointer_shape(pointer);
    size_t size = shape ? (size_t)shape->width * shape->height * 4 : 0;
    uint8_t *bgra = size ? malloc(size) : NULL;
    if (!bgra)
        return;
    pointer_turn(shape, bgra);
    struct cursor_shape drawn = {CURSOR_COLOUR, shape->width, shape->height, shape->width * 4, bgra, size};
    struct cursor_canvas canvas = {rgb, at->width, at->height};
    cursor_draw(&canvas, &drawn, pointer->x - (int32_t)shape->hot_x - (int32_t)at->x,
                pointer->y - (int32_t)shape->hot_y - (int32_t)at->y);
    free(bgra);
}
