/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from what the kernel tells of an output (planes, properties, blobs, framebuffers) to its composed pixels, with the
 * unit tests' made-up kernel, whose answers and whose memory are the input's. Nothing but the memory that a framebuffer has
 * may be read, and each of its handles must be closed once. */
#include "picture/detile.h"
#include "capture/drm/map.h"
#include "capture/drm/object.h"
#include "capture/drm/render.h"
#include "capture/drm/snapshot.h"
#include "platform/clock.h"
#include "tests/unit/capture/drm/fake_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CRTC 7
#define SIDE_MAX 96 /* pixels of the made-up output */
#define PLANES_MAX 5
#define MEMORY_MAX (1u << 20) /* bytes */
#define BLOB_MAX 8192
#define BUFFERS 4
#define DEADLINE_MS 1000
#define ZERO_BLOB 255 /* the number of the one that is all zeros */
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the input says beside what it puts into the made-up kernel. */
static struct {
    const uint8_t *next, *end; /* what is left of it */
    bool fails_now_and_then, has_egl;
    uint8_t changes; /* the planes change while they are read, until so many calls were made */
    size_t memory_len;
    uint8_t blobs[3][BLOB_MAX];
    uint16_t gamma[3][256];
} input;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- the input ---- */

static uint64_t take(size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len && input.next < input.end; i++)
        value |= (uint64_t)*input.next++ << (8 * i);
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

/* The number of a buffer, 0: none. */
static uint32_t take_buffer(void)
{
    uint64_t which = take(1);
    return which == 255 ? 0 : 1 + (uint32_t)which % BUFFERS;
}

static void take_framebuffer(struct fake_framebuffer *framebuffer)
{
    framebuffer->fourcc = take_fourcc();
    framebuffer->width = 1 + (uint32_t)take_number();
    framebuffer->height = 1 + (uint32_t)take_number();
    framebuffer->has_modifier = take(1) & 7;
    for (int i = 0; i < 4; i++) {
        framebuffer->handles[i] = take_buffer();
        framebuffer->pitches[i] = take_pitch(framebuffer->width);
        framebuffer->offsets[i] = (uint32_t)take_number();
        if (i == 0)
            framebuffer->modifier = take_modifier();
    }
}

static void take_plane(uint32_t id)
{
    static const uint8_t bits[] = {8, 15, 16, 24, 32};
    struct fake_plane *plane = &fake.planes[fake.plane_count++];
    struct fake_framebuffer *framebuffer = &fake.framebuffers[fake.framebuffer_count++];
    plane->id = id;
    plane->has = ~(uint32_t)take(3);
    framebuffer->depth = (uint32_t)take(1);
    framebuffer->bits = bits[framebuffer->depth % COUNT(bits)];
    framebuffer->depth /= 8;
    for (size_t i = 0; i < FAKE_PROPERTY_COUNT; i++)
        plane->values[i] = take_number();
    plane->values[FAKE_CRTC_ID] = CRTC;
    take_framebuffer(framebuffer);
}

/* One of 255 blobs, or none. */
static uint32_t take_blob(uint32_t len)
{
    uint32_t id = (uint32_t)take(1);
    uint8_t *bytes = input.blobs[fake.blob_count];
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(id == ZERO_BLOB ? 0 : i * id);
    if (id)
        fake_add_blob(id, bytes, len);
    return id;
}

static void take_crtc(bool active)
{
    uint16_t width = (uint16_t)(take(1) % SIDE_MAX + 1), height = (uint16_t)(take(1) % SIDE_MAX + 1);
    fake_add_crtc(CRTC, width, height);
    struct fake_crtc *crtc = &fake.crtcs[0];
    fake.enum_count = (int)take(1) % 20;
    uint32_t blob_len = (uint32_t)take(2) % BLOB_MAX;
    crtc->gamma = take_blob(blob_len);
    crtc->ctm = take_blob(blob_len);
    crtc->degamma = take_blob(blob_len);
    crtc->active = take(1) != 255 && active;
    crtc->legacy_gamma = fake.enum_count & 1 ? input.gamma : NULL;
}

/* A framebuffer's number changes while the planes do. */
static void number_framebuffers(void)
{
    for (uint32_t i = 0; i < fake.plane_count; i++) {
        fake.framebuffers[i].id = i + 101 + (fake.calls < input.changes ? 100 * (fake.calls / 8) : 0);
        fake.planes[i].values[FAKE_FB_ID] = fake.framebuffers[i].id;
    }
}

static int before_call(unsigned long request, const void *argument)
{
    (void)argument;
    number_framebuffers();
    return input.fails_now_and_then && request != DRM_IOCTL_GEM_CLOSE && take(1) % 16 == 1 ? 1 + (int)take(1) % 132 : 0;
}

static void take_kernel(const uint8_t *data, size_t size)
{
    memset(&fake, 0, sizeof fake);
    fake.card = -1;
    fake.hook = before_call;
    input.next = data;
    input.end = data + size;
    uint64_t flags = take(1);
    input.fails_now_and_then = (flags & 12) == 12;
    fake.lacks_getfb2 = (flags & 48) == 48;
    input.has_egl = flags & 128;
    input.changes = flags & 64 ? (uint8_t)take(1) : 0;
    take_crtc((flags & 3) != 3);
    fake.is_atomic = fake.enum_count != 19;
    fake.is_universal = true;
    uint32_t plane_count = (uint32_t)(take(1) + 1) % (PLANES_MAX + 1);
    for (uint32_t i = 0; i < plane_count; i++)
        take_plane(i + 1);
    number_framebuffers();
    input.memory_len = MEMORY_MAX - (size_t)take(3) % MEMORY_MAX;
}

/* ---- in place of capture/drm/map.c and render.c ---- */

int drm_map(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out, struct error *err)
{
    (void)card;
    require(handle >= 1 && handle <= FAKE_HANDLES_MAX && fake.handles[handle - 1] != 0);
    *out = (struct drm_mapping){.dmabuf = -1};
    if (size > input.memory_len)
        return error_set(err, ERR_UNAVAILABLE, "its memory has %zu bytes", input.memory_len);
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

bool drm_render_is_tested(void)
{
    return false;
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
    if (!input.has_egl)
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
        .name = "card0-X-1", .card = card, .crtc = CRTC, .width = fake.crtcs[0].width, .height = fake.crtcs[0].height};
    struct drm_snapshot_options options = {.cursor = !(take(1) & 1), .deadline_ms = os_deadline(DEADLINE_MS)};
    struct drm_snapshot snapshot = {0};
    struct strlist facts = {0};
    struct error err = {0};
    uint8_t *rgb = malloc((size_t)fake.crtcs[0].width * fake.crtcs[0].height * 3);
    require(rgb != NULL);
    int status = drm_snapshot_take(&output, &options, rgb, fake.crtcs[0].width * 3, &snapshot, &facts, &err);
    require(status == 0 || (status < 0 && status == err.status && *err.text));
    require(fake_open_handles() == 0 && fake.wrong_closes == 0);
    strlist_deinit(&facts);
    drm_pointer_free(&snapshot.pointer);
    free(rgb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const drivers[] = {"vkms", "i915", "nouveau"};
    take_kernel(data, size);
    struct drm_card card = {.fd = -1, .atomic = fake.is_atomic, .properties = calloc(1, sizeof *card.properties)};
    require(card.properties != NULL);
    strcpy(card.driver, drivers[take(1) % COUNT(drivers)]);
    take_snapshot(&card);
    drm_card_close(&card);
    return 0;
}
