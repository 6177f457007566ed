/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tilers written as the layouts are described: they walk through memory byte by byte, and ask for each where on the
 * screen it comes from. The detiler goes the other way. */
#include "picture/detile.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define SPARE 0xee /* what no pixel writes */

struct picture {
    uint8_t *rows, *tiled;
    uint32_t stride, height; /* of whole tiles */
    size_t next;             /* byte of `tiled` */
};

/* The memory's next `len` bytes are those of a row that begin at x, y. */
static void put(struct picture *p, uint32_t x, uint32_t y, uint32_t len)
{
    memcpy(p->tiled + p->next, p->rows + (size_t)y * p->stride + x, len);
    p->next += len;
}

/* ---- one tile each, at x, y ---- */

static void tile_x(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    for (uint32_t row = 0; row < 8; row++)
        put(p, x, y + row, 512);
}

static void tile_y(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    for (uint32_t column = 0; column < 128; column += 16)
        for (uint32_t row = 0; row < 32; row++)
            put(p, x + column, y + row, 16);
}

/* A square of 64 bytes is 16 bytes by 4 rows; of 256, two by two of them, the second below the first; of 1024 and
   4096 bytes two by two of the smaller ones, beside each other first. */
static void tile_yf_64(struct picture *p, uint32_t x, uint32_t y)
{
    for (uint32_t row = 0; row < 4; row++)
        put(p, x, y + row, 16);
}

static void tile_yf_256(struct picture *p, uint32_t x, uint32_t y)
{
    for (uint32_t column = 0; column < 32; column += 16)
        for (uint32_t row = 0; row < 8; row += 4)
            tile_yf_64(p, x + column, y + row);
}

static void tile_yf_1024(struct picture *p, uint32_t x, uint32_t y)
{
    for (uint32_t column = 0; column < 64; column += 32)
        for (uint32_t row = 0; row < 16; row += 8)
            tile_yf_256(p, x + column, y + row);
}

static void tile_yf(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    for (uint32_t column = 0; column < 128; column += 64)
        for (uint32_t row = 0; row < 32; row += 16)
            tile_yf_1024(p, x + column, y + row);
}

/* 64 bytes are 16 bytes by 4 rows; four of them beside each other and two such rows make 64 bytes by 8 rows; those
   lie two beside each other, four rows of them. */
static void tile_4(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    for (uint32_t big = 0; big < 8; big++)
        for (uint32_t small = 0; small < 8; small++)
            for (uint32_t row = 0; row < 4; row++)
                put(p, x + big % 2 * 64 + small % 4 * 16, y + big / 2 * 8 + small / 4 * 4 + row, 16);
}

static void tile_fermi(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    for (uint32_t gob = 0; gob < rows; gob += 8)
        for (uint32_t row = 0; row < 8; row++)
            put(p, x, y + gob + row, 64);
}

/* Sectors of 16 bytes by 4 rows: two beside each other, two such pairs below, then the right half of the GOB. */
static void tile_turing(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    for (uint32_t gob = 0; gob < rows; gob += 8)
        for (uint32_t half = 0; half < 64; half += 32)
            for (uint32_t low = 0; low < 8; low += 4)
                for (uint32_t column = 0; column < 32; column += 16)
                    for (uint32_t row = 0; row < 4; row++)
                        put(p, x + half + column, y + gob + low + row, 16);
}

/* Rows of 16 bytes, each bit of whose number, from the least significant on, is one of x or of y. */
static void tile_by_bits(struct picture *p, uint32_t x, uint32_t y, const char *bits)
{
    for (uint32_t run = 0; run < 4096; run++) {
        uint32_t across = 0, down = 0, next_across = 1, next_down = 1;
        for (uint32_t i = 0; i < 12; i++) {
            uint32_t *to = bits[i] == 'x' ? &across : &down, *next = bits[i] == 'x' ? &next_across : &next_down;
            *to += run >> i & 1 ? *next : 0;
            *next *= 2;
        }
        put(p, x + across * 16, y + down, 16);
    }
}

static void tile_amd_1(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    tile_by_bits(p, x, y, "yyyyyxyxyxyx");
}

static void tile_amd_4(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    tile_by_bits(p, x, y, "yyyxyxyxyxyx");
}

static void tile_amd_8(struct picture *p, uint32_t x, uint32_t y, uint32_t rows)
{
    (void)rows;
    tile_by_bits(p, x, y, "yyxxyxyxyxyx");
}

static const struct layout {
    uint64_t modifier;
    uint32_t width, height;
    void (*tile)(struct picture *p, uint32_t x, uint32_t y, uint32_t rows);
    unsigned pixel_size; /* 0: of any */
} layouts[] = {
    {0x0100000000000001, 512, 8, tile_x, 0},
    {0x0100000000000002, 128, 32, tile_y, 0},
    {0x0100000000000003, 128, 32, tile_yf, 0},
    {0x0100000000000009, 128, 32, tile_4, 0},
    /* Compression 0, desktop sectors, and for each height from 1 to 32 GOBs: kind 0 with 0xfe, kind 2 with 0x06. */
    {0x03000000004fe010, 64, 8, tile_fermi, 0},
    {0x03000000004fe011, 64, 16, tile_fermi, 0},
    {0x03000000004fe012, 64, 32, tile_fermi, 0},
    {0x03000000004fe013, 64, 64, tile_fermi, 0},
    {0x03000000004fe014, 64, 128, tile_fermi, 0},
    {0x03000000004fe015, 64, 256, tile_fermi, 0},
    {0x0300000000606010, 64, 8, tile_turing, 0},
    {0x0300000000606011, 64, 16, tile_turing, 0},
    {0x0300000000606012, 64, 32, tile_turing, 0},
    {0x0300000000606013, 64, 64, tile_turing, 0},
    {0x0300000000606014, 64, 128, tile_turing, 0},
    {0x0300000000606015, 64, 256, tile_turing, 0},
    {0x0200000000000901, 256, 256, tile_amd_1, 1},
    {0x0200000000000901, 512, 128, tile_amd_4, 2},
    {0x0200000000000901, 512, 128, tile_amd_4, 4},
    {0x0200000000000901, 1024, 64, tile_amd_8, 8},
};
#define LAYOUT_COUNT (sizeof layouts / sizeof *layouts)

static void fill(uint8_t *bytes, size_t len)
{
    uint32_t state = 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

static void make_tiled(struct picture *p, const struct layout *layout)
{
    size_t size = (size_t)p->stride * p->height;
    p->rows = malloc(size);
    p->tiled = malloc(size);
    p->next = 0;
    fill(p->rows, size);
    for (uint32_t y = 0; y < p->height; y += layout->height)
        for (uint32_t x = 0; x < p->stride; x += layout->width)
            layout->tile(p, x, y, layout->height);
    CHECK_INT(p->next, size);
}

static uint32_t round_up(uint32_t value, uint32_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* Rows of row_bytes in a stride with `spare_tiles` more than they need, into rows with spare bytes at their end. */
static void check_layout(const struct layout *layout, uint32_t row_bytes, uint32_t rows, uint32_t spare_tiles,
                         uint32_t spare_bytes)
{
    struct tiling tiling;
    struct picture p = {.stride = round_up(row_bytes, layout->width) + spare_tiles * layout->width,
                        .height = round_up(rows, layout->height)};
    uint32_t out_stride = row_bytes + spare_bytes, wrong = 0;
    uint8_t *out = malloc((size_t)out_stride * rows);
    make_tiled(&p, layout);
    memset(out, SPARE, (size_t)out_stride * rows);
    CHECK(tiling_find(&tiling, layout->modifier, layout->pixel_size));
    CHECK_INT(tiling_size(&tiling, p.stride, rows), (size_t)p.stride * p.height);
    detile(&tiling, p.tiled, p.stride, out, out_stride, row_bytes, rows);
    for (uint32_t y = 0; y < rows; y++) {
        wrong += memcmp(out + (size_t)y * out_stride, p.rows + (size_t)y * p.stride, row_bytes) != 0;
        for (uint32_t x = row_bytes; x < out_stride; x++)
            wrong += out[(size_t)y * out_stride + x] != SPARE;
    }
    if (wrong)
        printf("# modifier 0x%016llx, %u bytes x %u rows\n", (unsigned long long)layout->modifier, row_bytes, rows);
    CHECK_INT(wrong, 0);
    free(out);
    free(p.rows);
    free(p.tiled);
}

static void every_layout_at_odd_sizes(void)
{
    static const uint32_t widths[] = {1, 3, 15, 16, 17, 64, 511, 512, 513, 1001}, heights[] = {1, 7, 8, 9, 33, 259};
    for (size_t i = 0; i < LAYOUT_COUNT; i++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
                check_layout(&layouts[i], widths[w], heights[h], 0, 0);
}

static void strides_with_room_to_spare(void)
{
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        check_layout(&layouts[i], 1366 * 4, 61, 0, 0);
        check_layout(&layouts[i], 1366 * 4, 61, 3, 0);
        check_layout(&layouts[i], 1366 * 4, 61, 0, 5);
        check_layout(&layouts[i], 1366 * 4, 61, 1, 63);
    }
}

static void linear_is_rows(void)
{
    struct tiling tiling;
    const uint8_t rows[] = {1, 2, 3, 0, 4, 5, 6, 0};
    uint8_t out[6];
    CHECK(tiling_find(&tiling, 0, 0));
    CHECK_INT(tiling_size(&tiling, 4, 2), 8);
    detile(&tiling, rows, 4, out, 3, 3, 2);
    CHECK(memcmp(out, "\1\2\3\4\5\6", 6) == 0);
}

static void the_rest_is_refused(void)
{
    static const uint64_t others[] = {
        0x00ffffffffffffff, /* not told */
        0x0100000000000004, 0x0100000000000005, 0x0100000000000006, 0x0100000000000008,
        0x010000000000000a, 0x0100000000000012, 0x0200000000000a01, 0x0200000000001901,
        0x0200000000002901, 0x0200000000200901, 0x0200000000000902, /* AMD */
        0x0300000000000001, 0x03000000000fe014,                     /* Tegra */
        0x03000000005fe014,                                         /* G80 */
        0x0300000000e06014,                                         /* compressed */
        0x0300000000606016, 0x030000000060601f,                     /* 64 and more GOBs */
        0x0300000000606034,                                         /* a reserved bit */
        0x0800000000000001, 0x1000000000000001, 0xffffffffffffffff,
    };
    struct tiling tiling;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (tiling_find(&tiling, others[i], 4))
            printf("# 0x%016llx\n", (unsigned long long)others[i]);
        CHECK(!tiling_find(&tiling, others[i], 4));
    }
}

static void amd_by_the_pixels_size_alone(void)
{
    struct tiling tiling;
    for (unsigned size = 0; size <= 16; size++)
        CHECK_INT(tiling_find(&tiling, 0x0200000000000901, size), size == 1 || size == 2 || size == 4 || size == 8);
}

int main(void)
{
    RUN(every_layout_at_odd_sizes);
    RUN(strides_with_room_to_spare);
    RUN(linear_is_rows);
    RUN(the_rest_is_refused);
    RUN(amd_by_the_pixels_size_alone);
    return CHECK_RESULT();
}
