/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* png_images SEED COUNT FOLDER: pictures at random, each as FOLDER/NNNNNN.png by the fast encoder and, all in a row, as
   PPM in FOLDER/all.ppm, for decoders to compare. The files of all kinds of vectors and of several threads must be the
   same; else it says so and fails. */
#include "tests/random_image.h"

#include "picture/png.h"
#include "picture/ppm.h"
#include "picture/rows.h"

#include <stdio.h>

static int encode_all(struct buffer *file, const struct image_view *image)
{
    static const char *const kernels[] = {NULL, "plain", "sse4", "avx2"};
    struct buffer other;
    struct error err;
    int failed = 0;
    buffer_init(&other, SIZE_MAX / 2);
    for (unsigned i = 0; i < sizeof kernels / sizeof *kernels && !failed; i++) {
        struct png_options options = {.threads = 1 + i % 3, .kernels = kernels[i]};
        if (!row_kernels_get(kernels[i]))
            continue;
        buffer_clear(&other);
        failed = png_encode(i ? &other : file, image, &options, &err) < 0 ||
                 (i && (file->len != other.len || memcmp(file->data, other.data, other.len) != 0));
        if (failed)
            fprintf(stderr, "png_images: %ux%u: another file from %s\n", image->width, image->height,
                    kernels[i] ? kernels[i] : "the quickest");
    }
    buffer_deinit(&other);
    return failed;
}

static int write_file(const char *folder, unsigned number, const struct buffer *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%06u.png", folder, number);
    FILE *out = fopen(path, "wb");
    int failed = !out || fwrite(file->data, 1, file->len, out) != file->len;
    return (out && fclose(out) != 0) || failed;
}

static int make_image(const char *folder, unsigned number, FILE *all)
{
    struct image_view image = image_at_random();
    struct buffer png, ppm;
    struct error err;
    buffer_init(&png, SIZE_MAX / 2);
    buffer_init(&ppm, SIZE_MAX / 2);
    int failed = !image.pixels || encode_all(&png, &image) || ppm_encode(&ppm, &image, &err) < 0 ||
                 write_file(folder, number, &png) || fwrite(ppm.data, 1, ppm.len, all) != ppm.len;
    buffer_deinit(&ppm);
    buffer_deinit(&png);
    free((void *)(uintptr_t)image.pixels);
    return failed;
}

int main(int argc, char **argv)
{
    char path[4096];
    if (argc != 4)
        return 2;
    image_random_state = (uint32_t)strtoul(argv[1], NULL, 0);
    snprintf(path, sizeof path, "%s/all.ppm", argv[3]);
    FILE *all = fopen(path, "wb");
    int failed = !all;
    for (unsigned i = 0; i < (unsigned)atoi(argv[2]) && !failed; i++)
        failed = make_image(argv[3], i, all);
    return (all && fclose(all) != 0) || failed;
}
