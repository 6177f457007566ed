/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system with desktop duplication that answers as it is told, for the tests of what is made of the answers: the log has
   a letter for each call, in order. */
#ifndef TEST_CAPTURE_WIN32_FAKE_DUPLICATION_H
#define TEST_CAPTURE_WIN32_FAKE_DUPLICATION_H

#include "capture/win32/duplication.h"
#include "tests/unit/check.h"

enum { W = 3, H = 2, STEPS = 64 };

/* The codes that a call gives, one after the other; S_OK when they are used up. */
struct step {
    const char *call;
    uint32_t code;
};

struct fake {
    const struct step *script; /* ended by a NULL call */
    bool used[STEPS];
    char log[1024]; /* one letter a call */
    int64_t now_ms;
    unsigned slept_ms;
    size_t held, held_most; /* frames that were not given back */
    size_t duplications, acquired;
    bool stale_once;
    uint32_t removed;    /* why the device is gone that has a duplication */
    size_t pointer_only; /* frames that come before the first picture */
    bool never_presents;
    struct duplication_outputs outputs;
    enum duplication_rotation rotation;
    struct duplication_frame pointer; /* what frames tell of it */
    struct cursor_shape shape;
    int32_t hot_x, hot_y;
    struct duplication_surface surface;
};

static uint32_t answer(struct fake *fake, const char *call, char letter)
{
    size_t len = strlen(fake->log);
    if (len + 1 < sizeof fake->log)
        fake->log[len] = letter;
    for (size_t i = 0; fake->script && fake->script[i].call && i < STEPS; i++) {
        if (!fake->used[i] && strcmp(fake->script[i].call, call) == 0) {
            fake->used[i] = true;
            return fake->script[i].code;
        }
    }
    return 0;
}

static uint32_t fake_enter_desktop(void *context)
{
    return answer(context, "enter", 'e');
}

static uint32_t fake_enumerate_outputs(void *context, struct duplication_outputs *outputs)
{
    struct fake *fake = context;
    *outputs = fake->outputs;
    return answer(fake, "list", 'l');
}

static uint32_t fake_duplicate_output(void *context, size_t output, enum duplication_rotation *rotation)
{
    struct fake *fake = context;
    (void)output;
    uint32_t code = answer(fake, "duplicate", 'd');
    *rotation = fake->rotation;
    fake->duplications += code == 0;
    return code;
}

static uint32_t fake_acquire_frame(void *context, size_t output, unsigned timeout_ms, struct duplication_frame *frame)
{
    struct fake *fake = context;
    (void)output;
    uint32_t code = answer(fake, "acquire", 'a');
    fake->now_ms += code == 0x887a0027 ? timeout_ms : 1;
    if (code)
        return code;
    *frame = fake->pointer;
    frame->presented = fake->acquired++ >= fake->pointer_only && !fake->never_presents;
    fake->held++;
    if (fake->held > fake->held_most)
        fake->held_most = fake->held;
    return code;
}

static uint32_t fake_pointer_shape(void *context, size_t output, struct duplication_pointer *pointer)
{
    struct fake *fake = context;
    (void)output;
    *pointer = (struct duplication_pointer){fake->shape, fake->hot_x, fake->hot_y};
    return answer(fake, "shape", 's');
}

static uint32_t fake_map_frame(void *context, size_t output, struct duplication_surface *surface)
{
    struct fake *fake = context;
    (void)output;
    *surface = fake->surface;
    return answer(fake, "copy", 'c');
}

static uint32_t fake_release_frame(void *context, size_t output)
{
    struct fake *fake = context;
    (void)output;
    fake->held--;
    return answer(fake, "release", 'r');
}

static uint32_t fake_removed_reason(void *context, size_t output)
{
    struct fake *fake = context;
    (void)output;
    return fake->duplications ? fake->removed : 0;
}

static void fake_reset(void *context)
{
    struct fake *fake = context;
    answer(fake, "reset", 'R');
    fake->held = fake->duplications = 0;
}

static bool fake_is_current(void *context)
{
    struct fake *fake = context;
    bool stale = fake->stale_once;
    fake->stale_once = false;
    return !stale;
}

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->now_ms;
}

static void fake_sleep(void *context, unsigned time_ms)
{
    struct fake *fake = context;
    fake->slept_ms += time_ms;
    fake->now_ms += time_ms;
}

static const struct duplication_calls calls = {fake_enter_desktop,
                                               fake_enumerate_outputs,
                                               fake_duplicate_output,
                                               fake_acquire_frame,
                                               fake_pointer_shape,
                                               fake_map_frame,
                                               fake_release_frame,
                                               fake_removed_reason,
                                               fake_reset,
                                               fake_is_current,
                                               fake_now,
                                               fake_sleep};

/* Of 3x2 pixels, B G R A: red counts the columns, green the rows. */
static uint8_t texture[H][W][4];

struct result {
    int status;
    uint8_t rgb[64 * 3];
    struct strlist facts;
    struct error err;
};

static struct duplication_request request;
static struct duplication_state state;

static void prepare(struct fake *fake, const struct step *script)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            memcpy(texture[y][x], (uint8_t[]){0, (uint8_t)(10 + y), (uint8_t)(100 + x), 0x55}, 4);
    *fake = (struct fake){.script = script,
                          .now_ms = 1000000,
                          .rotation = ROTATION_NONE,
                          .outputs = {{{"DISPLAY1", "An adapter", {0, 0, W, H}}}, 1},
                          .surface = {&texture[0][0][0], W, H, W * 4, FORMAT_BGRA8}};
    request = (struct duplication_request){.area = {0, 0, W, H}, .timeout_ms = 5000, .monitors = 1, .displays = 1};
    state = (struct duplication_state){0};
}

static void take(struct fake *fake, struct result *result)
{
    memset(result, 0, sizeof *result);
    memset(fake->log, 0, sizeof fake->log);
    result->status = duplication_capture(&calls, fake, &state, &request, result->rgb, &result->facts, &result->err);
    CHECK_INT(fake->held, 0);         /* no frame is kept, */
    CHECK_INT(fake->duplications, 0); /* nor a duplication, of which others then have one less */
    CHECK(fake->held_most <= 1);
}

static void drop(struct result *result)
{
    strlist_deinit(&result->facts);
}

static bool is_picture(const struct result *result)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (memcmp(result->rgb + (y * W + x) * 3, (uint8_t[]){(uint8_t)(100 + x), (uint8_t)(10 + y), 0}, 3) != 0)
                return false;
    return true;
}

static void prepare_two_outputs(struct fake *fake, const struct step *script)
{
    prepare(fake, script);
    fake->outputs =
        (struct duplication_outputs){{{"DISPLAY1", "A", {0, 0, W, H}}, {"DISPLAY2", "B", {-W, 0, W, H}}}, 2};
    request.monitors = 2;
    request.area = (struct rect){-W, 0, 2 * W, H};
}

#endif
