/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/palette.h"

#include "picture/words.h"

#include <stdlib.h>
#include <string.h>

#define MULTIPLIER_TRIES 64
#define PIXELS_A_COLOUR 32   /* at least, or the table of the colours is too long for the picture */
#define SAMPLE_SIDE 64       /* rows, and pixels of each */
#define SAMPLE_SIDE_SMALL 16 /* of pictures up to SMALL_PIXELS */
#define SMALL_PIXELS 65536

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

/* Adds the colours of a sample from the whole picture. Returns false when they are too many. */
static bool sample_colours(struct palette *palette, const struct image_view *image)
{
    unsigned pixel = image->format == PIXEL_BGRX32 ? 4 : 3;
    uint32_t side = image->width * image->height > SMALL_PIXELS ? SAMPLE_SIDE : SAMPLE_SIDE_SMALL;
    for (uint32_t i = 0; i < side; i++) {
        const uint8_t *row = image->pixels + (size_t)((uint64_t)i * image->height / side) * image->stride;
        for (uint32_t k = 0; k < side; k++) {
            const uint8_t *at =
                row + (size_t)((uint64_t)((k + i) % side * 16 + i % 16) * image->width / (side * 16)) * pixel;
            uint8_t rgb[3] = {at[pixel == 4 ? 2 : 0], at[1], at[pixel == 4 ? 0 : 2]};
            if (!has_colour(palette, load_colour(rgb)) && !add_colour(palette, load_colour(rgb)))
                return false;
        }
    }
    return true;
}

/* ---- numbers ---- */

struct numbering {
    struct palette *palette;
    const struct row_kernels *kernels;
    uint8_t *numbers; /* of one row */
    uint8_t *repeats; /* a bit for each byte of a row that is equal to the pixel's before */
    uint8_t *rgb;     /* two rows in turn, where they must be converted */
};

#define BLOCK 16 /* pixels that are looked at together */
#define EACH_BYTE 0x0101010101010101u

static inline uint32_t number_pixel(const struct palette *palette, uint8_t *number, uint32_t colour)
{
    *number = palette->places[place_of(palette, colour)];
    return palette->colours[*number] ^ colour;
}

/* Tells whether a block has the colour of the pixel before it alone. `bit` is that of its first byte. */
static inline bool block_repeats(const uint8_t *repeats, size_t bit)
{
    const uint64_t all = (1ull << BLOCK * 3) - 1;
    return (load_64(repeats + bit / 8) >> bit % 8 & all) == all;
}

/* Numbers a block with the multiplier in a register: a compiler can't know that the numbers don't overwrite it. */
static inline uint32_t number_block(const struct palette *palette, uint32_t multiplier, uint8_t *restrict numbers,
                                    const uint8_t *rgb)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        uint32_t colour = load_colour_before_another(rgb + i * 3);
        uint8_t number = palette->places[colour * multiplier >> (32 - PALETTE_HASH_BITS)];
        wrong |= palette->colours[number] ^ colour;
        numbers[i] = number;
    }
    return wrong;
}

/* Numbers the pixels from 1 on in blocks, as far as there are whole ones. Returns where it ended. */
static uint32_t number_blocks(const struct numbering *numbering, uint8_t *numbers, const uint8_t *rgb, uint32_t width,
                              uint32_t *unknown)
{
    const struct palette *palette = numbering->palette;
    uint32_t x = 1, wrong = 0, multiplier = palette->multiplier;
    uint64_t last = numbers[0] * EACH_BYTE;
    size_t looked = ((size_t)width * 3 - 3) / VECTOR_MAX * VECTOR_MAX;
    numbering->kernels->repeats(numbering->repeats, rgb + 3, looked, 3);
    for (; (size_t)(x - 1 + BLOCK) * 3 <= looked && x + BLOCK < width; x += BLOCK) {
        if (block_repeats(numbering->repeats, (size_t)(x - 1) * 3)) {
            store_64(numbers + x, last);
            store_64(numbers + x + 8, last);
            continue;
        }
        wrong |= number_block(palette, multiplier, numbers + x, rgb + (size_t)x * 3);
        last = numbers[x + BLOCK - 1] * EACH_BYTE;
    }
    *unknown |= wrong;
    return x;
}

/* Numbers a row. Returns whether it has a colour that is not known. */
static bool number_row(const struct numbering *numbering, uint8_t *numbers, const uint8_t *rgb, uint32_t width)
{
    uint32_t unknown = number_pixel(numbering->palette, numbers, load_colour(rgb));
    for (uint32_t x = number_blocks(numbering, numbers, rgb, width, &unknown); x < width; x++)
        unknown |= number_pixel(numbering->palette, &numbers[x], load_colour(rgb + (size_t)x * 3));
    return unknown;
}

static bool learn_row(struct palette *palette, const uint8_t *rgb, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++)
        if (!has_colour(palette, load_colour(rgb + (size_t)x * 3)) &&
            !add_colour(palette, load_colour(rgb + (size_t)x * 3)))
            return false;
    return true;
}

/* Packs eight numbers of 1, 2 or 4 bits, the first into the highest ones. */
static inline uint32_t pack_eight(uint64_t numbers, unsigned depth)
{
    if (depth == 1)
        return (uint32_t)(numbers * 0x8040201008040201u >> 56);
    if (depth == 2)
        return (uint32_t)numbers * 0x40100401u >> 24 | ((uint32_t)(numbers >> 32) * 0x40100401u >> 24) << 8;
    uint64_t pairs = (numbers << 4 | numbers >> 8) & 0x00ff00ff00ff00ffu;
    pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(pairs | pairs >> 16);
}

/* Packs numbers, of which there are some zeros more behind the last. Up to 4 bytes more are written. */
static void pack_numbers(uint8_t *packed, const uint8_t *numbers, uint32_t width, unsigned depth)
{
    for (uint32_t x = 0; x < width; x += 8, numbers += 8, packed += depth) {
        uint32_t eight = pack_eight(load_64(numbers), depth);
        for (unsigned i = 0; i < 4; i++)
            packed[i] = (uint8_t)(eight >> 8 * i);
    }
}

static unsigned depth_for(unsigned count)
{
    return count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
}

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
        } else if (number_row(numbering, numbers, row, image->width)) {
            if (!learn_row(palette, row, image->width) || depth_for(palette->count) > palette->depth)
                return false;
            number_row(numbering, numbers, row, image->width);
        }
        if (palette->depth < 8)
            pack_numbers(out, numbers, image->width, palette->depth);
        above = row;
    }
    return true;
}

static bool palette_number(struct palette *palette, const struct image_view *image, const struct row_kernels *kernels)
{
    size_t numbers = (size_t)image->width + 8, repeats = ((size_t)image->width * 3 / 8) + 16;
    struct numbering numbering = {palette, kernels, calloc(1, numbers + repeats), NULL, NULL};
    bool done = false;
    numbering.repeats = numbering.numbers ? numbering.numbers + numbers : NULL;
    numbering.rgb = image->format == PIXEL_RGB24 ? NULL : malloc((size_t)image->width * 6);
    while (!done && palette->count <= palette->most && palette->depth != depth_for(palette->count) &&
           numbering.numbers && (numbering.rgb || image->format == PIXEL_RGB24)) {
        palette->depth = depth_for(palette->count);
        palette->row_len = ((size_t)image->width * palette->depth + 7) / 8;
        free(palette->rows);
        palette->rows = malloc(palette->row_len * image->height + 4);
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
