/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The choice of a backend, with backends that do as they are told. */
#include "tests/unit/capture/fake_backends.h"

static void the_chooser_tells_the_order(void)
{
    start_with_chooser();
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "chosen"), "it is lit");
    CHECK_TEXT(strlist_get(&facts, "refused"), "second: it is behind");
    CHECK_TEXT(last_source, "card1");
    CHECK_INT(fact_count("warning"), 0);
    CHECK_INT(fakes[0].opens, 0);
    options.capture.backend = "first"; /* one that is named does what it would */
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_INT(fact_count("chosen"), 0);
    CHECK_TEXT(last_source, "");
    finish();
}

static void another_way_to_the_same_screen_is_as_good(void)
{
    start_with_chooser();
    fakes[1].open_status = ERR_DENIED;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "chosen"), "it is the same");
    CHECK_TEXT(strlist_get(&facts, "refused"), "second: it won't open");
    CHECK_INT(fact_count("warning"), 0);
    finish();
}

static void another_screen_is_a_warning(void)
{
    start_with_chooser();
    told[1].screen = 1;
    fakes[1].open_status = ERR_DENIED;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "warning"), "this is not the first choice, which can't be read: it is lit");
    told[0].is_shown = false; /* nobody looks at it */
    CHECK_INT(take(), 0);
    CHECK_INT(fact_count("warning"), 0);
    finish();
}

static void what_was_not_chosen_is_tried_last(void)
{
    start_with_chooser();
    told_count = 1;
    fakes[1].open_status = ERR_DENIED;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_TEXT(last_source, "");
    finish();
}

/* ---- a second look ---- */

static void start_with_second_look(void)
{
    start_with_chooser();
    told[1].if_uniform = true;
    fakes[1].plain = true;
}

static void one_colour_has_a_second_look(void)
{
    start_with_second_look();
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_TEXT(strlist_get(&facts, "chosen"), "it is the same");
    CHECK_TEXT(strlist_get(&facts, "refused"), "second: all its pixels have one colour");
    CHECK_INT(fact_count("warning"), 0);
    CHECK_INT(fact_count("backend"), 1);
    finish();
}

static void a_second_look_that_shows_no_more_is_told(void)
{
    start_with_second_look();
    fakes[0].plain = true;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "refused"), "first: all its pixels have one colour too (#000000)");
    fakes[0].results[1] = CAPTURE_FAILED;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "refused"), "first: it won't grab");
    finish();
}

static void nothing_else_is_looked_at_twice(void)
{
    start_with_second_look();
    fakes[1].plain = false; /* there is more than one colour */
    CHECK_INT(take(), 0);
    CHECK_INT(fakes[0].opens, 0);
    fakes[1].plain = true; /* this one is asked for */
    options.capture.backend = "second";
    CHECK_INT(take(), 0);
    CHECK_INT(fakes[0].opens, 0);
    options.capture.backend = NULL; /* the other one is no second look */
    told[1].if_uniform = false;
    CHECK_INT(take(), 0);
    CHECK_INT(fakes[0].opens, 0);
    finish();
}

/* ---- comparing ---- */

static void equal_pictures_have_no_box(void)
{
    start_with_chooser();
    options.compare = true;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "compare.backend"), "first");
    CHECK_TEXT(strlist_get(&facts, "compare.source"), ":0");
    CHECK_TEXT(strlist_get(&facts, "compare.pixels"), "0");
    CHECK_INT(fact_count("compare.box"), 0);
    CHECK_INT(fact_count("backend"), 1);
    finish();
}

static void pictures_of_other_sizes_are_told(void)
{
    start_with_chooser();
    options.compare = true;
    fakes[0].width = 3;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "compare.refused"), "first: its picture has 3x4 pixels, not 4x4");
    CHECK_INT(fact_count("compare.pixels"), 0);
    finish();
}

static void nothing_to_compare_with_is_told(void)
{
    start_with_chooser();
    options.compare = true;
    fakes[0].open_status = ERR_DENIED;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "compare.refused"), "first: it won't open");
    options.capture.backend = "second";
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "compare.refused"), "there is no other backend to compare with");
    finish();
}

static void the_first_that_can_is_taken_and_kept_open(void)
{
    start(both);
    CHECK_INT(take(), 0);
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_TEXT(strlist_get(&facts, "output"), "out-1");
    CHECK_INT(fact_count("refused"), 0);
    CHECK_INT(fakes[0].opens, 1);
    CHECK_INT(fakes[1].opens, 0);
    CHECK(file.len > 8 && memcmp(file.data, "\x89PNG", 4) == 0);
    finish();
}

static void who_refuses_is_named_and_asked_again(void)
{
    start(both);
    fakes[0].open_status = ERR_UNAVAILABLE;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "refused"), "first: it won't open");
    CHECK_INT(take(), 0);
    CHECK_INT(fakes[0].opens, 2);
    CHECK_INT(fakes[1].opens, 1);
    fakes[0].open_status = 0;
    fakes[0].opens = 0;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_INT(fact_count("refused"), 0);
    finish();
}

static void when_all_refuse_every_reason_is_told(void)
{
    start(both);
    fakes[0].open_status = ERR_DENIED;
    fakes[1].open_status = ERR_UNAVAILABLE;
    CHECK_INT(take(), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "first: it won't open; second: it won't open");
    CHECK_INT(facts.count, 0);
    CHECK_INT(file.len, 0);
    finish();
}

static void a_wrong_argument_is_not_tried_elsewhere(void)
{
    start(both);
    fakes[0].results[0] = CAPTURE_FAILED;
    fakes[0].grab_status = ERR_INVALID;
    CHECK_INT(take(), ERR_INVALID);
    CHECK_TEXT(err.text, "first: it won't grab");
    CHECK_INT(fakes[1].opens, 0);
    finish();
}

static void a_failed_grab_is_tried_elsewhere(void)
{
    start(both);
    fakes[0].results[0] = CAPTURE_FAILED;
    fakes[0].grab_status = 0;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "refused"), "first: it failed and gave no reason");
    CHECK_INT(fact_count("backend"), 1);
    CHECK_INT(fact_count("output"), 1);
    finish();
}

static void a_lost_source_is_opened_again_once(void)
{
    start(both);
    fakes[0].results[0] = CAPTURE_LOST;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "first");
    CHECK_TEXT(strlist_get(&facts, "output"), "out-1");
    CHECK_INT(fact_count("output"), 1);
    CHECK_INT(fakes[0].opens, 2);
    finish();
}

static void a_source_lost_twice_is_refused(void)
{
    start(both);
    fakes[0].results[0] = fakes[0].results[1] = CAPTURE_LOST;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_TEXT(strlist_get(&facts, "refused"), "first: lost again after it was opened anew: it won't grab");
    CHECK_INT(fakes[0].opens, 2);
    CHECK_INT(fakes[0].closes, 2);
    finish();
}

static void a_named_backend_is_taken_or_none(void)
{
    start(both);
    options.capture.backend = "second";
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "backend"), "second");
    CHECK_INT(fakes[0].opens, 0);
    fakes[1].results[1] = CAPTURE_FAILED;
    CHECK_INT(take(), ERR_SYSTEM);
    CHECK_TEXT(err.text, "second: it won't grab");
    CHECK_INT(fakes[0].opens, 0);
    options.capture.backend = "third";
    CHECK_INT(take(), ERR_INVALID);
    CHECK_TEXT(err.text, "there is no capture backend 'third' among: first second");
    finish();
}

static void a_synthetic_backend_is_never_chosen(void)
{
    start(one_hidden);
    CHECK_INT(take(), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "no capture backend can be chosen, one must be named: hidden");
    options.capture.backend = "hidden";
    CHECK_INT(take(), 0);
    finish();
}

static void impossible_pictures_are_refused(void)
{
    static const uint32_t sizes[][3] = {{0, 4, 12},    {4, 0, 12},           {32768, 1, 98304},
                                        {1, 32768, 3}, {32767, 8193, 98301}, {4, 4, 11}};
    static const char *const reasons[] = {
        "its picture has 0x4 pixels, which is no picture",
        "its picture has 4x0 pixels, which is no picture",
        "its picture has 32768x1 pixels: the limit is 32767 a side",
        "its picture has 1x32768 pixels: the limit is 32767 a side",
        "its picture has 32767x8193 pixels: the limit of a picture is 268435456 in all",
        "it gave an impossible picture of 4x4 pixels, 11 bytes a row"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        start(both);
        fakes[0].width = sizes[i][0];
        fakes[0].height = sizes[i][1];
        fakes[0].stride = sizes[i][2];
        CHECK_INT(take(), 0);
        CHECK_TEXT(strlist_get(&facts, "backend"), "second");
        CHECK(strstr(strlist_get(&facts, "refused"), reasons[i]) != NULL);
        finish();
    }
}

static void an_unchanged_picture_has_no_file(void)
{
    char hash[64];
    start(both);
    CHECK_INT(take(), 0);
    CHECK_INT(fact_count("unchanged"), 0);
    snprintf(hash, sizeof hash, "%s", strlist_get(&facts, "hash"));
    options.if_changed = hash;
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "unchanged"), "1");
    CHECK_INT(file.len, 0);
    pixels[47]++;
    CHECK_INT(take(), 0);
    CHECK_INT(fact_count("unchanged"), 0);
    CHECK(file.len > 0);
    finish();
}

static void one_colour_is_a_warning(void)
{
    start(both);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i % 3 + 10);
    CHECK_INT(take(), 0);
    CHECK_TEXT(strlist_get(&facts, "warning"), "all pixels have one colour (#0a0b0c)");
    pixels[47]++;
    CHECK_INT(take(), 0);
    CHECK_INT(fact_count("warning"), 0);
    finish();
}

static void uniformity_looks_at_every_pixel_and_at_no_padding(void)
{
    uint8_t image_pixels[5 * 20];
    struct image_view image = {image_pixels, 5, 5, 20, PIXEL_RGB24};
    uint32_t colour;
    for (size_t i = 0; i < sizeof image_pixels; i++)
        image_pixels[i] = i % 20 < 15 ? 7 : (uint8_t)i;
    CHECK(image_is_uniform(&image, &colour));
    CHECK_INT(colour, 0x070707);
    for (size_t y = 0; y < 5; y++)
        for (size_t x = 0; x < 15; x++) {
            image_pixels[y * 20 + x]++;
            CHECK(!image_is_uniform(&image, &colour));
            image_pixels[y * 20 + x]--;
        }
    image.width = image.height = 1;
    CHECK(image_is_uniform(&image, &colour));
}

static void time_is_rfc_3339(void)
{
    start(both);
    CHECK_INT(take(), 0);
    const char *time = strlist_get(&facts, "time");
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    CHECK_INT(strlen(time), strlen(shape));
    for (size_t i = 0; time[i] && shape[i]; i++)
        CHECK(shape[i] == 'd' ? time[i] >= '0' && time[i] <= '9' : time[i] == shape[i]);
    CHECK(strncmp(time, "20", 2) == 0);
    finish();
}

static void lists_come_from_one_backend_and_only_once(void)
{
    start(both);
    struct capture_options which = {0};
    fakes[0].list_status = ERR_CLOSED;
    CHECK_INT(capturer_displays(capturer, &which, &facts, &err), 0);
    CHECK_INT(facts.count, 1);
    CHECK_INT(fakes[0].opens, 2);
    which.backend = "second";
    CHECK_INT(capturer_windows(capturer, &which, &facts, &err), 0);
    CHECK_INT(facts.count, 2);
    CHECK_INT(fakes[1].opens, 1);
    finish();
}

static void nothing_under_way_is_said_when_idle(void)
{
    char text[100];
    start(both);
    CHECK_INT(take(), 0);
    capturer_describe_hang(capturer, text, sizeof text);
    CHECK_TEXT(text, "no work is under way");
    finish();
}

int main(void)
{
    RUN(the_first_that_can_is_taken_and_kept_open);
    RUN(who_refuses_is_named_and_asked_again);
    RUN(when_all_refuse_every_reason_is_told);
    RUN(a_wrong_argument_is_not_tried_elsewhere);
    RUN(a_failed_grab_is_tried_elsewhere);
    RUN(a_lost_source_is_opened_again_once);
    RUN(a_source_lost_twice_is_refused);
    RUN(a_named_backend_is_taken_or_none);
    RUN(a_synthetic_backend_is_never_chosen);
    RUN(impossible_pictures_are_refused);
    RUN(an_unchanged_picture_has_no_file);
    RUN(one_colour_is_a_warning);
    RUN(uniformity_looks_at_every_pixel_and_at_no_padding);
    RUN(time_is_rfc_3339);
    RUN(lists_come_from_one_backend_and_only_once);
    RUN(nothing_under_way_is_said_when_idle);
    RUN(the_chooser_tells_the_order);
    RUN(another_way_to_the_same_screen_is_as_good);
    RUN(another_screen_is_a_warning);
    RUN(what_was_not_chosen_is_tried_last);
    RUN(one_colour_has_a_second_look);
    RUN(a_second_look_that_shows_no_more_is_told);
    RUN(nothing_else_is_looked_at_twice);
    RUN(equal_pictures_have_no_box);
    RUN(pictures_of_other_sizes_are_told);
    RUN(nothing_to_compare_with_is_told);
    return CHECK_RESULT();
}
