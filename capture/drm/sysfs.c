/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- which cards there are ---- */

static int compare_card_numbers(const void *a, const void *b)
{
    unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;
    return (one > other) - (one < other);
}

size_t drm_sysfs_cards(const char *root, unsigned numbers[DRM_CARDS_MAX])
{
    char path[PATH_MAX], rest;
    snprintf(path, sizeof path, "%s/dev/dri", root);
    DIR *folder = opendir(path);
    size_t count = 0;
    const struct dirent *entry;
    while (folder && count < DRM_CARDS_MAX && (entry = readdir(folder)))
        if (sscanf(entry->d_name, "card%3u%c", &numbers[count], &rest) == 1)
            count++;
    if (folder)
        closedir(folder);
    qsort(numbers, count, sizeof *numbers, compare_card_numbers);
    return count;
}

/* ---- its connectors ---- */

/* Reads the first word of a file; "" when it can't be read. */
static void sysfs_read_word(const char *path, char word[16])
{
    FILE *file = fopen(path, "re");
    word[0] = 0;
    if (!file)
        return;
    if (fscanf(file, "%15s", word) != 1)
        word[0] = 0;
    fclose(file);
}

/* connected, disconnected, unknown; enabled, disabled; On, Standby, Suspend, Off: the kernel's drm_sysfs.c */
struct connector_state {
    bool connected, enabled, asleep;
};

static void sysfs_read_connector(const char *folder, const char *name, struct connector_state *out)
{
    char path[2 * PATH_MAX], status[16], enabled[16], dpms[16];
    snprintf(path, sizeof path, "%s/%s/status", folder, name);
    sysfs_read_word(path, status);
    snprintf(path, sizeof path, "%s/%s/enabled", folder, name);
    sysfs_read_word(path, enabled);
    snprintf(path, sizeof path, "%s/%s/dpms", folder, name);
    sysfs_read_word(path, dpms);
    out->connected = strcmp(status, "connected") == 0;
    out->enabled = strcmp(enabled, "enabled") == 0;
    out->asleep = strcmp(dpms, "Off") == 0;
}

/* Calls look() for each connector of the card but those that write to memory. */
static void sysfs_for_connectors(const char *root, unsigned number,
                                 void (*look)(const struct connector_state *state, void *context), void *context)
{
    char path[PATH_MAX], prefix[16];
    const struct dirent *entry;
    snprintf(path, sizeof path, "%s/sys/class/drm", root);
    DIR *folder = opendir(path);
    snprintf(prefix, sizeof prefix, "card%u-", number);
    while (folder && (entry = readdir(folder))) {
        struct connector_state state;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || strstr(entry->d_name, "-Writeback-"))
            continue;
        sysfs_read_connector(path, entry->d_name, &state);
        look(&state, context);
    }
    if (folder)
        closedir(folder);
}

static void count_active(const struct connector_state *state, void *context)
{
    unsigned *count = context;
    *count += state->enabled && !state->asleep;
}

unsigned drm_sysfs_active_count(const char *root, unsigned number)
{
    unsigned count = 0;
    sysfs_for_connectors(root, number, count_active, &count);
    return count;
}

static void count_connector(const struct connector_state *state, void *context)
{
    unsigned *count = context;
    (void)state;
    ++*count;
}

bool drm_sysfs_is_inactive(const char *root, unsigned number)
{
    unsigned count = 0;
    sysfs_for_connectors(root, number, count_connector, &count);
    return count > 0 && drm_sysfs_active_count(root, number) == 0;
}

struct sleep_states {
    bool asleep, awake;
};

static void count_asleep(const struct connector_state *state, void *context)
{
    struct sleep_states *sleep_states = context;
    sleep_states->asleep |= state->connected && state->asleep;
    sleep_states->awake |= state->connected && !state->asleep;
}

bool drm_sysfs_is_asleep(const char *root, unsigned number)
{
    struct sleep_states sleep_states = {false, false};
    sysfs_for_connectors(root, number, count_asleep, &sleep_states);
    return sleep_states.asleep && !sleep_states.awake;
}

bool drm_sysfs_has_console(const char *root, unsigned number)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/sys/class/drm/card%u/device/graphics/fb0", root, number);
    return access(path, F_OK) == 0;
}
