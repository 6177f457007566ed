/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/card.h"

#include "capture/drm/object.h"

#include <errno.h>
#include <fcntl.h>
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

/* Where in the kernel the process's first thread waits, which is the one that takes pictures; "" when it does not, or the
   kernel does not tell. */
static void read_wait_channel(char *name, size_t size)
{
    int fd = open("/proc/self/wchan", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, name, size - 1) : 0;
    name[len > 0 ? len : 0] = 0;
    if (fd >= 0)
        close(fd);
    if (strcmp(name, "0") == 0)
        name[0] = 0;
}

void drm_describe_call(char *text, size_t size)
{
    char channel[64];
    read_wait_channel(channel, sizeof channel);
    snprintf(text, size, "card%u does not answer %s%s%s", atomic_load(&current_card), atomic_load(&current_call),
             *channel ? ", which waits in the kernel's " : "", channel);
}

/* ---- what a card is ---- */

static void find_driver(struct drm_card *card)
{
    struct drm_version version = {.name_len = sizeof card->driver - 1, .name = card->driver};
    if (DRM_CALL(card, VERSION, &version))
        card->driver[0] = 0;
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
    drm_sysfs_identify("", number, &card->identity);
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
