/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/detile.h"

#include <string.h>

#define VENDOR(modifier) ((unsigned)((modifier) >> 56))
#define VALUE(modifier) (UINT64_C(0x00ffffffffffffff) & (modifier))
#define VENDOR_INTEL 1
#define VENDOR_NVIDIA 3

/* ---- Intel: tiles of 4096 bytes ---- */

static uint32_t intel_x(uint32_t x, uint32_t y)
{
    return y * 512 + x;
}

/* Returns the offset in a Y tile: columns of 16 bytes, one after the other. */
static uint32_t intel_y(uint32_t x, uint32_t y)
{
    return x / 16 * 512 + y * 16;
}

/* Returns the offset in a Yf tile. Its bits, from the most significant one down, are of: x y x y x y y y, and four of
   x. */
static uint32_t intel_yf(uint32_t x, uint32_t y)
{
    return (y & 7) << 4 | (x & 16) << 3 | (y & 8) << 5 | (x & 32) << 4 | (y & 16) << 6 | (x & 64) << 5;
}

static uint32_t intel_4(uint32_t x, uint32_t y)
{
    return (y & 3) << 4 | (x & 0x30) << 2 | (y & 4) << 6 | (x & 0x40) << 3 | (y & 0x18) << 7;
}

static const struct {
    uint64_t value;
    struct tiling tiling;
} intel_tilings[] = {
    {1, {512, 8, 512, intel_x}},
    {2, {128, 32, 16, intel_y}},
    {3, {128, 32, 16, intel_yf}},
    {9, {128, 32, 16, intel_4}},
};

/* ---- NVIDIA block-linear: blocks of 2^N "GOBs", each 64 bytes wide and 8 rows high, one above the other ---- */

#define GOB_WIDTH 64
#define GOB_HEIGHT 8
#define GOB_SIZE (GOB_WIDTH * GOB_HEIGHT)
#define BLOCK_HEIGHT_LOG2_MAX 5

/* The bits of a block-linear modifier. */
struct block_linear {
    unsigned height_log2; /* GOBs in a block */
    unsigned gob_kind;    /* 0: Fermi to Volta and Tegra, 1: G80, 2: Turing and later */
    bool desktop;         /* the order of sectors in a page; else Tegra's */
    unsigned compression;
};

static struct block_linear block_linear_bits(uint64_t modifier)
{
    return (struct block_linear){
        .height_log2 = modifier & 15,
        .gob_kind = modifier >> 20 & 3,
        .desktop = modifier >> 22 & 1,
        .compression = modifier >> 23 & 7,
    };
}

static bool is_block_linear(uint64_t modifier)
{
    return VENDOR(modifier) == VENDOR_NVIDIA && (VALUE(modifier) & 0xff0) == 16 && VALUE(modifier) >> 26 == 0;
}

/* Returns the offset in a GOB before Turing, which a processor sees row by row. */
static uint32_t gob_raster(uint32_t x, uint32_t y)
{
    return y * GOB_WIDTH + x;
}

static uint32_t gob_turing(uint32_t x, uint32_t y)
{
    return y / GOB_HEIGHT * GOB_SIZE + ((y & 3) << 4 | (x & 16) << 2 | (y & 4) << 5 | (x & 32) << 3);
}

static bool find_block_linear(struct tiling *tiling, uint64_t modifier)
{
    struct block_linear bits = block_linear_bits(modifier);
    bool turing = bits.gob_kind == 2;
    if (bits.compression || bits.height_log2 > BLOCK_HEIGHT_LOG2_MAX || !bits.desktop || bits.gob_kind % 2)
        return false;
    *tiling = (struct tiling){
        .width = GOB_WIDTH,
        .height = (uint32_t)GOB_HEIGHT << bits.height_log2,
        .run = turing ? 16 : GOB_WIDTH,
        .offset = turing ? gob_turing : gob_raster,
    };
    return true;
}

/* ---- AMD's 64K_S, which all of GFX9 and GFX10 name so: DirectX's standard swizzle, tiles of 65536 bytes ---- */

#define AMD_64K_S UINT64_C(0x0200000000000901) /* GFX9, tile 9, and neither compression nor pipes or banks mixed in */

/* Places the value's bits, from the least significant one on, at the bits of the mask. */
static uint32_t deposit(uint32_t value, uint32_t mask)
{
    uint32_t out = 0;
    for (; mask; mask &= mask - 1, value >>= 1)
        if (value & 1)
            out |= mask & -mask;
    return out;
}

/* The mask has the bits of the offset that come from x. */
#define AMD_PLACE(name, mask)                                                                                          \
    static uint32_t name(uint32_t x, uint32_t y)                                                                       \
    {                                                                                                                  \
        return deposit(x, mask) | deposit(y, 0xffff & ~(uint32_t)(mask));                                              \
    }
AMD_PLACE(amd_1, 0xaa0f)
AMD_PLACE(amd_2_or_4, 0xaa8f)
AMD_PLACE(amd_8, 0xaacf)

static bool find_amd(struct tiling *tiling, unsigned pixel_size)
{
    switch (pixel_size) {
    case 1:
        *tiling = (struct tiling){256, 256, 16, amd_1};
        return true;
    case 2:
    case 4:
        *tiling = (struct tiling){512, 128, 16, amd_2_or_4};
        return true;
    case 8:
        *tiling = (struct tiling){1024, 64, 16, amd_8};
        return true;
    default:
        return false;
    }
}

/* ---- any ---- */

static uint32_t linear_offset(uint32_t x, uint32_t y)
{
    (void)y;
    return x;
}

bool tiling_find(struct tiling *tiling, uint64_t modifier, unsigned pixel_size)
{
    *tiling = (struct tiling){1, 1, 1, linear_offset};
    if (modifier == MODIFIER_LINEAR)
        return true;
    if (modifier == AMD_64K_S)
        return find_amd(tiling, pixel_size);
    if (is_block_linear(modifier))
        return find_block_linear(tiling, modifier);
    for (size_t i = 0; i < sizeof intel_tilings / sizeof *intel_tilings; i++)
        if (VENDOR(modifier) == VENDOR_INTEL && VALUE(modifier) == intel_tilings[i].value) {
            *tiling = intel_tilings[i].tiling;
            return true;
        }
    return false;
}

uint64_t tiling_size(const struct tiling *tiling, uint32_t stride, uint32_t rows)
{
    return ((uint64_t)rows + tiling->height - 1) / tiling->height * tiling->height * stride;
}

static void detile_row(const struct tiling *tiling, const uint8_t *tiles, uint32_t y, uint8_t *row, uint32_t row_bytes)
{
    size_t tile_size = (size_t)tiling->width * tiling->height;
    for (uint32_t x = 0; x < row_bytes; x += tiling->run) {
        uint32_t len = row_bytes - x < tiling->run ? row_bytes - x : tiling->run;
        memcpy(row + x, tiles + x / tiling->width * tile_size + tiling->offset(x % tiling->width, y), len);
    }
}

void detile(const struct tiling *tiling, const uint8_t *tiled, uint32_t stride, uint8_t *linear, uint32_t linear_stride,
            uint32_t row_bytes, uint32_t rows)
{
    for (uint32_t y = 0; y < rows; y++) {
        const uint8_t *tiles = tiled + (size_t)(y / tiling->height * tiling->height) * stride;
        uint8_t *row = linear + (size_t)y * linear_stride;
        if (tiling->width == 1)
            memcpy(row, tiles, row_bytes);
        else
            detile_row(tiling, tiles, y % tiling->height, row, row_bytes);
    }
}
