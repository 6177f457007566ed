/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC against one that is computed a bit at a time, as the kernel's documentation of its crc32_le() has it. */
#include "picture/crc.h"
#include "tests/unit/check.h"

#define WIDTH_MAX 600 /* more than two of the blocks that are computed at a time */

static struct color row[WIDTH_MAX];

static uint32_t reference_word(uint32_t crc, uint16_t word)
{
    for (int bit = 0; bit < 16; bit++) {
        bool out = (crc ^ (uint32_t)(word >> bit)) & 1;
        crc = crc >> 1 ^ (out ? 0xedb88320u : 0);
    }
    return crc;
}

static uint32_t reference_row(uint32_t crc, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        crc = reference_word(crc, 0xffff);
        crc = reference_word(crc, row[x].red);
        crc = reference_word(crc, row[x].green);
        crc = reference_word(crc, row[x].blue);
    }
    return crc;
}

static void fill(uint32_t factor)
{
    for (uint32_t x = 0; x < WIDTH_MAX; x++)
        row[x] = (struct color){(uint16_t)(x * factor), (uint16_t)(x * 31 * factor), (uint16_t)(0xffff - x), 0x1234};
}

static void rows_of_16_bits(void)
{
    static const uint32_t widths[] = {1, 2, 255, 256, 257, 511, 512, 513, WIDTH_MAX};
    uint32_t crc = 0, want = 0;
    CHECK_INT(picture_crc_add(0, row, 0), 0);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        fill((uint32_t)i * 77 + 1);
        crc = picture_crc_add(crc, row, widths[i]);
        want = reference_row(want, widths[i]);
        CHECK(crc == want);
    }
}

/* The last bit of 16 counts. */
static void a_step_of_65536_is_seen(void)
{
    fill(1);
    uint32_t before = picture_crc_add(0, row, 3);
    row[1].green ^= 1;
    CHECK(picture_crc_add(0, row, 3) != before);
}

static void pictures_of_8_bits_are_widened(void)
{
    static uint8_t pixels[2][WIDTH_MAX * 3 + 5];
    struct image_view image = {pixels[0], WIDTH_MAX, 2, sizeof pixels[0], PIXEL_RGB24};
    uint32_t want = 0;
    for (uint32_t y = 0; y < 2; y++) {
        for (uint32_t i = 0; i < WIDTH_MAX * 3; i++)
            pixels[y][i] = (uint8_t)(i * 7 + y);
        for (uint32_t x = 0; x < WIDTH_MAX; x++)
            row[x] = (struct color){(uint16_t)(pixels[y][x * 3] * 257), (uint16_t)(pixels[y][x * 3 + 1] * 257),
                                    (uint16_t)(pixels[y][x * 3 + 2] * 257), 0};
        want = reference_row(want, WIDTH_MAX);
    }
    CHECK(picture_crc(&image) == want);
}

int main(void)
{
    RUN(rows_of_16_bits);
    RUN(a_step_of_65536_is_seen);
    RUN(pictures_of_8_bits_are_widened);
    return CHECK_RESULT();
}
