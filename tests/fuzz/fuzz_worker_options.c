/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of a screenshot, of a recording and of waitready, actions of input, and facts with a pointer's shape, one a line of
   the input. What is accepted must be within its limits, what is refused must say why in one line. */
#include "agent/conditions.h"
#include "agent/worker/options.h"
#include "agent/worker/record.h"
#include "capture/input/action.h"
#include "capture/pointer.h"
#include "picture/hash.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_accepted(const struct screenshot_options *options)
{
    const struct capture_options *capture = &options->picture.capture;
    const struct rect *region = &capture->region;
    require(options->deadline_ms >= SCREENSHOT_DEADLINE_MIN_MS && options->deadline_ms <= SCREENSHOT_DEADLINE_MAX_MS);
    require(options->wait_ms >= 0 && options->wait_ms <= SCREENSHOT_WAIT_MAX_MS);
    require(!capture->shape || !capture->cursor);
    require(!capture->has_region || (region->width >= 1 && region->width <= CAPTURE_SIZE_MAX && region->height >= 1 &&
                                     region->height <= CAPTURE_SIZE_MAX && region->x > INT32_MIN));
    require(!capture->output || (*capture->output && strlen(capture->output) <= SCREENSHOT_NAME_MAX));
    require(!capture->backend || (*capture->backend && strlen(capture->backend) <= SCREENSHOT_NAME_MAX));
    require(!options->picture.if_changed || picture_hash_is_valid(options->picture.if_changed));
}

static void parse_condition(const char *option)
{
    struct conditions_wanted wanted = {.cpu = -1, .disk = -1, .idle_ms = CONDITIONS_IDLE_MS};
    struct error err = {0};
    int status = conditions_parse(&wanted, option, &err);
    require(status == 0 || (status == ERR_INVALID && *err.text && !strchr(err.text, '\n')));
    if (status)
        return;
    require(wanted.still_ms >= 0 && wanted.still_ms <= CONDITIONS_STILL_MAX_MS);
    require(wanted.cpu >= -1 && wanted.cpu <= 100 && wanted.disk >= -1 && wanted.disk <= 100);
    require(wanted.idle_ms >= CONDITIONS_SAMPLE_MS && wanted.idle_ms <= CONDITIONS_IDLE_MAX_MS);
    require(!wanted.output || (*wanted.output && strlen(wanted.output) <= SCREENSHOT_NAME_MAX));
}

static void parse_recording(const struct strlist *texts)
{
    struct record_options options;
    struct error err = {0};
    int status = record_options_parse(&options, texts, &err);
    const struct stills_options *stills = &options.stills;
    require(status == 0 || (status == ERR_INVALID && *err.text && !strchr(err.text, '\n')));
    if (status == 0) {
        require(stills->settle_ms >= 1 && stills->settle_ms <= RECORD_TIME_MAX_MS && stills->max_ms >= 1 &&
                stills->max_ms <= RECORD_TIME_MAX_MS && stills->wait_ms >= 0 && stills->wait_ms <= RECORD_TIME_MAX_MS);
        require(stills->mask_count <= STILLS_MASKS_MAX);
        require(!stills->base || picture_hash_is_valid(stills->base));
        require(!stills->shown || picture_hash_is_valid(stills->shown));
    }
    for (size_t i = 0; status == 0 && i < stills->mask_count; i++)
        require(stills->masks[i].width >= 1 && stills->masks[i].height >= 1);
    record_options_deinit(&options);
}

static void check_action(const struct input_action *action)
{
    bool both = action->kind == INPUT_KEY || action->kind == INPUT_BUTTON;
    require(!both || action->down || action->up);
    require(action->kind != INPUT_KEY || action->key);
    require(action->kind != INPUT_BUTTON || action->button < BUTTON_COUNT);
    require(action->kind != INPUT_MOVE || (action->x >= 0 && action->x <= INPUT_PIXELS_MAX && action->y >= 0));
    require(action->kind != INPUT_WHEEL ||
            (abs(action->x) <= INPUT_NOTCHES_MAX && abs(action->y) <= INPUT_NOTCHES_MAX));
}

static void parse_actions(const struct strlist *texts)
{
    struct input_list list;
    struct error err = {0};
    int status = input_list_parse(&list, texts, &err);
    require(status == 0 || ((status == ERR_INVALID || status == ERR_LIMIT) && *err.text && !strchr(err.text, '\n')));
    for (size_t i = 0; i < list.count && status == 0; i++)
        check_action(&list.items[i]);
    input_list_deinit(&list);
}

static void take_shape(struct strlist *facts)
{
    struct buffer file;
    struct error err = {0};
    size_t count = facts->count;
    buffer_init(&file, (size_t)POINTER_SIDE_MAX * POINTER_SIDE_MAX * 4 + 100);
    int status = pointer_take_shape(facts, &file, &err);
    require(status == 0 || (status == ERR_SYSTEM && !strchr(err.text, '\n')));
    require(facts->count <= count && !strlist_get(facts, "pointer.pixels"));
    require(status || file.len == 0 || memcmp(file.data, "P7\nWIDTH ", 9) == 0);
    buffer_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strlist texts = {0};
    struct screenshot_options options;
    struct error err = {0};
    for (size_t start = 0; start < size;) {
        const uint8_t *end = memchr(data + start, '\n', size - start);
        size_t len = end ? (size_t)(end - data) - start : size - start;
        strlist_addf(&texts, "%.*s", (int)len, (const char *)data + start);
        start += len + 1;
    }
    for (size_t i = 0; i < texts.count; i++)
        parse_condition(texts.items[i]);
    parse_recording(&texts);
    parse_actions(&texts);
    int status = screenshot_options_parse(&options, &texts, &err);
    if (status == 0)
        check_accepted(&options);
    else
        require(status == ERR_INVALID && err.status == status && *err.text && !strchr(err.text, '\n'));
    screenshot_options_deinit(&options);
    screenshot_options_parse_list(&options, &texts, &err);
    screenshot_options_deinit(&options);
    if (screenshot_options_parse_crc(&options, &texts, &err) == 0) {
        check_accepted(&options);
        require(!options.picture.if_changed);
    }
    screenshot_options_deinit(&options);
    take_shape(&texts);
    strlist_deinit(&texts);
    return 0;
}
