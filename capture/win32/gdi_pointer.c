/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/pointer.h"
#include "capture/win32/gdi_cursor.h"
#include "capture/win32/gdi_screen.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define CURSOR_SIZE_MAX 1024 /* pixels, width or height */

/* Finds size and hot spot of a shape. */
static bool gdi_pointer_measure(HCURSOR cursor, struct pointer *pointer)
{
    ICONINFO info;
    BITMAP size = {0};
    if (!cursor || !GetIconInfo(cursor, &info))
        return false;
    bool found = GetObjectW(info.hbmColor ? info.hbmColor : info.hbmMask, sizeof size, &size) != 0;
    DeleteObject(info.hbmMask);
    if (info.hbmColor)
        DeleteObject(info.hbmColor);
    else
        size.bmHeight /= 2; /* the mask has both its parts */
    pointer->hot_x = (int32_t)info.xHotspot;
    pointer->hot_y = (int32_t)info.yHotspot;
    pointer->width = (uint32_t)size.bmWidth;
    pointer->height = (uint32_t)size.bmHeight;
    return found && size.bmWidth >= 1 && size.bmHeight >= 1 && size.bmWidth <= CURSOR_SIZE_MAX &&
           size.bmHeight <= CURSOR_SIZE_MAX;
}

/* Draws the shape over black and over white, as it is drawn into a picture. */
static bool gdi_pointer_read(HCURSOR cursor, const struct pointer *pointer, uint8_t *rgba, uint8_t *rgb)
{
    size_t count = (size_t)pointer->width * pointer->height;
    struct cursor_canvas black = {rgb, pointer->width, pointer->height};
    struct cursor_canvas white = {rgb + 3 * count, pointer->width, pointer->height};
    memset(black.rgb, 0, 3 * count);
    memset(white.rgb, 255, 3 * count);
    if (!gdi_cursor_draw_shape(&black, cursor, pointer->hot_x, pointer->hot_y) ||
        !gdi_cursor_draw_shape(&white, cursor, pointer->hot_x, pointer->hot_y))
        return false;
    pointer_from_drawings(rgba, black.rgb, white.rgb, count);
    return true;
}

bool gdi_pointer_add_shape(void *cursor, int32_t x, int32_t y, bool shape, struct strlist *facts)
{
    struct pointer pointer = {.x = x, .y = y};
    if (!gdi_pointer_measure(cursor, &pointer))
        return false;
    uint8_t *rgba = malloc((size_t)pointer.width * pointer.height * (4 + 3 + 3));
    bool read = rgba && gdi_pointer_read(cursor, &pointer, rgba, rgba + (size_t)pointer.width * pointer.height * 4);
    pointer.rgba = rgba;
    if (read)
        pointer_add_facts(&pointer, shape, facts);
    free(rgba);
    return read;
}

void gdi_pointer_add(const struct rect *area, bool shape, struct strlist *facts)
{
    CURSORINFO info = {.cbSize = sizeof info};
    gdi_set_activity("the cursor");
    if (!GetCursorInfo(&info) || !(info.flags & CURSOR_SHOWING) || !info.hCursor)
        return;
    int x = info.ptScreenPos.x - area->x, y = info.ptScreenPos.y - area->y;
    HCURSOR copy = CopyIcon(info.hCursor);
    if (!gdi_pointer_add_shape(copy, x, y, shape, facts))
        gdi_pointer_add_shape(LoadCursorW(NULL, (LPCWSTR)IDC_ARROW), x, y, shape, facts);
    if (copy)
        DestroyIcon(copy);
}
