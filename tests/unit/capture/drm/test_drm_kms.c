/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What planes and outputs come to, pixel by pixel: place, order, scaling, blending, rotation. */
#include "picture/crc.h"
#include "tests/unit/capture/drm/kms_picture.h"

/* ---- one plane ---- */

static void a_primary_plane(void)
{
    begin();
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("output"), "card0-Virtual-1");
    CHECK_TEXT(fact("geometry"), "64x48+0+0");
    CHECK_TEXT(fact("drm.driver"), "fake");
    CHECK_TEXT(fact("drm.plane"), "31 primary 64x48+0+0 of XR24 64x48, LINEAR");
    CHECK_TEXT(fact("cursor"), "hidden, or a program draws it");
    CHECK_TEXT(fact("coherent"), "1");
    CHECK_INT(fake.open_cards, 1);
}

static uint32_t panned(uint32_t x, uint32_t y)
{
    return pattern(7, x + 20, y + 9);
}

/* The framebuffer is larger than the screen, as with a console that scrolls. */
static void a_part_of_a_framebuffer(void)
{
    struct fake_plane *plane = begin();
    add_pattern(102, XR24, 100, 70, 7);
    fake_set(plane, FAKE_FB_ID, 102);
    fake_set(plane, FAKE_SRC_X, 20 << 16);
    fake_set(plane, FAKE_SRC_Y, 9 << 16);
    take_all();
    expect(panned);
}

static uint32_t inside_of_region(uint32_t x, uint32_t y)
{
    return pattern(0, x + 11, y + 13);
}

static void a_region(void)
{
    begin();
    take(&(struct capture_options){.has_region = true, .region = {11, 13, 20, 10}, .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
    CHECK_INT(got.width, 20);
    CHECK_INT(got.height, 10);
    expect(inside_of_region);
    CHECK_TEXT(fact("geometry"), "20x10+11+13");
}

/* ---- its CRC ---- */

static void take_with_crc(void)
{
    take(&(struct capture_options){.cursor = true, .crc = true, .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
}

static const char *crc_of_8_bits(void)
{
    static char text[64];
    snprintf(text, sizeof text, "software 0x%08x card0-Virtual-1",
             picture_crc(&(struct image_view){got.rgb, got.width, got.height, 256 * 3, PIXEL_RGB24}));
    return text;
}

/* Half-transparent ones come to values between the steps of 8 bits. */
static void a_crc_is_of_all_bits(void)
{
    begin();
    take_with_crc();
    CHECK_TEXT(fact("crc"), crc_of_8_bits());
    add_plain(103, AR24, 8, 8, 0x81402010);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 10, 10);
    take_with_crc();
    CHECK(strncmp(fact("crc"), "software 0x", 11) == 0 && strcmp(fact("crc"), crc_of_8_bits()) != 0);
    take(&(struct capture_options){
        .cursor = true, .crc = true, .has_region = true, .region = {18, 0, 20, 30}, .timeout_ms = 10000});
    CHECK_TEXT(fact("crc"), crc_of_8_bits()); /* beside the cursor */
    take_all();
    CHECK_TEXT(fact("crc"), "(none)");
}

/* ---- several planes ---- */

static uint32_t three_planes(uint32_t x, uint32_t y)
{
    if (is_within(x, y, 58, 44, 8, 8))
        return 0x123456;
    if (is_within(x, y, -5, 7, 20, 10))
        return pattern(77, x + 5, y - 7);
    return pattern(0, x, y);
}

/* Both of them hang over an edge of the screen. */
static void primary_overlay_and_cursor(void)
{
    begin();
    add_plain(103, AR24, 8, 8, 0xff123456);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 58, 44);
    add_pattern(102, XR24, 20, 10, 77);
    fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, -5, 7);
    take_all();
    expect(three_planes);
    CHECK_TEXT(fact("cursor"), "drawn");
    CHECK_TEXT(fact("coherent"), "1");
}

static uint32_t without_cursor(uint32_t x, uint32_t y)
{
    return is_within(x, y, -5, 7, 20, 10) ? pattern(77, x + 5, y - 7) : pattern(0, x, y);
}

static void the_cursor_only_when_wanted(void)
{
    begin();
    add_plain(103, AR24, 8, 8, 0xff123456);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 58, 44);
    add_pattern(102, XR24, 20, 10, 77);
    fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, -5, 7);
    take(&(struct capture_options){.timeout_ms = 10000});
    expect(without_cursor);
    CHECK_TEXT(fact("cursor"), "off");
}

static uint32_t only_the_primary(uint32_t x, uint32_t y)
{
    return is_within(x, y, 4, 4, 16, 16) ? 0xaabbcc : pattern(0, x, y);
}

/* Plane 32 lies below the primary one, and 34 above it though its number is between. */
static void the_order_by_zpos(void)
{
    fake_set(begin(), FAKE_ZPOS, 5);
    add_plain(102, XR24, 30, 30, 0x0000ff);
    fake_set(fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, 0, 0), FAKE_ZPOS, 1);
    add_plain(103, XR24, 16, 16, 0xaabbcc);
    fake_set(fake_add_plane(34, FAKE_OVERLAY, CRTC, 103, 4, 4), FAKE_ZPOS, 7);
    add_plain(104, XR24, 16, 16, 0x00ff00);
    fake_set(fake_add_plane(35, FAKE_OVERLAY, CRTC, 104, 4, 4), FAKE_ZPOS, 6);
    take_all();
    expect(only_the_primary);
}

static uint32_t scaled(uint32_t x, uint32_t y)
{
    return is_within(x, y, 10, -6, 24, 18) ? pattern(3, (x - 10) / 3, (y + 6) / 3) : pattern(0, x, y);
}

static void scaling_up(void)
{
    begin();
    add_pattern(102, XR24, 8, 6, 3);
    struct fake_plane *plane = fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, 10, -6);
    fake_set(plane, FAKE_CRTC_W, 24);
    fake_set(plane, FAKE_CRTC_H, 18);
    take_all();
    expect(scaled);
}

/* ---- blending ---- */

/* On black. Each is what the kernel's documentation of the property says, worked out by hand: plane alpha 0x8080 / 0xffff
   is 128.5 / 255.5, a pixel's 0x40 / 0xff. */
static void blending_of(uint64_t mode, uint32_t value, uint64_t alpha, uint32_t below, uint32_t want)
{
    begin();
    add_plain(105, XR24, WIDTH, HEIGHT, below);
    fake_set(&fake.planes[0], FAKE_FB_ID, 105);
    add_plain(102, AR24, 10, 10, value);
    struct fake_plane *plane = fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, 0, 0);
    fake_set(plane, FAKE_BLEND, mode);
    fake_set(plane, FAKE_ALPHA, alpha);
    take_all();
    CHECK_INT(pixel(5, 5), want);
    CHECK_INT(pixel(20, 20), below);
}

static void the_blend_modes(void)
{
    blending_of(FAKE_BLEND_NONE, 0x00ff8040, 0xffff, 0x102030, 0xff8040);
    blending_of(FAKE_BLEND_PREMULTIPLIED, 0x00402000, 0xffff, 0x102030, 0x504030); /* alpha 0: a sum */
    blending_of(FAKE_BLEND_PREMULTIPLIED, 0xff402000, 0xffff, 0x102030, 0x402000);
    blending_of(FAKE_BLEND_COVERAGE, 0x00ff8040, 0xffff, 0x102030, 0x102030); /* alpha 0: nothing */
    blending_of(FAKE_BLEND_COVERAGE, 0x33ff0000, 0xffff, 0x00ff00, 0x33cc00); /* a fifth of it */
    blending_of(FAKE_BLEND_NONE, 0x00ff0000, 0x3333, 0x00ff00, 0x33cc00);     /* a fifth of the plane */
    blending_of(FAKE_BLEND_PREMULTIPLIED, 0xffff0000, 0x3333, 0x00ff00, 0x33cc00);
    blending_of(FAKE_BLEND_NONE, 0xffffffff, 0, 0x102030, 0x102030);
}

/* Compositors leave the alpha of what lies below all else at 0. */
static void the_lowest_planes_alpha_means_nothing(void)
{
    begin();
    add_plain(102, AR24, WIDTH, HEIGHT, 0x00abcdef);
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    take_all();
    CHECK_INT(pixel(30, 30), 0xabcdef);
}

/* ---- rotation ---- */

/* DRM's are counter-clockwise: a framebuffer of 48x64 fills the screen of 64x48. */
static uint32_t turned_90(uint32_t x, uint32_t y)
{
    return pattern(9, HEIGHT - 1 - y, x);
}

static uint32_t turned_180(uint32_t x, uint32_t y)
{
    return pattern(0, WIDTH - 1 - x, HEIGHT - 1 - y);
}

static uint32_t turned_270(uint32_t x, uint32_t y)
{
    return pattern(9, y, WIDTH - 1 - x);
}

static uint32_t reflected_x(uint32_t x, uint32_t y)
{
    return pattern(0, WIDTH - 1 - x, y);
}

/* The reflection comes first. */
static uint32_t reflected_x_and_turned_90(uint32_t x, uint32_t y)
{
    return pattern(9, y, x);
}

static void rotation_of(uint64_t rotation, uint32_t framebuffer, uint32_t (*want)(uint32_t x, uint32_t y))
{
    struct fake_plane *plane = begin();
    add_pattern(102, XR24, HEIGHT, WIDTH, 9);
    fake_set(plane, FAKE_FB_ID, framebuffer);
    if (framebuffer == 102) {
        fake_set(plane, FAKE_SRC_W, HEIGHT << 16);
        fake_set(plane, FAKE_SRC_H, WIDTH << 16);
    }
    fake_set(plane, FAKE_ROTATION, rotation);
    take_all();
    expect(want);
}

static void rotations(void)
{
    rotation_of(1 << 0, 101, primary_alone);
    rotation_of(1 << 1, 102, turned_90);
    rotation_of(1 << 2, 101, turned_180);
    rotation_of(1 << 3, 102, turned_270);
    rotation_of(1 << 0 | 1 << 4, 101, reflected_x);
    rotation_of(1 << 1 | 1 << 4, 102, reflected_x_and_turned_90);
}

/* ---- outputs ---- */

static void two_outputs(void)
{
    begin();
    fake_add_crtc(42, 32, 60);
    fake_add_connector(52, DRM_MODE_CONNECTOR_HDMIA, 1, 42);
    add_pattern(102, XR24, 32, 60, 50);
    fake_add_plane(36, FAKE_PRIMARY, 42, 102, 0, 0);
}

/* HDMI-A-1 comes before Virtual-1; below the smaller one there is nothing. */
static uint32_t both_outputs(uint32_t x, uint32_t y)
{
    if (x < 32)
        return pattern(50, x, y);
    return y < HEIGHT ? pattern(0, x - 32, y) : 0;
}

static void outputs_beside_each_other(void)
{
    two_outputs();
    take(&(struct capture_options){.cursor = true, .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
    CHECK_INT(got.width, 32 + WIDTH);
    CHECK_INT(got.height, 60);
    expect(both_outputs);
    CHECK_TEXT(fact("output"), "card0-HDMI-A-1 card0-Virtual-1");
    CHECK_TEXT(fact("output.1"), "card0-Virtual-1 64x48+32+0");
}

static void one_output_by_its_name(void)
{
    two_outputs();
    take(&(struct capture_options){.output = "Virtual-1", .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
    CHECK_INT(got.width, WIDTH);
    expect(primary_alone);
    take(&(struct capture_options){.output = "DP-9", .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_INT(got.err.status, ERR_NOT_FOUND);
}

static void clones_are_one_picture(void)
{
    begin();
    fake_add_connector(53, DRM_MODE_CONNECTOR_eDP, 1, CRTC);
    take_all();
    expect(primary_alone);
}

/* As X and the console do it: two CRTCs, one framebuffer. A cursor is drawn on each. */
static void mirrors_are_one_picture(void)
{
    begin();
    fake_add_crtc(42, WIDTH, HEIGHT);
    fake_add_connector(52, DRM_MODE_CONNECTOR_HDMIA, 1, 42);
    struct fake_plane *second = fake_add_plane(36, FAKE_PRIMARY, 42, 101, 0, 0);
    take_all();
    CHECK_INT(got.width, WIDTH);
    expect(primary_alone);
    CHECK_TEXT(fact("output"), "card0-HDMI-A-1 card0-Virtual-1");
    CHECK_TEXT(fact("output.1"), "card0-Virtual-1 64x48+0+0");
    add_plain(103, AR24, 8, 8, 0);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 58, 44);
    take_all();
    CHECK_INT(got.width, WIDTH);
    fake_set(second, FAKE_SRC_X, 1 << 16); /* another part of it is another screen */
    take(&(struct capture_options){.cursor = true, .timeout_ms = 10000});
    CHECK_INT(got.width, 2 * WIDTH);
}

static void equal_framebuffers_under_an_overlay_are_two_pictures(void)
{
    begin();
    fake_add_crtc(42, WIDTH, HEIGHT);
    fake_add_connector(52, DRM_MODE_CONNECTOR_HDMIA, 1, 42);
    fake_add_plane(36, FAKE_PRIMARY, 42, 101, 0, 0);
    add_pattern(102, XR24, 20, 10, 77);
    fake_add_plane(32, FAKE_OVERLAY, CRTC, 102, 0, 0);
    take(&(struct capture_options){.cursor = true, .timeout_ms = 10000});
    CHECK_INT(got.width, 2 * WIDTH);
}

static void outputs_that_are_off(void)
{
    begin();
    fake_add_connector(53, DRM_MODE_CONNECTOR_VGA, 1, 0);
    take_all();
    CHECK_TEXT(fact("output"), "card0-Virtual-1");
    fake.crtcs[0].active = false;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_INT(got.err.status, ERR_UNAVAILABLE);
    CHECK(strstr(got.err.text, "each CRTC is off") != NULL);
}

static void displays_are_listed(void)
{
    struct capture_options options = {.timeout_ms = 10000};
    struct capture *capture = NULL;
    two_outputs();
    strlist_deinit(&got.facts);
    CHECK_INT(capture_drm_here.open(&capture, &options, &got.err), 0);
    CHECK_INT(capture_drm_here.displays(capture, &options, &got.facts, &got.err), 0);
    capture_drm_here.close(capture);
    CHECK_TEXT(fact("display.count"), "2");
    CHECK_TEXT(fact("display.0.name"), "card0-HDMI-A-1");
    CHECK_TEXT(fact("display.1.geometry"), "64x48+32+0");
    CHECK_TEXT(fact("display.1.mode"), "64x48@60");
    CHECK_INT(fake.probes, 0);
}

int main(void)
{
    RUN(a_primary_plane);
    RUN(a_part_of_a_framebuffer);
    RUN(a_region);
    RUN(a_crc_is_of_all_bits);
    RUN(primary_overlay_and_cursor);
    RUN(the_cursor_only_when_wanted);
    RUN(the_order_by_zpos);
    RUN(scaling_up);
    RUN(the_blend_modes);
    RUN(the_lowest_planes_alpha_means_nothing);
    RUN(rotations);
    RUN(outputs_beside_each_other);
    RUN(one_output_by_its_name);
    RUN(clones_are_one_picture);
    RUN(mirrors_are_one_picture);
    RUN(equal_framebuffers_under_an_overlay_are_two_pictures);
    RUN(outputs_that_are_off);
    RUN(displays_are_listed);
    strlist_deinit(&got.facts);
    fake_end();
    return CHECK_RESULT();
}
