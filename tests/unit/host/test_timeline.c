/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pure parts of a timeline: which gaps are folded, how PNG files are read, and text and bytes in a page. */
#include "tests/unit/check.h"

#include "host/timeline/gaps.h"
#include "host/timeline/html.h"
#include "host/timeline/png_read.h"
#include "picture/png.h"

#define SECOND 1000000

/* ---- gaps ---- */

static void a_steady_pace_has_no_gap(void)
{
    struct gap gaps[GAPS_MAX];
    int64_t moments[600];
    for (int i = 0; i < 600; i++)
        moments[i] = (int64_t)i * 6 * SECOND;
    CHECK_INT(gaps_find(gaps, moments, 600), 0);
    CHECK_INT(gaps_find(gaps, moments, 100), 0);
    CHECK_INT(gaps_find(gaps, moments, 1), 0);
    CHECK_INT(gaps_find(gaps, moments, 0), 0);
}

static void idle_hours_between_bursts_are_gaps(void)
{
    struct gap gaps[GAPS_MAX];
    int64_t moments[100];
    for (int i = 0; i < 100; i++)
        moments[i] = (i / 10) * (int64_t)3600 * SECOND + (i % 10) * SECOND;
    CHECK_INT(gaps_find(gaps, moments, 100), 9);
    CHECK_INT(gaps[0].from_us, 9 * SECOND);
    CHECK_INT(gaps[0].to_us, (int64_t)3600 * SECOND);
}

static void short_pauses_are_no_gaps(void)
{
    struct gap gaps[GAPS_MAX];
    int64_t moments[] = {0, 1 * SECOND, 6 * SECOND, 7 * SECOND, 7 * SECOND, 13 * SECOND};
    CHECK_INT(gaps_find(gaps, moments, 5), 0);
    CHECK_INT(gaps_find(gaps, moments, 6), 1);
    CHECK_INT(gaps[0].from_us, 7 * SECOND);
}

static void gaps_are_bounded(void)
{
    struct gap gaps[GAPS_MAX];
    static int64_t moments[4000];
    int64_t at = 0;
    for (int i = 0; i < 4000; i++)
        moments[i] = at += i % 10 ? 1 : (int64_t)(100 + i) * SECOND;
    size_t count = gaps_find(gaps, moments, 4000);
    CHECK(count <= GAPS_MAX);
    for (size_t i = 1; i < count; i++)
        CHECK(gaps[i].from_us >= gaps[i - 1].to_us);
}

/* ---- PNG ---- */

static uint8_t *random_pixels(uint32_t width, uint32_t height, unsigned colours)
{
    uint8_t *pixels = malloc((size_t)width * height * 3);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        unsigned colour = (unsigned)rand() % colours;
        pixels[i * 3] = (uint8_t)(colour * 37);
        pixels[i * 3 + 1] = (uint8_t)(colour >> 3);
        pixels[i * 3 + 2] = (uint8_t)(colour * 11 + 5);
    }
    return pixels;
}

static void check_round_trip(uint32_t width, uint32_t height, unsigned colours, enum png_level level)
{
    struct buffer file;
    struct error err;
    struct image_view read;
    struct png_size size;
    uint8_t *pixels = random_pixels(width, height, colours), *back;
    struct image_view image = {pixels, width, height, width * 3, PIXEL_RGB24};
    buffer_init(&file, 1 << 24);
    CHECK_INT(png_encode(&file, &image, &(struct png_options){.level = level, .threads = 1}, &err), 0);
    CHECK_INT(png_read_size(&size, (struct slice){file.data, file.len}, &err), 0);
    CHECK(size.width == width && size.height == height);
    CHECK_INT(png_read(&back, &read, (struct slice){file.data, file.len}, &err), 0);
    CHECK(back && read.width == width && read.height == height &&
          memcmp(back, pixels, (size_t)width * height * 3) == 0);
    free(back);
    free(pixels);
    buffer_deinit(&file);
}

static void what_the_encoder_writes_is_read_pixel_for_pixel(void)
{
    static const unsigned colours[] = {1, 2, 3, 4, 7, 16, 17, 200, 256, 5000};
    srand(check_seed());
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        check_round_trip(1 + (uint32_t)rand() % 90, 1 + (uint32_t)rand() % 60, colours[i], PNG_FAST);
        check_round_trip(1 + (uint32_t)rand() % 90, 1 + (uint32_t)rand() % 60, colours[i], PNG_SMALL);
    }
    check_round_trip(700, 500, 60000, PNG_FAST);
}

/* A byte of a PNG that is another is never read as if nothing were wrong, but for those that no chunk's sum covers. */
static void a_png_with_a_wrong_byte_is_refused(void)
{
    struct buffer file;
    struct error err;
    struct image_view read;
    uint8_t *pixels = random_pixels(20, 10, 300), *back;
    struct image_view image = {pixels, 20, 10, 60, PIXEL_RGB24};
    buffer_init(&file, 1 << 20);
    CHECK_INT(png_encode(&file, &image, &(struct png_options){.level = PNG_FAST, .threads = 1}, &err), 0);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 0x11;
        CHECK_INT(png_read(&back, &read, (struct slice){file.data, file.len}, &err), ERR_INVALID);
        CHECK(!back);
        file.data[i] ^= 0x11;
        CHECK_INT(png_read(&back, &read, (struct slice){file.data, i}, &err), ERR_INVALID);
    }
    free(pixels);
    buffer_deinit(&file);
}

/* Two colours, and pixels of four: the encoder writes no such file. */
static void a_pixel_without_a_colour_is_refused(void)
{
    static const uint8_t file[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I',  'H',  'D',  'R',  0,
        0,    0,    4,    0,    0,    0,    1,    2,    3,    0,    0,    0,    0x84, 0x52, 0xe7, 0x5e, 0,
        0,    0,    6,    'P',  'L',  'T',  'E',  1,    2,    3,    4,    5,    6,    0x95, 0x53, 0x6f, 0x48,
        0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x90, 0x06, 0x00, 0x00, 0x1d, 0x00,
        0x1c, 0x8e, 0xf4, 0xf5, 0x21, 0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
    struct image_view read;
    struct error err;
    uint8_t *back;
    CHECK_INT(png_read(&back, &read, (struct slice){file, sizeof file}, &err), ERR_INVALID);
    CHECK(strstr(err.text, "a pixel without a colour") != NULL);
}

/* ---- pages ---- */

static void check_html(const char *text, size_t len, const char *want)
{
    struct buffer out;
    buffer_init(&out, 4096);
    html_text(&out, text, len);
    buffer_append(&out, "", 1);
    CHECK_TEXT((const char *)out.data, want);
    buffer_deinit(&out);
}

static void text_is_never_markup(void)
{
    check_html("<b a=\"x\">&amp;</b>", 18, "&lt;b a=&quot;x&quot;&gt;&amp;amp;&lt;/b&gt;");
    check_html("a\xff"
               "b\xe2\x82",
               5,
               "a\xef\xbf\xbd"
               "b\xef\xbf\xbd");
    check_html("a\0\x1b", 3, "a\xe2\x90\x80\xe2\x90\x9b");
}

static void base64_is_that_of_the_specification(void)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buffer out;
        buffer_init(&out, 64);
        html_base64(&out, pairs[i][0], strlen(pairs[i][0]));
        buffer_append(&out, "", 1);
        CHECK_TEXT((const char *)out.data, pairs[i][1]);
        buffer_deinit(&out);
    }
}

static void a_hash_is_what_a_policy_wants(void)
{
    struct buffer out;
    buffer_init(&out, 128);
    html_csp_hash(&out, "abc", 3);
    buffer_append(&out, "", 1);
    CHECK_TEXT((const char *)out.data, "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    buffer_deinit(&out);
}

int main(void)
{
    RUN(a_steady_pace_has_no_gap);
    RUN(idle_hours_between_bursts_are_gaps);
    RUN(short_pauses_are_no_gaps);
    RUN(gaps_are_bounded);
    RUN(what_the_encoder_writes_is_read_pixel_for_pixel);
    RUN(a_png_with_a_wrong_byte_is_refused);
    RUN(a_pixel_without_a_colour_is_refused);
    RUN(text_is_never_markup);
    RUN(base64_is_that_of_the_specification);
    RUN(a_hash_is_what_a_policy_wants);
    return CHECK_RESULT();
}
