/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/sysinfo.h"
#include "win32/system.h"
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define FACTS_KEY L"Software\\Periscope\\Boot" /* volatile: gone with its boot; in the view of a native program */
#define BOOT_ID_BYTES 16
#define BOOT_ID_TEXT (2 * BOOT_ID_BYTES + 1) /* characters with the NUL */

const char os_server_arch[] = "win32"; /* testagentd says so whatever the bitness */

uint32_t os_open_files_max(void)
{
    return UINT32_MAX;
}

/* ---- boot ---- */

static bool read_boot_id(HKEY root, wchar_t id[BOOT_ID_TEXT])
{
    HKEY key;
    DWORD type, size = BOOT_ID_TEXT * sizeof *id;
    if (RegOpenKeyExW(root, FACTS_KEY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return false;
    bool found = RegQueryValueExW(key, L"Id", NULL, &type, (BYTE *)id, &size) == 0 && type == REG_SZ &&
                 size == BOOT_ID_TEXT * sizeof *id && id[BOOT_ID_TEXT - 1] == 0;
    RegCloseKey(key);
    return found;
}

static bool write_boot_id(HKEY root, const wchar_t id[BOOT_ID_TEXT])
{
    HKEY key;
    if (RegCreateKeyExW(root, FACTS_KEY, 0, NULL, REG_OPTION_VOLATILE, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key,
                        NULL))
        return false;
    bool written = RegSetValueExW(key, L"Id", 0, REG_SZ, (const BYTE *)id, BOOT_ID_TEXT * sizeof *id) == 0;
    RegCloseKey(key);
    return written;
}

static bool make_boot_id(wchar_t id[BOOT_ID_TEXT])
{
    typedef BOOLEAN WINAPI random_bytes(void *bytes, ULONG len);
    random_bytes *fill = SYSTEM_FUNCTION(random_bytes *, L"advapi32.dll", "SystemFunction036"); /* RtlGenRandom */
    BYTE bytes[BOOT_ID_BYTES];
    if (!fill || !fill(bytes, sizeof bytes))
        return false;
    for (int i = 0; i < BOOT_ID_BYTES; i++)
        _snwprintf(id + 2 * i, 3, L"%02x", bytes[i]);
    return write_boot_id(HKEY_LOCAL_MACHINE, id) || write_boot_id(HKEY_CURRENT_USER, id);
}

/* Adds a random id of this boot, kept in a volatile key of the registry: not every Windows has one of its own. */
static void add_boot_id(struct strlist *facts)
{
    wchar_t id[BOOT_ID_TEXT];
    if (read_boot_id(HKEY_LOCAL_MACHINE, id) || read_boot_id(HKEY_CURRENT_USER, id) || make_boot_id(id))
        strlist_addf(facts, "boot.id=%ls", id);
}

static void add_boot_time(struct strlist *facts)
{
    typedef LONG WINAPI query_system_information(int class, void *out, ULONG size, ULONG *needed);
    query_system_information *query =
        SYSTEM_FUNCTION(query_system_information *, L"ntdll.dll", "NtQuerySystemInformation");
    struct {
        int64_t boot_time, current_time, time_zone_bias; /* FILETIME's units */
        ULONG time_zone_id, reserved;
        uint64_t boot_time_bias, sleep_time_bias;
    } times = {0};
    const int time_of_day = 3; /* SystemTimeOfDayInformation */
    if (query && query(time_of_day, &times, sizeof times, NULL) == 0 && times.boot_time > 0)
        strlist_addf(facts, "boot.time=%lld", (long long)(times.boot_time / 10000000 - INT64_C(11644473600)));
}

/* ---- system ---- */

static bool sysinfo_read_text(const wchar_t *path, const wchar_t *name, char *out, size_t size)
{
    HKEY key;
    wchar_t text[128] = L"";
    DWORD type, bytes = sizeof text - sizeof *text;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return false;
    bool found = RegQueryValueExW(key, name, NULL, &type, (BYTE *)text, &bytes) == 0 && type == REG_SZ && *text;
    RegCloseKey(key);
    if (found)
        utf8_copy(out, size, text);
    return found;
}

static void add_name(struct strlist *facts)
{
    typedef const char *CDECL wine_version(void);
    wine_version *wine = SYSTEM_FUNCTION(wine_version *, L"ntdll.dll", "wine_get_version");
    char product[256] = "Windows";
    sysinfo_read_text(L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"ProductName", product, sizeof product);
    if (wine)
        strlist_addf(facts, "os.name=Wine %s as %s", wine(), product);
    else
        strlist_addf(facts, "os.name=%s", product);
}

/* Adds the real version: GetVersionEx returns the one that the manifest asks for. */
static void add_version(struct strlist *facts)
{
    typedef LONG WINAPI get_version(OSVERSIONINFOW * info);
    get_version *get = SYSTEM_FUNCTION(get_version *, L"ntdll.dll", "RtlGetVersion");
    OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof info};
    if (!get || get(&info) != 0)
        return;
    strlist_addf(facts, "os.version=%lu.%lu.%lu", info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber);
    strlist_addf(facts, "os.kernel=Windows NT %lu.%lu.%lu", info.dwMajorVersion, info.dwMinorVersion,
                 info.dwBuildNumber);
}

static void add_arch(struct strlist *facts)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    switch (info.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
        strlist_add(facts, "os.arch=x86_64");
        break;
    case PROCESSOR_ARCHITECTURE_INTEL:
        strlist_add(facts, "os.arch=i686");
        break;
    case 12: /* PROCESSOR_ARCHITECTURE_ARM64 */
        strlist_add(facts, "os.arch=aarch64");
        break;
    }
}

static void add_hostname(struct strlist *facts)
{
    wchar_t name[256];
    DWORD size = 256;
    char text[1024];
    if (!GetComputerNameExW(ComputerNameDnsHostname, name, &size))
        return;
    utf8_copy(text, sizeof text, name);
    strlist_addf(facts, "os.hostname=%s", text);
}

void os_sysinfo(struct strlist *facts)
{
    add_boot_id(facts);
    add_boot_time(facts);
    add_name(facts);
    add_version(facts);
    add_arch(facts);
    add_hostname(facts);
}
