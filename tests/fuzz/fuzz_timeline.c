/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the index of a recording, and as a picture of it: what was found is within the bytes and the bounds, and a part
 * lies on a picture before it. The first byte chooses.
 */
#include "host/timeline/png_read.h"
#include "host/timeline/recording.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_pictures(const struct recording *recording)
{
    for (size_t i = 0; i < recording->picture_count; i++) {
        const struct recording_picture *p = &recording->pictures[i];
        require(p->width && p->height && p->w && p->h && p->x + p->w <= p->width && p->y + p->h <= p->height);
        require(p->base < (int64_t)i && (p->base < 0 || recording->pictures[p->base].base < 0));
        require(p->file.len < RECORDING_NAME_SIZE && !memchr(p->file.data, '/', p->file.len));
    }
}

static void check_index(struct slice index)
{
    struct recording recording;
    struct error err;
    if (recording_read(&recording, index, &err))
        return;
    require(recording.entry_count && recording.boot_count && recording.cut < index.len);
    for (size_t i = 0; i < recording.entry_count; i++) {
        const struct recording_entry *entry = &recording.entries[i];
        require(i == 0 || entry->at_us >= recording.entries[i - 1].at_us);
        require(entry->text.data >= index.data && entry->text.data + entry->text.len <= index.data + index.len);
        if (entry->kind == RECORDING_PICTURE || entry->kind == RECORDING_SAME)
            require(entry->picture < recording.picture_count);
        (void)recording_when(&recording, entry->at_us, entry->wall_us);
    }
    check_pictures(&recording);
    recording_free(&recording);
}

/* Gives each line the sum that it needs to be read at all. */
static void mend_sums(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint8_t *newline = memchr(bytes + at, '\n', len - at);
        size_t end = newline ? (size_t)(newline - bytes) : len;
        if (end - at >= 9) {
            static const char digits[] = "0123456789abcdef";
            uint32_t sum = (uint32_t)crc32(0, bytes + at + 9, (uInt)(end - at - 9));
            for (size_t i = 0; i < 8; i++)
                bytes[at + i] = (uint8_t)digits[sum >> (28 - 4 * i) & 15];
            bytes[at + 8] = ' ';
        }
        at = end + 1;
    }
}

/* The same for the chunks of a PNG. */
static void mend_chunks(uint8_t *bytes, size_t len)
{
    for (size_t at = 8; at < len && len - at >= 12;) {
        size_t size =
            (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (size > len - at - 12)
            return;
        uint32_t sum = (uint32_t)crc32(0, bytes + at + 4, (uInt)(size + 4));
        for (size_t i = 0; i < 4; i++)
            bytes[at + 8 + size + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += size + 12;
    }
}

static void check_png(struct slice file)
{
    struct error err;
    struct image_view image;
    uint8_t *pixels;
    int status = png_read(&pixels, &image, file, &err);
    require(status ? !pixels : pixels && image.width && image.height);
    for (size_t i = 0; pixels && i < (size_t)image.width * image.height * 3; i += image.width)
        require(pixels[i] <= 255);
    free(pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1)
        return 0;
    uint8_t *copy = malloc(len);
    if (!copy)
        return 0;
    memcpy(copy, bytes + 1, len - 1);
    if (bytes[0] & 1)
        mend_sums(copy, len - 1);
    else
        mend_chunks(copy, len - 1);
    if (bytes[0] & 1)
        check_index((struct slice){copy, len - 1});
    else
        check_png((struct slice){copy, len - 1});
    free(copy);
    return 0;
}
