/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A screen that changes while it is copied, as the script has it. */
#include "capture/win32/gdi_capture.h"
#include "tests/unit/check.h"

enum { STEPS = 8 };

/* The screen as it is asked for it, one after the other; the last one stays. */
struct screen {
    const char *desktop;
    uint32_t width;
    const char *monitor;
};

struct fake {
    const struct screen *screens;
    size_t screen_count, reads;
    int enter_status, copy_statuses[STEPS];
    size_t enters, copies;
    uint32_t copied_width;
};

static int enter(void *context, struct error *err)
{
    struct fake *fake = context;
    fake->enters++;
    return fake->enter_status ? error_set(err, fake->enter_status, "desktop-denied: by the test") : 0;
}

static void read_layout(void *context, struct gdi_layout *layout)
{
    struct fake *fake = context;
    const struct screen *now = &fake->screens[fake->reads < fake->screen_count ? fake->reads : fake->screen_count - 1];
    fake->reads++;
    *layout = (struct gdi_layout){.whole = {0, 0, now->width, 10}, .count = 1};
    strcpy(layout->desktop, now->desktop);
    strcpy(layout->monitors[0].name, now->monitor);
    layout->monitors[0].area = layout->whole;
}

static int copy(void *context, const struct rect *area, struct error *err)
{
    struct fake *fake = context;
    int status = fake->copy_statuses[fake->copies++];
    fake->copied_width = area->width;
    return status ? error_set(err, status, "the desktop's pixels can't be copied (1400)") : 0;
}

static const struct gdi_capture_calls calls = {enter, read_layout, copy};
static struct gdi_layout layout;
static struct rect area;
static struct error err;

static int take(struct fake *fake)
{
    const struct capture_options options = {.timeout_ms = 1000};
    return gdi_capture(&calls, fake, &options, &layout, &area, &err);
}

static void test_screen_that_holds_still(void)
{
    static const struct screen screens[] = {{"Default", 800, "DISPLAY1"}};
    struct fake fake = {.screens = screens, .screen_count = 1};
    CHECK_INT(take(&fake), 0);
    CHECK_INT(fake.enters, 1);
    CHECK_INT(fake.copies, 1);
    CHECK_INT(area.width, 800);
    CHECK_TEXT(layout.desktop, "Default");
}

/* What is told and copied is what came last; the desktop is entered anew. */
static void check_change(const struct screen *from, const struct screen *to)
{
    const struct screen screens[] = {*from, *to};
    struct fake fake = {.screens = screens, .screen_count = 2};
    CHECK_INT(take(&fake), 0);
    CHECK_INT(fake.enters, 2);
    CHECK_INT(fake.copies, 2);
    CHECK_INT(fake.copied_width, to->width);
    CHECK_INT(area.width, to->width);
    CHECK_TEXT(layout.desktop, to->desktop);
    CHECK_TEXT(layout.monitors[0].name, to->monitor);
}

static void test_change_in_the_middle(void)
{
    static const struct screen before = {"Default", 800, "DISPLAY1"};
    check_change(&before, &(struct screen){"Default", 640, "DISPLAY1"});
    check_change(&before, &(struct screen){"Default", 800, "DISPLAY2"});
    check_change(&before, &(struct screen){"Winlogon", 800, "DISPLAY1"});
}

static void test_desktop_that_goes_while_it_is_copied(void)
{
    static const struct screen screens[] = {{"Default", 800, "DISPLAY1"}};
    struct fake fake = {.screens = screens, .screen_count = 1, .copy_statuses = {ERR_CLOSED, ERR_CLOSED, 0}};
    CHECK_INT(take(&fake), 0);
    CHECK_INT(fake.enters, 3);
    CHECK_INT(fake.copies, 3);
}

static void test_change_without_end(void)
{
    static const struct screen screens[] = {{"Default", 1, "A"}, {"Default", 2, "A"}, {"Default", 3, "A"},
                                            {"Default", 4, "A"}, {"Default", 5, "A"}, {"Winlogon", 5, "A"}};
    struct fake fake = {.screens = screens, .screen_count = 6};
    CHECK_INT(take(&fake), ERR_UNAVAILABLE);
    CHECK_INT(fake.copies, GDI_CAPTURE_TRIES);
    CHECK_TEXT(err.text, "the desktop changes from 'Default' to 'Winlogon' while a picture is taken, again and again");
    fake = (struct fake){.screens = screens, .screen_count = 4};
    fake.copy_statuses[0] = fake.copy_statuses[1] = fake.copy_statuses[2] = ERR_CLOSED;
    CHECK_INT(take(&fake), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "the desktop's pixels can't be copied (1400), again and again");
}

static void test_what_is_no_change_is_not_tried_again(void)
{
    static const struct screen screens[] = {{"Default", 800, "DISPLAY1"}};
    struct fake fake = {.screens = screens, .screen_count = 1, .enter_status = ERR_DENIED};
    CHECK_INT(take(&fake), ERR_DENIED);
    CHECK_TEXT(err.text, "desktop-denied: by the test");
    CHECK_INT(fake.enters, 1);
    fake = (struct fake){.screens = screens, .screen_count = 1, .copy_statuses = {ERR_NO_MEMORY}};
    CHECK_INT(take(&fake), ERR_NO_MEMORY);
    CHECK_INT(fake.copies, 1);
    static const struct screen none[] = {{"Default", 0, "DISPLAY1"}};
    fake = (struct fake){.screens = none, .screen_count = 1};
    CHECK_INT(take(&fake), ERR_UNAVAILABLE);
    CHECK(strstr(err.text, "no-output: ") == err.text);
    CHECK_INT(fake.copies, 0);
}

int main(void)
{
    RUN(test_screen_that_holds_still);
    RUN(test_change_in_the_middle);
    RUN(test_desktop_that_goes_while_it_is_copied);
    RUN(test_change_without_end);
    RUN(test_what_is_no_change_is_not_tried_again);
    return CHECK_RESULT();
}
