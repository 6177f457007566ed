/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/palette.h"

#include <stdlib.h>
#include <string.h>

#define MULTIPLIER_TRIES 64
#define PIXELS_A_COLOUR 32 /* at least, or the table of the colours is too long for the picture */
#define SAMPLE_ROWS 64
#define SAMPLE_COLUMNS 64

/* ---- colours ---- */

static uint32_t load_colour(const uint8_t *rgb)
{
    return (uint32_t)rgb[0] | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[2] << 16;
}

/* Reads a byte more, so that it is a single load. */
static inline uint32_t load_colour_before_another(const uint8_t *rgb)
{
    return ((uint32_t)rgb[0] | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[2] << 16 | (uint32_t)rgb[3] << 24) & 0xffffff;
}

static inline uint32_t place_of(const struct palette *palette, uint32_t colour)
{
    return colour * palette->multiplier >> (32 - PALETTE_HASH_BITS);
}

static bool has_colour(const struct palette *palette, uint32_t colour)
{
    return palette->colours[palette->places[place_of(palette, colour)]] == colour && palette->count > 0;
}

/* Puts all colours at their places. Returns whether no two have the same. */
static bool place_colours(struct palette *palette)
{
    memset(palette->places, 0, sizeof palette->places);
    for (unsigned i = 1; i < palette->count; i++) {
        uint32_t place = place_of(palette, palette->colours[i]);
        if (palette->places[place] != 0 || place == place_of(palette, palette->colours[0]))
            return false;
        palette->places[place] = (uint8_t)i;
    }
    return true;
}

static bool add_colour(struct palette *palette, uint32_t colour)
{
    if (palette->count >= palette->most)
        return false;
    uint32_t place = place_of(palette, colour);
    palette->colours[palette->count++] = colour;
    if (palette->count > 1 && palette->places[place] == 0 && place != place_of(palette, palette->colours[0])) {
        palette->places[place] = (uint8_t)(palette->count - 1);
        return true;
    }
    for (int i = 0; i < MULTIPLIER_TRIES; i++) {
        if (place_colours(palette))
            return true;
        palette->multiplier = palette->multiplier * 0x915f77f5u + 0x6a09e667u;
        palette->multiplier |= 1;
    }
    return false;
}

static int compare_brightness(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    unsigned brightness = (first & 255) + (first >> 8 & 255) + (first >> 16);
    unsigned other = (second & 255) + (second >> 8 & 255) + (second >> 16);
    if (brightness != other)
        return brightness < other ? -1 : 1;
    return (first > second) - (first < second);
}

/* Adds the colours of a sample from the whole picture, in the order of their brightness: then differences between the
   numbers of neighbours are small. */
static bool sample_colours(struct palette *palette, const struct image_view *image)
{
    unsigned pixel = image->format == PIXEL_BGRX32 ? 4 : 3;
    for (uint32_t i = 0; i < SAMPLE_ROWS; i++) {
        const uint8_t *row = image->pixels + (size_t)((uint64_t)i * image->height / SAMPLE_ROWS) * image->stride;
        for (uint32_t k = 0; k < SAMPLE_COLUMNS; k++) {
            const uint8_t *at = row + (size_t)((uint64_t)((k + i) % SAMPLE_COLUMNS * 16 + i % 16) * image->width /
                                               (SAMPLE_COLUMNS * 16)) *
                                          pixel;
            uint8_t rgb[3] = {at[pixel == 4 ? 2 : 0], at[1], at[pixel == 4 ? 0 : 2]};
            if (!has_colour(palette, load_colour(rgb)) && !add_colour(palette, load_colour(rgb)))
                return false;
        }
    }
    qsort(palette->colours, palette->count, sizeof *palette->colours, compare_brightness);
    return place_colours(palette);
}

/* ---- numbers ---- */

/* Numbers a row. Returns whether it has a colour that is not known. */
static bool number_row(const struct palette *palette, uint8_t *numbers, const uint8_t *rgb, uint32_t width)
{
    uint32_t unknown = 0;
    for (uint32_t x = 0; x + 1 < width; x++) {
        uint32_t colour = load_colour_before_another(rgb + x * 3);
        uint8_t number = palette->places[place_of(palette, colour)];
        unknown |= palette->colours[number] ^ colour;
        numbers[x] = number;
    }
    uint32_t last = load_colour(rgb + (size_t)(width - 1) * 3);
    numbers[width - 1] = palette->places[place_of(palette, last)];
    return unknown || palette->colours[numbers[width - 1]] != last;
}

static bool learn_row(struct palette *palette, const uint8_t *rgb, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++)
        if (!has_colour(palette, load_colour(rgb + (size_t)x * 3)) &&
            !add_colour(palette, load_colour(rgb + (size_t)x * 3)))
            return false;
    return true;
}

/* Packs numbers, of which there are some zeros more behind the last. */
static void pack_numbers(uint8_t *packed, const uint8_t *numbers, uint32_t width, unsigned depth)
{
    for (uint32_t x = 0; x < width && depth == 1; x += 8, numbers += 8)
        *packed++ = (uint8_t)(numbers[0] << 7 | numbers[1] << 6 | numbers[2] << 5 | numbers[3] << 4 | numbers[4] << 3 |
                              numbers[5] << 2 | numbers[6] << 1 | numbers[7]);
    for (uint32_t x = 0; x < width && depth == 2; x += 4, numbers += 4)
        *packed++ = (uint8_t)(numbers[0] << 6 | numbers[1] << 4 | numbers[2] << 2 | numbers[3]);
    for (uint32_t x = 0; x < width && depth == 4; x += 2, numbers += 2)
        *packed++ = (uint8_t)(numbers[0] << 4 | numbers[1]);
}

static unsigned depth_for(unsigned count)
{
    return count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
}

struct numbering {
    struct palette *palette;
    const struct row_kernels *kernels;
    uint8_t *numbers; /* of one row */
    uint8_t *rgb;     /* two rows in turn, where they must be converted */
};

static const uint8_t *numbering_row(struct numbering *numbering, const struct image_view *image, uint32_t y)
{
    const uint8_t *row = image->pixels + (size_t)y * image->stride;
    if (image->format == PIXEL_RGB24)
        return row;
    uint8_t *rgb = numbering->rgb + (size_t)(y % 2) * image->width * 3;
    numbering->kernels->pack_bgrx(rgb, row, image->width);
    return rgb;
}

/* Numbers all rows in the depth for the colours that are known. Returns false when a colour is found that has no room
   in that depth. */
static bool number_rows(struct numbering *numbering, const struct image_view *image)
{
    struct palette *palette = numbering->palette;
    uint8_t *out = palette->rows;
    const uint8_t *above = NULL;
    for (uint32_t y = 0; y < image->height; y++, out += palette->row_len) {
        const uint8_t *row = numbering_row(numbering, image, y);
        uint8_t *numbers = palette->depth == 8 ? out : numbering->numbers;
        if (above && numbering->kernels->same(row, above, (size_t)image->width * 3)) {
            memcpy(out, out - palette->row_len, palette->row_len);
        } else if (number_row(palette, numbers, row, image->width)) {
            if (!learn_row(palette, row, image->width) || depth_for(palette->count) > palette->depth)
                return false;
            number_row(palette, numbers, row, image->width);
        }
        if (palette->depth < 8)
            pack_numbers(out, numbers, image->width, palette->depth);
        above = row;
    }
    return true;
}

static bool palette_number(struct palette *palette, const struct image_view *image, const struct row_kernels *kernels)
{
    struct numbering numbering = {palette, kernels, calloc(1, (size_t)image->width + 8), NULL};
    bool done = false;
    numbering.rgb = image->format == PIXEL_RGB24 ? NULL : malloc((size_t)image->width * 6);
    while (!done && palette->count <= palette->most && palette->depth != depth_for(palette->count) &&
           numbering.numbers && (numbering.rgb || image->format == PIXEL_RGB24)) {
        palette->depth = depth_for(palette->count);
        palette->row_len = ((size_t)image->width * palette->depth + 7) / 8;
        free(palette->rows);
        palette->rows = malloc(palette->row_len * image->height);
        done = palette->rows && number_rows(&numbering, image);
    }
    free(numbering.rgb);
    free(numbering.numbers);
    return done;
}

struct palette *palette_make(const struct image_view *image, const struct row_kernels *kernels)
{
    uint64_t most = (uint64_t)image->width * image->height / PIXELS_A_COLOUR;
    struct palette *palette = most >= 2 ? malloc(sizeof *palette) : NULL;
    if (!palette)
        return NULL;
    palette->count = palette->depth = 0;
    palette->most = most < PALETTE_MAX ? (unsigned)most : PALETTE_MAX;
    palette->rows = NULL;
    palette->multiplier = 0x9e3779b1u;
    palette->colours[0] = 0;
    memset(palette->places, 0, sizeof palette->places);
    if (sample_colours(palette, image) && palette_number(palette, image, kernels))
        return palette;
    palette_free(palette);
    return NULL;
}

void palette_free(struct palette *palette)
{
    if (palette)
        free(palette->rows);
    free(palette);
}
