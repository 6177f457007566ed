/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_screen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

static _Atomic(const char *) activity = "";

void gdi_set_activity(const char *what)
{
    atomic_store(&activity, what);
}

const char *gdi_activity(void)
{
    return atomic_load(&activity);
}

void (*gdi_system_function(const wchar_t *module, const char *name))(void)
{
    wchar_t path[MAX_PATH + 64];
    UINT len = GetSystemDirectoryW(path, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        return NULL;
    _snwprintf(path + len, 63, L"\\%ls", module);
    path[len + 63] = 0;
    HMODULE loaded = LoadLibraryW(path);
    return loaded ? (void (*)(void))GetProcAddress(loaded, name) : NULL;
}

void gdi_append_utf8(struct buffer *out, const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    uint8_t *bytes = size > 0 ? buffer_extend(out, (size_t)size) : NULL;
    if (!bytes)
        return;
    WideCharToMultiByte(CP_UTF8, 0, text, -1, (char *)bytes, size, NULL, NULL);
    out->len--; /* the NUL */
}

void gdi_append_text(struct buffer *out, const wchar_t *text)
{
    size_t start = out->len;
    gdi_append_utf8(out, text);
    for (size_t i = start; i < out->len; i++)
        if (out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = '?';
}

/* ---- monitors ---- */

static struct rect gdi_convert_rect(const RECT *rect)
{
    return (struct rect){rect->left, rect->top, (uint32_t)(rect->right - rect->left),
                         (uint32_t)(rect->bottom - rect->top)};
}

/* Copies the name of a device without its prefix: "DISPLAY1" of "\\.\DISPLAY1". */
static void gdi_copy_device_name(char name[GDI_NAME_SIZE], const wchar_t *device)
{
    struct buffer text;
    buffer_init(&text, GDI_NAME_SIZE);
    gdi_append_text(&text, wcsncmp(device, L"\\\\.\\", 4) == 0 ? device + 4 : device);
    snprintf(name, GDI_NAME_SIZE, "%.*s", (int)text.len, text.data ? (const char *)text.data : "");
    buffer_deinit(&text);
}

static BOOL CALLBACK gdi_add_monitor(HMONITOR handle, HDC dc, LPRECT rect, LPARAM context)
{
    struct gdi_layout *layout = (struct gdi_layout *)context;
    MONITORINFOEXW info = {.cbSize = sizeof info};
    (void)dc;
    (void)rect;
    if (layout->count == GDI_MONITORS_MAX)
        return FALSE;
    if (!GetMonitorInfoW(handle, (MONITORINFO *)&info))
        return TRUE; /* it has just gone */
    struct gdi_monitor *monitor = &layout->monitors[layout->count++];
    gdi_copy_device_name(monitor->name, info.szDevice);
    monitor->area = gdi_convert_rect(&info.rcMonitor);
    return TRUE;
}

/* Opens the input desktop, with fewer rights when not all are granted. */
static HDESK gdi_open_input_desktop(void)
{
    HDESK input = OpenInputDesktop(DF_ALLOWOTHERACCOUNTHOOK, FALSE, GENERIC_ALL);
    return input ? input : OpenInputDesktop(0, FALSE, DESKTOP_READOBJECTS);
}

static void gdi_read_desktop_name(char name[GDI_NAME_SIZE])
{
    HDESK input = gdi_open_input_desktop();
    *name = 0;
    if (!input)
        return;
    gdi_object_name(input, name);
    CloseDesktop(input);
}

void gdi_layout_read(struct gdi_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    gdi_set_activity("the list of the monitors");
    gdi_read_desktop_name(layout->desktop);
    layout->whole.x = GetSystemMetrics(SM_XVIRTUALSCREEN);
    layout->whole.y = GetSystemMetrics(SM_YVIRTUALSCREEN);
    layout->whole.width = (uint32_t)GetSystemMetrics(SM_CXVIRTUALSCREEN);
    layout->whole.height = (uint32_t)GetSystemMetrics(SM_CYVIRTUALSCREEN);
    EnumDisplayMonitors(NULL, NULL, gdi_add_monitor, (LPARAM)layout);
}

static bool gdi_same_rect(const struct rect *a, const struct rect *b)
{
    return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

bool gdi_layout_same(const struct gdi_layout *a, const struct gdi_layout *b)
{
    if (a->count != b->count || !gdi_same_rect(&a->whole, &b->whole) || strcmp(a->desktop, b->desktop) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->monitors[i].name, b->monitors[i].name) != 0 ||
            !gdi_same_rect(&a->monitors[i].area, &b->monitors[i].area))
            return false;
    return true;
}

/* ---- the desktop ---- */

void gdi_object_name(HANDLE object, char name[GDI_NAME_SIZE])
{
    wchar_t text[GDI_NAME_SIZE / 4] = L"";
    DWORD needed;
    struct buffer utf8;
    buffer_init(&utf8, GDI_NAME_SIZE);
    if (GetUserObjectInformationW(object, UOI_NAME, text, sizeof text - sizeof *text, &needed))
        gdi_append_text(&utf8, text);
    snprintf(name, GDI_NAME_SIZE, "%.*s", (int)utf8.len, utf8.data ? (const char *)utf8.data : "");
    buffer_deinit(&utf8);
}

/* Checks the window station's flag WSF_VISIBLE. Session numbers can't be used: the console's may be 0. */
static int gdi_check_station(struct error *err)
{
    USEROBJECTFLAGS flags = {.dwFlags = 0};
    DWORD needed;
    char name[GDI_NAME_SIZE];
    HWINSTA station = GetProcessWindowStation();
    if (GetUserObjectInformationW(station, UOI_FLAGS, &flags, sizeof flags, &needed) && (flags.dwFlags & WSF_VISIBLE))
        return 0;
    gdi_object_name(station, name);
    return error_set(err, ERR_UNAVAILABLE,
                     "no-desktop: the window station '%s' of this process is not the one that is "
                     "shown: the agent must run in the session of the user",
                     name);
}

int gdi_desktop_enter(struct error *err)
{
    char input_name[GDI_NAME_SIZE], own_name[GDI_NAME_SIZE];
    gdi_set_activity("the desktop that has the input");
    int status = gdi_check_station(err);
    if (status)
        return status;
    HDESK input = gdi_open_input_desktop();
    if (!input) {
        DWORD code = GetLastError();
        return error_set(
            err, code == ERROR_ACCESS_DENIED ? ERR_DENIED : ERR_UNAVAILABLE,
            "desktop-denied: the desktop that has the input (%lu): at the logon, locked or an administrator's "
            "question it is SYSTEM's alone",
            code);
    }
    gdi_object_name(input, input_name);
    gdi_object_name(GetThreadDesktop(GetCurrentThreadId()), own_name);
    if (_stricmp(input_name, own_name) == 0) {
        CloseDesktop(input);
        return 0;
    }
    if (!SetThreadDesktop(input)) { /* on success the handle must stay open while the thread uses the desktop */
        DWORD code = GetLastError();
        CloseDesktop(input);
        return error_set(err, ERR_UNAVAILABLE, "desktop-denied: could not enter the desktop '%s' (%lu)", input_name,
                         code);
    }
    return 0;
}
