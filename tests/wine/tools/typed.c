/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window over the desktop that writes what it gets to the file that it is told, a line each: `key SCAN`, `KEY SCAN` of keys
 * that go down and up, with e0 before those that are extended; `char U+XXXX` of each unit of UTF-16; `left X,Y`, `LEFT X,Y`,
 * `right X,Y`, `RIGHT X,Y` of buttons; `wheel N`. The first line is `ready`. */
#include <stdio.h>
#include <windows.h>

static FILE *out;

static void tell_key(const char *what, LPARAM l)
{
    fprintf(out, "%s %s%02x\n", what, l & 1 << 24 ? "e0" : "", (unsigned)(l >> 16 & 0xff));
}

static void tell_place(const char *what, LPARAM l)
{
    fprintf(out, "%s %d,%d\n", what, (int)(short)LOWORD(l), (int)(short)HIWORD(l));
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    switch (message) {
    case WM_KEYDOWN:
    case WM_SYSKEYDOWN:
        tell_key("key", l);
        break;
    case WM_KEYUP:
    case WM_SYSKEYUP:
        tell_key("KEY", l);
        break;
    case WM_CHAR:
        fprintf(out, "char U+%04X\n", (unsigned)w);
        break;
    case WM_LBUTTONDOWN:
    case WM_LBUTTONUP:
        tell_place(message == WM_LBUTTONDOWN ? "left" : "LEFT", l);
        break;
    case WM_RBUTTONDOWN:
    case WM_RBUTTONUP:
        tell_place(message == WM_RBUTTONDOWN ? "right" : "RIGHT", l);
        break;
    case WM_MOUSEWHEEL:
        fprintf(out, "wheel %d\n", (int)GET_WHEEL_DELTA_WPARAM(w));
        break;
    default:
        return DefWindowProcW(window, message, w, l);
    }
    fflush(out);
    return 0;
}

int main(int argc, char **argv)
{
    MSG message;
    WNDCLASSW class = {.lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = L"typed"};
    out = argc > 1 ? fopen(argv[1], "wb") : NULL;
    if (!out || !RegisterClassW(&class))
        return 1;
    HWND window = CreateWindowExW(WS_EX_TOPMOST, class.lpszClassName, L"typed", WS_POPUP | WS_VISIBLE, 0, 0,
                                  GetSystemMetrics(SM_CXSCREEN), GetSystemMetrics(SM_CYSCREEN), NULL, NULL,
                                  class.hInstance, NULL);
    SetForegroundWindow(window);
    SetFocus(window);
    fprintf(out, "ready\n");
    fflush(out);
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
    return 0;
}
