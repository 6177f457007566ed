/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The displays of several sources in one list, and why there is no list of windows. */
#include "tests/unit/check.h"

#include "capture/capture.h"

struct capture {
    const char *const *lines; /* ended by NULL; NULL: it can't list any */
};

static struct capture sources[3];
static int opens;

static int open_source(size_t index, struct capture **out)
{
    opens++;
    *out = &sources[index];
    return 0;
}

static int open_first(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    (void)err;
    return open_source(0, out);
}

static int open_second(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    (void)err;
    return open_source(1, out);
}

static int open_third(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    (void)err;
    return open_source(2, out);
}

static int displays(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                    struct error *err)
{
    (void)options;
    if (!capture->lines)
        return error_set(err, ERR_UNAVAILABLE, "it shows nothing");
    for (const char *const *line = capture->lines; *line; line++)
        strlist_add(lines, *line);
    return 0;
}

static int no_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                      struct error *err)
{
    (void)capture, (void)options, (void)lines;
    return error_set(err, ERR_UNAVAILABLE, "it knows of no windows");
}

static void close_source(struct capture *capture)
{
    opens -= capture != NULL;
}

static const struct capture_backend first = {
    .name = "first", .open = open_first, .displays = displays, .windows = no_windows, .close = close_source};
static const struct capture_backend second = {
    .name = "second", .open = open_second, .displays = displays, .windows = no_windows, .close = close_source};
static const struct capture_backend third = {
    .name = "third", .open = open_third, .displays = displays, .windows = no_windows, .close = close_source};
static const struct capture_backend *const backends[] = {&first, &second, &third, NULL};

/* The list as one text, its lines separated by " | ". */
static const char *all_displays(const char *backend)
{
    static char text[2000];
    struct capture_options options = {.backend = backend};
    struct capturer *capturer;
    struct strlist facts = {0};
    struct error err;
    size_t len = 0;
    CHECK_INT(capturer_new(&capturer, backends, NULL, &err), 0);
    CHECK_INT(capturer_all_displays(capturer, &options, &facts, &err), 0);
    for (size_t i = 0; i < facts.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " | " : "", facts.items[i]);
    strlist_deinit(&facts);
    capturer_free(capturer);
    CHECK_INT(opens, 0);
    return text;
}

static const char *const two[] = {"display.count=2", "display.0.name=A", "display.0.mode=1x1", "display.1.name=B",
                                  NULL};
static const char *const one[] = {"display.count=1", "display.0.name=C", "displays=none", NULL};
static const char *const eleven[] = {"display.10.name=K", "display.9.name=J", NULL};
static const char *const none[] = {"display.count=0", NULL};

static void numbers_go_on_from_source_to_source(void)
{
    sources[0].lines = two;
    sources[1].lines = none;
    sources[2].lines = one;
    CHECK_TEXT(all_displays(NULL), "display.0.name=A | display.0.mode=1x1 | display.1.name=B | display.2.name=C | "
                                   "display.count=3");
    sources[0].lines = eleven;
    CHECK_TEXT(all_displays(NULL), "display.10.name=K | display.9.name=J | display.11.name=C | display.count=12");
}

static void a_source_that_can_list_none_is_told(void)
{
    sources[0].lines = two;
    sources[1].lines = NULL;
    sources[2].lines = one;
    CHECK_TEXT(all_displays(NULL), "display.0.name=A | display.0.mode=1x1 | display.1.name=B | "
                                   "refused=second: it shows nothing | display.2.name=C | display.count=3");
    CHECK_TEXT(all_displays("third"), "display.0.name=C | display.count=1");
    CHECK_TEXT(all_displays("second"), "refused=second: it shows nothing | display.count=0");
}

static void choose_cards(const struct capture_options *options, struct capture_candidates *candidates)
{
    (void)options;
    for (int i = 0; i < 3; i++)
        candidates->items[candidates->count++] = (struct capture_candidate){.backend = i == 1 ? "first" : "second"};
}

/* As of several cards: the error is the reason that windows.txt has. */
static void a_reason_of_several_sources_is_said_once(void)
{
    struct capture_options options = {0};
    struct capturer *capturer;
    struct strlist lines = {0};
    struct error err;
    CHECK_INT(capturer_new(&capturer, backends, choose_cards, &err), 0);
    CHECK_INT(capturer_windows(capturer, &options, &lines, &err), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text,
               "second: it knows of no windows; first: it knows of no windows; third: it knows of no windows");
    capturer_free(capturer);
    strlist_deinit(&lines);
}

int main(void)
{
    RUN(numbers_go_on_from_source_to_source);
    RUN(a_source_that_can_list_none_is_told);
    RUN(a_reason_of_several_sources_is_said_once);
    return CHECK_RESULT();
}
