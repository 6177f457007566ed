/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_windows.h"
#include "capture/field.h"
#include "capture/win32/gdi_screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#define TEXT_SIZE 1024 /* characters of a title or class that are told */
#define LINE_MAX_SIZE (64 * TEXT_SIZE)
#define DIALOG_TEXT_MAX (8 * TEXT_SIZE) /* bytes of what a dialog says; of more the start is told */
#define CONTROLS_MAX 256                /* of a dialog */

struct listing {
    HWND *windows; /* owned, GDI_WINDOWS_MAX; top to bottom */
    size_t count;
    bool full;
};

static BOOL CALLBACK add_window(HWND window, LPARAM context)
{
    struct listing *listing = (struct listing *)context;
    listing->full = listing->count == GDI_WINDOWS_MAX;
    if (listing->full)
        return FALSE;
    listing->windows[listing->count++] = window;
    return TRUE;
}

static void append_field(struct buffer *line, const wchar_t *text)
{
    struct buffer utf8;
    buffer_init(&utf8, 4 * TEXT_SIZE);
    gdi_append_utf8(&utf8, text);
    field_append(line, (const char *)utf8.data, utf8.len);
    buffer_deinit(&utf8);
}

/* ---- what a dialog says ---- */

struct reading {
    struct buffer text; /* UTF-8, a line a control */
    unsigned controls;
};

static bool is_dialog(HWND window)
{
    wchar_t name[8];
    return GetClassNameW(window, name, 8) > 0 && wcscmp(name, L"#32770") == 0; /* so is every message box */
}

/* The text that the system keeps of a control: of labels and buttons. An edit control has its own and would have to be
   sent a message. */
static BOOL CALLBACK read_control(HWND control, LPARAM context)
{
    struct reading *reading = (struct reading *)context;
    wchar_t text[TEXT_SIZE];
    if (reading->controls++ == CONTROLS_MAX)
        return FALSE;
    if (!(GetWindowLongW(control, GWL_STYLE) & WS_VISIBLE) || InternalGetWindowText(control, text, TEXT_SIZE) <= 0)
        return TRUE;
    if (reading->text.len > 0)
        buffer_append(&reading->text, "\n", 1);
    gdi_append_utf8(&reading->text, text);
    return !reading->text.failed;
}

static void append_dialog(struct buffer *line, HWND window)
{
    struct reading reading = {.controls = 0};
    buffer_init(&reading.text, DIALOG_TEXT_MAX);
    EnumChildWindows(window, read_control, (LPARAM)&reading);
    field_append(line, (const char *)reading.text.data, reading.text.len);
    buffer_deinit(&reading.text);
}

/* ---- windows that hang ---- */

typedef HWND WINAPI hung_window_of(HWND ghost); /* user32's, in no header: HungWindowFromGhostWindow */

/* Windows shows a likeness in the place of a window that hangs, which belongs to a process of its own. */
static HWND behind_ghost(HWND window)
{
    wchar_t name[8];
    if (GetClassNameW(window, name, 8) <= 0 || wcscmp(name, L"Ghost") != 0)
        return window;
    hung_window_of *find = (hung_window_of *)gdi_system_function(L"user32.dll", "HungWindowFromGhostWindow");
    HWND hung = find ? find(window) : NULL;
    return hung ? hung : window;
}

/* ---- lines ---- */

/* title, class, pid, geometry, whether it is visible, whether it hangs, what a dialog says */
static void add_line(HWND shown, struct strlist *lines)
{
    wchar_t text[TEXT_SIZE];
    struct buffer line;
    RECT rect;
    DWORD pid = 0;
    HWND window = behind_ghost(shown);
    if (!GetWindowThreadProcessId(window, &pid) || !GetWindowRect(shown, &rect))
        return; /* it has gone */
    buffer_init(&line, LINE_MAX_SIZE);
    if (InternalGetWindowText(window, text, TEXT_SIZE) > 0)
        append_field(&line, text);
    buffer_append(&line, "\t", 1);
    if (GetClassNameW(window, text, TEXT_SIZE) > 0)
        append_field(&line, text);
    buffer_printf(&line, "\t%lu\t%ldx%ld%+ld%+ld\t%d\t%d", pid, rect.right - rect.left, rect.bottom - rect.top,
                  rect.left, rect.top, IsWindowVisible(shown) && !IsIconic(shown), IsHungAppWindow(window) != 0);
    buffer_append(&line, "\t", 1);
    if (IsWindowVisible(window) && is_dialog(window))
        append_dialog(&line, window);
    buffer_append(&line, "", 1);
    if (line.failed)
        lines->failed = true;
    else
        strlist_add(lines, (const char *)line.data);
    buffer_deinit(&line);
}

int gdi_windows_list(struct strlist *lines, struct error *err)
{
    struct listing listing = {.windows = calloc(GDI_WINDOWS_MAX, sizeof(HWND))};
    int status = 0;
    if (!listing.windows)
        return error_set(err, ERR_NO_MEMORY, "no memory for the list of windows");
    gdi_now("the list of the windows");
    EnumWindows(add_window, (LPARAM)&listing);
    if (listing.full)
        status = error_set(err, ERR_LIMIT, "there are more than %d windows", GDI_WINDOWS_MAX);
    for (size_t i = listing.count; i-- > 0 && status == 0;)
        add_line(listing.windows[i], lines);
    free(listing.windows);
    return status;
}
