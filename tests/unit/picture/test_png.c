/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoder's files, read back by the tests' own decoder (tests/decode_png.h). tests/integration/test_png.py has
   others. */
#include "tests/decode_png.h"

#include "picture/png.h"
#include "picture/png_filter.h"
#include "picture/rows.h"

#include <stdlib.h>

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
    struct decoded decoded = decode_png(file);
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
static void check_image(const struct image_view *image, enum png_level level, const char *what)
{
    static const char *const kernels[] = {"plain", "sse4", "avx2"};
    struct image_view screen = with_fourth_byte(image);
    struct buffer file = encode_image(image, &(struct png_options){.threads = 1, .level = level});
    struct buffer from_screen = encode_image(&screen, &(struct png_options){.threads = 2, .level = level});
    check_pixels(image, &file, what);
    CHECK(same_bytes(&file, &from_screen));
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        if (!row_kernels_get(kernels[i]))
            continue;
        struct png_options options = {.threads = 1, .level = level, .kernels = kernels[i]};
        struct buffer other = encode_image(image, &options);
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
    check_image(&image, PNG_FAST, "fast");
    check_image(&image, PNG_SMALL, "small");
    drop(&image);
}

/* ---- tests ---- */

static void png_gives_back_every_kind_and_size(void)
{
    static const uint32_t sizes[][2] = {{1, 1},     {1, 2},     {2, 1},     {1, 1000},  {1000, 1},
                                        {3, 5},     {17, 31},   {33, 4000}, {640, 480}, {1366, 768},
                                        {32767, 1}, {1, 32767}, {32767, 20}};
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_round_trip((enum kind)kind, sizes[i][0], sizes[i][1], (uint32_t)i % 3 * 5);
}

/* One row of one colour is a literal or two, and a repeat. */
static void png_gives_back_repeats_of_every_length(void)
{
    for (uint32_t bytes = 1; bytes <= 1100; bytes += bytes < 250 ? 7 : 1)
        check_round_trip(BLACK, bytes * 8, 1, 0);
}

static void png_of_bands_at_their_edges_is_whole(void)
{
    /* 511 pixels a row make bands of 170 rows: one row less, just one band, one row more. */
    for (uint32_t height = 169; height <= 171; height++)
        check_round_trip(MIXED, 511, height, 0);
    for (uint32_t height = 339; height <= 341; height++)
        check_round_trip(NOISE, 511, height, 0);
}

static void check_threads(enum png_level level)
{
    struct image_view image = make(MIXED, 1280, 800, 0);
    struct buffer files[4];
    struct error err;
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned threads[] = {1, 2, 3, 16};
        buffer_init(&files[i], SIZE_MAX / 2);
        CHECK_INT(png_encode(&files[i], &image, &(struct png_options){.threads = threads[i], .level = level}, &err), 0);
        CHECK(files[i].len == files[0].len && memcmp(files[i].data, files[0].data, files[0].len) == 0);
    }
    for (unsigned i = 0; i < 4; i++)
        buffer_deinit(&files[i]);
    drop(&image);
}

static void png_is_the_same_from_any_number_of_threads(void)
{
    check_threads(PNG_FAST);
    check_threads(PNG_SMALL);
}

/* Rows of 200 colours at random, as wide as can be, so that with its filter's byte a row has just the bytes of deflate's
   window. */
static struct image_view window_wide(const char *rows)
{
    static uint8_t noise[2][32767];
    struct image_view image = make(BLACK, sizeof *noise, (uint32_t)strlen(rows), 0);
    uint8_t *to = (uint8_t *)(uintptr_t)image.pixels;
    for (size_t i = 0; i < 2 * sizeof *noise; i++)
        noise[i / sizeof *noise][i % sizeof *noise] = random_byte() % 200;
    for (; *rows; rows++)
        for (size_t x = 0; x < sizeof *noise; x++, to += 3)
            to[0] = noise[*rows - 'a'][x];
    return image;
}

static void png_small_finds_what_is_a_window_away_and_nothing_further(void)
{
    struct image_view twice = window_wide("aa"), further = window_wide("abab");
    struct buffer file = encode_image(&twice, &(struct png_options){.level = PNG_SMALL});
    CHECK(file.len < 32767 + 3000);
    buffer_deinit(&file);
    check_image(&twice, PNG_SMALL, "twice");
    check_image(&further, PNG_SMALL, "further");
    drop(&twice);
    drop(&further);
}

/* What zlib's level 1 makes of the rows filtered by Up: the measure for the level small. */
static size_t zlib_len(const struct image_view *image)
{
    size_t row_len = (size_t)image->width * 3, len = (row_len + 1) * image->height;
    uLongf packed_len = compressBound((uLong)len);
    uint8_t *rows = malloc(len), *packed = malloc(packed_len), *to = rows;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        *to++ = PNG_UP;
        for (size_t i = 0; i < row_len; i++)
            *to++ = (uint8_t)(row[i] - (y > 0 ? *(row + i - image->stride) : 0));
    }
    CHECK_INT(compress2(packed, &packed_len, rows, (uLong)len, 1), Z_OK);
    free(rows);
    free(packed);
    return packed_len;
}

static void png_small_is_no_larger_than_what_zlib_makes(void)
{
    static const uint32_t sizes[][2] = {{64, 64}, {640, 480}, {1366, 768}};
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct image_view image = make((enum kind)kind, sizes[i][0], sizes[i][1], 0);
            struct buffer file = encode_image(&image, &(struct png_options){.level = PNG_SMALL});
            size_t most = zlib_len(&image) + 57; /* and what is no pixels: signature, IHDR, IDAT, IEND */
            if (file.len > most)
                printf("# kind %d, %ux%u: %zu bytes, zlib %zu\n", kind, image.width, image.height, file.len, most);
            CHECK(file.len <= most);
            buffer_deinit(&file);
            drop(&image);
        }
}

struct counted {
    struct buffer file;
    size_t told, writes;
};

static int count_begin(void *context, size_t writes, struct error *err)
{
    struct counted *counted = context;
    (void)err;
    CHECK_INT(counted->told, 0);
    CHECK_INT(counted->writes, 0);
    counted->told = writes;
    return 0;
}

static int count_write(void *context, const uint8_t *bytes, size_t len, struct error *err)
{
    struct counted *counted = context;
    counted->writes++;
    return buffer_append(&counted->file, bytes, len) ? 0 : error_set(err, ERR_NO_MEMORY, "no memory");
}

static void png_tells_beforehand_how_often_it_writes(void)
{
    static const uint32_t sizes[][2] = {{1, 1}, {64, 64}, {640, 480}, {3000, 400}, {32000, 9}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct image_view image = make(TEXT_16, sizes[i][0], sizes[i][1], 0);
        struct counted counted = {.told = 0};
        struct buffer whole;
        struct error err;
        buffer_init(&counted.file, 64u << 20);
        buffer_init(&whole, 64u << 20);
        CHECK_INT(
            png_write(&(struct png_sink){count_begin, count_write, &counted}, &image, &(struct png_options){0}, &err),
            0);
        CHECK_INT(png_encode(&whole, &image, &(struct png_options){0}, &err), 0);
        CHECK(counted.told >= 3);
        CHECK_INT(counted.writes, counted.told);
        CHECK(whole.len == counted.file.len && memcmp(whole.data, counted.file.data, whole.len) == 0);
        buffer_deinit(&counted.file);
        buffer_deinit(&whole);
        drop(&image);
    }
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
    struct decoded decoded = decode_png(&file);
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
    /* A flat desktop must be small at any level, noise hardly larger than its pixels, and patterns where they are looked for. */
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
    RUN(png_gives_back_repeats_of_every_length);
    RUN(png_of_bands_at_their_edges_is_whole);
    RUN(png_is_the_same_from_any_number_of_threads);
    RUN(png_small_finds_what_is_a_window_away_and_nothing_further);
    RUN(png_small_is_no_larger_than_what_zlib_makes);
    RUN(png_tells_beforehand_how_often_it_writes);
    RUN(png_does_not_depend_on_bytes_outside_the_rows);
    RUN(png_has_the_texts);
    RUN(png_finds_runs_and_strings);
    RUN(png_refuses_what_it_cannot_write);
    return CHECK_RESULT();
}
