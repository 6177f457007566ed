/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_windows.h"
#include "base/field.h"
#include "capture/win32/gdi_screen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#define TEXT_SIZE 1024 /* UTF-16 units of a title, class or label, with the NUL; a longer one ends in CUT */
#define LINE_MAX_SIZE (64 * TEXT_SIZE)
#define DIALOG_TEXT_MAX (8 * TEXT_SIZE) /* bytes of a dialog's text; a longer one ends in CUT */
#define CONTROLS_MAX 256                /* of a dialog; the text of one with more ends in CUT */
#define CUT "... (cut)"

struct gdi_window_list {
    HWND *windows; /* owned, GDI_WINDOWS_MAX; from top to bottom */
    size_t count;
    bool full;
};

static BOOL CALLBACK gdi_add_window(HWND window, LPARAM context)
{
    struct gdi_window_list *list = (struct gdi_window_list *)context;
    list->full = list->count == GDI_WINDOWS_MAX;
    if (list->full)
        return FALSE;
    list->windows[list->count++] = window;
    return TRUE;
}

/* Appends a text of which the system gave this many units, and the mark where it may have had more. */
static void gdi_append_limited(struct buffer *utf8, const wchar_t *text, int len)
{
    gdi_append_utf8(utf8, text);
    if (len == TEXT_SIZE - 1)
        buffer_append(utf8, CUT, sizeof CUT - 1);
}

static void gdi_append_field(struct buffer *line, const wchar_t *text, int len)
{
    struct buffer utf8;
    buffer_init(&utf8, 4 * TEXT_SIZE);
    gdi_append_limited(&utf8, text, len);
    field_append(line, (const char *)utf8.data, utf8.len);
    buffer_deinit(&utf8);
}

/* ---- the text of a dialog ---- */

struct gdi_dialog {
    struct buffer text; /* UTF-8, one line per control */
    unsigned controls;
    bool is_cut;
};

static bool gdi_is_dialog(HWND window)
{
    wchar_t name[8];
    return GetClassNameW(window, name, 8) > 0 && wcscmp(name, L"#32770") == 0; /* so is every message box */
}

/* Appends the control's window text that the system stores: of labels and buttons. An edit control stores its own and
   would have to be sent a message. */
static BOOL CALLBACK gdi_read_control(HWND control, LPARAM context)
{
    struct gdi_dialog *dialog = (struct gdi_dialog *)context;
    wchar_t text[TEXT_SIZE];
    dialog->is_cut = dialog->controls++ == CONTROLS_MAX;
    if (dialog->is_cut)
        return FALSE;
    if (!(GetWindowLongW(control, GWL_STYLE) & WS_VISIBLE))
        return TRUE;
    int len = InternalGetWindowText(control, text, TEXT_SIZE);
    if (len <= 0)
        return TRUE;
    if (dialog->text.len > 0)
        buffer_append(&dialog->text, "\n", 1);
    gdi_append_limited(&dialog->text, text, len);
    dialog->is_cut = dialog->text.failed;
    return !dialog->is_cut;
}

static void gdi_append_dialog(struct buffer *line, HWND window)
{
    struct gdi_dialog dialog = {.controls = 0};
    buffer_init(&dialog.text, DIALOG_TEXT_MAX);
    EnumChildWindows(window, gdi_read_control, (LPARAM)&dialog);
    field_append(line, (const char *)dialog.text.data, dialog.text.len);
    if (dialog.is_cut)
        buffer_append(line, CUT, sizeof CUT - 1);
    buffer_deinit(&dialog.text);
}

/* ---- hung windows ---- */

typedef HWND WINAPI hung_window_of(HWND ghost); /* user32's, in no header: HungWindowFromGhostWindow */

/* Returns the hung window behind a ghost window, else the window itself. A ghost window belongs to a system process. */
static HWND gdi_hung_window(HWND window)
{
    wchar_t name[8];
    if (GetClassNameW(window, name, 8) <= 0 || wcscmp(name, L"Ghost") != 0)
        return window;
    hung_window_of *find = (hung_window_of *)gdi_system_function(L"user32.dll", "HungWindowFromGhostWindow");
    HWND hung = find ? find(window) : NULL;
    return hung ? hung : window;
}

/* ---- lines ---- */

/* Adds a line: title, class, pid, geometry, whether it is visible, whether it is hung, the text of a dialog. */
static void gdi_add_line(HWND shown, struct strlist *lines)
{
    wchar_t text[TEXT_SIZE];
    struct buffer line;
    RECT rect;
    DWORD pid = 0;
    HWND window = gdi_hung_window(shown);
    if (!GetWindowThreadProcessId(window, &pid) || !GetWindowRect(shown, &rect))
        return; /* it was destroyed */
    buffer_init(&line, LINE_MAX_SIZE);
    int len = InternalGetWindowText(window, text, TEXT_SIZE);
    if (len > 0)
        gdi_append_field(&line, text, len);
    buffer_append(&line, "\t", 1);
    len = GetClassNameW(window, text, TEXT_SIZE);
    if (len > 0)
        gdi_append_field(&line, text, len);
    buffer_printf(&line, "\t%lu\t%ldx%ld%+ld%+ld\t%d\t%d", pid, rect.right - rect.left, rect.bottom - rect.top,
                  rect.left, rect.top, IsWindowVisible(shown) && !IsIconic(shown), IsHungAppWindow(window) != 0);
    buffer_append(&line, "\t", 1);
    if (IsWindowVisible(window) && gdi_is_dialog(window))
        gdi_append_dialog(&line, window);
    buffer_append(&line, "", 1);
    if (line.failed)
        lines->failed = true;
    else
        strlist_add(lines, (const char *)line.data);
    buffer_deinit(&line);
}

int gdi_windows_list(struct strlist *lines, struct error *err)
{
    struct gdi_window_list list = {.windows = calloc(GDI_WINDOWS_MAX, sizeof(HWND))};
    int status = 0;
    if (!list.windows)
        return error_set(err, ERR_NO_MEMORY, "no memory for the list of windows");
    gdi_set_activity("the list of the windows");
    EnumWindows(gdi_add_window, (LPARAM)&list);
    if (list.full)
        status = error_set(err, ERR_LIMIT, "there are more than %d windows", GDI_WINDOWS_MAX);
    for (size_t i = list.count; i-- > 0 && status == 0;)
        gdi_add_line(list.windows[i], lines);
    free(list.windows);
    return status;
}
