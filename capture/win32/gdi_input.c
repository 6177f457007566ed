/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_input.h"

#include "base/utf8.h"

#include <string.h>
#include <windows.h>

#ifndef MOUSEEVENTF_HWHEEL
#define MOUSEEVENTF_HWHEEL 0x1000
#endif
#define SCAN_PREFIX 0xe000u
#define WHOLE 65536       /* the width and height of the desktop in SendInput's units */
#define INTEGRITY_MAX 256 /* bytes of a token's label */

struct gdi_hand {
    const struct gdi_layout *layout;
};

static int gdi_send(INPUT *inputs, UINT count, struct error *err)
{
    gdi_set_activity("SendInput");
    SetLastError(0);
    if (SendInput(count, inputs, sizeof *inputs) == count)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "blocked: SendInput took nothing (%lu)", GetLastError());
}

/* ---- keys and characters ---- */

static int gdi_send_key(WORD key, WORD scan, DWORD flags, struct error *err)
{
    INPUT input = {.type = INPUT_KEYBOARD};
    input.ki.wVk = key;
    input.ki.wScan = scan;
    input.ki.dwFlags = flags;
    return gdi_send(&input, 1, err);
}

/* Returns the virtual key of those whose scan code is not enough, or 0. */
static WORD gdi_virtual_key(const struct key *key)
{
    return strcmp(key->code, "Pause") == 0 ? VK_PAUSE : strcmp(key->code, "NumLock") == 0 ? VK_NUMLOCK : 0;
}

static int gdi_key(void *context, const struct key *key, bool down, struct error *err)
{
    WORD virtual = gdi_virtual_key(key);
    DWORD flags = (virtual ? 0 : KEYEVENTF_SCANCODE) | (down ? 0 : KEYEVENTF_KEYUP);
    if (key->scan & SCAN_PREFIX)
        flags |= KEYEVENTF_EXTENDEDKEY;
    (void)context;
    return gdi_send_key(virtual, key->scan & 0xff, flags, err);
}

static WORD gdi_control_key(uint32_t code)
{
    return code == '\n' || code == '\r' ? VK_RETURN
           : code == '\t'               ? VK_TAB
           : code == '\b'               ? VK_BACK
           : code == '\033'             ? VK_ESCAPE
                                        : 0;
}

/* Sends one unit of UTF-16, or a key. */
static int gdi_tap(WORD key, WORD unit, struct error *err)
{
    DWORD flags = key ? 0 : KEYEVENTF_UNICODE;
    int status = gdi_send_key(key, unit, flags, err);
    return status ? status : gdi_send_key(key, unit, flags | KEYEVENTF_KEYUP, err);
}

static int gdi_type(uint32_t code, struct error *err)
{
    WORD key = gdi_control_key(code);
    if (key || code < 0x10000)
        return gdi_tap(key, key ? 0 : (WORD)code, err);
    int status = gdi_tap(0, (WORD)(0xd7c0 + (code >> 10)), err);
    return status ? status : gdi_tap(0, (WORD)(0xdc00 | (code & 0x3ff)), err);
}

static int gdi_text(void *context, const char *text, struct error *err)
{
    uint32_t code;
    int status = 0;
    (void)context;
    for (size_t left = strlen(text), len; left > 0 && status == 0; text += len, left -= len) {
        len = utf8_next((const uint8_t *)text, left, &code);
        status = gdi_type(code, err);
    }
    return status;
}

/* ---- the pointer ---- */

static int gdi_send_mouse(DWORD flags, DWORD data, LONG x, LONG y, struct error *err)
{
    INPUT input = {.type = INPUT_MOUSE};
    input.mi.dwFlags = flags;
    input.mi.mouseData = data;
    input.mi.dx = x;
    input.mi.dy = y;
    return gdi_send(&input, 1, err);
}

static int gdi_button(void *context, enum input_button button, bool down, struct error *err)
{
    static const struct {
        DWORD down, up, data;
    } buttons[BUTTON_COUNT] = {{MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, 0},
                               {MOUSEEVENTF_MIDDLEDOWN, MOUSEEVENTF_MIDDLEUP, 0},
                               {MOUSEEVENTF_RIGHTDOWN, MOUSEEVENTF_RIGHTUP, 0},
                               {MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, XBUTTON1},
                               {MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, XBUTTON2}};
    (void)context;
    return gdi_send_mouse(down ? buttons[button].down : buttons[button].up, buttons[button].data, 0, 0, err);
}

/* Returns the first of SendInput's units that is this pixel. */
static LONG gdi_units(int32_t pixel, uint32_t size)
{
    return (LONG)(((uint64_t)pixel * WHOLE + size - 1) / size);
}

static int gdi_move(void *context, int32_t x, int32_t y, struct error *err)
{
    const struct rect *whole = &((const struct gdi_hand *)context)->layout->whole;
    return gdi_send_mouse(MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK, 0,
                          gdi_units(x, whole->width), gdi_units(y, whole->height), err);
}

static int gdi_wheel(void *context, int32_t dx, int32_t dy, struct error *err)
{
    (void)context;
    int status = dy ? gdi_send_mouse(MOUSEEVENTF_WHEEL, (DWORD)(-dy * WHEEL_DELTA), 0, 0, err) : 0;
    return status || !dx ? status : gdi_send_mouse(MOUSEEVENTF_HWHEEL, (DWORD)(dx * WHEEL_DELTA), 0, 0, err);
}

static const struct hands_calls gdi_calls = {gdi_key, gdi_button, gdi_move, gdi_wheel, gdi_text};

/* ---- before ---- */

/* Reads how much a process is trusted. Returns false when its token may not be read. */
static bool gdi_read_integrity(HANDLE process, DWORD *level)
{
    union {
        TOKEN_MANDATORY_LABEL label;
        BYTE bytes[INTEGRITY_MAX];
    } of;
    DWORD len;
    HANDLE token;
    if (!OpenProcessToken(process, TOKEN_QUERY, &token))
        return false;
    bool read = GetTokenInformation(token, TokenIntegrityLevel, &of, sizeof of, &len) != 0;
    CloseHandle(token);
    *level = read ? *GetSidSubAuthority(of.label.Label.Sid, *GetSidSubAuthorityCount(of.label.Label.Sid) - 1u) : 0;
    return read;
}

/* Checks whether Windows would drop what is sent to the window that has the keyboard, and say nothing (UIPI). */
static int gdi_check_window(struct error *err)
{
    DWORD pid = 0, own, other;
    HWND window = GetForegroundWindow();
    if (!window || !GetWindowThreadProcessId(window, &pid) || !gdi_read_integrity(GetCurrentProcess(), &own))
        return 0;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, pid);
    DWORD code = GetLastError();
    bool known = process && gdi_read_integrity(process, &other);
    code = process && !known ? GetLastError() : code;
    if (process)
        CloseHandle(process);
    if (known ? other <= own : code != ERROR_ACCESS_DENIED)
        return 0;
    return error_set(err, ERR_UNAVAILABLE,
                     "blocked: the window in front is of process %lu, which has more rights than "
                     "the agent here: Windows drops what it is sent",
                     pid);
}

static int gdi_check_desktop(const struct gdi_layout *layout, struct error *err)
{
    if (layout->desktop[0] && _stricmp(layout->desktop, "Winlogon") != 0)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "blocked: the desktop %s has the input, where nobody may type for a person",
                     layout->desktop[0] ? layout->desktop : "of others");
}

static int gdi_check_actions(const struct gdi_layout *layout, const struct input_list *list, struct error *err)
{
    int status = gdi_check_desktop(layout, err);
    for (size_t i = 0; i < list->count && status == 0; i++)
        if (list->items[i].kind == INPUT_MOVE)
            status = input_check_move(&list->items[i], layout->whole.width, layout->whole.height, err);
    return status ? status : gdi_check_window(err);
}

int gdi_input_do(struct hands *hands, const struct gdi_layout *layout, const struct input_list *list, struct error *err)
{
    struct gdi_hand hand = {layout};
    int status = gdi_check_actions(layout, list, err);
    return status ? status : hands_do(hands, list, &gdi_calls, &hand, err);
}

int gdi_input_leave(struct hands *hands, struct error *err)
{
    return hands_release(hands, &gdi_calls, NULL, err);
}
