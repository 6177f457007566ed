/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a PPM for tests and benches. */
#ifndef TESTS_READ_PPM_H
#define TESTS_READ_PPM_H

#include "picture/image.h"

#include <stdio.h>
#include <stdlib.h>

static inline unsigned ppm_number(FILE *file)
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

/* Returns the pixels, which the caller frees, or NULL: a P6 file of 8 bits a sample. */
static inline uint8_t *read_ppm(const char *path, struct image_view *image)
{
    FILE *file = fopen(path, "rb");
    uint8_t *pixels = NULL;
    if (file && getc(file) == 'P' && getc(file) == '6') {
        image->width = ppm_number(file);
        image->height = ppm_number(file);
        image->stride = image->width * 3;
        size_t len = (size_t)image->stride * image->height;
        if (ppm_number(file) == 255 && getc(file) != EOF && len > 0)
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

#endif
