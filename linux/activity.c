/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/activity.h"

#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
static void activity_read_cpu(struct os_activity *out)
{
    uint64_t times[8] = {0};
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return;
    int count =
        fscanf(file, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &times[0], &times[1], &times[2], &times[3], &times[4], &times[5], &times[6], &times[7]);
    fclose(file);
    for (int i = 0; i < count; i++)
        out->cpu_total += times[i];
    out->cpu_busy = out->cpu_total - times[3] - times[4];
}

/* Finds the largest of the times for which a disk had work: the tenth number of its line of /proc/diskstats. */
static void activity_read_disk(struct os_activity *out)
{
    char line[512], name[64];
    FILE *file = fopen("/proc/diskstats", "re");
    while (file && fgets(line, sizeof line, file)) {
        uint64_t busy_ms;
        if (sscanf(line, " %*u %*u %63s %*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, &busy_ms) != 2 ||
            strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0)
            continue;
        out->has_disk = true;
        if (busy_ms > out->disk_ms)
            out->disk_ms = busy_ms;
    }
    if (file)
        fclose(file);
}

void os_activity_read(struct os_activity *out)
{
    *out = (struct os_activity){.at_ms = os_clock_ms()};
    activity_read_cpu(out);
    activity_read_disk(out);
}
