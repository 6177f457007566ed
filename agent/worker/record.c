/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/record.h"

#include "base/number.h"
#include "picture/hash.h"

#include <string.h>

static bool take_time(int *ms, const char *value, int min)
{
    uint64_t number;
    if (!number_take(&value, RECORD_TIME_MAX_MS, &number) || *value || (int)number < min)
        return false;
    *ms = (int)number;
    return true;
}

static bool take_hash(const char **hash, const char *value)
{
    *hash = value;
    return picture_hash_is_valid(value);
}

static bool take_mask(struct stills_options *options, const char *value)
{
    return options->mask_count < STILLS_MASKS_MAX &&
           screenshot_options_rect(&options->masks[options->mask_count++], value);
}

/* Takes an option of the recorder alone: 1, 0 for another one, or ERR_INVALID. */
static int take_own(struct stills_options *options, const char *text, struct error *err)
{
    static const char *const keys[] = {"mask=", "settle-ms=", "max-ms=", "wait-ms=", "shown=", "base="};
    size_t which = 0, count = sizeof keys / sizeof *keys;
    while (which < count && strncmp(text, keys[which], strlen(keys[which])) != 0)
        which++;
    if (which == count)
        return 0;
    const char *value = text + strlen(keys[which]);
    const bool good = which == 0   ? take_mask(options, value)
                      : which == 1 ? take_time(&options->settle_ms, value, 1)
                      : which == 2 ? take_time(&options->max_ms, value, 1)
                      : which == 3 ? take_time(&options->wait_ms, value, 0)
                      : which == 4 ? take_hash(&options->shown, value)
                                   : take_hash(&options->base, value);
    if (good)
        return 1;
    return error_set(err, ERR_INVALID,
                     "the option '%.255s' of a recording is not valid, or there are more than %d masks", text,
                     STILLS_MASKS_MAX);
}

int record_options_parse(struct record_options *options, const struct strlist *texts, struct error *err)
{
    *options = (struct record_options){.stills = {.settle_ms = 50, .max_ms = 300}};
    for (size_t i = 0; i < texts->count; i++) {
        int status = take_own(&options->stills, texts->items[i], err);
        if (status < 0)
            return status;
        if (status == 0 && !strlist_add(&options->rest, texts->items[i]))
            return error_set(err, ERR_NO_MEMORY, "no memory for the options of a recording");
    }
    int status = screenshot_options_parse_crc(&options->screen, &options->rest, err);
    options->stills.capture = options->screen.picture.capture;
    return status;
}

void record_options_deinit(struct record_options *options)
{
    screenshot_options_deinit(&options->screen);
    strlist_deinit(&options->rest);
}
