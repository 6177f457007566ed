/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/colors.h"

#include <stdlib.h>
#include <string.h>

#define FULL 65535.0

/* ---- reading ---- */

static uint16_t channel_of(const struct color *color, unsigned channel)
{
    return channel == 0 ? color->red : channel == 1 ? color->green : color->blue;
}

/* Looks a value up in a table, interpolating between two entries. Both the value and the result are from 0 to 1. */
static double colors_look_up(const struct color_table *table, unsigned channel, double value)
{
    if (!table->entries)
        return value;
    double place = value * (double)(table->count - 1);
    size_t below = (size_t)place, above = below + 1 < table->count ? below + 1 : below;
    double part = place - (double)below;
    return (channel_of(&table->entries[below], channel) * (1 - part) +
            channel_of(&table->entries[above], channel) * part) /
           FULL;
}

/* Rounds a value from 0 to 1 to the nearest of 65536 steps, by way of half steps. */
static uint16_t to_word(double value)
{
    return value <= 0 ? 0 : value >= 1 ? 0xffff : (uint16_t)(((unsigned)(value * 131070) + 1) / 2);
}

static bool is_identity_table(const struct color_table *table)
{
    for (int value = 0; value < 256; value++)
        for (unsigned channel = 0; channel < 3; channel++)
            if (color_to_8_bits(to_word(colors_look_up(table, channel, value / 255.0))) != value)
                return false;
    return true;
}

static void table_deinit(struct color_table *table)
{
    free(table->entries);
    *table = (struct color_table){0};
}

bool color_table_read(struct color_table *table, const uint8_t *bytes, size_t len)
{
    size_t count = len / 8;
    table_deinit(table);
    if (len % 8 || count < 2 || count > COLORS_TABLE_MAX)
        return false;
    table->entries = malloc(count * sizeof *table->entries);
    if (!table->entries)
        return false;
    table->count = count;
    for (size_t i = 0; i < count; i++) {
        uint16_t words[4]; /* red, green, blue, reserved */
        memcpy(words, bytes + i * 8, sizeof words);
        table->entries[i] = (struct color){words[0], words[1], words[2], 0xffff};
    }
    if (is_identity_table(table))
        table_deinit(table);
    return true;
}

bool colors_read_matrix(struct colors *colors, const uint8_t *bytes, size_t len)
{
    colors->has_matrix = false;
    if (len != COLORS_MATRIX_SIZE)
        return false;
    for (size_t i = 0; i < 9; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * 8, sizeof word);
        double size = (double)(word & INT64_MAX) / 4294967296.0;
        colors->matrix[i] = word >> 63 ? -size : size;
        colors->has_matrix |= word != (i % 4 == 0 ? 1ull << 32 : 0);
    }
    return true;
}

void colors_deinit(struct colors *colors)
{
    table_deinit(&colors->degamma);
    table_deinit(&colors->gamma);
    free(colors->all);
    *colors = (struct colors){0};
}

/* ---- applying ---- */

static double clamp(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

static void apply_matrix(const struct colors *colors, double value[3])
{
    double in[3] = {value[0], value[1], value[2]};
    for (int row = 0; row < 3 && colors->has_matrix; row++)
        value[row] = clamp(colors->matrix[row * 3] * in[0] + colors->matrix[row * 3 + 1] * in[1] +
                           colors->matrix[row * 3 + 2] * in[2]);
}

bool colors_prepare(struct colors *colors)
{
    uint16_t *all = colors->has_matrix ? NULL : malloc(sizeof *all * 3 * COLORS_TABLE_MAX);
    for (uint32_t i = 0; all && i < 3 * COLORS_TABLE_MAX; i++) {
        unsigned channel = i / COLORS_TABLE_MAX;
        double linear = colors_look_up(&colors->degamma, channel, i % COLORS_TABLE_MAX / FULL);
        all[i] = to_word(colors_look_up(&colors->gamma, channel, linear));
    }
    free(colors->all);
    colors->all = all;
    return all || colors->has_matrix;
}

static void apply_to_color(const struct colors *colors, struct color *color)
{
    double value[3] = {colors_look_up(&colors->degamma, 0, color->red / FULL),
                       colors_look_up(&colors->degamma, 1, color->green / FULL),
                       colors_look_up(&colors->degamma, 2, color->blue / FULL)};
    apply_matrix(colors, value);
    color->red = to_word(colors_look_up(&colors->gamma, 0, value[0]));
    color->green = to_word(colors_look_up(&colors->gamma, 1, value[1]));
    color->blue = to_word(colors_look_up(&colors->gamma, 2, value[2]));
}

void colors_apply(const struct colors *colors, struct color *row, uint32_t width)
{
    const uint16_t *all = colors->all;
    for (uint32_t x = 0; x < width; x++) {
        if (!all) {
            apply_to_color(colors, &row[x]);
            continue;
        }
        row[x].red = all[row[x].red];
        row[x].green = all[COLORS_TABLE_MAX + row[x].green];
        row[x].blue = all[2 * COLORS_TABLE_MAX + row[x].blue];
    }
}

bool colors_tint(const struct colors *colors)
{
    for (uint32_t value = 0; value < 256; value++) {
        uint16_t wide = (uint16_t)(value * 257);
        struct color grey = {wide, wide, wide, 0xffff};
        apply_to_color(colors, &grey);
        uint8_t green = color_to_8_bits(grey.green);
        if (color_to_8_bits(grey.red) != green || color_to_8_bits(grey.blue) != green)
            return true;
    }
    return false;
}
