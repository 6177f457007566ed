/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/sysinfo.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#define LINE_SIZE 512 /* bytes; longer lines of these files are not ours */

#if __SIZEOF_POINTER__ == 8
const char os_server_arch[] = "linux64";
#else
const char os_server_arch[] = "linux32";
#endif

uint32_t os_open_files_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= UINT32_MAX)
        return UINT32_MAX;
    return (uint32_t)limit.rlim_cur;
}

/* Copies the first line of a file that starts with prefix, without it and without the newline. */
static bool line_of(const char *path, const char *prefix, char line[LINE_SIZE])
{
    bool found = false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (!found && fgets(line, LINE_SIZE, file))
        found = strncmp(line, prefix, strlen(prefix)) == 0;
    fclose(file);
    if (found) {
        memmove(line, line + strlen(prefix), strlen(line) - strlen(prefix) + 1);
        line[strcspn(line, "\n")] = 0;
    }
    return found;
}

/* Adds a variable of os-release(5), whose value may be in quotes. */
static void add_os_release(struct strlist *facts, const char *key, const char *variable)
{
    char line[LINE_SIZE], *value = line;
    if (!line_of("/etc/os-release", variable, line))
        return;
    size_t len = strlen(value);
    if (len >= 2 && (*value == '"' || *value == '\'') && value[len - 1] == *value) {
        value[len - 1] = 0;
        value++;
    }
    strlist_addf(facts, "%s=%s", key, value);
}

void os_sysinfo(struct strlist *facts)
{
    char line[LINE_SIZE];
    struct utsname name;
    if (line_of("/proc/sys/kernel/random/boot_id", "", line))
        strlist_addf(facts, "boot.id=%s", line);
    if (line_of("/proc/stat", "btime ", line))
        strlist_addf(facts, "boot.time=%s", line);
    add_os_release(facts, "os.name", "NAME=");
    add_os_release(facts, "os.version", "VERSION_ID=");
    if (uname(&name) == 0) {
        strlist_addf(facts, "os.kernel=%s %s", name.sysname, name.release);
        strlist_addf(facts, "os.arch=%s", name.machine);
        strlist_addf(facts, "os.hostname=%s", name.nodename);
    }
}
