/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads pixels through the graphics driver, for layouts that only the hardware knows: a framebuffer is imported with its
 * modifier, if the kernel tells one, by EGL on GBM, on the card that scans it out, and read back. The libraries are opened when they are first
 * needed, so a guest need not have them.
 *
 * Source of the numbers and calls: the Khronos registry (EGL_EXT_image_dma_buf_import_modifiers, EGL_EXT_device_drm, OpenGL
 * ES 2), and Mesa's gbm.h.
 */
#ifndef CAPTURE_DRM_EGL_H
#define CAPTURE_DRM_EGL_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define DRM_EGL_PLANES_MAX 4

/* X(result, name, arguments) of each library. */
#define DRM_GBM_CALLS(X)                                                                                               \
    X(void *, gbm_create_device, (int fd))                                                                             \
    X(void, gbm_device_destroy, (void *device))
#define DRM_EGL_CALLS(X)                                                                                               \
    X(void *, eglGetProcAddress, (const char *name))                                                                   \
    X(unsigned, eglInitialize, (void *display, int32_t *major, int32_t *minor))                                        \
    X(unsigned, eglTerminate, (void *display))                                                                         \
    X(unsigned, eglBindAPI, (unsigned api))                                                                            \
    X(unsigned, eglReleaseThread, (void))                                                                              \
    X(const char *, eglQueryString, (void *display, int32_t name))                                                     \
    X(void *, eglCreateContext, (void *display, void *config, void *shared, const int32_t *attributes))                \
    X(unsigned, eglDestroyContext, (void *display, void *context))                                                     \
    X(unsigned, eglMakeCurrent, (void *display, void *draw, void *read, void *context))                                \
    X(int32_t, eglGetError, (void))
/* By eglGetProcAddress. */
#define DRM_EGL_EXTENSIONS(X)                                                                                          \
    X(void *, eglGetPlatformDisplayEXT, (unsigned platform, void *native, const int32_t *attributes))                  \
    X(unsigned, eglQueryDisplayAttribEXT, (void *display, int32_t name, intptr_t *value))                              \
    X(const char *, eglQueryDeviceStringEXT, (void *device, int32_t name))                                             \
    X(void *, eglCreateImageKHR,                                                                                       \
      (void *display, void *context, unsigned target, void *buffer, const int32_t *attributes))                        \
    X(unsigned, eglDestroyImageKHR, (void *display, void *image))                                                      \
    X(void, glEGLImageTargetTexture2DOES, (unsigned target, void *image))
#define DRM_GLES_CALLS(X)                                                                                              \
    X(void, glGenTextures, (int32_t count, uint32_t names[]))                                                          \
    X(void, glBindTexture, (unsigned target, uint32_t name))                                                           \
    X(void, glGenFramebuffers, (int32_t count, uint32_t names[]))                                                      \
    X(void, glBindFramebuffer, (unsigned target, uint32_t name))                                                       \
    X(void, glFramebufferTexture2D,                                                                                    \
      (unsigned target, unsigned attachment, unsigned texture_target, uint32_t texture, int32_t level))                \
    X(unsigned, glCheckFramebufferStatus, (unsigned target))                                                           \
    X(void, glReadPixels,                                                                                              \
      (int32_t x, int32_t y, int32_t width, int32_t height, unsigned format, unsigned type, void *pixels))             \
    X(unsigned, glGetError, (void))

struct drm_egl_calls {
#define X(result, name, arguments) result(*name) arguments;
    DRM_GBM_CALLS(X) DRM_EGL_CALLS(X) DRM_EGL_EXTENSIONS(X) DRM_GLES_CALLS(X)
#undef X
};

/* Loads the libraries, which stay open. ERR_UNAVAILABLE names the library that is not there, or the call it lacks. */
int drm_egl_load(const struct drm_egl_calls **calls, struct error *err);

struct drm_egl_frame {
    uint32_t fourcc, width, height;
    bool has_modifier; /* else only the card's own driver knows the layout, from what it keeps of the buffer */
    uint64_t modifier;
    unsigned plane_count;
    int fds[DRM_EGL_PLANES_MAX]; /* dma-bufs; borrowed, like all here */
    uint32_t offsets[DRM_EGL_PLANES_MAX], strides[DRM_EGL_PLANES_MAX];
};

/* Reads a frame into rows of width * 4 bytes: red, green, blue, alpha of 8 bits. Draws nothing, and leaves nothing open.
   `node` is the card's file (/dev/dri/card0), which fd is open on. An EGL that works on another card is refused, since the
   other's driver would read the layout as its own. One that works on none, in software, takes each buffer for rows: it is
   refused but for `software`, of a test that knows that there are rows. */
int drm_egl_read(const struct drm_egl_calls *calls, int fd, const char *node, bool software,
                 const struct drm_egl_frame *frame, uint8_t *rgba, struct error *err);

#endif
