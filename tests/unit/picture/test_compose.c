/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reference goes forward and step by step, in floating point, as the kernel tells of plane properties: cut out,
 * reflect, turn, scale, blend. What is tested goes backwards, a pixel of the screen at a time. */
#include "picture/compose.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define SIDE_MAX 64

/* ---- the reference ---- */

struct image {
    unsigned width, height;
    double pixels[SIDE_MAX * SIDE_MAX][4]; /* red, green, blue, alpha from 0 to 1 */
};

static void copy_pixel(struct image *to, unsigned x, unsigned y, const struct image *from, unsigned from_x,
                       unsigned from_y)
{
    memcpy(to->pixels[y * to->width + x], from->pixels[from_y * from->width + from_x], sizeof *to->pixels);
}

static void cut_out(struct image *to, const struct layer *layer)
{
    bool red_first = layer->frame.format->fourcc == FOURCC('X', 'B', '2', '4');
    unsigned left = layer->src_x >> 16, top = layer->src_y >> 16;
    to->width = layer->src_width >> 16;
    to->height = layer->src_height >> 16;
    for (unsigned y = 0; y < to->height; y++)
        for (unsigned x = 0; x < to->width; x++) {
            const uint8_t *bytes = layer->frame.data[0] + (top + y) * layer->frame.stride[0] + (left + x) * 4;
            double *pixel = to->pixels[y * to->width + x];
            for (int i = 0; i < 3; i++)
                pixel[i] = bytes[red_first ? i : 2 - i] / 255.0;
            pixel[3] = layer->frame.format->fourcc == FOURCC('A', 'R', '2', '4') ? bytes[3] / 255.0 : 1;
        }
}

static void mirror(struct image *image, bool left_right)
{
    struct image was = *image;
    for (unsigned y = 0; y < was.height; y++)
        for (unsigned x = 0; x < was.width; x++)
            copy_pixel(image, left_right ? was.width - 1 - x : x, left_right ? y : was.height - 1 - y, &was, x, y);
}

/* The right column becomes the top row. */
static void turn_left(struct image *image)
{
    struct image was = *image;
    image->width = was.height;
    image->height = was.width;
    for (unsigned y = 0; y < was.height; y++)
        for (unsigned x = 0; x < was.width; x++)
            copy_pixel(image, y, was.width - 1 - x, &was, x, y);
}

static void scale(struct image *image, unsigned width, unsigned height)
{
    struct image was = *image;
    image->width = width;
    image->height = height;
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++)
            copy_pixel(image, x, y, &was, (unsigned)((x + 0.5) * was.width / width),
                       (unsigned)((y + 0.5) * was.height / height));
}

static void blend(double *below, const double *over, const struct layer *layer, bool lowest)
{
    double layer_alpha = layer->alpha / 65535.0, alpha = over[3];
    enum blend mode = lowest ? BLEND_NONE : layer->blend;
    for (int i = 0; i < 3; i++) {
        if (mode == BLEND_NONE)
            below[i] = layer_alpha * over[i] + (1 - layer_alpha) * below[i];
        else if (mode == BLEND_PREMULTIPLIED)
            below[i] = layer_alpha * over[i] + (1 - layer_alpha * alpha) * below[i];
        else
            below[i] = layer_alpha * alpha * over[i] + (1 - layer_alpha * alpha) * below[i];
        below[i] = below[i] > 1 ? 1 : below[i]; /* of colours that are more than their alpha */
    }
}

static void draw_reference(struct image *screen, const struct layer *layer, bool lowest)
{
    static struct image image;
    unsigned turns = layer->rotation & ROTATE_90 ? 1 : layer->rotation & ROTATE_180 ? 2 : 0;
    if (layer->rotation & ROTATE_270)
        turns = 3;
    cut_out(&image, layer);
    if (layer->rotation & REFLECT_X)
        mirror(&image, true);
    if (layer->rotation & REFLECT_Y)
        mirror(&image, false);
    while (turns-- > 0)
        turn_left(&image);
    scale(&image, layer->width, layer->height);
    for (int y = 0; y < (int)image.height; y++)
        for (int x = 0; x < (int)image.width; x++) {
            int at_x = layer->x + x, at_y = layer->y + y;
            if (at_x >= 0 && at_y >= 0 && at_x < (int)screen->width && at_y < (int)screen->height)
                blend(screen->pixels[at_y * (int)screen->width + at_x], image.pixels[y * (int)image.width + x], layer,
                      lowest);
        }
}

/* ---- comparing ---- */

static uint32_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Owned pixels, to be freed through frame.data[0]. Premultiplied or not, any colour is allowed with any alpha. */
static struct layer make_layer(unsigned width, unsigned height, const char *fourcc)
{
    uint8_t *bytes = malloc((size_t)width * height * 4);
    for (unsigned i = 0; i < width * height * 4; i++)
        bytes[i] = (uint8_t)random_below(256);
    return (struct layer){
        .frame = {.format = format_find(FOURCC(fourcc[0], fourcc[1], fourcc[2], fourcc[3])),
                  .width = width,
                  .height = height,
                  .data = {bytes},
                  .stride = {width * 4}},
        .src_width = width << 16,
        .src_height = height << 16,
        .width = width,
        .height = height,
        .rotation = ROTATE_0,
        .alpha = 0xffff,
    };
}

static void free_layers(struct layer *layers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free((void *)(uintptr_t)layers[i].frame.data[0]);
}

/* Whether all pixels are within one of the reference, and those of opaque layers equal to it. */
static void check(const struct layer *layers, unsigned count, unsigned width, unsigned height, int tolerance)
{
    static struct image screen;
    uint8_t *rgb = malloc((size_t)(width * 3 + 1) * height);
    struct error err;
    int worst = 0;
    memset(&screen, 0, sizeof screen);
    screen.width = width;
    screen.height = height;
    for (unsigned i = 0; i < count; i++)
        draw_reference(&screen, &layers[i], i == 0);
    CHECK_INT(compose(&(struct compose_target){rgb, width * 3 + 1, width, height, NULL, NULL}, layers, count, &err), 0);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++)
            for (int i = 0; i < 3; i++) {
                double value = screen.pixels[y * width + x][i];
                int want = (int)(value * 255 + 0.5);
                int difference = abs(rgb[y * (width * 3 + 1) + x * 3 + (unsigned)i] - want);
                worst = difference > worst ? difference : worst;
            }
    if (worst > tolerance)
        printf("# rotation 0x%x, blend %d, alpha %d: off by %d\n", layers[count - 1].rotation, layers[count - 1].blend,
               layers[count - 1].alpha, worst);
    CHECK(worst <= tolerance);
    free(rgb);
}

/* ---- tests ---- */

static void nothing_is_black(void)
{
    uint8_t rgb[6] = {1, 2, 3, 4, 5, 6};
    struct error err;
    CHECK_INT(compose(&(struct compose_target){rgb, 6, 2, 1, NULL, NULL}, NULL, 0, &err), 0);
    CHECK(memcmp(rgb, "\0\0\0\0\0\0", 6) == 0);
}

static void all_rotations_and_reflections(void)
{
    for (unsigned turn = ROTATE_0; turn <= ROTATE_270; turn <<= 1)
        for (unsigned reflection = 0; reflection < 4; reflection++) {
            struct layer layer = make_layer(11, 7, "XR24");
            layer.rotation = turn | (reflection & 1 ? REFLECT_X : 0) | (reflection & 2 ? REFLECT_Y : 0);
            if (turn & (ROTATE_90 | ROTATE_270)) {
                layer.width = 7;
                layer.height = 11;
            }
            check(&layer, 1, 13, 12, 0);
            layer.width = 17;
            layer.height = 5;
            check(&layer, 1, 20, 9, 0);
            free_layers(&layer, 1);
        }
}

/* A known one, so that not both are wrong in the same way: the left of the frame goes to the bottom. */
static void a_quarter_turn_is_counter_clockwise(void)
{
    static const uint8_t red_green[] = {0, 0, 255, 0, 0, 255, 0, 0};
    struct layer layer = make_layer(2, 1, "XR24");
    uint8_t rgb[6];
    struct error err;
    memcpy((void *)(uintptr_t)layer.frame.data[0], red_green, sizeof red_green);
    layer.rotation = ROTATE_90;
    layer.width = 1;
    layer.height = 2;
    CHECK_INT(compose(&(struct compose_target){rgb, 3, 1, 2, NULL, NULL}, &layer, 1, &err), 0);
    CHECK(memcmp(rgb, "\0\377\0\377\0\0", 6) == 0);
    free_layers(&layer, 1);
}

static void crops_and_scales(void)
{
    for (int round = 0; round < 300; round++) {
        struct layer layer = make_layer(2 + random_below(20), 2 + random_below(20), "XR24");
        unsigned left = random_below(layer.frame.width), top = random_below(layer.frame.height);
        layer.src_x = left << 16;
        layer.src_y = top << 16;
        layer.src_width = (1 + random_below(layer.frame.width - left)) << 16;
        layer.src_height = (1 + random_below(layer.frame.height - top)) << 16;
        layer.x = (int)random_below(40) - 20;
        layer.y = (int)random_below(40) - 20;
        layer.width = 1 + random_below(40);
        layer.height = 1 + random_below(40);
        layer.rotation = (unsigned)(1 << random_below(4)) | random_below(4) << 4;
        check(&layer, 1, 1 + random_below(30), 1 + random_below(30), 0);
        free_layers(&layer, 1);
    }
}

/* Rows whose topmost layer fills them are copied, others are not. */
static void rows_that_are_copied_are_those_that_would_be_drawn(void)
{
    static const char *const formats[] = {"XR24", "AR24", "XB24"};
    for (unsigned round = 0; round < 60; round++) {
        struct layer layers[2] = {make_layer(37, 20, formats[round % 3]), make_layer(6, 5, "AR24")};
        layers[0].src_x = random_below(5) << 16;
        layers[0].src_y = random_below(5) << 16;
        layers[0].src_width = 32 << 16;
        layers[0].src_height = 15 << 16;
        layers[0].width = 32;
        layers[0].height = 15;
        layers[0].y = (int)random_below(9) - 4;
        layers[0].rotation = round % 4 == 3 ? ROTATE_180 : ROTATE_0;
        layers[0].alpha = round % 5 == 4 ? 0x8000 : 0xffff;
        layers[1].kind = LAYER_CURSOR;
        layers[1].x = (int)random_below(40) - 4;
        layers[1].y = (int)random_below(24) - 6;
        check(layers, 1 + round % 2, 32, 17, 1);
        free_layers(layers, 2);
    }
}

/* Half a pixel into the frame, one pixel of it over two of the screen. */
static void fractions_of_a_pixel(void)
{
    static const uint8_t grey[] = {10, 10, 10, 0, 20, 20, 20, 0, 30, 30, 30, 0};
    struct layer layer = make_layer(3, 1, "XR24");
    uint8_t rgb[12];
    struct error err;
    memcpy((void *)(uintptr_t)layer.frame.data[0], grey, sizeof grey);
    layer.src_x = 0x8000;
    layer.src_width = 2 << 16;
    layer.width = 4; /* middles at 0.75, 1.25, 1.75 and 2.25 */
    CHECK_INT(compose(&(struct compose_target){rgb, 12, 4, 1, NULL, NULL}, &layer, 1, &err), 0);
    CHECK(rgb[0] == 10 && rgb[3] == 20 && rgb[6] == 20 && rgb[9] == 30);
    free_layers(&layer, 1);
}

static void blending(void)
{
    static const uint16_t alphas[] = {0, 1, 0x4000, 0x8080, 0xfffe, 0xffff};
    for (unsigned i = 0; i < sizeof alphas / sizeof *alphas; i++)
        for (unsigned mode = 0; mode < 6; mode++) {
            struct layer layers[3] = {make_layer(30, 20, "AR24"), make_layer(25, 15, mode % 2 ? "XR24" : "AR24"),
                                      make_layer(8, 8, "AR24")};
            layers[1].blend = (enum blend)(mode / 2);
            layers[1].alpha = alphas[i];
            layers[1].x = 4;
            layers[1].y = -3;
            layers[2].x = 22;
            layers[2].kind = LAYER_CURSOR;
            check(layers, 3, 30, 20, 1);
            free_layers(layers, 3);
        }
}

static void keep_red(void *context, uint32_t y, struct color *row)
{
    CHECK_INT(y, 0);
    *(int *)context = row->red;
}

/* What comes of one pixel over another, both of the given red. The frames are of 16 bits a channel, and so is what is
   mixed, before it is rounded to 8. */
static int mixed(uint16_t over, uint16_t over_alpha, uint16_t below, enum blend mode, uint16_t layer_alpha)
{
    struct layer layers[2] = {make_layer(2, 1, "AR48"), make_layer(2, 1, "AR48")};
    /* Blue, green, red and alpha, each with its lower byte first. */
    uint8_t pixels[2][8] = {{0, 0, 0, 0, below & 0xff, below >> 8, 0xff, 0xff},
                            {0, 0, 0, 0, over & 0xff, over >> 8, over_alpha & 0xff, over_alpha >> 8}};
    uint8_t rgb[3];
    struct error err;
    int red = -1;
    struct compose_target target = {rgb, 3, 1, 1, keep_red, &red};
    for (int i = 0; i < 2; i++) {
        memcpy((void *)(uintptr_t)layers[i].frame.data[0], pixels[i], 8);
        layers[i].frame.width = layers[i].width = 1;
        layers[i].src_width = 1 << 16;
    }
    layers[1].blend = mode;
    layers[1].alpha = layer_alpha;
    CHECK_INT(compose(&target, layers, 2, &err), 0);
    CHECK_INT(rgb[0], (int)(red / 257.0 + 0.5));
    free_layers(layers, 2);
    return red;
}

/* By the definition in whole numbers, rounded to the nearest of 0xffff steps. */
static void mixing_is_rounded(void)
{
    unsigned different = 0;
    for (uint32_t below = 0; below < 0x10000; below += 0x101)
        for (uint32_t alpha = 1; alpha < 0xffff; alpha += 0x1357) {
            uint64_t sum = (uint64_t)0x80ff * alpha + (uint64_t)below * (0xffff - alpha);
            int want = (int)((2 * sum + 0xffff) / (2 * 0xffff)), cut = (int)(sum / 0xffff);
            CHECK_INT(mixed(0x80ff, (uint16_t)alpha, (uint16_t)below, BLEND_COVERAGE, 0xffff), want);
            different += want != cut;
        }
    CHECK(different > 0);
}

/* Of the plane's alpha and the pixel's: round(a * b / 0xffff). */
static void a_product_of_alphas_is_rounded(void)
{
    unsigned different = 0;
    for (uint32_t layer = 0x10; layer < 0xffff; layer += 0x123)
        for (uint32_t pixel = 1; pixel < 0xffff; pixel += 0x1f3) {
            uint64_t product = (uint64_t)layer * pixel;
            uint32_t alpha = (uint32_t)((2 * product + 0xffff) / (2 * 0xffff)), cut = (uint32_t)(product / 0xffff);
            if (alpha == cut)
                continue;
            /* white over black */
            CHECK_INT(mixed(0xffff, (uint16_t)pixel, 0, BLEND_COVERAGE, (uint16_t)layer), (int)alpha);
            different++;
        }
    CHECK(different > 0);
}

/* All values of 16 bits, against arithmetic in floating point. */
static void sixteen_bits_are_rounded_to_eight(void)
{
    for (uint32_t value = 0; value < 0x10000; value++)
        CHECK_INT(color_to_8_bits((uint16_t)value), (int)(value / 257.0 + 0.5));
}

/* Rows of 8 bits that nobody finishes are packed without rounding. The upper layer is on the first row alone. */
static void rows_that_need_no_rounding_are_told_from_others(void)
{
    struct layer layers[2] = {make_layer(3, 2, "XR24"), make_layer(1, 1, "AR24")};
    uint8_t rgb[3 * 2 * 3];
    struct error err;
    for (int i = 0; i < 2000; i++) {
        uint8_t *over = (void *)(uintptr_t)layers[1].frame.data[0];
        const uint8_t *below = layers[0].frame.data[0];
        over[3] = (uint8_t)random_below(256);
        over[2] = (uint8_t)random_below(over[3] + 1u);
        CHECK_INT(compose(&(struct compose_target){rgb, 9, 3, 2, NULL, NULL}, layers, 2, &err), 0);
        CHECK_INT(rgb[0], (int)(over[2] + below[2] * (255 - over[3]) / 255.0 + 0.5));
        CHECK_INT(rgb[9], below[14]); /* below the upper layer */
    }
    layers[0].frame.format = format_find(FOURCC('X', 'R', '3', '0'));
    memcpy((void *)(uintptr_t)layers[0].frame.data[0], "\x03\x00\x00\x00", 4);
    CHECK_INT(compose(&(struct compose_target){rgb, 9, 3, 2, NULL, NULL}, layers, 1, &err), 0);
    CHECK_INT(rgb[2], 1); /* 3 / 1023 is 0.748 / 255 */
    layers[0].frame.format = format_find(FOURCC('X', 'R', '2', '4'));
    layers[0].alpha = 0x8000;
    memset((void *)(uintptr_t)layers[0].frame.data[0], 255, 4);
    CHECK_INT(compose(&(struct compose_target){rgb, 9, 3, 2, NULL, NULL}, layers, 1, &err), 0);
    CHECK_INT(rgb[0], 128);
    free_layers(layers, 2);
}

static void turn_over(void *context, uint32_t y, struct color *row)
{
    for (int x = 0; x < *(int *)context; x++)
        row[x].red = (uint16_t)(0xffff - row[x].red - y);
}

static void a_row_is_finished_before_it_is_rounded(void)
{
    struct layer layer = make_layer(5, 3, "XR24");
    uint8_t rgb[5 * 3 * 3];
    struct error err;
    int width = 5;
    CHECK_INT(compose(&(struct compose_target){rgb, 15, 5, 3, turn_over, &width}, &layer, 1, &err), 0);
    for (int i = 0; i < 15; i++)
        CHECK_INT(rgb[i * 3], 255 - layer.frame.data[0][i * 4 + 2]); /* a step of 65536 is not seen */
    free_layers(&layer, 1);
}

static void the_lowest_layers_alpha_means_nothing(void)
{
    struct layer layer = make_layer(5, 5, "AR24");
    layer.blend = BLEND_COVERAGE;
    check(&layer, 1, 5, 5, 0);
    free_layers(&layer, 1);
}

static void order(void)
{
    struct layer layers[] = {
        {.id = 3, .kind = LAYER_CURSOR, .has_zpos = true, .zpos = 1},
        {.id = 2, .kind = LAYER_PRIMARY, .has_zpos = true, .zpos = 2},
        {.id = 1, .kind = LAYER_OVERLAY, .has_zpos = true, .zpos = 2},
    };
    compose_sort(layers, 3);
    CHECK(layers[0].id == 3 && layers[1].id == 1 && layers[2].id == 2);
    layers[1].has_zpos = false;
    compose_sort(layers, 3);
    CHECK(layers[0].id == 2 && layers[1].id == 1 && layers[2].id == 3);
}

/* Numbers from outside: nothing beyond the frame is read, and no sum overflows. */
static void absurd_places(void)
{
    static const int32_t places[] = {INT32_MIN, -16385, -1, 0, 15, 16, 16384, INT32_MAX};
    static const uint32_t sizes[] = {0, 1, 16, 0x4000, UINT32_MAX};
    uint8_t rgb[16 * 16 * 3];
    struct error err;
    struct layer layer = make_layer(16, 16, "XR24");
    for (unsigned i = 0; i < 8 * 5 * 5; i++) {
        layer.x = layer.y = places[i % 8];
        layer.width = layer.height = sizes[i / 8 % 5];
        layer.src_x = layer.src_width = sizes[i / 40];
        CHECK_INT(compose(&(struct compose_target){rgb, 48, 16, 16, NULL, NULL}, &layer, 1, &err), 0);
    }
    free_layers(&layer, 1);
}

int main(void)
{
    random_state = check_seed();
    RUN(nothing_is_black);
    RUN(all_rotations_and_reflections);
    RUN(a_quarter_turn_is_counter_clockwise);
    RUN(crops_and_scales);
    RUN(rows_that_are_copied_are_those_that_would_be_drawn);
    RUN(fractions_of_a_pixel);
    RUN(blending);
    RUN(mixing_is_rounded);
    RUN(a_product_of_alphas_is_rounded);
    RUN(sixteen_bits_are_rounded_to_eight);
    RUN(rows_that_need_no_rounding_are_told_from_others);
    RUN(a_row_is_finished_before_it_is_rounded);
    RUN(the_lowest_layers_alpha_means_nothing);
    RUN(order);
    RUN(absurd_places);
    return CHECK_RESULT();
}
