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

/* ---- what it is ---- */

static bool is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int len = 0;
    return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &len) == 4 && text[len] == 0;
}

static uint16_t sysfs_read_id(const char *device, const char *name)
{
    char path[PATH_MAX + 16], word[16];
    snprintf(path, sizeof path, "%s/%s", device, name);
    sysfs_read_word(path, word);
    return (uint16_t)strtoul(word, NULL, 16);
}

/* Finds the last PCI address on the device's path in sysfs: that of virtio-gpu is one step above it. */
static void sysfs_find_pci(char path[PATH_MAX], struct card_identity *out)
{
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        if (is_pci_address(slash + 1)) {
            snprintf(out->pci, sizeof out->pci, "%.15s", slash + 1);
            out->vendor = sysfs_read_id(path, "vendor");
            out->device = sysfs_read_id(path, "device");
            return;
        }
        *slash = 0;
    }
}

/* Returns the DRM driver's name, by which a card is known everywhere else, for a device's driver. */
static const char *drm_driver_name(const char *driver)
{
    static const struct {
        const char *driver, *drm;
    } names[] = {{"simple-framebuffer", "simpledrm"},
                 {"of-display", "ofdrm"},
                 {"nvidia", "nvidia-drm"},
                 {"virtio-pci", "virtio_gpu"}}; /* the card is the PCI device's, later than 6.12 */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(driver, names[i].driver) == 0)
            return names[i].drm;
    return driver;
}

/* Finds the driver. A software device is named after it, and has none or that of a bus that is only there for such: vkms is
   /sys/devices/platform/vkms, and /sys/devices/faux/vkms of the driver faux_driver since 6.15. */
static void sysfs_find_driver(const char *root, unsigned number, struct card_identity *out)
{
    char link[PATH_MAX], path[PATH_MAX];
    snprintf(link, sizeof link, "%s/sys/class/drm/card%u/device/driver", root, number);
    if (!realpath(link, path) || strcmp(strrchr(path, '/') + 1, "faux_driver") == 0) {
        snprintf(link, sizeof link, "%s/sys/class/drm/card%u/device", root, number);
        if (!realpath(link, path))
            return;
        char *name = strrchr(path, '/') + 1;
        name[strcspn(name, ".")] = 0;
    }
    snprintf(out->driver, sizeof out->driver, "%.31s", drm_driver_name(strrchr(path, '/') + 1));
}

void drm_sysfs_identify(const char *root, unsigned number, struct card_identity *out)
{
    char link[PATH_MAX], path[PATH_MAX];
    *out = (struct card_identity){.driver = ""};
    sysfs_find_driver(root, number, out);
    snprintf(link, sizeof link, "%s/sys/class/drm/card%u/device", root, number);
    if (realpath(link, path))
        sysfs_find_pci(path, out);
}
