/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs of several cards in a layout, and which of them is asked for. */
#include "capture/drm/layout.h"
#include "tests/unit/check.h"

static struct drm_card cards[2];
static struct drm_output outputs[DRM_OUTPUTS_MAX];
static size_t count;
static struct drm_layout layout;
static struct error err;

static void add(size_t card, const char *connector, uint32_t crtc, uint32_t width, uint32_t height)
{
    struct drm_output *output = &outputs[count++];
    *output = (struct drm_output){.card = &cards[card], .crtc = crtc, .width = width, .height = height};
    snprintf(output->name, sizeof output->name, "card%u-%s", cards[card].number, connector);
}

/* card0 is emulated and card1 passed through */
static void two_cards(void)
{
    count = 0;
    cards[0] = (struct drm_card){.number = 0, .class = CARD_EMULATED};
    cards[1] = (struct drm_card){.number = 1, .class = CARD_PASSED_THROUGH};
    add(0, "Virtual-1", 30, 800, 600);
    add(1, "HDMI-A-1", 40, 1920, 1080);
    add(1, "DP-1", 41, 640, 1200);
    drm_layout_place(outputs, count);
}

static int choose(const char *source, const char *output)
{
    struct capture_options options = {.source = source, .output = output};
    err = (struct error){0};
    return drm_layout_choose(outputs, count, &options, &layout, &err);
}

static bool is_area(int32_t x, uint32_t width, uint32_t height)
{
    return layout.area.x == x && layout.area.y == 0 && layout.area.width == width && layout.area.height == height;
}

static void the_first_class_comes_first(void)
{
    two_cards();
    CHECK_TEXT(outputs[0].name, "card1-DP-1");
    CHECK_TEXT(outputs[1].name, "card1-HDMI-A-1");
    CHECK_TEXT(outputs[2].name, "card0-Virtual-1");
    CHECK_INT(outputs[1].x, 640);
    CHECK_INT(outputs[2].x, 640 + 1920);
    CHECK_INT(choose(NULL, NULL), 0);
    CHECK_INT(layout.count, 2);
    CHECK(is_area(0, 640 + 1920, 1200));
}

static void a_source_is_a_card(void)
{
    two_cards();
    CHECK_INT(choose("card0", NULL), 0);
    CHECK_TEXT(layout.outputs[0].name, "card0-Virtual-1");
    CHECK(is_area(2560, 800, 600));
    CHECK_INT(choose("card7", NULL), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "card7 shows nothing; what shows something is: card1-DP-1 card1-HDMI-A-1 card0-Virtual-1");
    CHECK_INT(choose("card0", "DP-1"), ERR_NOT_FOUND);
}

static void all_is_every_cards(void)
{
    two_cards();
    CHECK_INT(choose(NULL, "all"), 0);
    CHECK_INT(layout.count, 3);
    CHECK(is_area(0, 3360, 1200));
}

static void names_with_their_card_and_without(void)
{
    two_cards();
    CHECK_INT(choose(NULL, "card1-HDMI-A-1"), 0);
    CHECK(layout.count == 1 && is_area(640, 1920, 1080));
    CHECK_INT(choose(NULL, "HDMI-A-1"), 0);
    CHECK(layout.count == 1 && is_area(640, 1920, 1080));
    CHECK_INT(choose(NULL, "A-1"), ERR_NOT_FOUND);
    CHECK_TEXT(err.text,
               "there is no output 'A-1' that shows anything among: card1-DP-1 card1-HDMI-A-1 card0-Virtual-1");
    CHECK_INT(choose(NULL, ""), ERR_NOT_FOUND);
}

static void a_name_of_several_is_answered_with_their_list(void)
{
    two_cards();
    add(0, "DP-1", 31, 800, 600);
    drm_layout_place(outputs, count);
    CHECK_INT(choose(NULL, "DP-1"), ERR_INVALID);
    CHECK_TEXT(err.text, "the output 'DP-1' can be any of: card1-DP-1 card0-DP-1");
    CHECK_INT(choose(NULL, "card0-DP-1"), 0);
    CHECK_TEXT(layout.outputs[0].name, "card0-DP-1");
}

static void outputs_of_one_crtc_lie_upon_each_other(void)
{
    two_cards();
    add(1, "DP-2", 41, 640, 1200);
    drm_layout_place(outputs, count);
    CHECK_TEXT(outputs[1].name, "card1-DP-2");
    CHECK_INT(outputs[1].x, 0);
    CHECK(drm_layout_clone(outputs, 1, &outputs[1]) == &outputs[0]);
    CHECK(!drm_layout_clone(outputs, 2, &outputs[2]));
    CHECK_INT(choose(NULL, NULL), 0);
    CHECK(layout.count == 3 && is_area(0, 2560, 1200));
}

static void more_than_a_picture_can_hold(void)
{
    two_cards();
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "DP-%d", 10 + i);
        add(1, name, 50 + (uint32_t)i, 4100, 100);
    }
    drm_layout_place(outputs, count);
    CHECK_INT(choose(NULL, "all"), ERR_LIMIT);
    CHECK_INT(choose(NULL, "DP-17"), 0);
}

int main(void)
{
    RUN(the_first_class_comes_first);
    RUN(a_source_is_a_card);
    RUN(all_is_every_cards);
    RUN(names_with_their_card_and_without);
    RUN(a_name_of_several_is_answered_with_their_list);
    RUN(outputs_of_one_crtc_lie_upon_each_other);
    RUN(more_than_a_picture_can_hold);
    return CHECK_RESULT();
}
