/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window of 100x80 at 20,10 that has the colour of the number in the file "number" of the working folder, which it looks at
 * again and again, until the file is gone. Prints "shown" once it is drawn. */
#include <windows.h>

#include <stdio.h>

static unsigned number;

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM param)
{
    PAINTSTRUCT paint;
    if (message != WM_PAINT)
        return DefWindowProcA(window, message, wide, param);
    HBRUSH brush = CreateSolidBrush(RGB(number * 37 & 255, number * 101 & 255, number * 7 & 255));
    HDC dc = BeginPaint(window, &paint);
    FillRect(dc, &(RECT){0, 0, 100, 80}, brush);
    EndPaint(window, &paint);
    DeleteObject(brush);
    return 0;
}

/* Returns false when there is no such file. One that is just being written has no number: the last one counts. */
static int read_number(unsigned *now)
{
    FILE *file = fopen("number", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%u", now) != 1)
        *now = number;
    fclose(file);
    return 1;
}

int main(void)
{
    WNDCLASSA class = {
        .lpfnWndProc = on_message, .hInstance = GetModuleHandle(NULL), .lpszClassName = "PeriscopeScreens"};
    MSG message;
    unsigned now;
    RegisterClassA(&class);
    HWND window = CreateWindowA("PeriscopeScreens", "Screens", WS_POPUP | WS_VISIBLE, 20, 10, 100, 80, NULL, NULL,
                                class.hInstance, NULL);
    UpdateWindow(window);
    puts("shown");
    fflush(stdout);
    while (read_number(&now)) {
        if (now != number) {
            number = now;
            InvalidateRect(window, NULL, FALSE);
        }
        while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
            DispatchMessageA(&message);
        Sleep(20);
    }
    return 0;
}
