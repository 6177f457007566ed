/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process apart is asked for just what the worker was: this executable serves a made-up backend, which tells what its
   options are. */
#include "capture/apart/apart.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALIVE_ARGUMENT "--alive"
#define ALIVE_STATUS 42

static int told_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options, (void)err;
    *out = (struct capture *)(uintptr_t)1;
    return 0;
}

static void told_close(struct capture *capture)
{
    (void)capture;
}

static int told_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                         struct error *err)
{
    (void)capture, (void)err;
    strlist_addf(facts, "source=%s", options->source ? options->source : "NULL");
    strlist_addf(facts, "output=%s", options->output ? options->output : "NULL");
    strlist_addf(facts, "flags=%d%d%d%d", options->has_region, options->cursor, options->colors, options->passive);
    strlist_addf(facts, "region=%d,%d,%u,%u", options->region.x, options->region.y, options->region.width,
                 options->region.height);
    strlist_addf(facts, "timeout=%d", options->timeout_ms);
    for (size_t i = 0; options->card_classes && i < options->card_classes->count; i++)
        strlist_addf(facts, "rule.%zu=%s", i, options->card_classes->items[i]);
    return 0;
}

/* Tells of a difference in a picture of 30x20: of so many rectangles as the output says, each the region. */
static enum capture_result told_grab(struct capture *capture, const struct capture_options *options,
                                     struct image_view *image, struct strlist *facts, struct error *err)
{
    static unsigned grabs;
    struct capture_damage *damage = options->damage;
    (void)capture, (void)err;
    strlist_addf(facts, "grab=%u", ++grabs);
    strlist_addf(facts, "asked.region=%d,%d", options->region.x, options->region.y);
    *image = (struct image_view){options->memory->get(options->memory, 30 * 20 * 3), 30, 20, 90, PIXEL_RGB24};
    if (!damage)
        return CAPTURE_OK;
    damage->number = damage->since + 1;
    damage->is_known = true;
    damage->count = (uint32_t)atoi(options->output);
    for (uint32_t i = 0; i < damage->count && i < CAPTURE_DAMAGE_MAX; i++)
        damage->rects[i] = options->region;
    return CAPTURE_OK;
}

static const struct capture_backend told = {
    .name = "told", .open = told_open, .grab = told_grab, .displays = told_displays, .close = told_close};

/* Returns what the process has been asked for. */
static void ask(const struct capture_options *options, struct strlist *facts)
{
    static const struct apart_rights rights;
    struct apart *apart;
    struct error err = {0};
    CHECK_INT(apart_start(&apart, "told", &rights, &err), 0);
    CHECK_INT(apart_open(apart, options, (struct slice){0}, &err), 0);
    CHECK_INT(apart_displays(apart, options, facts, &err), 0);
    CHECK_TEXT(err.text, "");
    apart_stop(apart);
}

/* Returns whether /proc/self/exe runs as this program does: not where an emulator or the dynamic linker was started with
   it. */
static bool can_start_itself(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        execl("/proc/self/exe", "test_apart", ALIVE_ARGUMENT, NULL);
        _exit(1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == ALIVE_STATUS;
}

static void all_options_reach_the_process(void)
{
    if (!can_start_itself()) {
        SKIP("another program than this one is the process's executable, as under an emulator");
        return;
    }
    struct strlist facts = {0}, rules = {0};
    strlist_add(&rules, "vkms=passed-through");
    strlist_add(&rules, "qxl=virtual");
    ask(&(struct capture_options){.source = "card1",
                                  .output = "HDMI-A-1",
                                  .card_classes = &rules,
                                  .has_region = true,
                                  .region = {-1, 2, 3, 4},
                                  .colors = true,
                                  .timeout_ms = 12345},
        &facts);
    CHECK_TEXT(strlist_get(&facts, "source"), "card1");
    CHECK_TEXT(strlist_get(&facts, "output"), "HDMI-A-1");
    CHECK_TEXT(strlist_get(&facts, "flags"), "1010");
    CHECK_TEXT(strlist_get(&facts, "region"), "-1,2,3,4");
    CHECK_TEXT(strlist_get(&facts, "timeout"), "12345");
    CHECK_TEXT(strlist_get(&facts, "rule.0"), "vkms=passed-through");
    CHECK_TEXT(strlist_get(&facts, "rule.1"), "qxl=virtual");
    strlist_deinit(&facts);
    strlist_deinit(&rules);
}

static void options_that_are_not_given_stay_so(void)
{
    if (!can_start_itself()) {
        SKIP("another program than this one is the process's executable, as under an emulator");
        return;
    }
    struct strlist facts = {0};
    ask(&(struct capture_options){.cursor = true, .passive = true, .timeout_ms = 20000}, &facts);
    CHECK_TEXT(strlist_get(&facts, "source"), "NULL");
    CHECK_TEXT(strlist_get(&facts, "output"), "NULL");
    CHECK_TEXT(strlist_get(&facts, "flags"), "0101");
    CHECK(!strlist_get(&facts, "rule.0"));
    strlist_deinit(&facts);
}

/* Takes a picture and checks how many the process has taken with it, and where. */
static void check_grab(struct apart *apart, const struct capture_options *options, const char *number,
                       const char *region)
{
    struct image_view image;
    struct strlist facts = {0};
    struct error err = {0};
    CHECK_INT(apart_grab(apart, options, &image, &facts, &err), CAPTURE_OK);
    CHECK_TEXT(strlist_get(&facts, "grab"), number);
    CHECK_TEXT(strlist_get(&facts, "asked.region"), region);
    CHECK_INT(image.width, 30);
    strlist_deinit(&facts);
}

static void a_picture_that_was_begun_is_used_for_equal_options_only(void)
{
    static const struct apart_rights rights;
    const struct capture_options one = {.region = {1, 2, 3, 4}, .timeout_ms = 20000};
    const struct capture_options later = {.region = {1, 2, 3, 4}, .timeout_ms = 19000};
    const struct capture_options other = {.region = {5, 2, 3, 4}, .timeout_ms = 20000};
    struct strlist facts = {0};
    struct apart *apart;
    struct error err = {0};
    if (!can_start_itself()) {
        SKIP("another program than this one is the process's executable, as under an emulator");
        return;
    }
    CHECK_INT(apart_start(&apart, "told", &rights, &err), 0);
    CHECK_INT(apart_open(apart, &one, (struct slice){0}, &err), 0);
    apart_begin_grab(apart, &one);
    apart_begin_grab(apart, &other); /* there is one at most */
    check_grab(apart, &later, "1", "1,2");
    check_grab(apart, &later, "2", "1,2"); /* it is used once */
    apart_begin_grab(apart, &one);
    check_grab(apart, &other, "4", "5,2");
    check_grab(apart, &one, "5", "1,2");
    apart_begin_grab(apart, &one);
    CHECK_INT(apart_displays(apart, &other, &facts, &err), 0);
    CHECK_TEXT(strlist_get(&facts, "region"), "5,2,3,4");
    check_grab(apart, &one, "7", "1,2");
    apart_stop(apart);
    strlist_deinit(&facts);
}

/* Returns the status of a picture with so many rectangles, of which `damage` is told. */
static int grab(const char *count, struct rect rect, struct capture_damage *damage, struct error *err)
{
    static const struct apart_rights rights;
    const struct capture_options options = {.output = count, .region = rect, .timeout_ms = 20000, .damage = damage};
    struct apart *apart;
    struct image_view image;
    struct strlist facts = {0};
    *damage = (struct capture_damage){.since = 41};
    CHECK_INT(apart_start(&apart, "told", &rights, err), 0);
    CHECK_INT(apart_open(apart, &options, (struct slice){0}, err), 0);
    int status = apart_grab(apart, &options, &image, &facts, err) == CAPTURE_OK ? 0 : err->status;
    CHECK(status == 0 || !apart_is_usable(apart));
    apart_stop(apart);
    strlist_deinit(&facts);
    return status;
}

static void what_differs_lies_in_the_picture(void)
{
    static const struct rect lies[] = {{-1, 0, 9, 9}, {0, -1, 9, 9}, {0, 0, 0, 1},          {0, 0, 1, 0},
                                       {1, 0, 30, 1}, {0, 1, 1, 20}, {2147483647, 0, 9, 9}, {0, 0, UINT32_MAX, 1}};
    struct capture_damage damage;
    struct error err = {0};
    if (!can_start_itself()) {
        SKIP("another program than this one is the process's executable, as under an emulator");
        return;
    }
    CHECK_INT(grab("16", (struct rect){29, 19, 1, 1}, &damage, &err), 0);
    CHECK(damage.number == 42 && damage.is_known && damage.count == 16 && damage.rects[15].x == 29);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        CHECK_INT(grab("1", lies[i], &damage, &err), ERR_SYSTEM);
        CHECK_TEXT(err.text, "the capture process gave a false answer: a rectangle beside its picture");
        CHECK_INT((int)damage.count, 0);
    }
    CHECK_INT(grab("17", (struct rect){0, 0, 1, 1}, &damage, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "the capture process gave a false answer: too many rectangles");
}

int main(int argc, char **argv)
{
    static const struct capture_backend *const backends[] = {&told, NULL};
    if (argc > 2 && strcmp(argv[1], CAPTURE_SOURCE_ARGUMENT) == 0)
        return apart_main(backends, argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], ALIVE_ARGUMENT) == 0)
        return ALIVE_STATUS;
    RUN(all_options_reach_the_process);
    RUN(options_that_are_not_given_stay_so);
    RUN(a_picture_that_was_begun_is_used_for_equal_options_only);
    RUN(what_differs_lies_in_the_picture);
    return CHECK_RESULT();
}
