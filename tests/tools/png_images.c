/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* png_images SEED FIRST COUNT FOLDER [FILE.ppm...]: pictures, each as FOLDER/NNNNNN.png and, all in a row, as PPM in
   FOLDER/all.ppm, for decoders to compare: every second one of the level fast, the others small. Each is encoded with
   all kinds of vectors, with several threads and from pixels as screens have them; a file that differs is told and fails.
   Of four pictures in a row the first is drawn at random, of a random size; the next two of the size that FIRST and its
   place say, so that 40 000 in a row have each size up to 100x100; the last is cut from one of the files. */
#include "tests/random_image.h"
#include "tests/read_ppm.h"

#include "picture/png.h"
#include "picture/ppm.h"
#include "picture/rows.h"

#include <stdio.h>

#define SIDE_MAX 100 /* of the sizes that all occur */
#define REAL_MAX 256 /* files */

static struct image_view reals[REAL_MAX];
static unsigned real_count;

/* Writes another file for the same pixels and compares. */
static int encode_other(const struct buffer *file, const struct image_view *image, const struct png_options *options)
{
    struct buffer other;
    struct error err;
    buffer_init(&other, SIZE_MAX / 2);
    int failed = png_encode(&other, image, options, &err) < 0 || file->len != other.len ||
                 memcmp(file->data, other.data, other.len) != 0;
    if (failed)
        fprintf(stderr, "png_images: %ux%u, level %d, format %d: another file from %s and %u threads\n", image->width,
                image->height, (int)options->level, (int)image->format, options->kernels, options->threads);
    buffer_deinit(&other);
    return failed;
}

/* Returns the picture in the form that screens have, the fourth bytes at random. The caller frees the pixels. */
static struct image_view screen_of(const struct image_view *image)
{
    uint8_t *pixels = malloc((size_t)image->width * image->height * 4), *to = pixels;
    for (uint32_t y = 0; y < image->height && pixels; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        for (uint32_t x = 0; x < image->width; x++, to += 4, row += 3)
            to[0] = row[2], to[1] = row[1], to[2] = row[0], to[3] = (uint8_t)image_random(256);
    }
    return (struct image_view){pixels, image->width, image->height, image->width * 4, PIXEL_BGRX32};
}

static int encode_all(struct buffer *file, const struct image_view *image, enum png_level level)
{
    static const char *const kernels[] = {"plain", "sse4", "avx2"};
    struct png_options options = {.threads = 1, .level = level};
    struct image_view screen = screen_of(image);
    struct error err;
    int failed = !screen.pixels || png_encode(file, image, &options, &err) < 0;
    for (unsigned i = 0; i < sizeof kernels / sizeof *kernels && !failed; i++) {
        options.kernels = kernels[i];
        options.threads = 1 + i % 3;
        if (row_kernels_get(kernels[i]))
            failed = encode_other(file, image, &options) || encode_other(file, &screen, &options);
    }
    free((void *)(uintptr_t)screen.pixels);
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

/* Cuts a piece out of one of the files; it shares the file's pixels. */
static struct image_view cut_piece(void)
{
    struct image_view image = reals[image_random(real_count)];
    uint32_t most = image_random(20) ? 300 : 2000, width = image.width, height = image.height;
    image.width = 1 + image_random(width < most ? width : most);
    image.height = 1 + image_random(height < most ? height : most);
    image.pixels += (size_t)image_random(height - image.height + 1) * image.stride +
                    (size_t)image_random(width - image.width + 1) * 3;
    return image;
}

static struct image_view next_image(uint32_t number)
{
    if (number % 4 == 3 && real_count)
        return cut_piece();
    if (number % 4 == 0)
        return image_at_random();
    uint32_t place = number / 4;
    return image_of_size(1 + place % SIDE_MAX, 1 + place / SIDE_MAX % SIDE_MAX);
}

static int make_image(const char *folder, uint32_t first, unsigned number, FILE *all)
{
    struct image_view image = next_image(first + number);
    struct buffer png, ppm;
    struct error err;
    buffer_init(&png, SIZE_MAX / 2);
    buffer_init(&ppm, SIZE_MAX / 2);
    int failed = !image.pixels || encode_all(&png, &image, number % 2 ? PNG_SMALL : PNG_FAST) ||
                 ppm_encode(&ppm, &image, &err) < 0 || write_file(folder, number, &png) ||
                 fwrite(ppm.data, 1, ppm.len, all) != ppm.len;
    buffer_deinit(&ppm);
    buffer_deinit(&png);
    if ((first + number) % 4 != 3 || !real_count)
        free((void *)(uintptr_t)image.pixels);
    return failed;
}

static int read_reals(char **paths)
{
    for (; *paths && real_count < REAL_MAX; paths++)
        if (!read_ppm(*paths, &reals[real_count++])) {
            fprintf(stderr, "png_images: %s is not a P6 file of 8 bits\n", *paths);
            return 1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    if (argc < 5)
        return 2;
    image_random_state = (uint32_t)strtoul(argv[1], NULL, 0);
    snprintf(path, sizeof path, "%s/all.ppm", argv[4]);
    FILE *all = fopen(path, "wb");
    int failed = !all || read_reals(argv + 5);
    for (unsigned i = 0; i < (unsigned)atoi(argv[3]) && !failed; i++)
        failed = make_image(argv[4], (uint32_t)strtoul(argv[2], NULL, 0), i, all);
    for (unsigned i = 0; i < real_count; i++)
        free((void *)(uintptr_t)reals[i].pixels);
    return (all && fclose(all) != 0) || failed;
}
