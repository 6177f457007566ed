/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/linux/card.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool card_is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int len = 0;
    return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &len) == 4 && text[len] == 0;
}

static uint16_t card_read_id(const char *device, const char *name)
{
    char path[PATH_MAX + 16];
    unsigned id = 0;
    snprintf(path, sizeof path, "%s/%s", device, name);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%8x", &id) != 1)
        id = 0;
    if (file)
        fclose(file);
    return (uint16_t)id;
}

/* Finds the last PCI address on the device's path in sysfs: that of virtio-gpu is one step above it. */
static void card_find_pci(char path[PATH_MAX], struct card_identity *out)
{
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        if (card_is_pci_address(slash + 1)) {
            snprintf(out->pci, sizeof out->pci, "%.15s", slash + 1);
            out->vendor = card_read_id(path, "vendor");
            out->device = card_read_id(path, "device");
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
                 {"efi-framebuffer", "efidrm"},
                 {"vesa-framebuffer", "vesadrm"},
                 {"vesa-display", "vesadrm"},
                 {"vdispl", "xendrm-du"},
                 {"nvidia", "nvidia-drm"},
                 {"virtio-pci", "virtio_gpu"}}; /* the card is the PCI device's, later than 6.12 */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(driver, names[i].driver) == 0)
            return names[i].drm;
    return driver;
}

/* Finds the driver. A software device is named after it, and has none or that of a bus that is only there for such: vkms is
   /sys/devices/platform/vkms, and /sys/devices/faux/vkms of the driver faux_driver since 6.15. */
static void card_find_driver(const char *root, unsigned number, struct card_identity *out)
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

void linux_card_identify(const char *root, unsigned number, struct card_identity *out)
{
    char link[PATH_MAX], path[PATH_MAX];
    *out = (struct card_identity){.driver = ""};
    card_find_driver(root, number, out);
    snprintf(link, sizeof link, "%s/sys/class/drm/card%u/device", root, number);
    if (realpath(link, path))
        card_find_pci(path, out);
}
