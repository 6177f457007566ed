/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/framebuffer.h"

#include "picture/detile.h"
#include "picture/formats.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

void drm_format_text(char text[DRM_FORMAT_TEXT_SIZE], uint32_t fourcc)
{
    char *name = drmGetFormatName(fourcc);
    snprintf(text, DRM_FORMAT_TEXT_SIZE, "%s", name ? name : "?");
    free(name);
    for (; *text; text++)
        if (!isprint((unsigned char)*text))
            *text = '?';
}

void drm_modifier_text(char text[DRM_MODIFIER_TEXT_SIZE], uint64_t modifier)
{
    char *vendor = drmGetFormatModifierVendor(modifier), *name = drmGetFormatModifierName(modifier);
    if (modifier == MODIFIER_UNKNOWN)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "a layout that the driver does not tell");
    else if (modifier >> 56 == 0 && name)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s", name);
    else if (name)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s %s", vendor ? vendor : "?", name);
    else
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s 0x%016llx", vendor ? vendor : "unknown",
                 (unsigned long long)modifier);
    free(vendor);
    free(name);
}

/* ---- what the kernel tells ---- */

static int framebuffer_error(const struct drm_card *card, uint32_t id, int code, struct error *err)
{
    return error_set(err, code == ENOENT ? ERR_NOT_FOUND : drm_call_status(code),
                     "card%u (%s) does not describe its framebuffer %u: %s", card->number, card->driver, id,
                     strerror(code));
}

/* Returns 0 or an errno. Without the flag the modifier means nothing, whatever it is. */
static int framebuffer_get2(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out)
{
    drmModeFB2 *get = DRM_CALL(card, "MODE_GETFB2", drmModeGetFB2(card->fd, id));
    if (!get)
        return errno;
    *out = (struct drm_framebuffer){
        .id = id,
        .fourcc = get->pixel_format,
        .width = get->width,
        .height = get->height,
        .modifier = get->flags & DRM_MODE_FB_MODIFIERS ? get->modifier : MODIFIER_UNKNOWN,
    };
    memcpy(out->handles, get->handles, sizeof out->handles);
    memcpy(out->strides, get->pitches, sizeof out->strides);
    memcpy(out->offsets, get->offsets, sizeof out->offsets);
    drmModeFreeFB2(get);
    return 0;
}

static uint32_t fourcc_of_depth(uint32_t bits, uint32_t depth)
{
    static const struct {
        uint32_t bits, depth, fourcc;
    } known[] = {
        {32, 24, FOURCC('X', 'R', '2', '4')}, {32, 32, FOURCC('A', 'R', '2', '4')},
        {32, 30, FOURCC('X', 'R', '3', '0')}, {24, 24, FOURCC('R', 'G', '2', '4')},
        {16, 16, FOURCC('R', 'G', '1', '6')}, {16, 15, FOURCC('X', 'R', '1', '5')},
        {8, 8, FOURCC('C', '8', ' ', ' ')},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].bits == bits && known[i].depth == depth)
            return known[i].fourcc;
    return 0;
}

/* Returns 0 or an errno, on kernels before 5.7. */
static int framebuffer_get(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out)
{
    drmModeFB *get = DRM_CALL(card, "MODE_GETFB", drmModeGetFB(card->fd, id));
    if (!get)
        return errno;
    *out = (struct drm_framebuffer){
        .id = id,
        .fourcc = fourcc_of_depth(get->bpp, get->depth),
        .width = get->width,
        .height = get->height,
        .handles = {get->handle},
        .strides = {get->pitch},
        .modifier = MODIFIER_UNKNOWN,
    };
    drmModeFreeFB(get);
    return 0;
}

int drm_framebuffer_open(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out, struct error *err)
{
    *out = (struct drm_framebuffer){0}; /* no handles to close, should it fail */
    int code = framebuffer_get2(card, id, out);
    if (code == EINVAL || code == ENOTTY || code == ENOSYS)
        code = framebuffer_get(card, id, out);
    if (code)
        return framebuffer_error(card, id, code, err);
    if (out->handles[0] == 0)
        return error_set(err, ERR_DENIED,
                         "the kernel does not hand out framebuffers of card%u: that takes CAP_SYS_ADMIN, as root has",
                         card->number);
    return 0;
}

void drm_framebuffer_close(const struct drm_card *card, const struct drm_framebuffer *framebuffer)
{
    const uint32_t *handles = framebuffer->handles;
    for (int i = 0; i < 4; i++) {
        bool before = false;
        for (int j = 0; j < i; j++)
            before |= handles[j] == handles[i];
        if (handles[i] && !before)
            DRM_CALL(card, "GEM_CLOSE", drmCloseBufferHandle(card->fd, handles[i]));
    }
}
