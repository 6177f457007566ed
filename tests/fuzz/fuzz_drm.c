/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from what the kernel tells of an output (planes, properties, blobs, framebuffers) to its composed pixels, with a
 * made-up kernel whose answers and whose memory are the input's. Nothing but the memory that a framebuffer has may be
 * read, and each of its handles must be closed once. */
#include "picture/detile.h"
#include "capture/drm/map.h"
#include "capture/drm/object.h"
#include "capture/drm/render.h"
#include "capture/drm/snapshot.h"
#include "platform/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CRTC 7
#define SIDE_MAX 96 /* pixels of the made-up output */
#define PLANES_MAX 5
#define MEMORY_MAX (1u << 20) /* bytes */
#define BLOB_MAX 8192
#define HANDLES 4
#define DEADLINE_MS 1000
#define ZERO_BLOB 255 /* the number of the one that is all zeros */
#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { GAMMA_LUT = 1000, CTM, DEGAMMA_LUT, ACTIVE, COLORS_END };

static const char *const plane_names[] = {
#define X(symbol, name, absent) name,
    DRM_PLANE_PROPERTIES(X)
#undef X
};
static const char *const color_names[] = {"GAMMA_LUT", "CTM", "DEGAMMA_LUT", "ACTIVE"};

struct made_plane {
    uint32_t has; /* bit N: property N */
    uint64_t values[PLANE_PROPERTY_COUNT];
    struct drm_mode_fb_cmd2 framebuffer;
    uint8_t depth; /* for the interface of old */
};

/* The made-up kernel. */
static struct {
    const uint8_t *next, *end; /* what is left of the input */
    bool active, fails_now_and_then, has_getfb2, has_egl;
    uint8_t changes; /* the planes change while they are read, until so many calls were made */
    uint32_t width, height, plane_count, calls, blob_len, enum_count;
    uint64_t colors[COUNT(color_names)];
    struct made_plane planes[PLANES_MAX];
    size_t memory_len;
    uint8_t *memory; /* owned */
    int open[HANDLES + 1];
} kernel;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- the input ---- */

static uint64_t take(size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len && kernel.next < kernel.end; i++)
        value |= (uint64_t)*kernel.next++ << (8 * i);
    return value;
}

/* Small ones mostly, and now and then any. */
static uint64_t take_number(void)
{
    uint64_t how = take(1);
    if (how < 0x80)
        return how;
    if (how < 0xc0)
        return take(2);
    if (how < 0xe0)
        return take(1) << 16; /* whole pixels of 16.16 */
    return how < 0xf0 ? take(4) : take(8);
}

static uint32_t take_fourcc(void)
{
    static const char known[] =
        "XR24AR24XB24AB24RX24BX24XR30AR30XB30AB30RG16XR15C8  RG24NV12YUYVP010AB4HXR4HAB48NV21UYVY";
    uint64_t which = take(1);
    if (which == 255)
        return (uint32_t)take(4);
    const char *text = known + which % (sizeof known / 4) * 4;
    return FOURCC(text[0], text[1], text[2], text[3]);
}

static uint64_t take_modifier(void)
{
    static const uint64_t known[] = {0,
                                     0,
                                     0x0100000000000001,
                                     0x0100000000000002,
                                     0x0100000000000003,
                                     0x0100000000000009,
                                     0x03000000004fe010,
                                     0x03000000004fe014,
                                     0x0300000000606010,
                                     0x0300000000606015,
                                     0x0200000000000901,
                                     MODIFIER_UNKNOWN};
    uint64_t which = take(1);
    return which == 255 ? take(8) : known[which % COUNT(known)];
}

/* Mostly one that fits the width, in whole tiles of any kind. */
static uint32_t take_pitch(uint32_t width)
{
    uint64_t how = take(1);
    if (how < 0xe0 && width < IMAGE_SIZE_MAX)
        return (width * (8 - (how & 7)) + 511) / 512 * 512 + (how & 8 ? 512 : 0);
    return (uint32_t)take_number();
}

static uint32_t take_handle(void)
{
    uint64_t which = take(1);
    return which == 255 ? 0 : 1 + (uint32_t)which % HANDLES;
}

static void take_framebuffer(struct drm_mode_fb_cmd2 *fb)
{
    *fb = (struct drm_mode_fb_cmd2){
        .pixel_format = take_fourcc(), .width = 1 + (uint32_t)take_number(), .height = 1 + (uint32_t)take_number()};
    fb->flags = take(1) & 7 ? DRM_MODE_FB_MODIFIERS : 0;
    for (int i = 0; i < 4; i++) {
        fb->handles[i] = take_handle();
        fb->pitches[i] = take_pitch(fb->width);
        fb->offsets[i] = (uint32_t)take_number();
        fb->modifier[i] = i ? fb->modifier[0] : take_modifier();
    }
}

static void take_plane(struct made_plane *plane)
{
    plane->has = ~(uint32_t)take(3);
    plane->depth = (uint8_t)take(1);
    for (size_t i = 0; i < PLANE_PROPERTY_COUNT; i++)
        plane->values[i] = take_number();
    plane->values[PLANE_CRTC_ID] = CRTC;
    take_framebuffer(&plane->framebuffer);
}

static void take_kernel(const uint8_t *data, size_t size)
{
    memset(&kernel, 0, sizeof kernel);
    kernel.next = data;
    kernel.end = data + size;
    uint64_t flags = take(1);
    kernel.active = (flags & 3) != 3;
    kernel.fails_now_and_then = (flags & 12) == 12;
    kernel.has_getfb2 = (flags & 48) != 48;
    kernel.has_egl = flags & 128;
    kernel.changes = flags & 64 ? (uint8_t)take(1) : 0;
    kernel.width = (uint32_t)take(1) % SIDE_MAX + 1;
    kernel.height = (uint32_t)take(1) % SIDE_MAX + 1;
    kernel.enum_count = (uint32_t)take(1) % 20;
    kernel.blob_len = (uint32_t)take(2) % BLOB_MAX;
    for (size_t i = 0; i < COUNT(color_names); i++)
        kernel.colors[i] = take(1);
    kernel.colors[ACTIVE - GAMMA_LUT] = kernel.colors[ACTIVE - GAMMA_LUT] != 255;
    kernel.plane_count = (uint32_t)(take(1) + 1) % (PLANES_MAX + 1);
    for (uint32_t i = 0; i < kernel.plane_count; i++)
        take_plane(&kernel.planes[i]);
    kernel.memory_len = MEMORY_MAX - (size_t)take(3) % MEMORY_MAX;
}

/* ---- the kernel's calls ---- */

static void *pointer(uint64_t number)
{
    return (void *)(uintptr_t)number;
}

static struct made_plane *find_plane(uint32_t id)
{
    return id >= 1 && id <= kernel.plane_count ? &kernel.planes[id - 1] : NULL;
}

/* A framebuffer's number changes while the planes do. */
static uint32_t framebuffer_number(uint32_t plane)
{
    return kernel.calls < kernel.changes ? plane + 100 * (1 + kernel.calls / 8) : plane + 100;
}

static int get_resources(struct drm_mode_card_res *get)
{
    uint32_t *crtcs = pointer(get->crtc_id_ptr);
    if (get->count_crtcs >= 1)
        crtcs[0] = CRTC;
    get->count_crtcs = 1;
    get->count_connectors = 0;
    return 0;
}

static int get_planes(struct drm_mode_get_plane_res *get)
{
    uint32_t *ids = pointer(get->plane_id_ptr);
    for (uint32_t i = 0; i < kernel.plane_count && kernel.plane_count <= get->count_planes; i++)
        ids[i] = i + 1;
    get->count_planes = kernel.plane_count;
    return 0;
}

static int get_plane(struct drm_mode_get_plane *get)
{
    if (!find_plane(get->plane_id))
        return ENOENT;
    get->crtc_id = CRTC;
    get->fb_id = framebuffer_number(get->plane_id);
    return 0;
}

static int get_crtc(struct drm_mode_crtc *get)
{
    get->mode_valid = kernel.active;
    get->mode.hdisplay = (uint16_t)kernel.width;
    get->mode.vdisplay = (uint16_t)kernel.height;
    return 0;
}

static uint32_t put_property(const struct drm_mode_obj_get_properties *get, uint32_t count, uint32_t id, uint64_t value)
{
    if (count < get->count_props) {
        ((uint32_t *)pointer(get->props_ptr))[count] = id;
        ((uint64_t *)pointer(get->prop_values_ptr))[count] = value;
    }
    return count + 1;
}

static int get_properties(struct drm_mode_obj_get_properties *get)
{
    struct made_plane *plane = get->obj_type == DRM_MODE_OBJECT_PLANE ? find_plane(get->obj_id) : NULL;
    uint32_t count = 0;
    if (plane) {
        plane->values[PLANE_FB_ID] = framebuffer_number(get->obj_id);
        for (uint32_t i = 0; i < PLANE_PROPERTY_COUNT; i++)
            if (plane->has >> i & 1)
                count = put_property(get, count, i + 1, plane->values[i]);
    } else {
        for (uint32_t i = 0; i < COUNT(color_names); i++)
            count = put_property(get, count, GAMMA_LUT + i, kernel.colors[i]);
    }
    get->count_props = count;
    return 0;
}

static int get_property(struct drm_mode_get_property *get)
{
    static const char *const words[][4] = {
        [PLANE_TYPE] = {"Overlay", "Primary", "Cursor"},
        [PLANE_BLEND] = {"None", "Pre-multiplied", "Coverage"},
        [PLANE_ENCODING] = {"ITU-R BT.601 YCbCr", "ITU-R BT.709 YCbCr", "ITU-R BT.2020 YCbCr"},
        [PLANE_RANGE] = {"YCbCr limited range", "YCbCr full range"},
    };
    uint32_t number = get->prop_id - 1, room = get->count_enum_blobs;
    struct drm_mode_property_enum *values = pointer(get->enum_blob_ptr);
    if (get->prop_id >= GAMMA_LUT && get->prop_id < COLORS_END)
        strcpy(get->name, color_names[get->prop_id - GAMMA_LUT]);
    else if (number < PLANE_PROPERTY_COUNT)
        strcpy(get->name, plane_names[number]);
    else
        return ENOENT;
    get->flags = DRM_MODE_PROP_ENUM;
    get->count_enum_blobs = kernel.enum_count;
    for (uint32_t i = 0; i < kernel.enum_count && kernel.enum_count <= room; i++) {
        const char *word = number < COUNT(words) && i < 4 ? words[number][i] : NULL;
        values[i].value = i;
        if (word)
            strncpy(values[i].name, word, sizeof values[i].name);
        else
            memset(values[i].name, 'x', sizeof values[i].name); /* without a NUL */
    }
    return 0;
}

static int get_blob(struct drm_mode_get_blob *get)
{
    if (get->data && get->length == kernel.blob_len)
        for (uint32_t i = 0; i < kernel.blob_len; i++)
            ((uint8_t *)pointer(get->data))[i] = (uint8_t)(get->blob_id == ZERO_BLOB ? 0 : i * get->blob_id);
    get->length = kernel.blob_len;
    return 0;
}

static int get_gamma(const struct drm_mode_crtc_lut *get)
{
    uint16_t *red = pointer(get->red), *green = pointer(get->green), *blue = pointer(get->blue);
    for (uint32_t i = 0; i < get->gamma_size; i++)
        red[i] = green[i] = blue[i] = (uint16_t)(i * 257);
    return get->gamma_size == 256 && kernel.enum_count & 1 ? 0 : EINVAL;
}

/* The kernel counts each handle that it hands out once, however often it stands there. */
static void open_handles(const uint32_t *handles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool before = false;
        for (size_t j = 0; j < i; j++)
            before |= handles[j] == handles[i];
        kernel.open[handles[i]] += !before;
    }
}

static int get_framebuffer(struct drm_mode_fb_cmd2 *get)
{
    const struct made_plane *plane = find_plane(get->fb_id % 100);
    if (!kernel.has_getfb2)
        return EINVAL;
    if (!plane || get->fb_id != framebuffer_number(get->fb_id % 100))
        return ENOENT;
    uint32_t id = get->fb_id;
    *get = plane->framebuffer;
    get->fb_id = id;
    open_handles(get->handles, 4);
    return 0;
}

static int get_framebuffer_of_old(struct drm_mode_fb_cmd *get)
{
    static const uint8_t bits[] = {8, 15, 16, 24, 32};
    const struct made_plane *plane = find_plane(get->fb_id % 100);
    if (!plane)
        return ENOENT;
    get->width = plane->framebuffer.width;
    get->height = plane->framebuffer.height;
    get->pitch = plane->framebuffer.pitches[0];
    get->bpp = bits[plane->depth % COUNT(bits)];
    get->depth = plane->depth / 8;
    get->handle = plane->framebuffer.handles[0];
    open_handles(&get->handle, 1);
    return 0;
}

static int close_handle(const struct drm_gem_close *close)
{
    require(close->handle >= 1 && close->handle <= HANDLES && kernel.open[close->handle] > 0);
    kernel.open[close->handle]--;
    return 0;
}

static int answer(unsigned long request, void *argument)
{
    switch (request) {
    case DRM_IOCTL_MODE_GETRESOURCES:
        return get_resources(argument);
    case DRM_IOCTL_MODE_GETPLANERESOURCES:
        return get_planes(argument);
    case DRM_IOCTL_MODE_GETPLANE:
        return get_plane(argument);
    case DRM_IOCTL_MODE_GETCRTC:
        return get_crtc(argument);
    case DRM_IOCTL_MODE_OBJ_GETPROPERTIES:
        return get_properties(argument);
    case DRM_IOCTL_MODE_GETPROPERTY:
        return get_property(argument);
    case DRM_IOCTL_MODE_GETPROPBLOB:
        return get_blob(argument);
    case DRM_IOCTL_MODE_GETGAMMA:
        return get_gamma(argument);
    case DRM_IOCTL_MODE_GETFB2:
        return get_framebuffer(argument);
    case DRM_IOCTL_MODE_GETFB:
        return get_framebuffer_of_old(argument);
    case DRM_IOCTL_GEM_CLOSE:
        return close_handle(argument);
    default:
        return ENOTTY;
    }
}

/* These stand in for the C library's, which libdrm calls, and for map.c and render.c. */

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    (void)fd;
    kernel.calls++;
    errno = 0;
    if (kernel.fails_now_and_then && request != DRM_IOCTL_GEM_CLOSE && take(1) % 16 == 1)
        errno = 1 + (int)take(1) % 132;
    else
        errno = answer(request, argument);
    return errno ? -1 : 0;
}

int drm_map(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out, struct error *err)
{
    (void)card;
    require(handle >= 1 && handle <= HANDLES && kernel.open[handle] > 0);
    *out = (struct drm_mapping){.dmabuf = -1};
    if (size > kernel.memory_len)
        return error_set(err, ERR_UNAVAILABLE, "its memory has %zu bytes", kernel.memory_len);
    /* Of just that size, so that a byte too far is seen. */
    uint8_t *bytes = malloc((size_t)size);
    require(bytes != NULL);
    memset(bytes, 0x5a, (size_t)size);
    out->bytes = bytes;
    out->size = (size_t)size;
    return 0;
}

void drm_unmap(struct drm_mapping *mapping)
{
    free((void *)(uintptr_t)mapping->bytes);
    *mapping = (struct drm_mapping){.dmabuf = -1};
}

/* The card's own driver, which reads all or nothing. */
int drm_render_read(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                    uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct frame *frame = &layer->frame;
    (void)card;
    require(!memory[0] && !memory[1]);
    if (!framebuffer->width || framebuffer->width > SIDE_MAX || !framebuffer->height || framebuffer->height > SIDE_MAX)
        return error_set(err, ERR_LIMIT, "too large");
    memory[0] = calloc((size_t)framebuffer->width * framebuffer->height, 4);
    require(memory[0] != NULL);
    if (!kernel.has_egl)
        return error_set(err, ERR_UNAVAILABLE, "there is none");
    frame->format = format_find(FOURCC('A', 'B', '2', '4'));
    frame->width = framebuffer->width;
    frame->height = framebuffer->height;
    frame->first_row = 0;
    frame->data[0] = memory[0];
    frame->stride[0] = framebuffer->width * 4;
    return 0;
}

/* ---- the harness ---- */

static void take_snapshot(struct drm_card *card)
{
    struct drm_output output = {
        .name = "card0-X-1", .card = card, .crtc = CRTC, .width = kernel.width, .height = kernel.height};
    struct drm_snapshot_options options = {.cursor = true, .deadline_ms = os_deadline(DEADLINE_MS)};
    struct drm_snapshot snapshot = {0};
    struct strlist facts = {0};
    struct error err = {0};
    uint8_t *rgb = malloc((size_t)kernel.width * kernel.height * 3);
    require(rgb != NULL);
    int status = drm_snapshot_take(&output, &options, rgb, kernel.width * 3, &snapshot, &facts, &err);
    require(status == 0 || (status < 0 && status == err.status && *err.text));
    for (int i = 1; i <= HANDLES; i++)
        require(kernel.open[i] == 0);
    strlist_deinit(&facts);
    free(rgb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const drivers[] = {"vkms", "i915", "nouveau"};
    take_kernel(data, size);
    struct drm_card card = {
        .fd = -1, .atomic = kernel.enum_count != 19, .properties = calloc(1, sizeof *card.properties)};
    require(card.properties != NULL);
    strcpy(card.driver, drivers[take(1) % COUNT(drivers)]);
    take_snapshot(&card);
    drm_card_close(&card);
    return 0;
}
