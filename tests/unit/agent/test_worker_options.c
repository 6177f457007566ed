/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "agent/worker/options.h"

static struct screenshot_options options;
static struct error err;

static struct strlist texts; /* what the options borrow from */

static int parse_two(const char *first, const char *second)
{
    strlist_deinit(&texts);
    strlist_add(&texts, first);
    if (second)
        strlist_add(&texts, second);
    err = (struct error){0};
    return screenshot_options_parse(&options, &texts, &err);
}

static int parse(const char *text)
{
    return parse_two(text, NULL);
}

static void no_options_are_the_defaults(void)
{
    struct strlist none = {0};
    CHECK_INT(screenshot_options_parse(&options, &none, &err), 0);
    CHECK(!options.picture.capture.backend && !options.picture.capture.output && !options.picture.if_changed);
    CHECK(!options.picture.capture.has_region);
    CHECK(options.picture.capture.cursor);
    CHECK_INT(options.picture.format, PICTURE_PNG);
    CHECK_INT(options.deadline_ms, 5000);
    CHECK(options.wait_ms == 0 && !options.picture.delta && !options.picture.capture.shape);
}

static bool is_region(int32_t x, int32_t y, uint32_t width, uint32_t height)
{
    const struct rect *region = &options.picture.capture.region;
    return options.picture.capture.has_region && region->x == x && region->y == y && region->width == width &&
           region->height == height;
}

static void regions_are_read(void)
{
    CHECK_INT(parse("region=640x480+10+20"), 0);
    CHECK(is_region(10, 20, 640, 480));
    CHECK_INT(parse("region=1x1-1920+0"), 0);
    CHECK(is_region(-1920, 0, 1, 1));
    CHECK_INT(parse("region=32767x32767+2147483647-2147483647"), 0);
    CHECK(is_region(2147483647, -2147483647, 32767, 32767));
    CHECK_INT(parse("region=007x008+000-0"), 0);
    CHECK(is_region(0, 0, 7, 8));
}

static void waits_are_read(void)
{
    static const char *const wrong[] = {"wait-ms=", "wait-ms=60001", "wait-ms=-1", "wait-ms=1s", "wait-ms=4294967297"};
    int wait_ms = -1;
    CHECK_INT(parse("wait-ms=60000"), 0);
    CHECK_INT(options.wait_ms, 60000);
    CHECK_INT(screenshot_options_wait(&texts, &wait_ms, &err), 0);
    CHECK_INT(wait_ms, 60000);
    CHECK_INT(parse("wait-ms=0"), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(parse(wrong[i]), ERR_INVALID);
        CHECK_INT(screenshot_options_wait(&texts, &wait_ms, &err), ERR_INVALID);
    }
}

static void pointers_are_read(void)
{
#define HASH "xxh64:0123456789abcdef"
    static const char *const right[] = {"unknown", HASH ",0,0", HASH ",-5,2147483647", HASH ",7,-8"};
    static const char *const wrong[] = {"",
                                        "none",
                                        HASH,
                                        HASH ",",
                                        HASH ",1",
                                        HASH ",1,",
                                        HASH ",1,2,",
                                        HASH ",1,2x",
                                        HASH ",--1,2",
                                        HASH ",2147483648,1",
                                        "xxh64:0123456789abcde,1,2",
                                        HASH "0,1,2",
                                        "unknown,1,2"};
    char text[80];
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        snprintf(text, sizeof text, "pointer=%s", right[i]);
        CHECK_INT(parse(text), 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, "pointer=%s", wrong[i]);
        CHECK_INT(parse(text), ERR_INVALID);
    }
}

static void shape_of_the_pointer_is_asked_for_without_the_pointer_in_the_picture(void)
{
    CHECK_INT(parse_two("pointer-shape=1", "cursor=1"), 0);
    CHECK(options.picture.capture.shape && !options.picture.capture.cursor);
    CHECK_INT(parse("pointer-shape=0"), 0);
    CHECK(!options.picture.capture.shape && options.picture.capture.cursor);
}

static void scales_are_read(void)
{
    static const char *const wrong[] = {"scale=",     "scale=2",   "scale=1/",   "scale=1/0",
                                        "scale=1/65", "scale=2/4", "scale=1/4x", "scale=1/-4"};
    CHECK_INT(parse("scale=1/1"), 0);
    CHECK_INT(options.picture.scale, 1);
    CHECK_INT(parse("scale=1/64"), 0);
    CHECK_INT(options.picture.scale, 64);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(parse(wrong[i]), ERR_INVALID);
    CHECK_TEXT(err.text, "the option scale='1/-4' is not 1/N with N from 1 to 64");
}

static void wrong_regions_are_refused(void)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "640x480",
                                        "640x480+1",
                                        "640x480+1+",
                                        "640x480+1+2 ",
                                        " 640x480+1+2",
                                        "640X480+1+2",
                                        "0x480+1+2",
                                        "640x0+1+2",
                                        "32768x1+0+0",
                                        "1x32768+0+0",
                                        "-1x1+0+0",
                                        "1x1++1+0",
                                        "1x1+-1+0",
                                        "1x1+2147483648+0",
                                        "1x1+0-2147483648",
                                        "1x1+99999999999999999999+0",
                                        "99999999999999999999x1+0+0",
                                        "1x1+0+0+0",
                                        "1x1+0x1+0",
                                        "1.5x1+0+0",
                                        "+1x1+0+0",
                                        "4294967297x1+0+0",
                                        "18446744073709551617x1+0+0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[100], want[200];
        snprintf(text, sizeof text, "region=%s", wrong[i]);
        snprintf(want, sizeof want, "the option region='%s' is not WxH+X+Y with sizes from 1 to 32767", wrong[i]);
        CHECK_INT(parse(text), ERR_INVALID);
        CHECK_TEXT(err.text, want);
    }
}

static void the_other_options_are_read(void)
{
    CHECK_INT(parse("output=HDMI-1"), 0);
    CHECK_TEXT(options.picture.capture.output, "HDMI-1");
    CHECK_INT(parse("output=a=b"), 0);
    CHECK_TEXT(options.picture.capture.output, "a=b");
    CHECK_INT(parse("backend=x11"), 0);
    CHECK_TEXT(options.picture.capture.backend, "x11");
    CHECK_INT(parse("cursor=0"), 0);
    CHECK(!options.picture.capture.cursor);
    CHECK_INT(parse("cursor=1"), 0);
    CHECK(options.picture.capture.cursor);
    CHECK(!options.picture.capture.passive);
    CHECK_INT(parse("passive=1"), 0);
    CHECK(options.picture.capture.passive);
    CHECK_INT(parse("passive=0"), 0);
    CHECK(!options.picture.capture.passive);
    CHECK_INT(parse("passive=yes"), ERR_INVALID);
    CHECK_INT(parse("format=ppm"), 0);
    CHECK_INT(options.picture.format, PICTURE_PPM);
    CHECK_INT(parse("format=png"), 0);
    CHECK_INT(options.picture.format, PICTURE_PNG);
    CHECK_INT(parse("deadline-ms=100"), 0);
    CHECK_INT(options.deadline_ms, 100);
    CHECK_INT(parse("deadline-ms=60000"), 0);
    CHECK_INT(options.deadline_ms, 60000);
    CHECK_INT(parse("if-changed=xxh64:0123456789abcdef"), 0);
    CHECK_TEXT(options.picture.if_changed, "xxh64:0123456789abcdef");
}

static void wrong_options_are_refused_by_name(void)
{
    static const struct {
        const char *text, *want;
    } wrong[] = {
        {"cursor=2", "the option cursor='2' is not 0 or 1"},
        {"cursor=", "the option cursor='' is not 0 or 1"},
        {"cursor=01", "the option cursor='01' is not 0 or 1"},
        {"format=PNG", "the option format='PNG' is not png or ppm"},
        {"format=", "the option format='' is not png or ppm"},
        {"output=", "the option output='' is not the name of an output"},
        {"output=a\nb", "the option output='a?b' is not the name of an output"},
        {"backend=", "the option backend='' is not the name of a capture backend"},
        {"if-changed=1234", "the option if-changed='1234' is not a hash as the fact hash gives it"},
        {"deadline-ms=99", "the option deadline-ms='99' is not 100 to 60000"},
        {"deadline-ms=60001", "the option deadline-ms='60001' is not 100 to 60000"},
        {"deadline-ms=-500", "the option deadline-ms='-500' is not 100 to 60000"},
        {"deadline-ms=500ms", "the option deadline-ms='500ms' is not 100 to 60000"},
        {"deadline-ms=99999999999999999999", "the option deadline-ms='99999999999999999999' is not 100 to 60000"},
        {"", "unknown option ''"},
        {"=", "unknown option '='"},
        {"cursor", "unknown option 'cursor'"},
        {"Cursor=1", "unknown option 'Cursor=1'"},
        {"cursors=1", "unknown option 'cursors=1'"},
        {"curso=1", "unknown option 'curso=1'"},
        {" cursor=1", "unknown option ' cursor=1'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(parse(wrong[i].text), ERR_INVALID);
        CHECK_TEXT(err.text, wrong[i].want);
    }
}

static void an_option_given_twice_is_refused(void)
{
    CHECK_INT(parse_two("cursor=1", "cursor=1"), ERR_INVALID);
    CHECK_TEXT(err.text, "the option cursor is given twice");
    CHECK_INT(parse_two("cursor=1", "format=ppm"), 0);
}

static void names_have_a_limit(void)
{
    char text[400];
    memset(text, 'n', sizeof text);
    memcpy(text, "output=", 7);
    text[7 + SCREENSHOT_NAME_MAX] = 0;
    CHECK_INT(parse(text), 0);
    text[7 + SCREENSHOT_NAME_MAX] = 'n';
    text[8 + SCREENSHOT_NAME_MAX] = 0;
    CHECK_INT(parse(text), ERR_INVALID);
}

static void lists_take_backend_and_deadline_alone(void)
{
    strlist_deinit(&texts);
    strlist_add(&texts, "backend=x11");
    strlist_add(&texts, "deadline-ms=200");
    CHECK_INT(screenshot_options_parse_list(&options, &texts, &err), 0);
    CHECK_TEXT(options.picture.capture.backend, "x11");
    strlist_add(&texts, "cursor=1");
    CHECK_INT(screenshot_options_parse_list(&options, &texts, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "unknown option 'cursor=1'");
}

static void comparing_and_colours_are_asked_for(void)
{
    CHECK_INT(parse_two("compare=1", "color=applied"), 0);
    CHECK(options.picture.compare && options.picture.capture.colors);
    CHECK_INT(parse_two("compare=0", "color=stored"), 0);
    CHECK(!options.picture.compare && !options.picture.capture.colors);
    CHECK_INT(parse("compare=2"), ERR_INVALID);
    CHECK_INT(parse("level=small"), 0);
    CHECK(options.picture.small);
    CHECK_INT(parse("level=fast"), 0);
    CHECK(!options.picture.small);
    CHECK_INT(parse("level=9"), ERR_INVALID);
    CHECK_INT(parse("color=gamma"), ERR_INVALID);
    CHECK_TEXT(err.text, "the option color='gamma' is not stored or applied");
}

static void card_classes_may_be_repeated(void)
{
    CHECK_INT(parse_two("card-class=vkms=passed-through", "card-class=qxl=virtual"), 0);
    const struct strlist *rules = options.picture.capture.card_classes;
    CHECK_INT(rules->count, 2);
    CHECK_TEXT(rules->items[1], "qxl=virtual");
    screenshot_options_deinit(&options);
    CHECK_INT(parse("card-class=vkms"), ERR_INVALID);
    screenshot_options_deinit(&options);
}

static void crcs_take_what_has_no_file(void)
{
    static const char *const taken[] = {"output=a", "region=1x1+0+0", "cursor=0", "backend=drm", "deadline-ms=100"};
    static const char *const refused[] = {"format=ppm", "if-changed=xxh64:0123456789abcdef"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct strlist list = {0};
        strlist_add(&list, taken[i]);
        CHECK_INT(screenshot_options_parse_crc(&options, &list, &err), 0);
        strlist_deinit(&list);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct strlist list = {0};
        strlist_add(&list, refused[i]);
        CHECK_INT(screenshot_options_parse_crc(&options, &list, &err), ERR_INVALID);
        CHECK(strstr(err.text, "unknown option"));
        strlist_deinit(&list);
    }
}

int main(void)
{
    RUN(no_options_are_the_defaults);
    RUN(regions_are_read);
    RUN(waits_are_read);
    RUN(pointers_are_read);
    RUN(shape_of_the_pointer_is_asked_for_without_the_pointer_in_the_picture);
    RUN(scales_are_read);
    RUN(wrong_regions_are_refused);
    RUN(the_other_options_are_read);
    RUN(wrong_options_are_refused_by_name);
    RUN(an_option_given_twice_is_refused);
    RUN(names_have_a_limit);
    RUN(lists_take_backend_and_deadline_alone);
    RUN(comparing_and_colours_are_asked_for);
    RUN(card_classes_may_be_repeated);
    RUN(crcs_take_what_has_no_file);
    strlist_deinit(&texts);
    return CHECK_RESULT();
}
