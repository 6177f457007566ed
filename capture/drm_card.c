/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm_card.h"

#include "capture/drm_object.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FOLDER "/dev/dri"
/* In the kernel since 6.8 and in its stable branches; later than the headers of some systems. */
#define CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6

static _Atomic(const char *) current_call = "nothing";
static atomic_uint current_card;

void drm_call_begins(const struct drm_card *card, const char *name)
{
    atomic_store(&current_card, card->number);
    atomic_store(&current_call, name);
}

int drm_call(const struct drm_card *card, unsigned long request, const char *name, void *argument)
{
    int result;
    drm_call_begins(card, name);
    do
        result = ioctl(card->fd, request, argument);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return result < 0 ? errno : 0;
}

void drm_describe_call(char *text, size_t size)
{
    snprintf(text, size, "card%u does not answer %s", atomic_load(&current_card), atomic_load(&current_call));
}

/* ---- which cards there are ---- */

static int compare_numbers(const void *a, const void *b)
{
    unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;
    return (one > other) - (one < other);
}

size_t drm_card_numbers(unsigned numbers[DRM_CARDS_MAX])
{
    DIR *folder = opendir(FOLDER);
    size_t count = 0;
    const struct dirent *entry;
    char rest;
    while (folder && count < DRM_CARDS_MAX && (entry = readdir(folder)))
        if (sscanf(entry->d_name, "card%3u%c", &numbers[count], &rest) == 1)
            count++;
    if (folder)
        closedir(folder);
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return count;
}

/* ---- whether it sleeps ---- */

/* The first word of a connector's file in sysfs; "" when it can't be read. */
static void read_attribute(const char *connector, const char *name, char word[16])
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/sys/class/drm/%s/%s", connector, name);
    FILE *file = fopen(path, "re");
    word[0] = 0;
    if (!file)
        return;
    if (fscanf(file, "%15s", word) != 1)
        word[0] = 0;
    fclose(file);
}

bool drm_card_sleeps(unsigned number)
{
    DIR *folder = opendir("/sys/class/drm");
    char prefix[16], status[16], dpms[16];
    bool asleep = false, awake = false;
    const struct dirent *entry;
    snprintf(prefix, sizeof prefix, "card%u-", number);
    while (folder && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        read_attribute(entry->d_name, "status", status);
        read_attribute(entry->d_name, "dpms", dpms);
        if (strcmp(status, "connected") == 0 && strcmp(dpms, "Off") == 0)
            asleep = true;
        else if (strcmp(status, "connected") == 0)
            awake = true;
    }
    if (folder)
        closedir(folder);
    return asleep && !awake;
}

/* ---- what a card is ---- */

static bool is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int len = 0;
    return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &len) == 4 && text[len] == 0;
}

/* The last PCI address on the device's path in sysfs: that of virtio-gpu is one step above it. */
static void find_pci(struct drm_card *card)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/sys/class/drm/card%u/device", card->number);
    if (!realpath(link, path))
        return;
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        if (is_pci_address(slash + 1)) {
            snprintf(card->pci, sizeof card->pci, "%.15s", slash + 1);
            return;
        }
        *slash = 0;
    }
}

static void find_driver(struct drm_card *card)
{
    struct drm_version version = {.name_len = sizeof card->driver - 1, .name = card->driver};
    if (DRM_CALL(card, VERSION, &version))
        card->driver[0] = 0;
}

bool drm_card_is_emulated(const struct drm_card *card)
{
    static const char *const drivers[] = {"bochs-drm", "qxl",        "virtio_gpu", "cirrus", "vmwgfx",
                                          "vboxvideo", "hyperv_drm", "simpledrm",  "ofdrm",  "vkms"};
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(card->driver, drivers[i]) == 0)
            return true;
    return false;
}

/* ---- opening ---- */

static bool set_cap(const struct drm_card *card, uint64_t capability)
{
    struct drm_set_client_cap cap = {.capability = capability, .value = 1};
    return DRM_CALL(card, SET_CLIENT_CAP, &cap) == 0;
}

/* Whoever opens a card that has no master becomes it, and then a compositor that starts meanwhile can't. */
static void become_client(struct drm_card *card)
{
    drm_call(card, DRM_IOCTL_DROP_MASTER, "DROP_MASTER", NULL);
    set_cap(card, DRM_CLIENT_CAP_UNIVERSAL_PLANES);
    card->atomic = set_cap(card, DRM_CLIENT_CAP_ATOMIC);
    /* Without it, the cursor planes of hypervisors' cards are hidden from atomic clients. */
    if (card->atomic)
        set_cap(card, CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
}

int drm_card_open(struct drm_card *card, unsigned number, struct error *err)
{
    char path[32];
    *card = (struct drm_card){.fd = -1, .number = number};
    snprintf(path, sizeof path, FOLDER "/card%u", number);
    card->properties = drm_property_cache_new();
    if (!card->properties)
        return error_set(err, ERR_NO_MEMORY, "no memory for the properties of %s", path);
    card->fd = open(path, O_RDWR | O_CLOEXEC);
    if (card->fd < 0) {
        int code = errno;
        drm_card_close(card);
        return error_set(err, code == EACCES || code == EPERM ? ERR_DENIED : ERR_UNAVAILABLE, "%s: %s", path,
                         strerror(code));
    }
    become_client(card);
    find_driver(card);
    find_pci(card);
    return 0;
}

void drm_card_close(struct drm_card *card)
{
    drm_property_cache_free(card->properties);
    card->properties = NULL;
    if (card->fd >= 0)
        close(card->fd);
    card->fd = -1;
}
