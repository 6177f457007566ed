/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window of the agent's own, for --selftest alone. A thread holds it, since only its own thread can paint it. */
#include "platform/clock.h"
#include "platform/selftest.h"
#include "platform/thread.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdlib.h>

#define CLASS_NAME L"PeriscopeSelftest"
#define OPEN_MS 10000
#define CLOSE_MS 5000

struct os_test_window {
    int x, y, width, height;
    uint8_t *rows; /* owned: as GDI has them, blue first, each row padded to four bytes */
    HANDLE shown, ended;
    DWORD code; /* why it is not shown; set before `shown` */
    HWND window;
};

static int row_size(const struct os_test_window *window)
{
    return (window->width * 3 + 3) & ~3;
}

/* ---- its thread ---- */

static void paint(HWND handle, const struct os_test_window *window)
{
    PAINTSTRUCT paint;
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = window->width,
                                     .biHeight = -window->height, /* the first row is the upper one */
                                     .biPlanes = 1,
                                     .biBitCount = 24,
                                     .biCompression = BI_RGB}};
    HDC context = BeginPaint(handle, &paint);
    SetDIBitsToDevice(context, 0, 0, (DWORD)window->width, (DWORD)window->height, 0, 0, 0, (UINT)window->height,
                      window->rows, &info, DIB_RGB_COLORS);
    EndPaint(handle, &paint);
}

static LRESULT CALLBACK on_message(HWND handle, UINT message, WPARAM wide, LPARAM argument)
{
    const struct os_test_window *window = (const struct os_test_window *)GetWindowLongPtrW(handle, GWLP_USERDATA);
    if (message == WM_PAINT && window) {
        paint(handle, window);
        return 0;
    }
    if (message == WM_DESTROY)
        PostQuitMessage(0);
    return DefWindowProcW(handle, message, wide, argument);
}

static DWORD show(struct os_test_window *window)
{
    HINSTANCE self = GetModuleHandleW(NULL);
    WNDCLASSW class = {.lpfnWndProc = on_message, .hInstance = self, .lpszClassName = CLASS_NAME};
    if (!RegisterClassW(&class) && GetLastError() != ERROR_CLASS_ALREADY_EXISTS)
        return GetLastError();
    window->window =
        CreateWindowExW(WS_EX_TOPMOST | WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE, CLASS_NAME, L"Periscope's self-test",
                        WS_POPUP, window->x, window->y, window->width, window->height, NULL, NULL, self, NULL);
    if (!window->window)
        return GetLastError();
    SetWindowLongPtrW(window->window, GWLP_USERDATA, (LONG_PTR)window);
    ShowWindow(window->window, SW_SHOWNOACTIVATE);
    UpdateWindow(window->window);
    return 0;
}

static void hold(void *context)
{
    MSG message;
    struct os_test_window *window = context;
    HANDLE ended = window->ended;
    window->code = show(window);
    bool shown = window->code == 0;
    SetEvent(window->shown);
    while (shown && GetMessageW(&message, NULL, 0, 0) > 0)
        DispatchMessageW(&message);
    SetEvent(ended);
}

/* ---- */

static void turn_rows(struct os_test_window *window, const uint8_t *pixels)
{
    for (int y = 0; y < window->height; y++)
        for (int x = 0; x < window->width; x++)
            for (int i = 0; i < 3; i++)
                window->rows[y * row_size(window) + x * 3 + i] = pixels[(y * window->width + x) * 3 + 2 - i];
}

static int test_window_start(struct os_test_window *window, struct error *err)
{
    window->shown = CreateEventW(NULL, TRUE, FALSE, NULL);
    window->ended = CreateEventW(NULL, TRUE, TRUE, NULL);
    if (!window->shown || !window->ended)
        return windows_error(err, GetLastError(), "could not show a window");
    ResetEvent(window->ended);
    int status = os_thread_start(hold, window, err);
    if (status) {
        SetEvent(window->ended);
        return status;
    }
    if (wait_for(&window->shown, 1, os_deadline(OPEN_MS)) == WAIT_NONE)
        return error_set(err, ERR_TIMEOUT, "a window did not come up within %d ms", OPEN_MS);
    return window->code ? windows_error(err, window->code, "could not show a window") : 0;
}

int os_test_window_open(struct os_test_window **out, int x, int y, uint32_t width, uint32_t height,
                        const uint8_t *pixels, struct error *err)
{
    *out = NULL;
    struct os_test_window *window = calloc(1, sizeof *window);
    if (window) {
        *window = (struct os_test_window){.x = x, .y = y, .width = (int)width, .height = (int)height};
        window->rows = calloc(height, (size_t)row_size(window));
    }
    if (!window || !window->rows) {
        free(window);
        return error_set(err, ERR_NO_MEMORY, "no memory for a window");
    }
    turn_rows(window, pixels);
    int status = test_window_start(window, err);
    if (status)
        os_test_window_close(window);
    else
        *out = window;
    return status;
}

void os_test_window_close(struct os_test_window *window)
{
    if (!window)
        return;
    if (window->window)
        PostMessageW(window->window, WM_CLOSE, 0, 0);
    if (window->ended && wait_for(&window->ended, 1, os_deadline(CLOSE_MS)) == WAIT_NONE)
        return; /* its thread may still use it: it stays */
    if (window->shown)
        CloseHandle(window->shown);
    if (window->ended)
        CloseHandle(window->ended);
    free(window->rows);
    free(window);
}
