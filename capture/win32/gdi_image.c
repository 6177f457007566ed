/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_image.h"
#include "capture/win32/gdi_screen.h"

#include <stdlib.h>
#include <string.h>

/* ---- the bitmap ---- */

void gdi_image_close(struct gdi_image *image)
{
    if (image->dc && image->before)
        SelectObject(image->dc, image->before);
    if (image->bitmap)
        DeleteObject(image->bitmap);
    if (image->dc)
        DeleteDC(image->dc);
    free(image->rgb);
    *image = (struct gdi_image){.dc = NULL};
}

/* Creates a bitmap of 32 bits per pixel, whatever depth the screen has: GDI converts. */
static int gdi_image_prepare(struct gdi_image *image, uint32_t width, uint32_t height, struct error *err)
{
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = (LONG)width,
                                     .biHeight = -(LONG)height, /* from the top */
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    void *pixels = NULL;
    if (image->dc && image->width == width && image->height == height)
        return 0;
    gdi_image_close(image);
    image->dc = CreateCompatibleDC(NULL);
    if (image->dc)
        image->bitmap = CreateDIBSection(image->dc, &info, DIB_RGB_COLORS, &pixels, NULL, 0);
    image->rgb = malloc((size_t)width * height * 3);
    if (image->bitmap)
        image->before = SelectObject(image->dc, image->bitmap);
    if (image->before && image->rgb) {
        image->pixels = pixels;
        image->width = width;
        image->height = height;
        return 0;
    }
    DWORD code = GetLastError();
    gdi_image_close(image);
    return error_set(err, ERR_NO_MEMORY, "no bitmap of %ux%u pixels (%lu)", width, height, code);
}

/* Returns the raster operation of BitBlt. With composition SRCCOPY copies all windows. Without it layered windows are
   only copied with CAPTUREBLT, which lets the cursor flicker. */
static DWORD gdi_raster_operation(void)
{
    typedef HRESULT WINAPI is_composition_enabled(BOOL * enabled);
    BOOL enabled = FALSE;
    is_composition_enabled *ask =
        (is_composition_enabled *)gdi_system_function(L"dwmapi.dll", "DwmIsCompositionEnabled");
    if (ask && ask(&enabled) == S_OK && enabled)
        return SRCCOPY;
    return SRCCOPY | CAPTUREBLT;
}

int gdi_image_copy(struct gdi_image *image, const struct rect *area, struct error *err)
{
    int status = gdi_image_prepare(image, area->width, area->height, err);
    if (status)
        return status;
    /* BitBlt does not write pixels that are on no monitor. */
    memset(image->pixels, 0, (size_t)image->width * image->height * sizeof *image->pixels);
    gdi_set_activity("the desktop's pixels (BitBlt)");
    SetLastError(0);
    HDC screen = GetDC(NULL); /* per capture: the thread may have changed its desktop */
    DWORD operation = gdi_raster_operation();
    image->layered = operation & CAPTUREBLT;
    BOOL copied =
        screen && BitBlt(image->dc, 0, 0, (int)area->width, (int)area->height, screen, area->x, area->y, operation);
    DWORD code = GetLastError();
    GdiFlush();
    if (screen)
        ReleaseDC(NULL, screen);
    if (copied)
        return 0;
    bool gone = code == ERROR_INVALID_WINDOW_HANDLE || code == ERROR_ACCESS_DENIED || code == ERROR_INVALID_HANDLE;
    return error_set(err, gone ? ERR_CLOSED : ERR_UNAVAILABLE, "the desktop's pixels can't be copied (%lu)", code);
}

void gdi_image_view(struct gdi_image *image, struct image_view *view)
{
    size_t count = (size_t)image->width * image->height;
    GdiFlush();
    for (size_t i = 0; i < count; i++) { /* the fourth byte is undefined */
        image->rgb[3 * i] = (uint8_t)(image->pixels[i] >> 16);
        image->rgb[3 * i + 1] = (uint8_t)(image->pixels[i] >> 8);
        image->rgb[3 * i + 2] = (uint8_t)image->pixels[i];
    }
    *view = (struct image_view){.pixels = image->rgb,
                                .width = image->width,
                                .height = image->height,
                                .stride = image->width * 3,
                                .format = PIXEL_RGB24};
}
