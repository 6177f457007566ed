/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/compose.h"

#include <string.h>

static bool x11_rect_holds(const struct rect *rect, int64_t x, int64_t y)
{
    return x >= rect->x && x < (int64_t)rect->x + rect->width && y >= rect->y && y < (int64_t)rect->y + rect->height;
}

static bool x11_rect_covers(const struct rect *rect, const struct rect *area)
{
    return x11_rect_holds(rect, area->x, area->y) &&
           x11_rect_holds(rect, (int64_t)area->x + area->width - 1, (int64_t)area->y + area->height - 1);
}

/* Returns the end of the covered run that starts at column x of row y, at most `end`. It is x when x is not covered. */
static int64_t x11_skip_covered(const struct rect *covered, size_t count, int64_t x, int64_t y, int64_t end)
{
    for (size_t i = 0; i < count && x < end; i++)
        if (x11_rect_holds(&covered[i], x, y)) {
            x = (int64_t)covered[i].x + covered[i].width;
            i = (size_t)-1; /* any other rectangle may continue it */
        }
    return x < end ? x : end;
}

/* Returns the next column after x that a rectangle covers, at most `end`. */
static int64_t x11_next_covered(const struct rect *covered, size_t count, int64_t x, int64_t y, int64_t end)
{
    for (size_t i = 0; i < count; i++)
        if (covered[i].x > x && covered[i].x < end && x11_rect_holds(&covered[i], covered[i].x, y))
            end = covered[i].x;
    return end;
}

void x11_blank_uncovered(const struct x11_canvas *canvas, const struct rect *covered, size_t count)
{
    const struct rect *area = &canvas->area;
    for (size_t i = 0; i < count; i++)
        if (x11_rect_covers(&covered[i], area))
            return;
    int64_t end = (int64_t)area->x + area->width;
    for (uint32_t row = 0; row < area->height; row++) {
        int64_t y = (int64_t)area->y + row, x = x11_skip_covered(covered, count, area->x, y, end);
        while (x < end) {
            int64_t next = x11_next_covered(covered, count, x, y, end);
            memset(canvas->rgb + row * canvas->stride + (size_t)(x - area->x) * 3, 0, (size_t)(next - x) * 3);
            x = x11_skip_covered(covered, count, next, y, end);
        }
    }
}

/* Draws a premultiplied pixel over another ("over" of Porter and Duff), rounded to the nearest, as display hardware
   blends the cursor plane. */
static void x11_blend_pixel(uint8_t *rgb, uint32_t argb)
{
    unsigned through = 255 - (argb >> 24);
    for (int i = 0; i < 3; i++) {
        unsigned sum = ((argb >> (16 - 8 * i)) & 255) + (rgb[i] * through + 127) / 255;
        rgb[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

bool x11_draw_cursor(const struct x11_canvas *canvas, const struct x11_cursor *cursor)
{
    const struct rect *area = &canvas->area;
    bool seen = false;
    for (uint32_t row = 0; row < cursor->area.height; row++) {
        int64_t y = (int64_t)cursor->area.y + row;
        if (y < area->y || y >= (int64_t)area->y + area->height)
            continue;
        for (uint32_t column = 0; column < cursor->area.width; column++) {
            int64_t x = (int64_t)cursor->area.x + column;
            uint32_t argb = (uint32_t)cursor->argb[(size_t)row * cursor->area.width + column];
            if (argb == 0 || x < area->x || x >= (int64_t)area->x + area->width)
                continue;
            x11_blend_pixel(canvas->rgb + (size_t)(y - area->y) * canvas->stride + (size_t)(x - area->x) * 3, argb);
            seen = true;
        }
    }
    return seen;
}
