/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/egl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    EGL_PLATFORM_GBM = 0x31d7,
    EGL_OPENGL_ES_API = 0x30a0,
    EGL_EXTENSIONS = 0x3055,
    EGL_NONE = 0x3038,
    EGL_CONTEXT_CLIENT_VERSION = 0x3098,
    EGL_DEVICE = 0x322c,
    EGL_DRM_DEVICE_FILE = 0x3233,
    EGL_LINUX_DMA_BUF = 0x3270,
    EGL_HEIGHT = 0x3056,
    EGL_WIDTH = 0x3057,
    EGL_LINUX_DRM_FOURCC = 0x3271,
    GL_TEXTURE_2D = 0x0de1,
    GL_FRAMEBUFFER = 0x8d40,
    GL_COLOR_ATTACHMENT0 = 0x8ce0,
    GL_FRAMEBUFFER_COMPLETE = 0x8cd5,
    GL_RGBA = 0x1908,
    GL_UNSIGNED_BYTE = 0x1401,
};

#define ATTRIBUTES_MAX 64

/* ---- the libraries ---- */

static int egl_open_library(const char *name, void **library, struct error *err)
{
    *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    return *library ? 0 : error_set(err, ERR_UNAVAILABLE, "%s can't be opened", name);
}

/* Stores a pointer to a function; returns false for NULL. POSIX lets dlsym()'s result be one. */
static bool set_call(void *call, size_t size, const void *symbol)
{
    memcpy(call, &symbol, size);
    return symbol != NULL;
}

static int egl_load_libraries(struct drm_egl_calls *calls, struct error *err)
{
    void *gbm = NULL, *egl = NULL, *gles = NULL;
    const char *missing = NULL;
    int status = egl_open_library("libgbm.so.1", &gbm, err);
    if (status == 0)
        status = egl_open_library("libEGL.so.1", &egl, err);
    if (status == 0)
        status = egl_open_library("libGLESv2.so.2", &gles, err);
    if (status < 0)
        return status;
#define FROM(library, name)                                                                                            \
    if (!missing && !set_call(&calls->name, sizeof calls->name, dlsym(library, #name)))                                \
        missing = #name;
#define X(result, name, arguments) FROM(gbm, name)
    DRM_GBM_CALLS(X)
#undef X
#define X(result, name, arguments) FROM(egl, name)
    DRM_EGL_CALLS(X)
#undef X
#define X(result, name, arguments) FROM(gles, name)
    DRM_GLES_CALLS(X)
#undef X
#undef FROM
#define X(result, name, arguments)                                                                                     \
    if (!missing && !set_call(&calls->name, sizeof calls->name, calls->eglGetProcAddress(#name)))                      \
        missing = #name;
    DRM_EGL_EXTENSIONS(X)
#undef X
    return missing ? error_set(err, ERR_UNAVAILABLE, "the libraries have no %s", missing) : 0;
}

int drm_egl_load(const struct drm_egl_calls **calls, struct error *err)
{
    static struct drm_egl_calls loaded;
    static bool is_loaded;
    if (!is_loaded) {
        int status = egl_load_libraries(&loaded, err);
        if (status < 0)
            return status;
        is_loaded = true;
    }
    *calls = &loaded;
    return 0;
}

/* ---- a context on the card ---- */

struct egl_session {
    const struct drm_egl_calls *calls; /* borrowed */
    void *device, *display, *context, *image;
    bool initialized;
};

static int egl_error(const struct egl_session *s, const char *doing, struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "%s failed (EGL error 0x%04x)", doing, (unsigned)s->calls->eglGetError());
}

static bool has_word(const char *words, const char *wanted)
{
    size_t len = strlen(wanted);
    for (; words && *words; words += strcspn(words, " "), words += strspn(words, " "))
        if (strcspn(words, " ") == len && memcmp(words, wanted, len) == 0)
            return true;
    return false;
}

static int check_extensions(const struct egl_session *s, bool has_modifier, struct error *err)
{
    const char *needed[] = {"EGL_EXT_image_dma_buf_import", "EGL_KHR_surfaceless_context", "EGL_KHR_no_config_context"};
    if (has_modifier)
        needed[0] = "EGL_EXT_image_dma_buf_import_modifiers";
    const char *has = s->calls->eglQueryString(s->display, EGL_EXTENSIONS);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!has_word(has, needed[i]))
            return error_set(err, ERR_UNAVAILABLE, "the driver has no %s", needed[i]);
    return 0;
}

static int check_device(const struct egl_session *s, const char *node, bool software, struct error *err)
{
    intptr_t device = 0;
    const char *file = NULL;
    if (s->calls->eglQueryDisplayAttribEXT(s->display, EGL_DEVICE, &device) && device)
        file = s->calls->eglQueryDeviceStringEXT((void *)device, EGL_DRM_DEVICE_FILE); // NOLINT
    if (!file && software && device)
        return has_word(s->calls->eglQueryDeviceStringEXT((void *)device, EGL_EXTENSIONS), // NOLINT
                        "EGL_MESA_device_software")
                   ? 0
                   : error_set(err, ERR_UNAVAILABLE, "EGL works neither on a card nor in software");
    if (!file)
        return error_set(err, ERR_UNAVAILABLE, "EGL does not tell which card it works on");
    if (strcmp(file, node) != 0)
        return error_set(err, ERR_UNAVAILABLE, "EGL works on %.60s, and not on %s", file, node);
    return 0;
}

static int make_context(struct egl_session *s, struct error *err)
{
    static const int32_t attributes[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};
    if (!s->calls->eglBindAPI(EGL_OPENGL_ES_API))
        return egl_error(s, "eglBindAPI", err);
    s->context = s->calls->eglCreateContext(s->display, NULL, NULL, attributes);
    if (!s->context)
        return egl_error(s, "eglCreateContext", err);
    return s->calls->eglMakeCurrent(s->display, NULL, NULL, s->context) ? 0 : egl_error(s, "eglMakeCurrent", err);
}

static int egl_session_open(struct egl_session *s, int fd, const char *node, bool software, bool has_modifier,
                            struct error *err)
{
    s->device = s->calls->gbm_create_device(fd);
    if (!s->device)
        return error_set(err, ERR_UNAVAILABLE, "GBM has no driver for %s", node);
    s->display = s->calls->eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM, s->device, NULL);
    if (!s->display)
        return egl_error(s, "eglGetPlatformDisplay", err);
    s->initialized = s->calls->eglInitialize(s->display, NULL, NULL);
    if (!s->initialized)
        return egl_error(s, "eglInitialize", err);
    int status = check_extensions(s, has_modifier, err);
    if (status == 0)
        status = check_device(s, node, software, err);
    return status ? status : make_context(s, err);
}

static void egl_session_close(struct egl_session *s)
{
    if (s->image)
        s->calls->eglDestroyImageKHR(s->display, s->image);
    if (s->context) {
        s->calls->eglMakeCurrent(s->display, NULL, NULL, NULL);
        s->calls->eglDestroyContext(s->display, s->context);
    }
    if (s->initialized)
        s->calls->eglTerminate(s->display);
    if (s->display)
        s->calls->eglReleaseThread();
    if (s->device)
        s->calls->gbm_device_destroy(s->device);
}

/* ---- a picture ---- */

struct attributes {
    int32_t items[ATTRIBUTES_MAX];
    size_t count;
};

static void egl_add_attribute(struct attributes *list, int32_t name, uint32_t value)
{
    list->items[list->count++] = name;
    list->items[list->count++] = (int32_t)value;
    list->items[list->count] = EGL_NONE;
}

static int egl_import(struct egl_session *s, const struct drm_egl_frame *frame, struct error *err)
{
    static const struct {
        int32_t fd, offset, pitch, modifier_low, modifier_high;
    } names[DRM_EGL_PLANES_MAX] = {{0x3272, 0x3273, 0x3274, 0x3443, 0x3444},
                                   {0x3275, 0x3276, 0x3277, 0x3445, 0x3446},
                                   {0x3278, 0x3279, 0x327a, 0x3447, 0x3448},
                                   {0x3440, 0x3441, 0x3442, 0x3449, 0x344a}};
    struct attributes list = {.count = 0};
    egl_add_attribute(&list, EGL_WIDTH, frame->width);
    egl_add_attribute(&list, EGL_HEIGHT, frame->height);
    egl_add_attribute(&list, EGL_LINUX_DRM_FOURCC, frame->fourcc);
    for (unsigned i = 0; i < frame->plane_count; i++) {
        egl_add_attribute(&list, names[i].fd, (uint32_t)frame->fds[i]);
        egl_add_attribute(&list, names[i].offset, frame->offsets[i]);
        egl_add_attribute(&list, names[i].pitch, frame->strides[i]);
        if (!frame->has_modifier)
            continue;
        egl_add_attribute(&list, names[i].modifier_low, (uint32_t)frame->modifier);
        egl_add_attribute(&list, names[i].modifier_high, (uint32_t)(frame->modifier >> 32));
    }
    s->image = s->calls->eglCreateImageKHR(s->display, NULL, EGL_LINUX_DMA_BUF, NULL, list.items);
    return s->image ? 0 : egl_error(s, "importing the framebuffer", err);
}

/* Reads the imported picture. The texture and the framebuffer are freed with the context. */
static int egl_read_back(const struct egl_session *s, const struct drm_egl_frame *frame, uint8_t *rgba,
                         struct error *err)
{
    const struct drm_egl_calls *calls = s->calls;
    uint32_t texture = 0, target = 0;
    calls->glGenTextures(1, &texture);
    calls->glBindTexture(GL_TEXTURE_2D, texture);
    calls->glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, s->image);
    calls->glGenFramebuffers(1, &target);
    calls->glBindFramebuffer(GL_FRAMEBUFFER, target);
    calls->glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    unsigned complete = calls->glCheckFramebufferStatus(GL_FRAMEBUFFER), error = calls->glGetError();
    if (complete != GL_FRAMEBUFFER_COMPLETE || error)
        return error_set(err, ERR_UNAVAILABLE, "the driver does not read this format back (0x%04x, GL error 0x%04x)",
                         complete, error);
    calls->glReadPixels(0, 0, (int32_t)frame->width, (int32_t)frame->height, GL_RGBA, GL_UNSIGNED_BYTE, rgba);
    error = calls->glGetError();
    return error ? error_set(err, ERR_UNAVAILABLE, "reading the pixels back failed (GL error 0x%04x)", error) : 0;
}

int drm_egl_read(const struct drm_egl_calls *calls, int fd, const char *node, bool software,
                 const struct drm_egl_frame *frame, uint8_t *rgba, struct error *err)
{
    struct egl_session session = {.calls = calls};
    int status = egl_session_open(&session, fd, node, software, frame->has_modifier, err);
    if (status == 0)
        status = egl_import(&session, frame, err);
    if (status == 0)
        status = egl_read_back(&session, frame, rgba, err);
    egl_session_close(&session);
    return status;
}
