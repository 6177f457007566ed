/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls to GBM, EGL and OpenGL ES against scripted ones: what they are told, and that whichever of them fails, nothing
 * stays open. No driver is at work here. */
#include "capture/drm/egl.h"
#include "tests/unit/check.h"

#include <stdbool.h>
#include <stdlib.h>

#define NODE "/dev/dri/card1"
#define FD 42

/* What is open, which call is to fail, and what was told. */
static struct {
    int step, fails_at;
    bool device, display, context, current, image;
    const char *extensions, *file, *device_extensions;
    int32_t attributes[64];
    size_t attribute_count;
    unsigned gl_error, completeness;
} script;

static char device, display, context, image; /* things to point at */

static bool fails(void)
{
    return ++script.step == script.fails_at;
}

static void *made_gbm_create_device(int fd)
{
    CHECK_INT(fd, FD);
    script.device = !fails();
    return script.device ? &device : NULL;
}

static void made_gbm_device_destroy(void *d)
{
    CHECK(d == &device && script.device && !script.display);
    script.device = false;
}

static void *made_eglGetPlatformDisplayEXT(unsigned platform, void *native, const int32_t *attributes)
{
    CHECK(platform == 0x31d7 && native == &device && !attributes);
    return fails() ? NULL : &display;
}

static unsigned made_eglInitialize(void *d, int32_t *major, int32_t *minor)
{
    CHECK(d == &display && !major && !minor);
    script.display = !fails();
    return script.display;
}

static unsigned made_eglTerminate(void *d)
{
    CHECK(d == &display && script.display && !script.context && !script.image);
    script.display = false;
    return 1;
}

static unsigned made_eglBindAPI(unsigned api)
{
    CHECK_INT(api, 0x30a0);
    return !fails();
}

static unsigned made_eglReleaseThread(void)
{
    return 1;
}

static const char *made_eglQueryString(void *d, int32_t name)
{
    CHECK(d == &display && name == 0x3055);
    return fails() ? NULL : script.extensions;
}

static unsigned made_eglQueryDisplayAttribEXT(void *d, int32_t name, intptr_t *value)
{
    CHECK(d == &display && name == 0x322c);
    *value = (intptr_t)&device;
    return !fails();
}

static const char *made_eglQueryDeviceStringEXT(void *d, int32_t name)
{
    CHECK(d == &device && (name == 0x3233 || name == 0x3055));
    if (fails())
        return NULL;
    return name == 0x3233 ? script.file : script.device_extensions;
}

static void *made_eglCreateContext(void *d, void *config, void *shared, const int32_t *attributes)
{
    CHECK(d == &display && !config && !shared && attributes[0] == 0x3098 && attributes[1] == 2 &&
          attributes[2] == 0x3038);
    script.context = !fails();
    return script.context ? &context : NULL;
}

static unsigned made_eglDestroyContext(void *d, void *c)
{
    CHECK(d == &display && c == &context && script.context && !script.current);
    script.context = false;
    return 1;
}

static unsigned made_eglMakeCurrent(void *d, void *draw, void *read, void *c)
{
    CHECK(d == &display && !draw && !read);
    if (!c) {
        script.current = false;
        return 1;
    }
    script.current = !fails();
    return script.current;
}

static int32_t made_eglGetError(void)
{
    return 0x3003;
}

static void *made_eglCreateImageKHR(void *d, void *c, unsigned target, void *buffer, const int32_t *attributes)
{
    CHECK(d == &display && !c && target == 0x3270 && !buffer);
    for (script.attribute_count = 0; attributes[script.attribute_count] != 0x3038; script.attribute_count += 2)
        memcpy(&script.attributes[script.attribute_count], &attributes[script.attribute_count], 8);
    script.image = !fails();
    return script.image ? &image : NULL;
}

static unsigned made_eglDestroyImageKHR(void *d, void *i)
{
    CHECK(d == &display && i == &image && script.image);
    script.image = false;
    return 1;
}

static void made_glEGLImageTargetTexture2DOES(unsigned target, void *i)
{
    CHECK(target == 0x0de1 && i == &image && script.current);
}

static void made_glGenTextures(int32_t count, uint32_t *names)
{
    CHECK_INT(count, 1);
    names[0] = 5;
}

static void made_glBindTexture(unsigned target, uint32_t name)
{
    CHECK(target == 0x0de1 && name == 5);
}

static void made_glGenFramebuffers(int32_t count, uint32_t *names)
{
    CHECK_INT(count, 1);
    names[0] = 6;
}

static void made_glBindFramebuffer(unsigned target, uint32_t name)
{
    CHECK(target == 0x8d40 && name == 6);
}

static void made_glFramebufferTexture2D(unsigned target, unsigned attachment, unsigned kind, uint32_t texture,
                                        int32_t level)
{
    CHECK(target == 0x8d40 && attachment == 0x8ce0 && kind == 0x0de1 && texture == 5 && level == 0);
}

static unsigned made_glCheckFramebufferStatus(unsigned target)
{
    CHECK_INT(target, 0x8d40);
    return fails() ? 0x8cd6 : 0x8cd5;
}

static void made_glReadPixels(int32_t x, int32_t y, int32_t width, int32_t height, unsigned format, unsigned type,
                              void *pixels)
{
    CHECK(x == 0 && y == 0 && width == 3 && height == 2 && format == 0x1908 && type == 0x1401);
    memset(pixels, 0x77, 3 * 2 * 4);
}

static unsigned made_glGetError(void)
{
    return fails() ? 0x0502 : 0;
}

static const struct drm_egl_calls calls = {
#define X(result, name, arguments) .name = made_##name,
    DRM_GBM_CALLS(X)
#undef X
#define X(result, name, arguments) .name = made_##name,
        DRM_EGL_EXTENSIONS(X) DRM_GLES_CALLS(X)
#undef X
            .eglInitialize = made_eglInitialize,
    .eglTerminate = made_eglTerminate,
    .eglBindAPI = made_eglBindAPI,
    .eglReleaseThread = made_eglReleaseThread,
    .eglQueryString = made_eglQueryString,
    .eglCreateContext = made_eglCreateContext,
    .eglDestroyContext = made_eglDestroyContext,
    .eglMakeCurrent = made_eglMakeCurrent,
    .eglGetError = made_eglGetError,
};

static struct error err;
static uint8_t rgba[3 * 2 * 4];

static bool software;            /* what the next reading is told */
static bool has_modifier = true; /* of the next frame */
static const char *device_extensions;

static int read_one(int fails_at, const char *extensions, const char *file, unsigned planes)
{
    struct drm_egl_frame frame = {.fourcc = 0x34325258,
                                  .width = 3,
                                  .height = 2,
                                  .has_modifier = has_modifier,
                                  .modifier = 0x0200000012345678,
                                  .plane_count = planes,
                                  .fds = {10, 11, 12, 13},
                                  .offsets = {0, 1000, 2000, 0xfffff000},
                                  .strides = {512, 64, 32, 16}};
    memset(&script, 0, sizeof script);
    memset(rgba, 0, sizeof rgba);
    memset(&err, 0, sizeof err);
    script.fails_at = fails_at;
    script.extensions = extensions;
    script.file = file;
    script.device_extensions = device_extensions;
    int status = drm_egl_read(&calls, FD, NODE, software, &frame, rgba, &err);
    CHECK(!script.device && !script.display && !script.context && !script.current && !script.image);
    return status;
}

#define GOOD                                                                                                           \
    "EGL_KHR_image EGL_EXT_image_dma_buf_import_modifiers EGL_KHR_no_config_context EGL_KHR_surfaceless_context"

static uint32_t attribute(int32_t name)
{
    for (size_t i = 0; i < script.attribute_count; i += 2)
        if (script.attributes[i] == name)
            return (uint32_t)script.attributes[i + 1];
    return 0xdeadbeef;
}

static void a_picture_is_read(void)
{
    CHECK_INT(read_one(0, GOOD, NODE, 1), 0);
    for (size_t i = 0; i < sizeof rgba; i++)
        CHECK_INT(rgba[i], 0x77);
    CHECK_INT(script.attribute_count, 2 * 8);
    CHECK_INT(attribute(0x3057), 3);
    CHECK_INT(attribute(0x3056), 2);
    CHECK_INT(attribute(0x3271), 0x34325258);
    CHECK_INT(attribute(0x3272), 10);
    CHECK_INT(attribute(0x3273), 0);
    CHECK_INT(attribute(0x3274), 512);
    CHECK_INT(attribute(0x3443), 0x12345678);
    CHECK_INT(attribute(0x3444), 0x02000000);
}

static void every_plane_is_told(void)
{
    static const int32_t fds[] = {0x3272, 0x3275, 0x3278, 0x3440};
    CHECK_INT(read_one(0, GOOD, NODE, 4), 0);
    CHECK_INT(script.attribute_count, 2 * (3 + 4 * 5));
    for (int i = 0; i < 4; i++) {
        CHECK_INT(attribute(fds[i]), 10 + i);
        CHECK_INT(attribute(0x3443 + 2 * i), 0x12345678);
        CHECK_INT(attribute(0x3444 + 2 * i), 0x02000000);
    }
    CHECK_INT(attribute(0x3276), 1000);
    CHECK_INT(attribute(0x327a), 32);
    CHECK_INT(attribute(0x3441), 0xfffff000);
    CHECK_INT(attribute(0x3442), 16);
}

/* Whichever call it is: read_one() looks at what is left open. */
static void each_call_may_fail(void)
{
    CHECK_INT(read_one(0, GOOD, NODE, 2), 0);
    int steps = script.step;
    CHECK(steps >= 12);
    for (int i = 1; i <= steps; i++) {
        CHECK_INT(read_one(i, GOOD, NODE, 2), ERR_UNAVAILABLE);
        CHECK(*err.text);
    }
}

static void not_without_what_is_needed(void)
{
    CHECK_INT(read_one(0, "EGL_KHR_no_config_context EGL_KHR_surfaceless_context", NODE, 1), ERR_UNAVAILABLE);
    CHECK(strstr(err.text, "EGL_EXT_image_dma_buf_import_modifiers"));
    CHECK_INT(read_one(0, GOOD "2", NODE, 1), ERR_UNAVAILABLE); /* another name that begins so */
    CHECK(strstr(err.text, "EGL_KHR_surfaceless_context"));
    CHECK_INT(read_one(0, "", NODE, 1), ERR_UNAVAILABLE);
}

static void not_on_another_card(void)
{
    CHECK_INT(read_one(0, GOOD, "/dev/dri/card0", 1), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "EGL works on /dev/dri/card0, and not on /dev/dri/card1");
    CHECK_INT(read_one(0, GOOD, "/dev/dri/card10", 1), ERR_UNAVAILABLE);
}

/* Its layout is what the card's own driver keeps of the buffer, so it is no other card's either. */
static void without_a_modifier_none_is_told(void)
{
    has_modifier = false;
    CHECK_INT(
        read_one(0, "EGL_EXT_image_dma_buf_import EGL_KHR_no_config_context EGL_KHR_surfaceless_context", NODE, 2), 0);
    CHECK_INT(script.attribute_count, 2 * (3 + 2 * 3));
    CHECK_INT(attribute(0x3272), 10);
    CHECK_INT(attribute(0x3277), 64);
    CHECK_INT(attribute(0x3443), 0xdeadbeef);
    CHECK_INT(attribute(0x3446), 0xdeadbeef);
    CHECK_INT(read_one(0, GOOD, NODE, 1), ERR_UNAVAILABLE); /* what has modifiers has this as well */
    CHECK(strstr(err.text, "EGL_EXT_image_dma_buf_import"));
    CHECK_INT(read_one(0, "EGL_EXT_image_dma_buf_import EGL_KHR_no_config_context EGL_KHR_surfaceless_context",
                       "/dev/dri/card0", 1),
              ERR_UNAVAILABLE);
    has_modifier = true;
}

/* It reads each buffer as rows, whatever the card's layout is. */
static void in_software_only_for_a_test(void)
{
    device_extensions = "EGL_EXT_device_query EGL_MESA_device_software";
    CHECK_INT(read_one(0, GOOD, NULL, 1), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "EGL does not tell which card it works on");
    software = true;
    CHECK_INT(read_one(0, GOOD, NULL, 1), 0);
    CHECK_INT(read_one(0, GOOD, "/dev/dri/card0", 1), ERR_UNAVAILABLE); /* another card is still another card */
    device_extensions = NULL;
    CHECK_INT(read_one(0, GOOD, NULL, 1), ERR_UNAVAILABLE);
    software = false;
}

static void the_libraries_have_all_calls(void)
{
    const struct drm_egl_calls *loaded = NULL;
    int status = drm_egl_load(&loaded, &err);
    if (status && strstr(err.text, "can't be opened")) {
        SKIP(err.text);
        return;
    }
    CHECK(status == 0 && loaded && loaded->gbm_create_device && loaded->glGetError);
}

int main(void)
{
    RUN(a_picture_is_read);
    RUN(every_plane_is_told);
    RUN(each_call_may_fail);
    RUN(not_without_what_is_needed);
    RUN(not_on_another_card);
    RUN(without_a_modifier_none_is_told);
    RUN(in_software_only_for_a_test);
    RUN(the_libraries_have_all_calls);
    return CHECK_RESULT();
}
