/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_cursor.h"
#include "capture/win32/gdi_screen.h"

#include <stdlib.h>
#include <windows.h>

#define CURSOR_SIZE_MAX 1024 /* pixels, width or height */

struct gdi_bits {
    uint8_t *bytes; /* owned */
    uint32_t width, height, pitch;
};

/* Reads a bitmap as `depth` (1 or 32) bits per pixel, whatever its own depth is. Rows go from top to bottom. */
static bool gdi_read_bitmap(HBITMAP bitmap, WORD depth, struct gdi_bits *bits)
{
    struct {
        BITMAPINFOHEADER header;
        RGBQUAD colours[2];
    } info = {.header = {.biSize = sizeof info.header, .biPlanes = 1, .biBitCount = depth, .biCompression = BI_RGB}};
    BITMAP size;
    if (!GetObjectW(bitmap, sizeof size, &size) || size.bmWidth < 1 || size.bmHeight < 1 ||
        size.bmWidth > CURSOR_SIZE_MAX || size.bmHeight > CURSOR_SIZE_MAX)
        return false;
    *bits = (struct gdi_bits){.width = (uint32_t)size.bmWidth, .height = (uint32_t)size.bmHeight};
    bits->pitch = (bits->width * depth + 31) / 32 * 4;
    bits->bytes = malloc((size_t)bits->pitch * bits->height);
    info.header.biWidth = size.bmWidth;
    info.header.biHeight = -size.bmHeight;
    HDC screen = GetDC(NULL);
    bool read =
        bits->bytes && screen &&
        GetDIBits(screen, bitmap, 0, bits->height, bits->bytes, (BITMAPINFO *)&info, DIB_RGB_COLORS) == size.bmHeight;
    if (screen)
        ReleaseDC(NULL, screen);
    return read;
}

static bool gdi_has_alpha(const struct gdi_bits *colour)
{
    for (size_t i = 3; i < (size_t)colour->pitch * colour->height; i += 4)
        if (colour->bytes[i])
            return true;
    return false;
}

/* Sets the fourth byte of colours that have no alpha channel: where the mask's bit is set they invert the screen. */
static void gdi_apply_mask(struct gdi_bits *colour, const struct gdi_bits *mask)
{
    for (uint32_t y = 0; y < colour->height; y++)
        for (uint32_t x = 0; x < colour->width; x++) {
            bool keeps = mask->bytes[(size_t)y * mask->pitch + x / 8] >> (7 - x % 8) & 1;
            colour->bytes[(size_t)y * colour->pitch + (size_t)x * 4 + 3] = keeps ? 0xff : 0;
        }
}

static bool gdi_draw_bitmaps(const struct cursor_canvas *canvas, struct gdi_bits *mask, struct gdi_bits *colour,
                             int32_t x, int32_t y)
{
    struct cursor_shape shape = {.kind = CURSOR_MONOCHROME,
                                 .width = mask->width,
                                 .height = mask->height / 2,
                                 .pitch = mask->pitch,
                                 .bytes = mask->bytes,
                                 .len = (size_t)mask->pitch * mask->height};
    if (colour->bytes) {
        bool blends = gdi_has_alpha(colour);
        if (!blends && (mask->width < colour->width || mask->height < colour->height))
            return false;
        if (!blends)
            gdi_apply_mask(colour, mask);
        shape = (struct cursor_shape){.kind = blends ? CURSOR_COLOUR : CURSOR_MASKED,
                                      .width = colour->width,
                                      .height = colour->height,
                                      .pitch = colour->pitch,
                                      .bytes = colour->bytes,
                                      .len = (size_t)colour->pitch * colour->height};
    }
    return cursor_draw(canvas, &shape, x, y);
}

bool gdi_cursor_draw_shape(const struct cursor_canvas *canvas, void *cursor, int x, int y)
{
    struct gdi_bits mask = {NULL}, colour = {NULL};
    ICONINFO info;
    if (!cursor || !GetIconInfo(cursor, &info))
        return false;
    bool drawn = gdi_read_bitmap(info.hbmMask, 1, &mask) &&
                 (!info.hbmColor || gdi_read_bitmap(info.hbmColor, 32, &colour)) &&
                 gdi_draw_bitmaps(canvas, &mask, &colour, x - (int)info.xHotspot, y - (int)info.yHotspot);
    free(mask.bytes);
    free(colour.bytes);
    DeleteObject(info.hbmMask);
    if (info.hbmColor)
        DeleteObject(info.hbmColor);
    return drawn;
}

const char *gdi_cursor_draw(const struct cursor_canvas *canvas, const struct rect *area)
{
    CURSORINFO info = {.cbSize = sizeof info};
    gdi_set_activity("the cursor");
    if (!GetCursorInfo(&info))
        return "unavailable";
    if (!(info.flags & CURSOR_SHOWING) || !info.hCursor)
        return "hidden"; /* also where a finger is used instead */
    int x = info.ptScreenPos.x - area->x, y = info.ptScreenPos.y - area->y;
    HCURSOR copy = CopyIcon(info.hCursor);
    bool drawn = gdi_cursor_draw_shape(canvas, copy, x, y);
    if (copy)
        DestroyIcon(copy);
    if (drawn)
        return "drawn";
    return gdi_cursor_draw_shape(canvas, LoadCursorW(NULL, (LPCWSTR)IDC_ARROW), x, y)
               ? "drawn as an arrow, its shape can't be had"
               : "unavailable";
}
