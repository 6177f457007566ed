/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels of any bytes, in a picture of any shape: the pixels must come back, and each kind of vectors must give the same
   file. The first bytes say the shape; the others are the pixels, over and over. */
#include "tests/decode_png.h"

#include "picture/png.h"
#include "picture/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(const struct image_view *image, const struct buffer *file, const struct png_options *options)
{
    struct buffer other;
    struct error err;
    buffer_init(&other, SIZE_MAX / 2);
    if (png_encode(&other, image, options, &err) < 0 || other.len != file->len ||
        memcmp(other.data, file->data, file->len) != 0)
        abort();
    buffer_deinit(&other);
}

static void check_picture(const struct image_view *image, enum png_level level)
{
    static const char *const kernels[] = {"plain", "sse4", "avx2"};
    struct buffer file;
    struct error err;
    buffer_init(&file, SIZE_MAX / 2);
    if (png_encode(&file, image, &(struct png_options){.threads = 1, .level = level}, &err) < 0)
        abort();
    struct decoded decoded = decode_png(&file);
    if (check_failures || !same_pixels(&decoded, image))
        abort();
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (row_kernels_get(kernels[i]))
            require_same(image, &file, &(struct png_options){.threads = 1, .level = level, .kernels = kernels[i]});
    free(decoded.pixels);
    buffer_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6)
        return 0;
    uint32_t width = 1 + data[0] + 16u * data[1], height = 1 + data[2];
    uint32_t stride = width * 3, repeat = 1 + data[4] % 8; /* rows that are equal */
    size_t len = (size_t)stride * height;
    uint8_t *pixels = malloc(len); /* of just this size: a byte read behind it is seen */
    if (len > 100000 || !pixels) {
        free(pixels);
        return 0;
    }
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t i = 0; i < stride; i++)
            pixels[(size_t)y * stride + i] = data[5 + ((size_t)(y / repeat) * stride + i) % (size - 5)];
    check_picture(&(struct image_view){pixels, width, height, stride, PIXEL_RGB24}, data[3] % 8 ? PNG_FAST : PNG_SMALL);
    free(pixels);
    return 0;
}
