/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/render.h"

#include "capture/capture.h"
#include "picture/detile.h"
#include "capture/drm/egl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void render_close_planes(const struct drm_egl_frame *frame)
{
    for (unsigned i = 0; i < frame->plane_count; i++)
        close(frame->fds[i]);
}

/* Exports a dma-buf for each plane of memory that the framebuffer has, those of compression included. */
static int export_planes(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                         struct drm_egl_frame *frame, struct error *err)
{
    for (unsigned i = 0; i < DRM_EGL_PLANES_MAX && framebuffer->handles[i]; i++) {
        if (DRM_CALL(card, "PRIME_HANDLE_TO_FD",
                     drmPrimeHandleToFD(card->fd, framebuffer->handles[i], DRM_CLOEXEC, &frame->fds[i])) < 0)
            return error_set(err, ERR_UNAVAILABLE, "no dma-buf: %s", strerror(errno));
        frame->offsets[i] = framebuffer->offsets[i];
        frame->strides[i] = framebuffer->strides[i];
        frame->plane_count = i + 1;
    }
    return 0;
}

bool drm_render_is_tested(void)
{
    const char *text = getenv("PERISCOPED_TEST_EGL");
    return text && strcmp(text, "software") == 0;
}

static int render(const struct drm_card *card, const struct drm_egl_frame *frame, uint8_t *rgba, struct error *err)
{
    const struct drm_egl_calls *calls;
    char node[32];
    snprintf(node, sizeof node, "/dev/dri/card%u", card->number);
    drm_call_begins(card, "its EGL driver");
    int status = drm_egl_load(&calls, err);
    return status ? status : drm_egl_read(calls, card->fd, node, drm_render_is_tested(), frame, rgba, err);
}

static void set_frame(struct frame *frame, const struct drm_framebuffer *framebuffer, const uint8_t *rgba)
{
    frame->format = format_find(FOURCC('A', 'B', '2', '4'));
    frame->width = framebuffer->width;
    frame->height = framebuffer->height;
    frame->first_row = 0;
    frame->data[0] = rgba;
    frame->stride[0] = frame->width * 4;
}

int drm_render_read(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                    uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct drm_egl_frame frame = {.fourcc = framebuffer->fourcc,
                                  .width = framebuffer->width,
                                  .height = framebuffer->height,
                                  .has_modifier = framebuffer->modifier != MODIFIER_UNKNOWN,
                                  .modifier = framebuffer->modifier};
    if (frame.width < 1 || frame.width > CAPTURE_SIZE_MAX || frame.height < 1 || frame.height > CAPTURE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "%ux%u pixels are beyond the %d that are read", frame.width, frame.height,
                         CAPTURE_SIZE_MAX);
    int status = export_planes(card, framebuffer, &frame, err);
    if (status == 0) {
        memory[0] = malloc((size_t)frame.width * frame.height * 4);
        status = memory[0] ? render(card, &frame, memory[0], err)
                           : error_set(err, ERR_NO_MEMORY, "no memory for %ux%u pixels", frame.width, frame.height);
    }
    render_close_planes(&frame);
    if (status == 0)
        set_frame(&layer->frame, framebuffer, memory[0]);
    return status;
}
