/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window to take a picture of: 300x200 at 40,30, drawn so that no two rows and columns look alike. Prints "shown" once it
 * is drawn, and stays until it is closed; with "hang" it takes no more messages then, with "dialog" it is a message box,
 * with "long" its title has 1500 characters,
 * with "mode WxH" it changes the display's mode first, with "flip WxH WxH" it changes between these two until there is a
 * file "stop" (or for two minutes), and ends in the second one. */
#include "tests/wine/tools/mode.h"

#include <stdio.h>
#include <string.h>

static const int width = 300, height = 200;

static void draw(HDC dc)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            SetPixelV(dc, x, y, RGB(x & 255, y, (x * y) & 255));
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM param)
{
    if (message == WM_PAINT) {
        PAINTSTRUCT paint;
        draw(BeginPaint(window, &paint));
        EndPaint(window, &paint);
        return 0;
    }
    if (message == WM_DESTROY)
        PostQuitMessage(0);
    return DefWindowProcA(window, message, wide, param);
}

static int change_mode(const char *text)
{
    int mode_width, mode_height;
    if (sscanf(text, "%dx%d", &mode_width, &mode_height) != 2)
        return 2;
    printf("mode %ld\n", set_mode(mode_width, mode_height));
    fflush(stdout);
    return 0;
}

/* The window is shown all the while. */
static int flip(char **modes)
{
    const DWORD end = GetTickCount() + 120000;
    MSG message;
    for (int i = 0; GetFileAttributesA("stop") == INVALID_FILE_ATTRIBUTES && GetTickCount() < end; i++) {
        if (change_mode(modes[i % 2]))
            return 2;
        while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
            DispatchMessageA(&message);
    }
    return change_mode(modes[1]);
}

int main(int argc, char **argv)
{
    WNDCLASSA class = {
        .lpfnWndProc = on_message, .lpszClassName = "PeriscopeTest", .hCursor = LoadCursorA(NULL, (LPCSTR)IDC_CROSS)};
    MSG message;
    if (argc > 2 && strcmp(argv[1], "mode") == 0 && change_mode(argv[2]))
        return 2;
    if (argc > 1 && strcmp(argv[1], "dialog") == 0)
        return MessageBoxA(NULL, "Body text", "A dialog", MB_OK);
    RegisterClassA(&class);
    HWND window = CreateWindowExA(WS_EX_TOPMOST, "PeriscopeTest", "A test's window", WS_POPUP | WS_VISIBLE, 40, 30,
                                  width, height, NULL, NULL, NULL, NULL);
    if (argc > 1 && strcmp(argv[1], "long") == 0) {
        char title[1501];
        memset(title, 'x', sizeof title - 1);
        title[sizeof title - 1] = 0;
        SetWindowTextA(window, title);
    }
    UpdateWindow(window);
    GdiFlush();
    puts("shown");
    fflush(stdout);
    if (argc > 3 && strcmp(argv[1], "flip") == 0)
        return flip(argv + 2);
    while (GetMessageA(&message, NULL, 0, 0) > 0) {
        DispatchMessageA(&message);
        if (argc > 1 && strcmp(argv[1], "hang") == 0 && message.message == WM_PAINT)
            Sleep(INFINITE);
    }
    return 0;
}
