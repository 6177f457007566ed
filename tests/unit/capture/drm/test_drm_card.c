/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cards that make it hard: layouts and memory, old drivers, what changes while it is read, and a card that goes away. */
#include "tests/unit/capture/drm/kms_picture.h"

#include <errno.h>

/* ---- memory and layouts ---- */

/* Intel's X tiles have 512 bytes by 8 rows, row by row; two of them lie side by side here. */
static void a_tiled_layout(void)
{
    begin();
    struct fake_framebuffer *framebuffer = fake_add_framebuffer(102, XR24, WIDTH * 4, HEIGHT, WIDTH * 4 * 4);
    framebuffer->modifier = 0x0100000000000001;
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH * 4; x++)
            put32(fake_bytes(framebuffer->handles[0]) + (y / 8 * 2 + x / 128) * 4096 + y % 8 * 512 + x % 128 * 4,
                  pattern(0, x, y));
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    fake_set(&fake.planes[0], FAKE_SRC_X, 96 << 16);
    take_all();
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            CHECK_INT(pixel(x, y), pattern(0, x + 96, y));
}

static uint32_t grey(uint32_t x, uint32_t y)
{
    return (x + y) % 4 * 0x555555;
}

/* The two planes of NV12 share a buffer, and so a handle, which must be closed once. */
static void planes_that_share_memory(void)
{
    begin();
    struct fake_framebuffer *framebuffer =
        fake_add_framebuffer(102, CODE('N', 'V', '1', '2'), WIDTH, HEIGHT * 3 / 2, WIDTH);
    uint8_t *bytes = fake_bytes(framebuffer->handles[0]);
    framebuffer->height = HEIGHT;
    framebuffer->handles[1] = framebuffer->handles[0];
    framebuffer->pitches[1] = WIDTH;
    framebuffer->offsets[1] = WIDTH * HEIGHT;
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            bytes[y * WIDTH + x] = (uint8_t)(16 + (x + y) % 4 * 73); /* 16 is black, 235 is white */
    memset(bytes + WIDTH * HEIGHT, 128, WIDTH * HEIGHT / 2);
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    take_all();
    expect(grey);
}

static void a_layout_that_cannot_be_read(void)
{
    begin();
    fake.framebuffers[0].modifier = 0x0100000000000004;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_TEXT(got.err.text, "card0 (fake) has its picture in a layout that can't be read here: INTEL Y_TILED_CCS "
                             "(modifier 0x0100000000000004); by EGL: there is no driver");
}

static void no_modifier_means_rows(void)
{
    begin();
    fake.framebuffers[0].has_modifier = false;
    take_all();
    expect(primary_alone);
    fake.driver = "i915";
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK(strstr(got.err.text, "a layout that the driver does not tell") != NULL);
}

static void a_kernel_without_getfb2(void)
{
    begin();
    fake.lacks_getfb2 = true;
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("drm.plane"), "31 primary 64x48+0+0 of XR24 64x48, a layout that the driver does not tell");
    fake.framebuffers[0].depth = 17;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
}

static void dumb_buffers(void)
{
    char want[128];
    begin();
    fake.lacks_prime = true;
    take_all();
    expect(primary_alone);
    fake.lacks_dumb = true;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    snprintf(want, sizeof want, "as a dma-buf: %s; as a dumb buffer: %s", strerror(ENOSYS), strerror(ENOSYS));
    CHECK(strstr(got.err.text, want) != NULL);
}

/* The framebuffer says more than there is: a row too many, rows too short, a size beyond all bounds. */
static void sizes_are_not_believed(void)
{
    static const struct {
        uint32_t width, height, pitch, offset;
    } wrong[] = {
        {WIDTH, HEIGHT + 1000, WIDTH * 4 + 64, 0},
        {WIDTH, HEIGHT, WIDTH * 4 - 1, 0},
        {WIDTH, HEIGHT, WIDTH * 4 + 64, 0xffffff00},
        {0xffffffff, HEIGHT, WIDTH * 4 + 64, 0},
        {WIDTH, 0xffffffff, WIDTH * 4 + 64, 0},
        {WIDTH, HEIGHT, 0xfffffffc, 0},
        {0, HEIGHT, WIDTH * 4, 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fake_plane *plane = begin();
        fake.lacks_dumb = true;
        fake.framebuffers[0].width = wrong[i].width;
        fake.framebuffers[0].height = wrong[i].height;
        fake.framebuffers[0].pitches[0] = wrong[i].pitch;
        fake.framebuffers[0].offsets[0] = wrong[i].offset;
        fake_set(plane, FAKE_SRC_H, (uint64_t)(HEIGHT + 1000) << 16);
        take(&(struct capture_options){.timeout_ms = 10000});
        CHECK_INT(got.result, CAPTURE_FAILED);
    }
}

static void without_the_privilege(void)
{
    begin();
    fake.unprivileged = true;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_INT(got.err.status, ERR_DENIED);
}

/* ---- cursors that are hard to have ---- */

static uint32_t with_cursor(uint32_t x, uint32_t y)
{
    return is_within(x, y, 3, 3, 8, 8) ? 0x654321 : pattern(0, x, y);
}

static void the_cursor_of_a_hypervisors_card(void)
{
    begin();
    fake.hides_cursors = true;
    add_plain(103, AR24, 8, 8, 0xff654321);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 3, 3);
    take_all();
    expect(with_cursor);
    CHECK_TEXT(fact("cursor"), "drawn");
}

static void a_driver_that_is_not_atomic(void)
{
    begin();
    fake.lacks_atomic = true;
    add_plain(103, AR24, 8, 8, 0xff654321);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 3, 3);
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("cursor"), "unavailable");
    fake.plane_count = 1; /* drivers of old have no plane for it at all */
    take_all();
    CHECK_TEXT(fact("cursor"), "unavailable");
    CHECK_TEXT(fact("warning"),
               "card0-Virtual-1: the cursor is missing: the driver does not tell whether there is one, "
               "nor where it is");
}

/* It may be in the framebuffer, whether it was wanted or not. */
static void a_cursor_on_no_plane(void)
{
    begin();
    take_all();
    CHECK_TEXT(fact("cursor"), "hidden, or a program draws it");
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_TEXT(fact("cursor"), "off, but a program may draw it");
    add_plain(103, AR24, 8, 8, 0xff654321);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 3, 3);
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_TEXT(fact("cursor"), "off");
    fake_set(&fake.planes[1], FAKE_CRTC_X, 1000);
    take_all();
    CHECK_TEXT(fact("cursor"), "hidden");
}

static void a_cursor_that_cannot_be_read(void)
{
    begin();
    add_plain(103, CODE('?', '?', '?', '?'), 8, 8, 0);
    fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 3, 3);
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("cursor"), "unavailable");
    CHECK(strstr(fact("warning"), "the cursor is missing: card0 (fake) shows pixels of a format") != NULL);
}

/* ---- what changes meanwhile ---- */

static unsigned flips_left;

/* As soon as a framebuffer is asked for, the next one is shown. The numbers are 101 and 102 in turn. */
static int flip(unsigned long request, const void *argument)
{
    (void)argument;
    if (request == DRM_IOCTL_MODE_GETFB2 && flips_left > 0) {
        flips_left--;
        fake.planes[0].values[FAKE_FB_ID] = 203 - fake.planes[0].values[FAKE_FB_ID];
    }
    return 0;
}

static uint32_t second_page(uint32_t x, uint32_t y)
{
    return pattern(200, x, y);
}

static void a_page_flip_is_read_again(void)
{
    begin();
    add_pattern(102, XR24, WIDTH, HEIGHT, 200);
    fake.hook = flip;
    flips_left = 1;
    take_all();
    expect(second_page);
    CHECK_TEXT(fact("coherent"), "1");
    flips_left = 2;
    take_all();
    expect(second_page);
    CHECK_TEXT(fact("coherent"), "1");
}

static void flips_without_end_are_told(void)
{
    begin();
    add_pattern(102, XR24, WIDTH, HEIGHT, 200);
    fake.hook = flip;
    flips_left = 1000;
    take_all();
    CHECK_TEXT(fact("coherent"), "0");
    CHECK(pixel(10, 10) == pattern(0, 10, 10) || pixel(10, 10) == pattern(200, 10, 10));
    fake.framebuffer_count = 0; /* they are gone before they can be asked about */
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_TEXT(got.err.text, "card0-Virtual-1 changes its framebuffers faster than they can be read");
}

static int change_mode(unsigned long request, const void *argument)
{
    (void)argument;
    if (request == DRM_IOCTL_MODE_OBJ_GETPROPERTIES)
        fake.crtcs[0].width = 32;
    return 0;
}

static void another_mode_is_lost(void)
{
    begin();
    fake.hook = change_mode;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_LOST);
}

/* ---- a card that goes away ---- */

static unsigned calls_left;
static int gone_with;

/* When a card is unplugged, every call on it fails, and its handles end with the file. */
static int unplug(unsigned long request, const void *argument)
{
    (void)request, (void)argument;
    if (calls_left > 0) {
        calls_left--;
        return 0;
    }
    memset(fake.handles, 0, sizeof fake.handles);
    return gone_with;
}

/* It goes away at each call in turn. From the reading of its state on, there is no picture of half of it. */
static void card_gone_with(int code)
{
    gone_with = code;
    for (unsigned at = 0;; at++) {
        begin();
        add_plain(103, AR24, 8, 8, 0xff654321);
        fake_add_plane(33, FAKE_CURSOR, CRTC, 103, 3, 3);
        fake.hook = unplug;
        calls_left = at;
        take(&(struct capture_options){.cursor = true, .timeout_ms = 10000});
        if (got.result == CAPTURE_OK) {
            expect(with_cursor);
            CHECK(at > 30);
            break;
        }
        if (got.result != CAPTURE_LOST && got.err.status != ERR_UNAVAILABLE)
            printf("# gone at call %u: %s\n", at, got.err.text);
        CHECK(got.result == CAPTURE_LOST || got.err.status == ERR_UNAVAILABLE);
    }
}

static void a_card_that_goes_away(void)
{
    card_gone_with(ENODEV);
    card_gone_with(EIO);
    begin();
    fake.hook = unplug;
    calls_left = 0;
    gone_with = ENODEV;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_LOST);
    CHECK_INT(got.err.status, ERR_CLOSED);
}

/* ---- colours ---- */

static uint16_t ramp[256][4];

static void a_gamma_table_of_zeros_is_a_blank_screen(void)
{
    begin();
    memset(ramp, 0, sizeof ramp);
    fake_add_blob(77, ramp, sizeof ramp);
    fake.crtcs[0].gamma = 77;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK(strstr(got.err.text, "is blanked: its gamma table is all zeros") != NULL);
}

/* Each value becomes its opposite. */
static void a_gamma_table_is_applied_when_wanted(void)
{
    begin();
    for (int i = 0; i < 256; i++)
        ramp[i][0] = ramp[i][1] = ramp[i][2] = (uint16_t)((255 - i) * 257);
    fake_add_blob(77, ramp, sizeof ramp);
    fake.crtcs[0].gamma = 77;
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("color"), "gamma");
    CHECK_TEXT(fact("color.applied"), "0");
    CHECK_TEXT(fact("warning"), "(none)"); /* grey is grey */
    take(&(struct capture_options){.colors = true, .timeout_ms = 10000});
    CHECK_INT(pixel(20, 10), 0xffffff - pattern(0, 20, 10));
    CHECK_TEXT(fact("color.applied"), "1");
}

/* ---- what a display shows otherwise ---- */

static void an_uneven_gamma_table_is_warned_of(void)
{
    begin();
    for (int i = 0; i < 256; i++) {
        ramp[i][0] = (uint16_t)(i * 257);
        ramp[i][1] = (uint16_t)(i * 230);
        ramp[i][2] = (uint16_t)(i * 180);
    }
    fake_add_blob(77, ramp, sizeof ramp);
    fake.crtcs[0].gamma = 77;
    take_all();
    expect(primary_alone);
    CHECK_TEXT(fact("warning"),
               "card0-Virtual-1: the display hardware tints the picture, as for the night, and what was "
               "captured is before that (color=applied has it)");
    take(&(struct capture_options){.colors = true, .timeout_ms = 10000});
    CHECK_TEXT(fact("warning"), "(none)");
    CHECK_INT(pixel(20, 10) & 255, (int)((pattern(0, 20, 10) & 255) * 180 / 257.0 + 0.5));
}

static void hdr_is_warned_of(void)
{
    static uint8_t metadata[32];
    static const char *const names[] = {NULL, "(HDR)", "(PQ)", "(HLG)", "(unknown)"};
    begin();
    fake_add_blob(78, metadata, sizeof metadata);
    fake.connectors[0].hdr = 78;
    for (int i = 0; i < 5; i++) {
        metadata[4] = (uint8_t)i;
        take_all();
        expect(primary_alone);
        CHECK(names[i] ? strstr(fact("warning"), names[i]) != NULL : strcmp(fact("warning"), "(none)") == 0);
    }
    fake.blobs[0].len = 4; /* too short to tell */
    take_all();
    CHECK_TEXT(fact("warning"), "(none)");
}

static void floating_point_is_warned_of(void)
{
    static const uint8_t bright[8] = {0x00, 0x40, 0x00, 0x3c, 0x00, 0x38, 0x00, 0x3c}; /* 2.0, 1.0, 0.5 */
    begin();
    struct fake_framebuffer *framebuffer =
        fake_add_framebuffer(102, CODE('X', 'B', '4', 'H'), WIDTH, HEIGHT, WIDTH * 8);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        memcpy(fake_bytes(framebuffer->handles[0]) + i * 8, bright, 8);
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    take_all();
    CHECK_INT(pixel(3, 3), 0xffff80);
    CHECK(strstr(fact("warning"), "floating-point values") != NULL);
}

static void a_varying_refresh_rate_is_warned_of(void)
{
    begin();
    fake.crtcs[0].varies = true;
    take_all();
    CHECK(strstr(fact("warning"), "(VRR)") != NULL);
}

static unsigned replaced;

/* Each time after its length was told, the blob is another one, of another length, with the same number. */
static int replace_blob(unsigned long request, const void *argument)
{
    const struct drm_mode_get_blob *get = argument;
    if (request == DRM_IOCTL_MODE_GETPROPBLOB && get->length > 0) {
        fake.blobs[0].len = fake.blobs[0].len == 64 ? sizeof ramp : 64;
        replaced++;
    }
    return 0;
}

static void a_blob_that_is_replaced_is_not_read(void)
{
    begin();
    fake_add_blob(77, ramp, 64);
    fake.crtcs[0].gamma = 77;
    fake.hook = replace_blob;
    replaced = 0;
    take_all();
    CHECK(replaced > 0);
    expect(primary_alone);
    CHECK_TEXT(fact("color"), "(none)");
}

static uint16_t palette[3][256];

static void a_framebuffer_with_a_palette(void)
{
    begin();
    for (int i = 0; i < 256; i++) {
        palette[0][i] = (uint16_t)(i * 257);
        palette[1][i] = (uint16_t)((255 - i) * 257);
        palette[2][i] = (uint16_t)((i ^ 0x55) * 257);
    }
    struct fake_framebuffer *framebuffer = fake_add_framebuffer(102, CODE('C', '8', ' ', ' '), WIDTH, HEIGHT, WIDTH);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        fake_bytes(framebuffer->handles[0])[i] = (uint8_t)i;
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    fake.crtcs[0].legacy_gamma = palette;
    take_all();
    CHECK_INT(pixel(10, 1), 74u << 16 | (255 - 74u) << 8 | (74 ^ 0x55));
    CHECK(strstr(fact("drm.plane"), "of C8 64x48") != NULL);
}

/* The palette is the gamma table, which is then used up: it is no second step, wanted or not. */
static void a_palette_is_not_applied_twice(void)
{
    begin();
    for (int i = 0; i < 256; i++) {
        ramp[i][0] = (uint16_t)((255 - i) * 257);
        ramp[i][1] = ramp[i][2] = 0;
    }
    fake_add_blob(77, ramp, sizeof ramp);
    fake.crtcs[0].gamma = 77;
    struct fake_framebuffer *framebuffer = fake_add_framebuffer(102, CODE('C', '8', ' ', ' '), WIDTH, HEIGHT, WIDTH);
    memset(fake_bytes(framebuffer->handles[0]), 5, WIDTH * HEIGHT);
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    take(&(struct capture_options){.colors = true, .timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_OK);
    CHECK_INT(pixel(10, 1), 250 << 16);
    CHECK_TEXT(fact("color"), "(none)");
}

/* A table of another length is no palette of 256. */
static void a_short_table_is_no_palette(void)
{
    begin();
    memset(ramp, 0x55, sizeof ramp);
    fake_add_blob(77, ramp, 16 * sizeof *ramp);
    fake.crtcs[0].gamma = 77;
    fake_add_framebuffer(102, CODE('C', '8', ' ', ' '), WIDTH, HEIGHT, WIDTH);
    fake_set(&fake.planes[0], FAKE_FB_ID, 102);
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK(strstr(got.err.text, "does not tell the palette of its C8 framebuffer") != NULL);
}

/* ---- sleep ---- */

/* As of a CRTC that keeps its mode while its display sleeps. */
static int keep_the_mode(unsigned long request, const void *argument)
{
    (void)argument;
    fake.crtcs[0].active = request != DRM_IOCTL_MODE_OBJ_GETPROPERTIES;
    return 0;
}

static void a_display_that_sleeps_shows_nothing(void)
{
    begin();
    fake.hook = keep_the_mode;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK(strstr(got.err.text, "shows nothing: its CRTC is off, as of a display that sleeps") != NULL);
}

/* ---- CRCs ---- */

static void read_crcs(const struct capture_options *options)
{
    struct capture *capture = NULL;
    unsigned files = count_files();
    strlist_deinit(&got.facts);
    CHECK_INT(capture_drm_here.open(&capture, options, &got.err), 0);
    CHECK_INT(capture_drm_here.crcs(capture, options, &got.facts, &got.err), 0);
    capture_drm_here.close(capture);
    CHECK_INT(count_files(), files);
}

/* The first frame may have begun before it was asked for. */
static void the_crc_of_the_second_frame(void)
{
    static const char *const lines[] = {"0x00000001 0x11111111\n", "0x00000002 0x81e38dc7\n", "0x00000003 0x33333333\n",
                                        NULL};
    static const char *const one[] = {"0x00000001 0x11111111\n", NULL};
    begin();
    fake.crc_lines = lines;
    read_crcs(&(struct capture_options){.timeout_ms = 10000});
    CHECK_TEXT(fact("crc"), "debugfs 0x81e38dc7 card0-Virtual-1");
    fake.crc_lines = one;
    read_crcs(&(struct capture_options){.timeout_ms = 10000});
    CHECK_TEXT(fact("crc"), "(none)");
    CHECK_TEXT(fact("refused"), "debugfs: /sys/kernel/debug/dri/0/crtc-0/crc/data: it has ended");
    fake.crc_lines = NULL;
    read_crcs(&(struct capture_options){.timeout_ms = 10000});
    CHECK(strstr(fact("refused"), "debugfs is not mounted") != NULL);
}

/* ---- limits ---- */

static void more_planes_than_are_looked_at(void)
{
    begin();
    fake.unknown_planes = 255;
    take_all();
    expect(primary_alone);
    fake.unknown_planes = 256;
    take(&(struct capture_options){.timeout_ms = 10000});
    CHECK_INT(got.result, CAPTURE_FAILED);
    CHECK_INT(got.err.status, ERR_LIMIT);
}

int main(void)
{
    RUN(a_tiled_layout);
    RUN(planes_that_share_memory);
    RUN(a_layout_that_cannot_be_read);
    RUN(no_modifier_means_rows);
    RUN(a_kernel_without_getfb2);
    RUN(dumb_buffers);
    RUN(sizes_are_not_believed);
    RUN(without_the_privilege);
    RUN(the_cursor_of_a_hypervisors_card);
    RUN(a_driver_that_is_not_atomic);
    RUN(a_cursor_on_no_plane);
    RUN(a_cursor_that_cannot_be_read);
    RUN(a_page_flip_is_read_again);
    RUN(flips_without_end_are_told);
    RUN(another_mode_is_lost);
    RUN(a_card_that_goes_away);
    RUN(a_gamma_table_of_zeros_is_a_blank_screen);
    RUN(a_gamma_table_is_applied_when_wanted);
    RUN(an_uneven_gamma_table_is_warned_of);
    RUN(hdr_is_warned_of);
    RUN(floating_point_is_warned_of);
    RUN(a_varying_refresh_rate_is_warned_of);
    RUN(a_blob_that_is_replaced_is_not_read);
    RUN(a_framebuffer_with_a_palette);
    RUN(a_palette_is_not_applied_twice);
    RUN(a_short_table_is_no_palette);
    RUN(a_display_that_sleeps_shows_nothing);
    RUN(the_crc_of_the_second_frame);
    RUN(more_planes_than_are_looked_at);
    strlist_deinit(&got.facts);
    fake_end();
    return CHECK_RESULT();
}
