/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Desktop duplication of several outputs, of turned ones, and the pointer. */
#include "tests/unit/capture/win32/fake_duplication.h"

/* ---- outputs ---- */

static void test_list_that_grew_old(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    fake.stale_once = true;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrReldacrR");
    drop(&result);
}

static void test_fewer_outputs_than_monitors(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    request.monitors = 2;
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(result.err.text, "2 monitors show the desktop, but adapters have 1 outputs of it");
    drop(&result);
}

/* Two outputs, of two adapters, the second left of the first: side by side in the picture. */
static void test_several_outputs(void)
{
    struct fake fake;
    struct result result;
    prepare_two_outputs(&fake, NULL);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrdacrR");
    for (int y = 0; y < H; y++)
        for (int x = 0; x < 2 * W; x++)
            CHECK_INT(result.rgb[(y * 2 * W + x) * 3], 100 + x % W);
    drop(&result);
    request.output = "DISPLAY2";
    request.area = (struct rect){-W, 0, W, H};
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrR");
    CHECK(is_picture(&result));
    drop(&result);
    request.output = NULL; /* a region that only one of them shows */
    request.area = (struct rect){1, 1, 2, 1};
    take(&fake, &result);
    CHECK_TEXT(fake.log, "eldacrR");
    CHECK_INT(result.rgb[0], 101);
    CHECK_INT(result.rgb[1], 11);
    CHECK_INT(result.rgb[3], 102);
    drop(&result);
}

static void test_turned_output(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    fake.rotation = ROTATION_90;
    fake.outputs.items[0].area = request.area = (struct rect){0, 0, H, W};
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK(memcmp(result.rgb, "\x64\x0b\0\x64\x0a\0", 6) == 0); /* the texture's left column, from the bottom */
    CHECK_TEXT(strlist_get(&result.facts, "dxgi.output"), "DISPLAY1 2x3+0+0, turned by 90, of An adapter");
    drop(&result);
    prepare(&fake, NULL);
    fake.rotation = ROTATION_90; /* of an output that lies as the texture does */
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(result.err.text, "DISPLAY1: it gave 2x3 pixels where the desktop has 3x2");
    drop(&result);
}

static void test_format_that_is_not_read(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    fake.surface.format = 10; /* 16-bit floating point */
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(result.err.text, "DISPLAY1: its pixels have the format 10, which is not read");
    drop(&result);
}

/* ---- the pointer ---- */

static void test_pointer(void)
{
    static const uint8_t white[] = {255, 255, 255, 255};
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    request.cursor = true;
    fake.shape = (struct cursor_shape){CURSOR_COLOUR, 1, 1, 4, white, 4};
    fake.pointer = (struct duplication_frame){
        .pointer_updated = true, .pointer_visible = true, .pointer_x = 1, .pointer_y = 1, .shape_updated = true};
    fake.pointer_only = 1; /* and the frame with the pixels tells it again */
    take(&fake, &result);
    CHECK_TEXT(strlist_get(&result.facts, "cursor"), "drawn");
    CHECK(memcmp(result.rgb + (1 * W + 1) * 3, white, 3) == 0);
    CHECK_INT(result.rgb[(1 * W + 2) * 3], 102);
    drop(&result);
    fake.pointer.pointer_visible = false;
    take(&fake, &result);
    CHECK_TEXT(strlist_get(&result.facts, "cursor"), "hidden");
    CHECK(is_picture(&result));
    drop(&result);
    fake.pointer = (struct duplication_frame){.presented = false};
    take(&fake, &result);
    CHECK_TEXT(strlist_get(&result.facts, "cursor"), "unavailable");
    drop(&result);
}

/* Half-transparent red, whose place that points is one pixel below and right of its corner. */
static void test_pointer_as_facts(void)
{
    static const uint8_t red[2 * 2 * 4] = {0, 0, 255, 128, 0, 0, 255, 128, 0, 0, 255, 128, 0, 0, 255, 128};
    struct fake fake;
    struct result result;
    prepare_two_outputs(&fake, NULL);
    request.shape = true;
    fake.shape = (struct cursor_shape){CURSOR_COLOUR, 2, 2, 8, red, sizeof red};
    fake.hot_x = fake.hot_y = 1;
    fake.pointer = (struct duplication_frame){
        .pointer_updated = true, .pointer_visible = true, .pointer_x = 0, .pointer_y = -1, .shape_updated = true};
    take(&fake, &result);
    CHECK_TEXT(strlist_get(&result.facts, "cursor"), "off");
    CHECK_TEXT(strlist_get(&result.facts, "pointer"), "1,0"); /* DISPLAY2 was the last to tell, and lies at the left */
    CHECK_TEXT(strlist_get(&result.facts, "pointer.size"), "2x2+1+1");
    CHECK_TEXT(strlist_get(&result.facts, "pointer.pixels"), "2x2 ff000080ff000080ff000080ff000080");
    drop(&result);
    fake.pointer.pointer_visible = false;
    take(&fake, &result);
    CHECK(!strlist_get(&result.facts, "pointer"));
    drop(&result);
    fake.pointer.pointer_visible = true;
    fake.shape.len = 3; /* too few bytes */
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK(!strlist_get(&result.facts, "pointer"));
    drop(&result);
}

int main(void)
{
    RUN(test_list_that_grew_old);
    RUN(test_fewer_outputs_than_monitors);
    RUN(test_several_outputs);
    RUN(test_turned_output);
    RUN(test_format_that_is_not_read);
    RUN(test_pointer);
    RUN(test_pointer_as_facts);
    return CHECK_RESULT();
}
