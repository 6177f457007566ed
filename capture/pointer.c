/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/pointer.h"

#include "base/number.h"
#include "picture/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS "pointer.pixels=" /* WxH, a space, and two digits for each byte */

static void pointer_hash(char text[PICTURE_HASH_SIZE], const struct pointer *pointer)
{
    struct xxh64 hash;
    uint8_t head[8];
    for (int i = 0; i < 4; i++) {
        head[i] = (uint8_t)(pointer->width >> 8 * i);
        head[4 + i] = (uint8_t)(pointer->height >> 8 * i);
    }
    xxh64_begin(&hash);
    xxh64_add(&hash, head, sizeof head);
    xxh64_add(&hash, pointer->rgba, (size_t)pointer->width * pointer->height * 4);
    snprintf(text, PICTURE_HASH_SIZE, "xxh64:%016" PRIx64, xxh64_end(&hash));
}

static void pointer_add_pixels(const struct pointer *pointer, struct strlist *facts)
{
    static const char digits[] = "0123456789abcdef";
    struct buffer text;
    size_t size = (size_t)pointer->width * pointer->height * 4;
    buffer_init(&text, sizeof PIXELS + 32 + 2 * size);
    buffer_printf(&text, PIXELS "%ux%u ", pointer->width, pointer->height);
    uint8_t *to = buffer_extend(&text, 2 * size + 1);
    for (size_t i = 0; to && i < size; i++) {
        to[2 * i] = (uint8_t)digits[pointer->rgba[i] >> 4];
        to[2 * i + 1] = (uint8_t)digits[pointer->rgba[i] & 15];
    }
    if (to) {
        to[2 * size] = 0;
        strlist_add(facts, (const char *)text.data);
    }
    facts->failed |= !to;
    buffer_deinit(&text);
}

void pointer_add_facts(const struct pointer *pointer, bool shape, struct strlist *facts)
{
    char hash[PICTURE_HASH_SIZE];
    pointer_hash(hash, pointer);
    strlist_addf(facts, "pointer=%d,%d", pointer->x, pointer->y);
    strlist_addf(facts, "pointer.hash=%s", hash);
    strlist_addf(facts, "pointer.size=%ux%u%+d%+d", pointer->width, pointer->height, pointer->hot_x, pointer->hot_y);
    if (shape && pointer->width <= POINTER_SIDE_MAX && pointer->height <= POINTER_SIDE_MAX)
        pointer_add_pixels(pointer, facts);
}

static void pointer_find_pixel(uint8_t *rgba, const uint8_t *on_black, const uint8_t *on_white)
{
    int through = on_white[1] - on_black[1], alpha = through < 0 ? 255 : 255 - through;
    for (int i = 0; i < 3; i++) {
        int value = through < 0 ? 0 : alpha ? (on_black[i] * 255 + alpha / 2) / alpha : 0;
        rgba[i] = (uint8_t)(value > 255 ? 255 : value);
    }
    rgba[3] = (uint8_t)alpha;
}

void pointer_from_drawings(uint8_t *rgba, const uint8_t *on_black, const uint8_t *on_white, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pointer_find_pixel(rgba + 4 * i, on_black + 3 * i, on_white + 3 * i);
}

/* ---- from the facts to a file ---- */

static int pointer_digit(char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool pointer_write(const char *text, struct buffer *file)
{
    uint64_t width, height;
    if (!number_take(&text, POINTER_SIDE_MAX, &width) || *text++ != 'x' ||
        !number_take(&text, POINTER_SIDE_MAX, &height) || *text++ != ' ')
        return false;
    size_t size = (size_t)(width * height * 4);
    if (size == 0 || strlen(text) != 2 * size ||
        !buffer_printf(file, "P7\nWIDTH %u\nHEIGHT %u\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
                       (unsigned)width, (unsigned)height))
        return false;
    uint8_t *to = buffer_extend(file, size);
    for (size_t i = 0; to && i < size; i++) {
        int high = pointer_digit(text[2 * i]), low = pointer_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return to != NULL;
}

int pointer_take_shape(struct strlist *facts, struct buffer *file, struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < facts->count;) {
        char *item = facts->items[i];
        if (strncmp(item, PIXELS, strlen(PIXELS)) != 0) {
            i++;
            continue;
        }
        if (file && file->len == 0 && !pointer_write(item + strlen(PIXELS), file))
            status = error_set(err, ERR_SYSTEM, "the pointer's shape can't be read");
        memmove(facts->items + i, facts->items + i + 1, (facts->count - i) * sizeof *facts->items);
        facts->count--;
        free(item);
    }
    return status;
}
