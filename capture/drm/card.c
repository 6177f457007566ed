/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/card.h"

#include "capture/apart/apart.h"
#include "capture/linux/card.h"
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    apart_note_call(name, card->number);
}

int drm_ioctl(const struct drm_card *card, unsigned long request, const char *name, void *argument)
{
    return DRM_CALL(card, name, drmIoctl(card->fd, request, argument)) < 0 ? errno : 0;
}

/* Judges an errno. ENODEV: the device is unplugged (drm_dev_is_unplugged()). EIO: the driver has given its hardware up. */
int drm_call_status(int code)
{
    return code == ENODEV || code == EIO ? ERR_CLOSED : ERR_UNAVAILABLE;
}

void drm_describe_call(char *text, size_t size)
{
    char channel[64];
    os_process_waits_in((uint64_t)getpid(), channel, sizeof channel);
    snprintf(text, size, "card%u does not answer %s%s%s", atomic_load(&current_card), atomic_load(&current_call),
             *channel ? ", which waits in the kernel's " : "", channel);
}

/* ---- what a card is ---- */

/* Reads its name without drmGetVersion(), which crashes on a driver that has no date or no description. */
static void card_read_driver(struct drm_card *card)
{
    struct drm_version version = {.name_len = sizeof card->driver - 1, .name = card->driver};
    if (DRM_IOCTL(card, VERSION, &version))
        card->driver[0] = 0;
}

/* ---- opening ---- */

static bool card_set_capability(const struct drm_card *card, uint64_t capability)
{
    return DRM_CALL(card, "SET_CLIENT_CAP", drmSetClientCap(card->fd, capability, 1)) == 0;
}

/* Drops the mastership and sets the client's capabilities. Whoever opens a card that has no master becomes its master, and
   then a compositor that starts meanwhile can't. */
static void card_become_client(struct drm_card *card)
{
    card->was_master = DRM_CALL(card, "DROP_MASTER", drmDropMaster(card->fd)) == 0;
    card_set_capability(card, DRM_CLIENT_CAP_UNIVERSAL_PLANES);
    card->atomic = card_set_capability(card, DRM_CLIENT_CAP_ATOMIC);
    /* Without it, the cursor planes of hypervisors' cards are hidden from atomic clients. */
    if (card->atomic)
        card_set_capability(card, CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
}

int drm_card_open_node(struct drm_card *card, unsigned number, struct error *err)
{
    char path[32];
    *card = (struct drm_card){.fd = -1, .number = number};
    snprintf(path, sizeof path, FOLDER "/card%u", number);
    card->fd = open(path, O_RDWR | O_CLOEXEC);
    if (card->fd < 0)
        return error_set(err, errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_UNAVAILABLE, "%s: %s", path,
                         strerror(errno));
    card->properties = calloc(1, sizeof *card->properties);
    if (!card->properties) {
        drm_card_close(card);
        return error_set(err, ERR_NO_MEMORY, "no memory for the properties of %s", path);
    }
    card_become_client(card);
    return 0;
}

int drm_card_open(struct drm_card *card, unsigned number, struct error *err)
{
    int status = drm_card_open_node(card, number, err);
    if (status)
        return status;
    card_read_driver(card);
    linux_card_identify("", number, &card->identity);
    return 0;
}

void drm_card_close(struct drm_card *card)
{
    for (size_t i = 0; card->properties && i < card->properties->count; i++)
        drmModeFreeProperty(card->properties->items[i]);
    free(card->properties);
    card->properties = NULL;
    if (card->fd >= 0)
        close(card->fd);
    card->fd = -1;
}
