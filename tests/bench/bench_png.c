/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench_png [-t THREADS] [-n TIMES] [-l fast|small|zlib] [-k KERNELS] [-s SIDE] [-o OUT.png] FILE.ppm...: how long the encoder takes
   (the best of TIMES; with one thread, of the processor's time) and how large its file is. "zlib" is what a plain encoder does: the filter Up and zlib's level 1 in
   one piece. KERNELS are those of picture/rows.h. With SIDE each tile of so many pixels a side is a file of its own. */
#include "tests/read_ppm.h"

#include "picture/png.h"
#include "picture/rows.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static bool one_thread; /* its own time is taken, in which the system does nothing else */

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(one_thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct way {
    struct png_options options;
    bool zlib;
    uint32_t side; /* of tiles; 0: the picture is one file */
};

static int encode_plainly(struct buffer *out, const struct image_view *image)
{
    size_t row_len = (size_t)image->width * 3, len = (row_len + 1) * image->height;
    uint8_t *rows = malloc(len), *to = rows;
    uLongf room = compressBound((uLong)len);
    uint8_t *packed = buffer_extend(out, room);
    for (uint32_t y = 0; y < image->height && rows; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        *to++ = 2;
        for (size_t i = 0; i < row_len; i++)
            *to++ = (uint8_t)(row[i] - (y > 0 ? *(row + i - image->stride) : 0));
    }
    int failed = !rows || !packed || compress2(packed, &room, rows, (uLong)len, 1) != Z_OK;
    out->len = failed ? 0 : room;
    free(rows);
    return failed ? -1 : 0;
}

static double encode_once(struct buffer *out, const struct image_view *image, const struct way *way)
{
    struct error err = {0};
    buffer_clear(out);
    double start = now_ms();
    if ((way->zlib ? encode_plainly(out, image) : png_encode(out, image, &way->options, &err)) < 0) {
        fprintf(stderr, "bench_png: %s\n", err.text);
        return -1;
    }
    return now_ms() - start;
}

/* Encodes a picture, or its whole tiles one by one. Returns the time; adds up the bytes of the files. */
static double encode_picture(struct buffer *out, const struct image_view *image, const struct way *way, size_t *bytes)
{
    double took = 0, all = 0;
    uint32_t width = way->side ? way->side : image->width, height = way->side ? way->side : image->height;
    *bytes = 0;
    for (uint32_t y = 0; y + height <= image->height; y += height)
        for (uint32_t x = 0; x + width <= image->width && took >= 0; x += width) {
            struct image_view part = *image;
            part.pixels += (size_t)y * image->stride + (size_t)x * 3;
            part.width = width;
            part.height = height;
            took = encode_once(out, &part, way);
            all += took;
            *bytes += out->len;
        }
    return took < 0 ? took : all;
}

static int write_out(const char *path, const struct buffer *out)
{
    FILE *file = fopen(path, "wb");
    int failed = !file || fwrite(out->data, 1, out->len, file) != out->len;
    return (file && fclose(file) != 0) || failed;
}

static int measure(const char *path, const struct way *way, int times, const char *out_path)
{
    struct image_view image = {0};
    struct buffer out;
    double best = 1e9, took = 0;
    size_t bytes = 0;
    unsigned threads = way->options.threads;
    uint8_t *pixels = read_ppm(path, &image);
    if (!pixels) {
        fprintf(stderr, "bench_png: %s is not a P6 file of 8 bits\n", path);
        return 1;
    }
    buffer_init(&out, SIZE_MAX / 2);
    for (int i = 0; i < times && took >= 0; i++) {
        took = encode_picture(&out, &image, way, &bytes);
        best = took < best ? took : best;
    }
    double megabytes = (double)image.stride * image.height / 1e6;
    printf("%s: %ux%u, %u threads: %.2f ms, %.0f MB/s, %zu bytes (%.1f %%)\n", path, image.width, image.height,
           threads ? threads : os_cpu_count(), best, megabytes / best * 1e3, bytes, (double)bytes / megabytes / 1e4);
    int failed = took < 0 || (out_path && write_out(out_path, &out));
    buffer_deinit(&out);
    free(pixels);
    return failed;
}

int main(int argc, char **argv)
{
    struct way way = {0};
    int times = 5, option, failed = 0;
    const char *out_path = NULL;
    while ((option = getopt(argc, argv, "t:n:o:l:k:s:")) != -1) {
        if (option == 't')
            way.options.threads = (unsigned)atoi(optarg);
        else if (option == 'n')
            times = atoi(optarg);
        else if (option == 'o')
            out_path = optarg;
        else if (option == 's')
            way.side = (uint32_t)atoi(optarg);
        else if (option == 'k')
            way.options.kernels = optarg;
        else if (option == 'l')
            way.options.level = strcmp(optarg, "small") == 0 ? PNG_SMALL : PNG_FAST,
            way.zlib = strcmp(optarg, "zlib") == 0;
        else
            return 2;
    }
    one_thread = way.options.threads == 1;
    if (way.options.kernels && !row_kernels_get(way.options.kernels))
        return 3;
    for (int i = optind; i < argc; i++)
        failed |= measure(argv[i], &way, times, out_path);
    return failed;
}
