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

/* Rounds a value from 0 to 1 to the nearest of 256 steps, by way of half steps. */
static uint8_t to_byte(double value)
{
    return value <= 0 ? 0 : value >= 1 ? 255 : (uint8_t)(((unsigned)(value * 510) + 1) / 2);
}

static bool is_identity_table(const struct color_table *table)
{
    for (int value = 0; value < 256; value++)
        for (unsigned channel = 0; channel < 3; channel++)
            if (to_byte(colors_look_up(table, channel, value / 255.0)) != value)
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

struct byte_tables {
    double before[3][256]; /* the degamma table */
    uint8_t all[3][256];   /* the whole conversion, used when no matrix mixes the channels */
};

static void fill_tables(const struct colors *colors, struct byte_tables *tables)
{
    for (unsigned channel = 0; channel < 3; channel++)
        for (int value = 0; value < 256; value++) {
            double linear = colors_look_up(&colors->degamma, channel, value / 255.0);
            tables->before[channel][value] = linear;
            tables->all[channel][value] = to_byte(colors_look_up(&colors->gamma, channel, linear));
        }
}

static void apply_to_pixel(const struct colors *colors, const struct byte_tables *tables, uint8_t *pixel)
{
    double value[3];
    for (int channel = 0; channel < 3; channel++)
        value[channel] = tables->before[channel][pixel[channel]];
    apply_matrix(colors, value);
    for (unsigned channel = 0; channel < 3; channel++)
        pixel[channel] = to_byte(colors_look_up(&colors->gamma, channel, value[channel]));
}

void colors_apply(const struct colors *colors, uint8_t *rgb, uint32_t stride, uint32_t width, uint32_t height)
{
    struct byte_tables tables;
    fill_tables(colors, &tables);
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *pixel = rgb + (size_t)y * stride;
        for (uint32_t x = 0; x < width; x++, pixel += 3)
            if (colors->has_matrix)
                apply_to_pixel(colors, &tables, pixel);
            else
                for (int channel = 0; channel < 3; channel++)
                    pixel[channel] = tables.all[channel][pixel[channel]];
    }
}
