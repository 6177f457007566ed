/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/activity.h"

#include "platform/clock.h"

#include <windows.h>
#include <winioctl.h>

static uint64_t activity_time(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

/* Reads for how long the first disk had nothing to do. Wine and disks without counters don't tell. */
static void activity_read_disk(struct os_activity *out)
{
    DISK_PERFORMANCE disk = {.BytesRead.QuadPart = 0};
    DWORD len;
    HANDLE file =
        CreateFileW(L"\\\\.\\PhysicalDrive0", 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    out->has_disk = DeviceIoControl(file, IOCTL_DISK_PERFORMANCE, NULL, 0, &disk, sizeof disk, &len, NULL) != 0;
    if (out->has_disk)
        out->disk_ms = (uint64_t)(disk.QueryTime.QuadPart - disk.IdleTime.QuadPart) / 10000;
    CloseHandle(file);
}

void os_activity_read(struct os_activity *out)
{
    FILETIME idle, kernel, user; /* the kernel's includes the idle one */
    *out = (struct os_activity){.at_ms = os_clock_ms()};
    if (GetSystemTimes(&idle, &kernel, &user)) {
        out->cpu_total = activity_time(kernel) + activity_time(user);
        out->cpu_busy = out->cpu_total - activity_time(idle);
    }
    activity_read_disk(out);
}
