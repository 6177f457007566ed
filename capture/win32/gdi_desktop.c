/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has the desktop of Windows: the shell, the log-on screen, or what comes before both.
 *
 * There is no event to wait for that a test could not notice: Windows tells of displays and sessions only to windows, and a
 * hook for what windows do changes what programs see of themselves (IsWinEventHookInstalled). So it looks again, and only
 * while somebody waits.
 */
#include "capture/desktop.h"

#include "capture/win32/gdi_screen.h"
#include "capture/win32/gdi_session.h"
#include "platform/clock.h"

#include <stdio.h>
#include <windows.h>

#define LOOK_AGAIN_MS 100
#define GPUS_MAX 64

/* ---- the system ---- */

static DWORD desktop_setting(const wchar_t *name)
{
    HKEY key;
    DWORD type, value = 0, size = sizeof value;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return 0;
    if (RegQueryValueExW(key, name, NULL, &type, (BYTE *)&value, &size) || type != REG_DWORD)
        value = 0;
    RegCloseKey(key);
    return value;
}

static void desktop_check_system(struct desktop_scene *scene)
{
    if (GetSystemMetrics(SM_SHUTTINGDOWN))
        snprintf(scene->ending, sizeof scene->ending, "the session ends (SM_SHUTTINGDOWN)");
    if (desktop_setting(L"SystemSetupInProgress"))
        snprintf(scene->updating, sizeof scene->updating, "Windows sets itself up (SystemSetupInProgress)");
    else if (desktop_setting(L"OOBEInProgress"))
        snprintf(scene->updating, sizeof scene->updating, "the first start asks its questions (OOBEInProgress)");
}

/* ---- the session and its shell ---- */

static void desktop_check_shell(struct desktop_scene *scene)
{
    scene->is_bare = !FindWindowW(L"Shell_TrayWnd", NULL);
    if (scene->is_bare)
        snprintf(scene->unmanaged, sizeof scene->unmanaged, "the shell has no task bar yet (Shell_TrayWnd)");
    else
        snprintf(scene->manager, sizeof scene->manager, "the shell has the desktop (Shell_TrayWnd)");
}

static void desktop_check_session(struct desktop_scene *scene, const char *desktop)
{
    struct gdi_session_info info;
    struct error err;
    gdi_read_session(&info);
    const char *state = gdi_session_state(&info);
    bool secure = _stricmp(desktop, "Winlogon") == 0;
    if (strcmp(state, "disconnected") == 0)
        snprintf(scene->no_screen, sizeof scene->no_screen, "the session is disconnected and shows nothing");
    else if (strcmp(state, "no-user") == 0)
        snprintf(scene->greeter, sizeof scene->greeter, "nobody is logged on at the console");
    else if (strcmp(state, "locked") == 0 || secure)
        snprintf(scene->locked, sizeof scene->locked, "the session is %s",
                 secure && strcmp(state, "locked") != 0 ? "covered by the secure desktop (Winlogon)" : "locked");
    if (!secure && gdi_desktop_enter(&err) != 0)
        snprintf(scene->unmanaged, sizeof scene->unmanaged, "%.*s", DESKTOP_TEXT_SIZE - 1, err.text);
    else if (!*scene->greeter && !*scene->locked && !*scene->no_screen)
        desktop_check_shell(scene);
}

/* ---- displays and cards ---- */

static void desktop_add_layout(const struct gdi_layout *layout, struct desktop_look *look)
{
    struct buffer text;
    buffer_init(&text, GDI_MONITORS_MAX * (GDI_NAME_SIZE + 64));
    for (size_t i = 0; i < layout->count; i++) {
        const struct gdi_monitor *monitor = &layout->monitors[i];
        buffer_printf(&text, "%s %ux%u%+d%+d ", monitor->name, monitor->area.width, monitor->area.height,
                      monitor->area.x, monitor->area.y);
        strlist_addf(&look->lines, "output=%s %ux%u", monitor->name, monitor->area.width, monitor->area.height);
    }
    buffer_append(&text, "", 1);
    desktop_note_layout(text.failed ? "" : (const char *)text.data, look);
    buffer_deinit(&text);
    if (layout->count == 0)
        snprintf(look->scene.asleep, sizeof look->scene.asleep, "no display is attached");
}

/* Adds "gpu=VENDOR:DEVICE NAME" for each adapter, once. Windows' own driver stands in for one that is missing. */
static void desktop_add_gpus(struct strlist *lines)
{
    wchar_t last[128] = L"";
    for (DWORD i = 0; i < GPUS_MAX; i++) {
        DISPLAY_DEVICEW device = {.cb = sizeof device};
        struct buffer name;
        if (!EnumDisplayDevicesW(NULL, i, &device, 0))
            return;
        if (wcsncmp(device.DeviceID, L"PCI\\VEN_", 8) != 0 || wcslen(device.DeviceID) < 21 ||
            wcscmp(device.DeviceID, last) == 0)
            continue; /* it has an entry for each output */
        memcpy(last, device.DeviceID, sizeof last);
        buffer_init(&name, 1024);
        gdi_append_text(&name, device.DeviceString);
        bool none = wcsstr(device.DeviceString, L"Microsoft Basic") != NULL || name.len == 0;
        strlist_addf(lines, "gpu=%04lx:%04lx %.*s", wcstoul(device.DeviceID + 8, NULL, 16),
                     wcstoul(device.DeviceID + 17, NULL, 16), none ? 1 : (int)name.len,
                     none ? "-" : (const char *)name.data);
        buffer_deinit(&name);
    }
}

int desktop_look(struct capturer *capturer, const struct capture_options *options, bool outputs,
                 struct desktop_look *look, struct error *err)
{
    static struct gdi_layout layout;
    (void)capturer, (void)options, (void)outputs, (void)err;
    gdi_layout_read(&layout);
    desktop_check_system(&look->scene);
    desktop_check_session(&look->scene, layout.desktop);
    desktop_add_gpus(&look->lines);
    desktop_add_layout(&layout, look);
    look->tick_ms = LOOK_AGAIN_MS;
    return 0;
}

void desktop_await(struct capturer *capturer, int64_t deadline_ms)
{
    int64_t left = os_time_left(deadline_ms);
    (void)capturer;
    os_sleep_ms(left < LOOK_AGAIN_MS ? (unsigned)left : LOOK_AGAIN_MS);
}
