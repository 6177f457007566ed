/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/frame.h"

#include "capture/capture.h"
#include "picture/detile.h"
#include "capture/drm/map.h"
#include "capture/drm/render.h"

#include <stdlib.h>
#include <string.h>
#include <virtgpu_drm.h>
#if defined(__x86_64__) || defined(__i386__)
#include <smmintrin.h>
#endif

#define STRIDE_MAX (CAPTURE_SIZE_MAX * 16u) /* bytes: the widest pixels, with room for a driver's alignment */

/* ---- its layout ---- */

/* Returns whether the driver may use tiles without telling a modifier. All others have rows then. */
static bool has_implicit_tiling(const struct drm_card *card)
{
    static const char *const drivers[] = {"amdgpu", "radeon", "nouveau", "nvidia-drm", "i915", "xe", "msm", "vc4"};
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(card->driver, drivers[i]) == 0)
            return true;
    return false;
}

static unsigned pixel_size(const struct format *format)
{
    return format->planes[1].bytes || format->planes[0].width > 1 ? 0 : format->planes[0].bytes;
}

static int frame_find_tiling(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                             const struct format *format, struct tiling *tiling, struct error *err)
{
    char name[DRM_MODIFIER_TEXT_SIZE];
    uint64_t modifier = framebuffer->modifier;
    if (modifier == MODIFIER_UNKNOWN && !has_implicit_tiling(card))
        modifier = MODIFIER_LINEAR;
    if (tiling_find(tiling, modifier, pixel_size(format)))
        return 0;
    drm_modifier_text(name, modifier);
    return error_set(err, ERR_UNAVAILABLE,
                     "card%u (%s) has its picture in a layout that can't be read here: %s (modifier 0x%016llx)",
                     card->number, card->driver, name, (unsigned long long)modifier);
}

static int frame_find_format(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                             struct frame *frame, struct error *err)
{
    char text[DRM_FORMAT_TEXT_SIZE];
    frame->format = format_find(framebuffer->fourcc);
    frame->width = framebuffer->width;
    frame->height = framebuffer->height;
    drm_format_text(text, framebuffer->fourcc);
    if (!frame->format)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) shows pixels of a format that can't be read here: %s",
                         card->number, card->driver, text);
    if (frame->width < 1 || frame->width > CAPTURE_SIZE_MAX || frame->height < 1 || frame->height > CAPTURE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "card%u shows a framebuffer of %ux%u pixels, beyond the %d that are read",
                         card->number, frame->width, frame->height, CAPTURE_SIZE_MAX);
    if (frame->format->has_palette && !frame->palette)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) does not tell the palette of its %s framebuffer",
                         card->number, card->driver, text);
    return 0;
}

/* Returns a multiple of the tile's and of the chroma's height: one is a power of two, the other 1 or 2. */
static uint32_t row_unit(const struct tiling *tiling, const struct format *format)
{
    uint32_t tall = format->planes[1].bytes ? format->planes[1].height : 1;
    return tiling->height * tall;
}

/* Where the wanted rows are in a plane's memory. */
struct extent {
    uint64_t start, size; /* bytes */
    uint32_t rows;
};

/* Returns how many rows the layer shows from *first on, which is the first of a row of tiles and of chroma. */
static uint32_t wanted_rows(const struct layer *layer, uint32_t unit, uint32_t *first)
{
    uint64_t last = ((uint64_t)layer->src_y + layer->src_height + 0xffff) >> 16;
    uint32_t top = layer->src_y >> 16, height = layer->frame.height;
    if (top >= height)
        top = height - 1;
    if (last <= top)
        last = top + 1;
    if (last > height)
        last = height;
    *first = top / unit * unit;
    return (uint32_t)last - *first;
}

static int frame_find_extent(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                             const struct layer *layer, const struct tiling *tiling, unsigned plane, uint32_t rows,
                             struct extent *out, struct error *err)
{
    const struct format *format = layer->frame.format;
    uint32_t stride = framebuffer->strides[plane], first = layer->frame.first_row / format->planes[plane].height;
    uint64_t row_bytes = format_row_bytes(format, plane, layer->frame.width);
    if (stride < row_bytes || stride > STRIDE_MAX || stride % tiling->width)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) tells of impossible rows: %u bytes for %u pixels of %llu",
                         card->number, card->driver, stride, layer->frame.width, (unsigned long long)row_bytes);
    out->rows = format_rows(format, plane, rows);
    out->start = framebuffer->offsets[plane] + (uint64_t)first * stride;
    out->size =
        tiling->width == 1 ? (uint64_t)stride * (out->rows - 1) + row_bytes : tiling_size(tiling, stride, out->rows);
    return 0;
}

/* ---- copying out of video memory ---- */

#if defined(__x86_64__) || defined(__i386__)
#define LINE 64 /* bytes that one streaming fetch brings */

/* Copies with streaming loads. `from` is a multiple of 16, `len` of LINE. */
__attribute__((target("sse4.1"))) static void stream_copy_lines(uint8_t *to, const uint8_t *from, size_t len)
{
    _mm_mfence();
    for (size_t i = 0; i < len; i += LINE) {
        __m128i *source = (__m128i *)(uintptr_t)(from + i), *target = (__m128i *)(void *)(to + i);
        __m128i a = _mm_stream_load_si128(source), b = _mm_stream_load_si128(source + 1);
        __m128i c = _mm_stream_load_si128(source + 2), d = _mm_stream_load_si128(source + 3);
        _mm_storeu_si128(target, a);
        _mm_storeu_si128(target + 1, b);
        _mm_storeu_si128(target + 2, c);
        _mm_storeu_si128(target + 3, d);
    }
}

/* Returns whether the processor can, and the bytes were copied. */
static bool stream_copy_by_sse(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t head = (LINE - (uintptr_t)from % LINE) % LINE;
    if (!__builtin_cpu_supports("sse4.1") || len < head + LINE)
        return false;
    size_t body = (len - head) / LINE * LINE;
    memcpy(to, from, head);
    stream_copy_lines(to + head, from + head, body);
    memcpy(to + head + body, from + head + body, len - head - body);
    return true;
}
#endif

/* Copies as memcpy() does, out of memory that the processor does not cache. A plain read of that takes the bus for each
   word, a streaming one (SSE 4.1, where the processor has it) fetches 64 bytes at once. */
static void stream_copy(uint8_t *to, const uint8_t *from, size_t len)
{
#if defined(__x86_64__) || defined(__i386__)
    if (stream_copy_by_sse(to, from, len))
        return;
#endif
    memcpy(to, from, len);
}

/* ---- virtio-gpu with 3D: what was drawn is in the host's memory, and the guest's pages of it were never written ---- */

#define BLOB_MEM_HOST3D 2 /* VIRTGPU_BLOB_MEM_HOST3D, which the headers of some systems are too old for */

/* struct drm_virtgpu_resource_info of the kernel's virtgpu_drm.h. Its last word was the stride until Linux 5.11, and is the
   kind of memory since then, 0 for what has the guest's pages; headers before Linux 6.17 still call it `stride`. */
struct resource_info {
    uint32_t bo_handle, res_handle, size, blob_mem;
};
#define RESOURCE_INFO DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_INFO, struct resource_info)

static bool virtgpu_has_3d(const struct drm_card *card)
{
    int value = 0; /* the kernel writes an int, whatever its header says */
    struct drm_virtgpu_getparam get = {.param = VIRTGPU_PARAM_3D_FEATURES, .value = (uint64_t)(uintptr_t)&value};
    return strcmp(card->driver, "virtio_gpu") == 0 && DRM_IOCTL(card, VIRTGPU_GETPARAM, &get) == 0 && value;
}

/* Returns whether the buffer is in the host's memory. No stride is as small as that kind of memory's number. */
static bool virtgpu_is_host_blob(const struct drm_card *card, uint32_t handle)
{
    struct resource_info info = {.bo_handle = handle};
    return drm_ioctl(card, RESOURCE_INFO, "VIRTGPU_RESOURCE_INFO", &info) == 0 && info.blob_mem == BLOB_MEM_HOST3D;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return len > 0 && bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Returns whether the bytes read of a buffer are not its pixels. A buffer that a program draws by itself looks the same to
   the kernel as one that the host draws. So where the card has 3D, one of zeros alone is not believed, nor is one in the
   host's memory. */
static bool virtgpu_is_in_host(const struct drm_card *card, uint32_t handle, const uint8_t *bytes, size_t len)
{
    return virtgpu_has_3d(card) && (virtgpu_is_host_blob(card, handle) || is_zero(bytes, len));
}

/* ---- its bytes ---- */

/* Copies bytes out of the card's memory, once, as it may be slow. It is mapped first: the framebuffer's size is believed
   only as far as there is memory behind it. */
static uint8_t *copy_out(const struct drm_card *card, uint32_t handle, const struct extent *extent, struct error *err)
{
    struct drm_mapping mapping;
    if (drm_map(card, handle, extent->start + extent->size, &mapping, err) < 0)
        return NULL;
    uint8_t *bytes = malloc((size_t)extent->size);
    if (bytes)
        stream_copy(bytes, mapping.bytes + extent->start, (size_t)extent->size);
    else
        error_set(err, ERR_NO_MEMORY, "no memory for %llu bytes of a framebuffer", (unsigned long long)extent->size);
    drm_unmap(&mapping);
    if (!bytes || !virtgpu_is_in_host(card, handle, bytes, (size_t)extent->size))
        return bytes;
    free(bytes);
    error_set(err, ERR_UNAVAILABLE,
              "card%u (%s) has 3D, and the picture is in the host's memory, the guest's does not hold it (virgl)",
              card->number, card->driver);
    return NULL;
}

/* Replaces tiles by rows. */
static uint8_t *put_in_rows(uint8_t *tiled, const struct tiling *tiling, uint32_t stride, uint32_t row_bytes,
                            uint32_t rows, struct error *err)
{
    uint8_t *linear = malloc((size_t)row_bytes * rows);
    if (linear)
        detile(tiling, tiled, stride, linear, row_bytes, row_bytes, rows);
    else
        error_set(err, ERR_NO_MEMORY, "no memory for %u rows of %u bytes", rows, row_bytes);
    free(tiled);
    return linear;
}

static int frame_read_plane(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                            const struct tiling *tiling, unsigned plane, uint32_t rows, uint8_t **memory,
                            struct error *err)
{
    struct extent extent = {0};
    struct frame *frame = &layer->frame;
    uint32_t stride = framebuffer->strides[plane];
    uint32_t handle = framebuffer->handles[plane] ? framebuffer->handles[plane] : framebuffer->handles[0];
    int status = frame_find_extent(card, framebuffer, layer, tiling, plane, rows, &extent, err);
    if (status < 0)
        return status;
    *memory = copy_out(card, handle, &extent, err);
    if (*memory && tiling->width > 1) {
        uint32_t row_bytes = (uint32_t)format_row_bytes(frame->format, plane, frame->width);
        *memory = put_in_rows(*memory, tiling, stride, row_bytes, extent.rows, err);
        stride = row_bytes;
    }
    frame->data[plane] = *memory;
    frame->stride[plane] = stride;
    return *memory ? 0 : err->status;
}

static int read_mapped(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                       uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct tiling tiling;
    int status = frame_find_format(card, framebuffer, &layer->frame, err);
    if (status == 0)
        status = frame_find_tiling(card, framebuffer, layer->frame.format, &tiling, err);
    if (status < 0)
        return status;
    uint32_t rows = wanted_rows(layer, row_unit(&tiling, layer->frame.format), &layer->frame.first_row);
    for (unsigned i = 0; i < format_plane_count(layer->frame.format) && status == 0; i++)
        status = frame_read_plane(card, framebuffer, layer, &tiling, i, rows, &memory[i], err);
    return status;
}

int drm_frame_read(const struct drm_card *card, struct drm_framebuffer *framebuffer, struct layer *layer,
                   uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct error reason, by_egl;
    int status = drm_render_is_tested() ? error_set(&reason, ERR_UNAVAILABLE, "a test reads it by EGL")
                                        : read_mapped(card, framebuffer, layer, memory, &reason);
    if (status == 0)
        return 0;
    if (status != ERR_UNAVAILABLE)
        return error_set(err, status, "%s", reason.text);
    for (int i = 0; i < FORMAT_PLANES_MAX; i++) {
        free(memory[i]);
        memory[i] = NULL;
    }
    framebuffer->by_egl = drm_render_read(card, framebuffer, layer, memory, &by_egl) == 0;
    return framebuffer->by_egl ? 0 : error_set(err, status, "%s; by EGL: %s", reason.text, by_egl.text);
}
