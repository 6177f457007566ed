/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench_png [-t THREADS] [-n TIMES] [-o OUT.png] FILE.ppm...: how long the encoder takes (the best of TIMES) and how
   large its file is. */
#include "picture/png.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static unsigned read_number(FILE *file)
{
    unsigned number = 0;
    for (int c; (c = getc(file)) != EOF;) {
        if (c == '#')
            while ((c = getc(file)) != EOF && c != '\n')
                ;
        else if (c >= '0' && c <= '9') {
            ungetc(c, file);
            return fscanf(file, "%u", &number) == 1 ? number : 0;
        }
    }
    return 0;
}

/* The pixels, or NULL: a P6 file of 8 bits a sample. */
static uint8_t *read_ppm(const char *path, struct image_view *image)
{
    FILE *file = fopen(path, "rb");
    uint8_t *pixels = NULL;
    if (file && getc(file) == 'P' && getc(file) == '6') {
        image->width = read_number(file);
        image->height = read_number(file);
        image->stride = image->width * 3;
        size_t len = (size_t)image->stride * image->height;
        if (read_number(file) == 255 && getc(file) != EOF && len > 0)
            pixels = malloc(len);
        if (pixels && fread(pixels, 1, len, file) != len) {
            free(pixels);
            pixels = NULL;
        }
    }
    if (file)
        fclose(file);
    image->pixels = pixels;
    return pixels;
}

static int measure(const char *path, unsigned threads, int times, const char *out_path)
{
    struct image_view image = {0};
    struct buffer out;
    struct error err = {0};
    double best = 1e9;
    uint8_t *pixels = read_ppm(path, &image);
    if (!pixels) {
        fprintf(stderr, "bench_png: %s is not a P6 file of 8 bits\n", path);
        return 1;
    }
    buffer_init(&out, SIZE_MAX / 2);
    for (int i = 0; i < times; i++) {
        buffer_clear(&out);
        double start = now_ms();
        if (png_encode(&out, &image, &(struct png_options){.threads = threads}, &err) < 0) {
            fprintf(stderr, "bench_png: %s: %s\n", path, err.text);
            return 1;
        }
        double took = now_ms() - start;
        best = took < best ? took : best;
    }
    double megabytes = (double)image.stride * image.height / 1e6;
    printf("%s: %ux%u, %u threads: %.1f ms, %.0f MB/s, %zu bytes (%.1f %%)\n", path, image.width, image.height,
           threads ? threads : os_cpu_count(), best, megabytes / best * 1e3, out.len,
           (double)out.len / megabytes / 1e4);
    FILE *file = out_path ? fopen(out_path, "wb") : NULL;
    int failed = out_path && (!file || fwrite(out.data, 1, out.len, file) != out.len);
    if (file && fclose(file) != 0)
        failed = 1;
    buffer_deinit(&out);
    free(pixels);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned threads = 0;
    int times = 5, option, failed = 0;
    const char *out_path = NULL;
    while ((option = getopt(argc, argv, "t:n:o:")) != -1) {
        if (option == 't')
            threads = (unsigned)atoi(optarg);
        else if (option == 'n')
            times = atoi(optarg);
        else if (option == 'o')
            out_path = optarg;
        else
            return 2;
    }
    for (int i = optind; i < argc; i++)
        failed |= measure(argv[i], threads, times, out_path);
    return failed;
}
