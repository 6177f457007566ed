/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/gpu/uevent.h"
#include "linux/gpu/log_line.h"

#include <stdio.h>
#include <string.h>

static void uevent_take(const char *text, const char *key, char *value, size_t size)
{
    size_t len = strlen(key);
    if (strncmp(text, key, len) == 0)
        snprintf(value, size, "%s", text + len);
}

static void uevent_take_all(const char *text, struct uevent *out)
{
    uevent_take(text, "ACTION=", out->action, sizeof out->action);
    uevent_take(text, "SUBSYSTEM=", out->subsystem, sizeof out->subsystem);
    uevent_take(text, "DEVPATH=", out->device, sizeof out->device);
    uevent_take(text, "WEDGED=", out->wedged, sizeof out->wedged);
    out->hotplug |= strcmp(text, "HOTPLUG=1") == 0;
}

bool uevent_parse(const char *bytes, size_t len, struct uevent *out)
{
    *out = (struct uevent){0};
    const char *end = bytes + len, *head_end = memchr(bytes, 0, len);
    if (!head_end || end[-1] != 0 || !memchr(bytes, '@', (size_t)(head_end - bytes)))
        return false;
    for (const char *text = head_end + 1; text < end; text += strlen(text) + 1)
        uevent_take_all(text, out);
    return *out->action && *out->subsystem && *out->device;
}

void uevent_pci(const struct uevent *event, char *pci, size_t size)
{
    *pci = 0;
    for (const char *part = event->device; part; part = strchr(part + 1, '/')) {
        const char *name = part + (*part == '/');
        size_t len = strcspn(name, "/");
        if (len == 12 && log_line_is_pci(name, len))
            snprintf(pci, size, "%.12s", name);
    }
}
