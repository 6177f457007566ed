/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes PNG (RGB or a palette, not interlaced). The file depends on the image and the texts alone: never on the
 * clock, nor on the number of threads.
 *
 * The image is cut into bands of rows, each filtered and deflated by itself as a piece of one zlib stream and put into
 * an IDAT chunk of its own. Memory beyond the image: for each thread one band (DEFLATE_BAND_MAX, or one row if that is
 * more), filtered and once more deflated, with lists of about as much; and the numbers of its colours, if they are few.
 */
#ifndef PICTURE_PNG_H
#define PICTURE_PNG_H

#include "base/buffer.h"
#include "base/error.h"
#include "picture/image.h"

#define PNG_KEYWORD_MAX 79 /* bytes, PNG specification 11.3.4 */
#define PNG_TEXT_MAX 1024  /* bytes of one text */

struct png_text {               /* becomes a tEXt chunk */
    const char *keyword, *text; /* borrowed; what is not printable ASCII becomes '?' */
};

enum png_level {
    PNG_FAST,  /* literals and repeats of a pixel: as fast as it can be */
    PNG_SMALL, /* with matches, and more care for filters and codes */
};

struct png_options {
    const struct png_text *texts; /* borrowed */
    size_t text_count;
    unsigned threads; /* 0: one for each processor */
    enum png_level level;
    const char *kernels; /* borrowed: those of rows.h that are used; NULL: the quickest. The file is the same */
};

/* Where the file goes, chunk by chunk: while the rows below are encoded. The calls come from several threads, one at a
   time. */
struct png_sink {
    /* Tells, before the first chunk, how many calls of write there will be; or NULL. */
    int (*begin)(void *context, size_t writes, struct error *err);
    int (*write)(void *context, const uint8_t *bytes, size_t len, struct error *err);
    void *context; /* borrowed */
};

/* Writes the file. ERR_LIMIT for what image_check_size() refuses, ERR_INVALID for a wrong text; ERR_NO_MEMORY; what
   the sink returns. */
int png_write(const struct png_sink *sink, const struct image_view *image, const struct png_options *options,
              struct error *err);

/* Appends the file to out. ERR_LIMIT for what image_check_size() refuses, ERR_INVALID for a wrong text;
   ERR_LIMIT when out may not hold it, ERR_NO_MEMORY. */
int png_encode(struct buffer *out, const struct image_view *image, const struct png_options *options,
               struct error *err);

#endif
