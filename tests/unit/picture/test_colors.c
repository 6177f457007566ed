/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colour tables and matrices, against values worked out by hand. */
#include "picture/colors.h"
#include "tests/unit/check.h"

static struct colors colors;
static uint16_t lut[COLORS_TABLE_MAX + 1][4];
static uint64_t matrix[9];

static void entry(size_t i, uint16_t red, uint16_t green, uint16_t blue)
{
    lut[i][0] = red;
    lut[i][1] = green;
    lut[i][2] = blue;
}

static bool read_lut(struct color_table *table, size_t count)
{
    return color_table_read(table, (const uint8_t *)lut, count * sizeof lut[0]);
}

static bool read_matrix(void)
{
    return colors_read_matrix(&colors, (const uint8_t *)matrix, sizeof matrix);
}

/* As the kernel has it: a sign and a size. */
static uint64_t fixed(double value)
{
    uint64_t size = (uint64_t)((value < 0 ? -value : value) * 4294967296.0);
    return value < 0 ? size | 1ull << 63 : size;
}

static uint32_t apply(uint32_t rgb)
{
    struct color color = {(uint16_t)((rgb >> 16 & 255) * 257), (uint16_t)((rgb >> 8 & 255) * 257),
                          (uint16_t)((rgb & 255) * 257), 0xffff};
    CHECK(colors_prepare(&colors));
    colors_apply(&colors, &color, 1);
    return (uint32_t)color_to_8_bits(color.red) << 16 | (uint32_t)color_to_8_bits(color.green) << 8 |
           color_to_8_bits(color.blue);
}

static void nothing_is_done_without_any(void)
{
    colors_deinit(&colors);
    CHECK_INT(apply(0x0080ff), 0x0080ff);
}

static void tables_that_change_nothing_are_none(void)
{
    entry(0, 0, 0, 0), entry(1, 0xffff, 0xffff, 0xffff);
    CHECK(read_lut(&colors.gamma, 2));
    CHECK(!colors.gamma.entries);
    for (size_t i = 0; i < 256; i++) /* as the kernel's own is for fbcon */
        entry(i, (uint16_t)(i * 257), (uint16_t)(i << 8 | i), (uint16_t)(i * 257));
    CHECK(read_lut(&colors.gamma, 256));
    CHECK(!colors.gamma.entries);
    entry(77, 77 * 257, 79 * 257, 77 * 257);
    CHECK(read_lut(&colors.gamma, 256));
    CHECK(colors.gamma.entries != NULL);
    CHECK_INT(apply(0x4d4d4d), 0x4d4f4d);
    colors_deinit(&colors);
}

static void tables_are_interpolated(void)
{
    entry(0, 0xffff, 0, 0), entry(1, 0, 0x8080, 0xffff), entry(2, 0, 0xffff, 0xffff);
    CHECK(read_lut(&colors.gamma, 3));
    CHECK_INT(apply(0x000000), 0xff0000);
    CHECK_INT(apply(0xffffff), 0x00ffff);
    /* 51 is two fifths of the way to the middle: 255 * 3/5, 128.00 * 2/5, 255 * 2/5 */
    CHECK_INT(apply(0x333333), 0x993366);
    colors_deinit(&colors);
}

static void both_tables_in_their_order(void)
{
    entry(0, 0, 0, 0), entry(1, 0x8080, 0x8080, 0x8080);
    CHECK(read_lut(&colors.degamma, 2)); /* half as bright */
    entry(0, 0xffff, 0xffff, 0xffff), entry(1, 0, 0, 0);
    CHECK(read_lut(&colors.gamma, 2)); /* turned over */
    CHECK_INT(apply(0xff00ff), 0x7fff7f);
    colors_deinit(&colors);
}

static void matrices_mix_channels(void)
{
    static const double swap[9] = {0, 1, 0, 0, 0, 1, 1, 0, 0}, grey[9] = {.5, .5, 0, .5, .5, 0, .5, .5, 0};
    static const double beyond[9] = {2, 0, 0, -1, 0, 0, 0, 0, -0.5};
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(swap[i]);
    CHECK(read_matrix() && colors.has_matrix);
    CHECK_INT(apply(0x102030), 0x203010);
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(grey[i]);
    CHECK(read_matrix());
    CHECK_INT(apply(0x1020ff), 0x181818);
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(beyond[i]);
    CHECK(read_matrix());
    CHECK_INT(apply(0x40ff80), 0x800000);
    CHECK_INT(apply(0xc0ff80), 0xff0000);
    for (int i = 0; i < 9; i++)
        matrix[i] = i % 4 == 0 ? 1ull << 32 : 0;
    CHECK(read_matrix() && !colors.has_matrix);
}

/* What lies between two steps of 8 bits goes to between two steps too. */
static void all_16_bits_count(void)
{
    struct color row[3] = {{0x1234, 0, 0xffff, 7}, {0, 0x8001, 1, 8}, {1, 2, 3, 9}};
    static const struct color want[2] = {{0xedcb, 0xffff, 0, 7}, {0xffff, 0x7ffe, 0xfffe, 8}};
    static const double identity_of_red[9] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    entry(0, 0xffff, 0xffff, 0xffff), entry(1, 0, 0, 0);
    CHECK(read_lut(&colors.gamma, 2));
    CHECK(colors_prepare(&colors));
    colors_apply(&colors, row, 2);
    CHECK(memcmp(row, want, sizeof want) == 0);
    CHECK(row[2].red == 1 && row[2].green == 2 && row[2].blue == 3); /* beyond the width */
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(identity_of_red[i]);
    CHECK(read_matrix() && colors_prepare(&colors));
    colors_apply(&colors, row, 1);
    CHECK(row[0].red == 0x1234 && row[0].green == 0xffff && row[0].blue == 0xffff);
    colors_deinit(&colors);
}

/* As the programs for the night do it: less blue, a little less green. */
static void uneven_tables_tint(void)
{
    colors_deinit(&colors);
    CHECK(!colors_tint(&colors));
    entry(0, 0, 0, 0), entry(1, 0x8000, 0x8000, 0x8000);
    CHECK(read_lut(&colors.gamma, 2));
    CHECK(!colors_tint(&colors)); /* darker, but grey is grey */
    entry(1, 0xffff, 0xf000, 0xc000);
    CHECK(read_lut(&colors.gamma, 2));
    CHECK(colors_tint(&colors));
    colors_deinit(&colors);
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(i == 8 ? 0.5 : i % 4 == 0);
    CHECK(read_matrix() && colors_tint(&colors));
    for (int i = 0; i < 9; i++)
        matrix[i] = fixed(i % 4 == 0 ? 0.5 : 0.25); /* paler */
    CHECK(read_matrix() && !colors_tint(&colors));
    colors_deinit(&colors);
}

static void blobs_of_other_sizes_are_refused(void)
{
    CHECK(!read_lut(&colors.gamma, 0));
    CHECK(!read_lut(&colors.gamma, 1));
    CHECK(!read_lut(&colors.gamma, COLORS_TABLE_MAX + 1));
    CHECK(!color_table_read(&colors.gamma, (const uint8_t *)lut, 17));
    CHECK(!colors.gamma.entries);
    CHECK(!colors_read_matrix(&colors, (const uint8_t *)matrix, 71));
    CHECK(!colors.has_matrix);
}

int main(void)
{
    RUN(nothing_is_done_without_any);
    RUN(tables_that_change_nothing_are_none);
    RUN(tables_are_interpolated);
    RUN(both_tables_in_their_order);
    RUN(matrices_mix_channels);
    RUN(all_16_bits_count);
    RUN(uneven_tables_tint);
    RUN(blobs_of_other_sizes_are_refused);
    return CHECK_RESULT();
}
