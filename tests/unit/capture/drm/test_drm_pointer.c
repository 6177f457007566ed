/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointer as facts beside a picture without it, and what tells of another picture without reading one. */
#include "capture/drm/sysfs.h"
#include "capture/pointer.h"
#include "tests/unit/capture/drm/kms_picture.h"

#include <errno.h>

/* ---- the pointer ---- */

static struct fake_plane *begin_with_pointer(int32_t x, int32_t y)
{
    begin();
    add_plain(103, AR24, 8, 8, 0x80402010); /* 50 %, multiplied in */
    return fake_add_plane(33, FAKE_CURSOR, CRTC, 103, x, y);
}

static void take_without(struct rect region, bool shape)
{
    take(&(struct capture_options){
        .has_region = region.width > 0, .region = region, .shape = shape, .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
}

static void it_points_with_its_hot_spot(void)
{
    struct fake_plane *plane = begin_with_pointer(-3, 40);
    fake_set(plane, FAKE_HOT_X, 2);
    fake_set(plane, FAKE_HOT_Y, 5);
    take_without((struct rect){0}, false);
    expect(primary_alone);
    CHECK_TEXT(fact("pointer"), "-1,45");
    CHECK_TEXT(fact("pointer.size"), "8x8+2+5");
    CHECK_TEXT(fact("pointer.pixels"), "(none)");
    take_without((struct rect){10, 20, 30, 25}, false);
    CHECK_TEXT(fact("pointer"), "-11,25"); /* of the picture */
}

static void without_a_hot_spot_its_corner_points(void)
{
    begin_with_pointer(58, 44);
    take_without((struct rect){0}, false);
    CHECK_TEXT(fact("pointer"), "58,44");
    CHECK_TEXT(fact("pointer.size"), "8x8+0+0");
}

/* The first pixel of the shape, as a file. */
static void expect_shape(uint8_t red, uint8_t green, uint8_t blue, uint8_t alpha)
{
    static const char head[] = "P7\nWIDTH 8\nHEIGHT 8\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n";
    const uint8_t want[] = {red, green, blue, alpha};
    struct buffer file;
    buffer_init(&file, 1 << 16);
    take_without((struct rect){0}, true);
    CHECK_INT(pointer_take_shape(&got.facts, &file, &got.err), 0);
    CHECK_INT(file.len, strlen(head) + 8 * 8 * 4);
    if (file.len > strlen(head)) {
        CHECK(memcmp(file.data, head, strlen(head)) == 0);
        CHECK(memcmp(file.data + strlen(head), want, 4) == 0);
        CHECK(memcmp(file.data + file.len - 4, want, 4) == 0);
    }
    buffer_deinit(&file);
}

static void its_colours_have_no_alpha_in_them(void)
{
    struct fake_plane *plane = begin_with_pointer(5, 5);
    expect_shape(0x80, 0x40, 0x20, 0x80);
    fake_set(plane, FAKE_BLEND, FAKE_BLEND_COVERAGE);
    expect_shape(0x40, 0x20, 0x10, 0x80);
    fake_set(plane, FAKE_BLEND, FAKE_BLEND_NONE);
    expect_shape(0x40, 0x20, 0x10, 0xff);
    fake_set(plane, FAKE_ALPHA, 0x3333); /* a fifth */
    expect_shape(0x40, 0x20, 0x10, 0x33);
}

static void the_hash_is_of_the_shape_alone(void)
{
    char hash[64];
    struct fake_plane *plane = begin_with_pointer(5, 5);
    take_without((struct rect){0}, false);
    snprintf(hash, sizeof hash, "%s", fact("pointer.hash"));
    fake_set(plane, FAKE_CRTC_X, 9);
    take_without((struct rect){0}, false);
    CHECK_TEXT(fact("pointer.hash"), hash);
    put32(fake_bytes(fake_find_framebuffer(103)->handles[0]), 0xffffffff);
    take_without((struct rect){0}, false);
    CHECK(strcmp(fact("pointer.hash"), hash) != 0);
}

static void expect_no_pointer(void)
{
    take_without((struct rect){0}, true);
    expect(primary_alone);
    CHECK_TEXT(fact("pointer"), "(none)");
}

static void a_hidden_drawn_or_scaled_one_is_not_known(void)
{
    struct fake_plane *plane = begin_with_pointer(5, 5);
    fake_set(plane, FAKE_CRTC_W, 16);
    expect_no_pointer();
    fake_set(plane, FAKE_CRTC_W, 8);
    fake_set(plane, FAKE_ROTATION, 1 << 2);
    expect_no_pointer();
    fake_set(plane, FAKE_ROTATION, 1 << 0);
    fake_set(plane, FAKE_SRC_X, 1 << 16); /* beyond its framebuffer */
    expect_no_pointer();
    fake_set(plane, FAKE_SRC_X, 0);
    fake_find_framebuffer(103)->fourcc = CODE('n', 'o', 'n', 'e');
    expect_no_pointer();
    fake_set(plane, FAKE_FB_ID, 0);
    expect_no_pointer();
    take_all();
    CHECK_TEXT(fact("pointer"), "(none)"); /* it would be in the picture */
}

static void of_two_outputs_the_one_counts_that_it_points_into(void)
{
    begin_with_pointer(-20, 3);
    fake_add_crtc(42, 32, 60);
    fake_add_connector(52, DRM_MODE_CONNECTOR_HDMIA, 1, 42);
    add_pattern(102, XR24, 32, 60, 50);
    fake_add_plane(36, FAKE_PRIMARY, 42, 102, 0, 0);
    fake_add_plane(37, FAKE_CURSOR, 42, 103, 12, 3); /* HDMI-A-1, the left one */
    take_without((struct rect){0}, false);
    CHECK_TEXT(fact("pointer"), "12,3");
    fake_set(&fake.planes[1], FAKE_CRTC_X, 1);
    fake_set(&fake.planes[3], FAKE_CRTC_X, 33);
    take_without((struct rect){0}, false);
    CHECK_TEXT(fact("pointer"), "33,3"); /* on Virtual-1, which begins at 32 */
}

/* ---- flips ---- */

static struct capture *watched;

static void begin_watch(void)
{
    CHECK_INT(capture_drm_here.open(&watched, &(struct capture_options){.timeout_ms = 1000}, &got.err), 0);
}

/* Returns whether it tells of a change within that time. */
static bool tells(int timeout_ms)
{
    struct strlist facts = {0};
    CHECK_INT(capture_drm_here.changes(watched, &(struct capture_options){.timeout_ms = timeout_ms}, &facts, &got.err),
              0);
    bool told = strlist_get(&facts, "pixels") != NULL;
    CHECK(told == (strlist_get(&facts, "pointer") != NULL));
    strlist_deinit(&facts);
    CHECK_INT(fake.calls_as_master, 0);
    return told;
}

static void end_watch(void)
{
    unsigned files = count_files();
    capture_drm_here.close(watched);
    CHECK_INT(count_files(), files);
}

static void each_flip_is_told_once(void)
{
    struct fake_plane *primary = begin();
    fake.has_master = true;
    add_pattern(102, XR24, WIDTH, HEIGHT, 1);
    begin_watch();
    CHECK(tells(1000)); /* what was before is not known */
    CHECK(!tells(120));
    fake_set(primary, FAKE_FB_ID, 102);
    CHECK(tells(1000));
    CHECK(!tells(120));
    fake_set(primary, FAKE_SRC_Y, 1 << 16); /* a console that scrolls */
    CHECK(tells(1000));
    fake.crtcs[0].gamma = 7;
    CHECK(tells(1000));
    fake.crtcs[0].active = false;
    CHECK(tells(1000));
    CHECK(!tells(120));
    end_watch();
}

static void a_pointer_that_moves_is_told(void)
{
    begin();
    fake.has_master = true;
    add_plain(103, AR24, 8, 8, 0xff123456);
    struct fake_plane *plane = fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 5, 5);
    begin_watch();
    CHECK(tells(1000) && !tells(120));
    fake_set(plane, FAKE_CRTC_X, 6);
    CHECK(tells(1000));
    end_watch();
}

static unsigned asked_planes;

/* Has the plane flip while it is waited for. */
static int flip_later(unsigned long request, const void *argument)
{
    (void)argument;
    if (request == DRM_IOCTL_MODE_GETPLANE && ++asked_planes == 3)
        fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    return 0;
}

static void a_flip_ends_the_wait(void)
{
    begin();
    fake.has_master = true;
    add_pattern(102, XR24, WIDTH, HEIGHT, 1);
    begin_watch();
    CHECK(tells(1000));
    asked_planes = 0;
    fake.hook = flip_later;
    CHECK(tells(60000)); /* and not after a minute */
    CHECK(asked_planes >= 3 && asked_planes < 10);
    end_watch();
}

/* Closing such a card has the kernel set its mode anew. */
static void a_card_of_no_program_is_opened_once_a_wait(void)
{
    struct fake_plane *primary = begin();
    begin_watch();
    CHECK(tells(1000));
    CHECK_INT(fake.open_cards, 1);
    CHECK(!tells(300));
    CHECK_INT(fake.open_cards, 2);
    add_pattern(102, XR24, WIDTH, HEIGHT, 1);
    fake_set(primary, FAKE_FB_ID, 102);
    CHECK(tells(300));
    end_watch();
}

static int fail_resources(unsigned long request, const void *argument)
{
    (void)argument;
    return request == DRM_IOCTL_MODE_GETRESOURCES ? ENODEV : 0;
}

static void a_card_that_goes_is_a_change(void)
{
    begin();
    fake.has_master = true;
    begin_watch();
    CHECK(tells(1000) && !tells(60));
    fake.hook = fail_resources;
    CHECK(tells(1000));
    CHECK(!tells(60));
    end_watch();
}

int main(void)
{
    RUN(it_points_with_its_hot_spot);
    RUN(without_a_hot_spot_its_corner_points);
    RUN(its_colours_have_no_alpha_in_them);
    RUN(the_hash_is_of_the_shape_alone);
    RUN(a_hidden_drawn_or_scaled_one_is_not_known);
    RUN(of_two_outputs_the_one_counts_that_it_points_into);
    RUN(each_flip_is_told_once);
    RUN(a_pointer_that_moves_is_told);
    RUN(a_flip_ends_the_wait);
    RUN(a_card_of_no_program_is_opened_once_a_wait);
    RUN(a_card_that_goes_is_a_change);
    strlist_deinit(&got.facts);
    fake_end();
    return CHECK_RESULT();
}
