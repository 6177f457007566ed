/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pointers of every kind, made here, drawn into a grey picture: against pixels by hand. */
#include "capture/pointer.h"
#include "capture/win32/gdi_cursor.h"
#include "tests/unit/check.h"

#include <windows.h>

enum { SIDE = 32, GREY = 0x40 };
static uint8_t rgb[SIDE * SIDE * 3];

static uint8_t *pixel(int x, int y)
{
    return rgb + (y * SIDE + x) * 3;
}

static bool is(int x, int y, uint8_t red, uint8_t green, uint8_t blue)
{
    const uint8_t *at = pixel(x, y);
    return at[0] == red && at[1] == green && at[2] == blue;
}

/* Checks the first four pixels of a pointer's shape as its facts have them, in the order R, G, B, A. */
static void check_shape(HCURSOR cursor, const uint8_t pixels[16])
{
    struct strlist facts = {0};
    struct buffer file;
    struct error err;
    buffer_init(&file, 1u << 20);
    CHECK(gdi_pointer_add_shape(cursor, 7, -8, true, &facts));
    CHECK_TEXT(facts.items[0], "pointer=7,-8");
    CHECK_TEXT(facts.items[2], "pointer.size=32x32+2+3");
    CHECK_INT(pointer_take_shape(&facts, &file, &err), 0);
    CHECK(file.len > SIDE * SIDE * 4 && memcmp(file.data + file.len - SIDE * SIDE * 4, pixels, 16) == 0);
    strlist_deinit(&facts);
    buffer_deinit(&file);
}

/* With the pointer's hot spot, 2,3 of its own, in the middle of the picture: its corner is at 14,13. */
static void show(HCURSOR cursor)
{
    struct cursor_canvas canvas = {rgb, SIDE, SIDE};
    memset(rgb, GREY, sizeof rgb);
    CHECK(gdi_cursor_draw_shape(&canvas, cursor, SIDE / 2, SIDE / 2));
}

/* AND 0011, XOR 0101 in the first four columns of each row; the rest is transparent. */
static void test_monochrome_and_inverting(void)
{
    uint8_t kept[SIDE * SIDE / 8], flipped[SIDE * SIDE / 8];
    memset(kept, 0xff, sizeof kept);
    memset(flipped, 0, sizeof flipped);
    for (int row = 0; row < SIDE; row++) {
        kept[row * SIDE / 8] = 0x3f;
        flipped[row * SIDE / 8] = 0x50;
    }
    HCURSOR cursor = CreateCursor(GetModuleHandleW(NULL), 2, 3, SIDE, SIDE, kept, flipped);
    show(cursor);
    CHECK(is(14, 13, 0, 0, 0));
    CHECK(is(15, 13, 255, 255, 255));
    CHECK(is(16, 13, GREY, GREY, GREY));
    CHECK(is(17, 13, 255 - GREY, 255 - GREY, 255 - GREY));
    CHECK(is(18, 13, GREY, GREY, GREY));
    CHECK(is(13, 13, GREY, GREY, GREY) && is(14, 12, GREY, GREY, GREY));
    check_shape(cursor, (const uint8_t[16]){0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 255});
    DestroyCursor(cursor);
}

/* Of 32 bits, the first row's first pixels as given. */
static HCURSOR make_coloured(const uint32_t pixels[4], uint8_t mask)
{
    BITMAPINFO info = {
        .bmiHeader = {
            .biSize = sizeof info.bmiHeader, .biWidth = SIDE, .biHeight = -SIDE, .biPlanes = 1, .biBitCount = 32}};
    uint8_t kept[SIDE * SIDE / 8];
    void *bits;
    memset(kept, 0xff, sizeof kept);
    kept[0] = mask;
    ICONINFO icon = {.fIcon = FALSE, .xHotspot = 2, .yHotspot = 3};
    icon.hbmColor = CreateDIBSection(NULL, &info, DIB_RGB_COLORS, &bits, NULL, 0);
    icon.hbmMask = CreateBitmap(SIDE, SIDE, 1, 1, kept);
    memset(bits, 0, (size_t)SIDE * SIDE * 4);
    memcpy(bits, pixels, 4 * sizeof pixels[0]);
    GdiFlush();
    HCURSOR cursor = (HCURSOR)CreateIconIndirect(&icon);
    DeleteObject(icon.hbmColor);
    DeleteObject(icon.hbmMask);
    return cursor;
}

static void test_colour_with_transparency(void)
{
    static const uint32_t pixels[4] = {0xff1e140au, 0x00ffffffu, 0x33ffffffu, 0xffff0000u};
    HCURSOR cursor = make_coloured(pixels, 0);
    show(cursor);
    CHECK(is(14, 13, 0x1e, 0x14, 0x0a));
    CHECK(is(15, 13, GREY, GREY, GREY));
    CHECK(is(16, 13, 0x66, 0x66, 0x66)); /* a fifth of white */
    CHECK(is(17, 13, 255, 0, 0));
    check_shape(cursor, (const uint8_t[16]){0x1e, 0x14, 0x0a, 255, 0, 0, 0, 0, 255, 255, 255, 0x33, 255, 0, 0, 255});
    DestroyCursor(cursor);
}

static void test_colour_with_a_mask(void)
{
    static const uint32_t pixels[4] = {0x00030201u, 0x00ffffffu, 0x00000000u, 0x000000ffu};
    HCURSOR cursor = make_coloured(pixels, 0x7f);
    show(cursor);
    CHECK(is(14, 13, 3, 2, 1));
    CHECK(is(15, 13, 255 - GREY, 255 - GREY, 255 - GREY));
    CHECK(is(16, 13, GREY, GREY, GREY));
    CHECK(is(17, 13, GREY, GREY, GREY ^ 0xff));
    DestroyCursor(cursor);
}

static void test_what_is_no_pointer(void)
{
    struct cursor_canvas canvas = {rgb, SIDE, SIDE};
    struct strlist facts = {0};
    CHECK(!gdi_pointer_add_shape(NULL, 0, 0, true, &facts));
    CHECK(!gdi_pointer_add_shape((HCURSOR)(UINT_PTR)0x7ffe, 0, 0, true, &facts));
    CHECK_INT(facts.count, 0);
    CHECK(!gdi_cursor_draw_shape(&canvas, NULL, 0, 0));
    CHECK(!gdi_cursor_draw_shape(&canvas, (HCURSOR)(UINT_PTR)0x7ffe, 0, 0));
}

int main(void)
{
    RUN(test_monochrome_and_inverting);
    RUN(test_colour_with_transparency);
    RUN(test_colour_with_a_mask);
    RUN(test_what_is_no_pointer);
    return CHECK_RESULT();
}
