/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The display adapters that Windows' device manager knows. Its library is loaded when it is first needed. */
#include "platform/gpu.h"
#include "win32/system.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <windows.h>

#include <setupapi.h>

#define CLASS_KEY L"SYSTEM\\CurrentControlSet\\Control\\Class\\"
#define HAS_PROBLEM 0x400u /* DN_HAS_PROBLEM of cfg.h */
#define NO_DRIVER 28u      /* CM_PROB_FAILED_INSTALL */

typedef HDEVINFO WINAPI get_class_devs(const GUID *class, const wchar_t *enumerator, HWND parent, DWORD flags);
typedef BOOL WINAPI enum_device_info(HDEVINFO set, DWORD index, SP_DEVINFO_DATA *out);
typedef BOOL WINAPI get_property(HDEVINFO set, SP_DEVINFO_DATA *device, DWORD property, DWORD *type, BYTE *out,
                                 DWORD size, DWORD *needed);
typedef BOOL WINAPI destroy_list(HDEVINFO set);
typedef DWORD WINAPI get_status(ULONG *status, ULONG *problem, DWORD device, ULONG flags);

struct setup {
    get_class_devs *get_class;
    enum_device_info *enumerate;
    get_property *property;
    destroy_list *destroy;
    get_status *status;
};

static bool load_setup(struct setup *out)
{
    LoadLibraryExW(L"setupapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    out->get_class = SYSTEM_FUNCTION(get_class_devs *, L"setupapi.dll", "SetupDiGetClassDevsW");
    out->enumerate = SYSTEM_FUNCTION(enum_device_info *, L"setupapi.dll", "SetupDiEnumDeviceInfo");
    out->property = SYSTEM_FUNCTION(get_property *, L"setupapi.dll", "SetupDiGetDeviceRegistryPropertyW");
    out->destroy = SYSTEM_FUNCTION(destroy_list *, L"setupapi.dll", "SetupDiDestroyDeviceInfoList");
    out->status = SYSTEM_FUNCTION(get_status *, L"setupapi.dll", "CM_Get_DevNode_Status");
    return out->get_class && out->enumerate && out->property && out->destroy;
}

struct device {
    const struct setup *setup;
    HDEVINFO set;
    SP_DEVINFO_DATA data;
};

static bool device_text(struct device *device, DWORD property, wchar_t *text, DWORD characters)
{
    DWORD type;
    *text = 0;
    bool found = device->setup->property(device->set, &device->data, property, &type, (BYTE *)text,
                                         (characters - 1) * sizeof *text, NULL);
    text[characters - 1] = 0;
    return found;
}

static bool device_number(struct device *device, DWORD property, DWORD *number)
{
    DWORD type;
    return device->setup->property(device->set, &device->data, property, &type, (BYTE *)number, sizeof *number, NULL);
}

/* Returns the hexadecimal number behind a key, or 0. */
static unsigned long id_part(const wchar_t *id, const wchar_t *key)
{
    const wchar_t *at = wcsstr(id, key);
    return at ? wcstoul(at + wcslen(key), NULL, 16) : 0;
}

static void find_ids(struct device *device, struct os_gpu *gpu)
{
    wchar_t id[256];
    device_text(device, SPDRP_HARDWAREID, id, sizeof id / sizeof *id);
    unsigned long subsystem = id_part(id, L"&SUBSYS_");
    gpu->vendor = (uint16_t)id_part(id, L"PCI\\VEN_");
    gpu->device = (uint16_t)id_part(id, L"&DEV_");
    gpu->subvendor = (uint16_t)subsystem;
    gpu->subdevice = (uint16_t)(subsystem >> 16);
    gpu->pci_class = 0x030000;
}

static void find_address(struct device *device, struct os_gpu *gpu)
{
    DWORD bus, address;
    if (device_number(device, SPDRP_BUSNUMBER, &bus) && device_number(device, SPDRP_ADDRESS, &address))
        snprintf(gpu->pci, sizeof gpu->pci, "0000:%02x:%02x.%x", (unsigned)bus & 0xff, (unsigned)(address >> 16) & 0x1f,
                 (unsigned)address & 7);
}

/* Reads the version from the key of the driver, "{class}\0000". */
static void find_version(struct device *device, struct os_gpu *gpu)
{
    wchar_t key[256] = CLASS_KEY, text[64] = L"";
    DWORD size = sizeof text - sizeof *text, type;
    HKEY opened;
    size_t head = wcslen(key);
    device_text(device, SPDRP_DRIVER, key + head, (DWORD)(sizeof key / sizeof *key - head));
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &opened))
        return;
    if (RegQueryValueExW(opened, L"DriverVersion", NULL, &type, (BYTE *)text, &size) == 0 && type == REG_SZ)
        utf8_copy(gpu->version, sizeof gpu->version, text);
    RegCloseKey(opened);
}

static void find_problem(struct device *device, struct os_gpu *gpu)
{
    ULONG status = 0, problem = 0;
    if (!device->setup->status || device->setup->status(&status, &problem, device->data.DevInst, 0))
        return;
    if (status & HAS_PROBLEM)
        snprintf(gpu->problem, sizeof gpu->problem, "Code %lu", problem);
    if (status & HAS_PROBLEM && problem == NO_DRIVER)
        *gpu->driver = 0;
}

/* Looks whether the desktop is on the adapter. A service sees no desktop of a user. */
static void find_desktop(struct device *device, struct os_gpu *gpu)
{
    wchar_t id[256];
    DISPLAY_DEVICEW adapter = {.cb = sizeof adapter};
    bool any = false;
    device_text(device, SPDRP_HARDWAREID, id, sizeof id / sizeof *id);
    for (DWORD i = 0; !gpu->has_display && EnumDisplayDevicesW(NULL, i, &adapter, 0); i++) {
        bool attached = adapter.StateFlags & DISPLAY_DEVICE_ATTACHED_TO_DESKTOP;
        any |= attached;
        gpu->has_display = attached && *id && _wcsnicmp(adapter.DeviceID, id, wcslen(adapter.DeviceID)) == 0;
    }
    if (!gpu->has_display)
        snprintf(gpu->no_display, sizeof gpu->no_display, "%s",
                 any ? "the desktop is not on it" : "not known: this session sees no desktop");
}

static void fill_gpu(struct device *device, struct os_gpu *gpu)
{
    wchar_t text[128];
    *gpu = (struct os_gpu){.vendor = 0};
    device_text(device, SPDRP_DEVICEDESC, text, sizeof text / sizeof *text);
    utf8_copy(gpu->name, sizeof gpu->name, text);
    device_text(device, SPDRP_SERVICE, text, sizeof text / sizeof *text);
    if (!*text && device_text(device, SPDRP_DRIVER, text, sizeof text / sizeof *text) && *text)
        wcscpy(text, L"unknown"); /* it has a driver, and Windows knows no service of it: Wine's */
    utf8_copy(gpu->driver, sizeof gpu->driver, text);
    find_ids(device, gpu);
    find_address(device, gpu);
    find_version(device, gpu);
    find_problem(device, gpu);
    find_desktop(device, gpu);
}

int os_gpu_list(struct os_gpu gpus[OS_GPUS_MAX], struct error *err)
{
    static const GUID display = {0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
    struct setup setup;
    struct device device = {.setup = &setup, .data = {.cbSize = sizeof device.data}};
    int count = 0;
    if (!load_setup(&setup))
        return error_set(err, ERR_UNAVAILABLE,
                         "the graphics cards can't be listed: this Windows lacks the functions for it");
    device.set = setup.get_class(&display, NULL, NULL, DIGCF_PRESENT);
    if (device.set == INVALID_HANDLE_VALUE)
        return windows_error(err, GetLastError(), "the graphics cards can't be listed");
    for (DWORD i = 0; count < OS_GPUS_MAX && setup.enumerate(device.set, i, &device.data); i++)
        fill_gpu(&device, &gpus[count++]);
    setup.destroy(device.set);
    return count;
}
