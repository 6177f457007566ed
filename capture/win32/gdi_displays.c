/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_displays.h"

#include <stdio.h>
#include <windows.h>

/* ---- display devices ---- */

static bool gdi_find_device(const char *name, DISPLAY_DEVICEW *device)
{
    wchar_t wanted[GDI_NAME_SIZE + 4];
    _snwprintf(wanted, GDI_NAME_SIZE + 3, L"\\\\.\\%hs", name);
    wanted[GDI_NAME_SIZE + 3] = 0;
    for (DWORD i = 0; EnumDisplayDevicesW(NULL, i, device, 0); i++)
        if (wcscmp(device->DeviceName, wanted) == 0)
            return true;
    return false;
}

/* Adds the PCI ids, which are in the device id: "PCI\VEN_1AF4&DEV_1050&SUBSYS_...". */
static void gdi_add_pci_ids(size_t index, const wchar_t *id, struct strlist *facts)
{
    const size_t vendor = 8, device = 17; /* offsets of the ids */
    if (wcslen(id) >= device + 4 && wcsncmp(id, L"PCI\\VEN_", vendor) == 0 &&
        wcsncmp(id + vendor + 4, L"&DEV_", 5) == 0)
        strlist_addf(facts, "display.%zu.ids=%lx:%lx", index, wcstoul(id + vendor, NULL, 16),
                     wcstoul(id + device, NULL, 16));
}

static void gdi_add_driver(size_t index, const char *name, struct strlist *facts)
{
    DISPLAY_DEVICEW device = {.cb = sizeof device};
    struct buffer text;
    if (!gdi_find_device(name, &device))
        return;
    buffer_init(&text, 4096);
    gdi_append_text(&text, device.DeviceString);
    if (text.len > 0)
        strlist_addf(facts, "display.%zu.driver=%.*s", index, (int)text.len, (const char *)text.data);
    buffer_deinit(&text);
    gdi_add_pci_ids(index, device.DeviceID, facts);
}

void gdi_displays_list(const struct gdi_layout *layout, const char *backend, struct strlist *facts)
{
    strlist_addf(facts, "display.count=%zu", layout->count);
    for (size_t i = 0; i < layout->count; i++) {
        const struct gdi_monitor *monitor = &layout->monitors[i];
        strlist_addf(facts, "display.%zu.name=%s", i, monitor->name);
        strlist_addf(facts, "display.%zu.geometry=%ux%u%+d%+d", i, monitor->area.width, monitor->area.height,
                     monitor->area.x, monitor->area.y);
        strlist_addf(facts, "display.%zu.backend=%s", i, backend);
        gdi_add_driver(i, monitor->name, facts);
    }
}

/* ---- facts of a picture ---- */

/* Returns the monitor's own DPI from Windows 8.1 on. Before that all monitors have the same. */
static unsigned gdi_monitor_dpi(const struct rect *area)
{
    typedef HRESULT WINAPI get_dpi(HMONITOR monitor, int type, UINT *x, UINT *y);
    get_dpi *ask = (get_dpi *)gdi_system_function(L"shcore.dll", "GetDpiForMonitor");
    UINT x = 0, y = 0;
    HMONITOR monitor = MonitorFromPoint((POINT){area->x, area->y}, MONITOR_DEFAULTTONEAREST);
    if (ask && ask(monitor, 0, &x, &y) == S_OK)
        return x;
    HDC screen = GetDC(NULL);
    int all = screen ? GetDeviceCaps(screen, LOGPIXELSX) : 0;
    if (screen)
        ReleaseDC(NULL, screen);
    return all > 0 ? (unsigned)all : 0;
}

void gdi_layout_facts(const struct gdi_layout *layout, struct strlist *facts)
{
    for (size_t i = 0; i < layout->count; i++) {
        const struct gdi_monitor *monitor = &layout->monitors[i];
        strlist_addf(facts, "gdi.monitor.%s=%ux%u%+d%+d", monitor->name, monitor->area.width, monitor->area.height,
                     monitor->area.x, monitor->area.y);
        strlist_addf(facts, "gdi.dpi.%s=%u", monitor->name, gdi_monitor_dpi(&monitor->area));
    }
    if (layout->count == 0)
        strlist_add(facts, "warning=no output shows the screen");
}
