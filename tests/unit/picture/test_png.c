/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoder's files, read back by a decoder written from the PNG specification for this test: own CRC, own filters;
   of zlib only inflate, which checks the Adler sum. tests/integration/test_worker.py has another one. */
#include "tests/unit/check.h"

#include "picture/png.h"
#include "picture/png_filter.h"
#include "picture/rows.h"

#include <stdlib.h>
#include <zlib.h>

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t slow_crc(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

struct decoded {
    uint32_t width, height;
    uint8_t depth, colour_type;
    uint8_t palette[256 * 3];
    uint8_t *pixels;  /* owned */
    char types[4096]; /* the chunks' types in order, a blank after each, IDATs in a row as one */
    char texts[4096]; /* "keyword=text;" for each tEXt */
};

static void note_text(struct decoded *decoded, const uint8_t *data, size_t len)
{
    const uint8_t *nul = memchr(data, 0, len);
    CHECK(nul != NULL);
    if (nul)
        snprintf(decoded->texts + strlen(decoded->texts), sizeof decoded->texts - strlen(decoded->texts), "%s=%.*s;",
                 (const char *)data, (int)(data + len - nul - 1), (const char *)nul + 1);
}

static int reference_predict(int filter, int left, int up, int up_left)
{
    int p = left + up - up_left, pa = abs(p - left), pb = abs(p - up), pc = abs(p - up_left);
    switch (filter) {
    case 0:
        return 0;
    case 1:
        return left;
    case 2:
        return up;
    case 3:
        return (left + up) / 2;
    default:
        return pa <= pb && pa <= pc ? left : pb <= pc ? up : up_left;
    }
}

/* Undoes the filters in place; `step` is how far left the pixel before is. */
static void unfilter(uint8_t *rows, uint32_t height, size_t len, size_t step)
{
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *row = rows + y * (len + 1), *out = row + 1, *above = out - (len + 1);
        CHECK(row[0] < 5);
        for (size_t i = 0; i < len; i++) {
            int left = i >= step ? out[i - step] : 0, up = y > 0 ? above[i] : 0;
            int up_left = i >= step && y > 0 ? above[i - step] : 0;
            out[i] = (uint8_t)(out[i] + reference_predict(row[0], left, up, up_left));
        }
    }
}

static const uint8_t *pixel_of(const struct decoded *decoded, const uint8_t *row, uint32_t x)
{
    if (decoded->colour_type == 2)
        return row + (size_t)x * 3;
    unsigned bit = x * decoded->depth;
    unsigned number = row[bit / 8] >> (8 - decoded->depth - bit % 8) & ((1u << decoded->depth) - 1);
    return decoded->palette + (size_t)number * 3;
}

static void inflate_rows(struct decoded *decoded, const struct buffer *stream)
{
    size_t bits = decoded->colour_type == 2 ? 24 : decoded->depth, row_len = (decoded->width * bits + 7) / 8;
    uLongf len = (uLong)(row_len + 1) * decoded->height, want = len;
    uint8_t *rows = malloc(len);
    uLong taken = (uLong)stream->len;
    CHECK_INT(uncompress2(rows, &len, stream->data, &taken), Z_OK);
    CHECK_INT(len, want);
    CHECK_INT(taken, stream->len);
    uint8_t *to = decoded->pixels = malloc((size_t)decoded->width * decoded->height * 3);
    unfilter(rows, decoded->height, row_len, bits == 24 ? 3 : 1);
    for (uint32_t y = 0; y < decoded->height; y++)
        for (uint32_t x = 0; x < decoded->width; x++, to += 3)
            memcpy(to, pixel_of(decoded, rows + y * (row_len + 1) + 1, x), 3);
    free(rows);
}

static void note_header(struct decoded *decoded, const uint8_t *data, uint32_t len)
{
    CHECK_INT(len, 13);
    decoded->width = get_u32(data);
    decoded->height = get_u32(data + 4);
    decoded->depth = data[8];
    decoded->colour_type = data[9];
    CHECK((data[9] == 2 && data[8] == 8) || (data[9] == 3 && data[8] <= 8));
    CHECK(memcmp(data + 10, "\0\0\0", 3) == 0);
}

static struct decoded decode(const struct buffer *file)
{
    struct decoded decoded = {0};
    struct buffer stream;
    char last[5] = "";
    buffer_init(&stream, SIZE_MAX / 2);
    CHECK(file->len > 8 && memcmp(file->data, "\x89PNG\r\n\x1a\n", 8) == 0);
    for (size_t at = 8; at + 12 <= file->len;) {
        const uint8_t *chunk = file->data + at;
        uint32_t len = get_u32(chunk);
        char type[5] = {0};
        memcpy(type, chunk + 4, 4);
        CHECK(len <= file->len - at - 12);
        CHECK_INT(get_u32(chunk + 8 + len), slow_crc(chunk + 4, len + 4));
        if (strcmp(type, "IHDR") == 0)
            note_header(&decoded, chunk + 8, len);
        if (strcmp(type, "PLTE") == 0 && len <= sizeof decoded.palette)
            memcpy(decoded.palette, chunk + 8, len);
        if (strcmp(type, "tEXt") == 0)
            note_text(&decoded, chunk + 8, len);
        if (strcmp(type, "IDAT") == 0)
            buffer_append(&stream, chunk + 8, len);
        if (strcmp(type, "IDAT") != 0 || strcmp(last, "IDAT") != 0)
            strcat(strcat(decoded.types, type), " ");
        memcpy(last, type, 5);
        at += len + 12;
        CHECK(strcmp(type, "IEND") != 0 || at == file->len);
    }
    inflate_rows(&decoded, &stream);
    buffer_deinit(&stream);
    return decoded;
}

/* ---- pictures ---- */

enum kind { BLACK, NOISE, SMOOTH, DITHERED, MIXED, TEXT_2, TEXT_4, TEXT_16, TEXT_200, KIND_COUNT };

static uint32_t random_state;
static uint8_t random_byte(void)
{
    random_state = random_state * 1103515245u + 12345u;
    return (uint8_t)(random_state >> 16);
}

static uint8_t sample_at(enum kind kind, uint32_t x, uint32_t y, int channel)
{
    switch (kind) {
    case NOISE:
        return random_byte();
    case SMOOTH:
        return (uint8_t)((x * (3 + (uint32_t)channel) + y * 2) / 7 + random_byte() % 3);
    case DITHERED:
        return (uint8_t)(100 + 40 * ((x * 7 + y * 3) % 5 < 2) + y / 50);
    case TEXT_2:
    case TEXT_4:
    case TEXT_16:
    case TEXT_200: {
        static const unsigned colours[] = {2, 4, 16, 200};
        unsigned cell = (x * 2654435761u ^ y / 3 * 40503u) >> 7, number = cell % 5 ? 0 : cell % colours[kind - TEXT_2];
        return (uint8_t)(255 - number * (7u + (unsigned)channel * 2));
    }
    case MIXED: /* rows that each ask for another filter */
        return sample_at((enum kind)(y / 3 % MIXED), x, y, channel);
    default:
        return 0;
    }
}

/* With `padding` bytes of noise after each row. */
static struct image_view make(enum kind kind, uint32_t width, uint32_t height, uint32_t padding)
{
    uint32_t stride = width * 3 + padding;
    uint8_t *pixels = malloc((size_t)stride * height);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t i = 0; i < stride; i++)
            pixels[(size_t)y * stride + i] = i < width * 3 ? sample_at(kind, i / 3, y, (int)(i % 3)) : random_byte();
    return (struct image_view){pixels, width, height, stride, PIXEL_RGB24};
}

static void drop(struct image_view *image)
{
    free((void *)(uintptr_t)image->pixels);
}

/* Returns the picture in the form that screens have, the fourth bytes at random. */
static struct image_view with_fourth_byte(const struct image_view *image)
{
    uint8_t *pixels = malloc((size_t)image->width * image->height * 4), *to = pixels;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        for (uint32_t x = 0; x < image->width; x++, to += 4) {
            to[0] = row[x * 3 + 2], to[1] = row[x * 3 + 1], to[2] = row[x * 3];
            to[3] = random_byte();
        }
    }
    return (struct image_view){pixels, image->width, image->height, image->width * 4, PIXEL_BGRX32};
}

static bool same_pixels(const struct decoded *decoded, const struct image_view *image)
{
    size_t len = (size_t)image->width * 3;
    if (decoded->width != image->width || decoded->height != image->height)
        return false;
    for (uint32_t y = 0; y < image->height; y++)
        if (memcmp(decoded->pixels + y * len, image->pixels + (size_t)y * image->stride, len) != 0)
            return false;
    return true;
}

static struct buffer encode_image(const struct image_view *image, const struct png_options *options)
{
    struct buffer file;
    struct error err = {0};
    buffer_init(&file, SIZE_MAX / 2);
    CHECK_INT(png_encode(&file, image, options, &err), 0);
    return file;
}

static void check_pixels(const struct image_view *image, const struct buffer *file, const char *what)
{
    struct decoded decoded = decode(file);
    if (!same_pixels(&decoded, image)) {
        printf("# %s, %ux%u: other pixels came back\n", what, image->width, image->height);
        check_failures++;
    }
    CHECK_TEXT(decoded.types, decoded.colour_type == 3 ? "IHDR PLTE IDAT IEND " : "IHDR IDAT IEND ");
    free(decoded.pixels);
}

static bool same_bytes(const struct buffer *a, const struct buffer *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Encodes in every way: the file of each kind of vectors, and of pixels as screens have them, must be the same. */
static void check_image(const struct image_view *image, const char *what)
{
    static const char *const kernels[] = {"plain", "sse4", "avx2"};
    struct image_view screen = with_fourth_byte(image);
    struct buffer file = encode_image(image, &(struct png_options){.threads = 1});
    struct buffer from_screen = encode_image(&screen, &(struct png_options){.threads = 2});
    check_pixels(image, &file, what);
    CHECK(same_bytes(&file, &from_screen));
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        if (!row_kernels_get(kernels[i]))
            continue;
        struct buffer other = encode_image(image, &(struct png_options){.threads = 1, .kernels = kernels[i]});
        if (!same_bytes(&file, &other)) {
            printf("# %s, %ux%u: another file from %s\n", what, image->width, image->height, kernels[i]);
            check_failures++;
        }
        buffer_deinit(&other);
    }
    buffer_deinit(&from_screen);
    buffer_deinit(&file);
    drop(&screen);
}

static void check_round_trip(enum kind kind, uint32_t width, uint32_t height, uint32_t padding)
{
    struct image_view image = make(kind, width, height, padding);
    struct buffer small = encode_image(&image, &(struct png_options){.level = PNG_SMALL});
    check_image(&image, "fast");
    check_pixels(&image, &small, "small");
    buffer_deinit(&small);
    drop(&image);
}

/* ---- tests ---- */

static void png_gives_back_every_kind_and_size(void)
{
    static const uint32_t sizes[][2] = {{1, 1},   {1, 2},     {2, 1},      {1, 1000},  {1000, 1},  {3, 5},
                                        {17, 31}, {640, 480}, {1366, 768}, {32767, 1}, {1, 32767}, {32767, 20}};
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_round_trip((enum kind)kind, sizes[i][0], sizes[i][1], (uint32_t)i % 3 * 5);
}

static void png_of_bands_at_their_edges_is_whole(void)
{
    /* 511 pixels a row make bands of 170 rows: one row less, just one band, one row more. */
    for (uint32_t height = 169; height <= 171; height++)
        check_round_trip(MIXED, 511, height, 0);
    for (uint32_t height = 339; height <= 341; height++)
        check_round_trip(NOISE, 511, height, 0);
}

static void png_is_the_same_from_any_number_of_threads(void)
{
    struct image_view image = make(MIXED, 1280, 800, 0);
    struct buffer files[4];
    struct error err;
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned threads[] = {1, 2, 3, 16};
        buffer_init(&files[i], SIZE_MAX / 2);
        CHECK_INT(png_encode(&files[i], &image, &(struct png_options){.threads = threads[i]}, &err), 0);
        CHECK(files[i].len == files[0].len && memcmp(files[i].data, files[0].data, files[0].len) == 0);
    }
    for (unsigned i = 0; i < 4; i++)
        buffer_deinit(&files[i]);
    drop(&image);
}

static void png_does_not_depend_on_bytes_outside_the_rows(void)
{
    struct image_view padded = make(BLACK, 100, 100, 7), plain = make(BLACK, 100, 100, 0);
    struct buffer a, b;
    struct error err;
    buffer_init(&a, SIZE_MAX / 2);
    buffer_init(&b, SIZE_MAX / 2);
    CHECK_INT(png_encode(&a, &padded, &(struct png_options){0}, &err), 0);
    CHECK_INT(png_encode(&b, &plain, &(struct png_options){0}, &err), 0);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    buffer_deinit(&a);
    buffer_deinit(&b);
    drop(&padded);
    drop(&plain);
}

static void png_has_the_texts(void)
{
    static const struct png_text texts[] = {{"Software", "Periscope"},
                                            {"output", "HDMI-1"},
                                            {"odd", "a\nb\x80\xff"
                                                    "c"},
                                            {"empty", ""}};
    struct image_view image = make(BLACK, 5, 5, 0);
    struct buffer file;
    struct error err;
    buffer_init(&file, SIZE_MAX / 2);
    CHECK_INT(png_encode(&file, &image, &(struct png_options){.texts = texts, .text_count = 4}, &err), 0);
    struct decoded decoded = decode(&file);
    CHECK_TEXT(decoded.types, "IHDR tEXt tEXt tEXt tEXt IDAT IEND ");
    CHECK_TEXT(decoded.texts, "Software=Periscope;output=HDMI-1;odd=a?b??c;empty=;");
    free(decoded.pixels);
    buffer_deinit(&file);
    drop(&image);
}

static void check_size(enum kind kind, enum png_level level, size_t limit)
{
    struct image_view image = make(kind, 640, 480, 0);
    struct buffer file = encode_image(&image, &(struct png_options){.level = level});
    if (file.len > limit)
        printf("# kind %d, level %d: %zu bytes\n", (int)kind, (int)level, file.len);
    CHECK(file.len <= limit);
    buffer_deinit(&file);
    drop(&image);
}

static void png_finds_runs_and_strings(void)
{
    /* A flat desktop must be small at any level, noise hardly larger than its pixels, and patterns small for zlib. */
    check_size(BLACK, PNG_FAST, 3000);
    check_size(BLACK, PNG_SMALL, 3000);
    check_size(NOISE, PNG_FAST, 640 * 480 * 3 + 1000);
    check_size(NOISE, PNG_SMALL, 640 * 480 * 3 + 4000);
    check_size(DITHERED, PNG_SMALL, 40000);
}

static void png_refuses_what_it_cannot_write(void)
{
    static const uint32_t sizes[][2] = {{0, 1}, {1, 0}, {32768, 1}, {1, 32768}};
    uint8_t pixel[3] = {0};
    char long_text[PNG_TEXT_MAX + 2];
    struct buffer file;
    struct error err;
    buffer_init(&file, 50);
    for (size_t i = 0; i < 4; i++) {
        struct image_view image = {pixel, sizes[i][0], sizes[i][1], sizes[i][0] * 3, PIXEL_RGB24};
        CHECK_INT(png_encode(&file, &image, &(struct png_options){0}, &err), ERR_LIMIT);
    }
    CHECK_TEXT(err.text, "the picture to be written as PNG has 1x32768 pixels: the limit is 32767 a side");
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    struct image_view one = {pixel, 1, 1, 3, PIXEL_RGB24};
    struct png_options options = {.texts = &(struct png_text){"k", long_text}, .text_count = 1};
    CHECK_INT(png_encode(&file, &one, &options, &err), ERR_INVALID);
    CHECK_INT(file.len, 0);
    CHECK_INT(png_encode(&file, &one, &(struct png_options){0}, &err), ERR_LIMIT);
    buffer_deinit(&file);
}

static void filters_give_what_the_specification_says(void)
{
    enum { LEN = 9000 }; /* more than two stretches of the loops */
    static uint8_t row[LEN], above[LEN], out[LEN];
    for (size_t i = 0; i < LEN; i++) {
        row[i] = random_byte();
        above[i] = i % 100 < 50 ? random_byte() : row[i];
    }
    static const size_t lens[] = {3, 6, 51, 4098, 4101, 8196, LEN};
    for (size_t l = 0; l < sizeof lens / sizeof *lens; l++)
        for (int filter = 0; filter < PNG_FILTER_COUNT; filter++) {
            uint64_t sum = png_filter_row((enum png_filter)filter, out, row, above, lens[l]), want = 0;
            int wrong = 0;
            for (size_t i = 0; i < lens[l]; i++) {
                int left = i >= 3 ? row[i - 3] : 0, up_left = i >= 3 ? above[i - 3] : 0;
                uint8_t byte = (uint8_t)(row[i] - reference_predict(filter, left, above[i], up_left));
                wrong += byte != out[i];
                want += (uint64_t)(byte < 128 ? byte : 256 - byte);
            }
            CHECK_INT(wrong, 0);
            CHECK_INT(sum, want);
        }
}

static enum png_filter choose(const uint8_t *row, const uint8_t *above, size_t len)
{
    static uint8_t out[1 + 300], scratch[300];
    enum png_filter filter = png_filter_choose(out, scratch, row, above, len);
    CHECK_INT(out[0], filter);
    return filter;
}

static void each_filter_is_chosen_where_it_is_best(void)
{
    enum { LEN = 300 };
    uint8_t zeros[LEN] = {0}, noise[LEN], same[LEN], ramp[LEN], small[LEN], slope[LEN], slope_above[LEN], half[LEN];
    for (size_t i = 0; i < LEN; i++) {
        noise[i] = random_byte();
        ramp[i] = (uint8_t)(i / 3 * 7);
        small[i] = (uint8_t)(i / 3 % 2);
        slope[i] = (uint8_t)(i / 3 * 2 + (i / 3 > 40 ? 90 : 0));
        slope_above[i] = (uint8_t)(i / 3 * 2 + (i / 3 > 40 ? 60 : 0));
        half[i] = (uint8_t)(((i >= 3 ? half[i - 3] : 0) + noise[i]) / 2);
    }
    memcpy(same, noise, LEN);
    CHECK_INT(choose(same, noise, LEN), PNG_UP);
    CHECK_INT(choose(ramp, noise, LEN), PNG_SUB);
    CHECK_INT(choose(small, noise, LEN), PNG_NONE);
    CHECK_INT(choose(slope, slope_above, LEN), PNG_PAETH);
    CHECK_INT(choose(half, noise, LEN), PNG_AVERAGE);
    CHECK_INT(choose(zeros, zeros, LEN), PNG_UP);
}

int main(void)
{
    random_state = check_seed();
    RUN(filters_give_what_the_specification_says);
    RUN(each_filter_is_chosen_where_it_is_best);
    RUN(png_gives_back_every_kind_and_size);
    RUN(png_of_bands_at_their_edges_is_whole);
    RUN(png_is_the_same_from_any_number_of_threads);
    RUN(png_does_not_depend_on_bytes_outside_the_rows);
    RUN(png_has_the_texts);
    RUN(png_finds_runs_and_strings);
    RUN(png_refuses_what_it_cannot_write);
    return CHECK_RESULT();
}
