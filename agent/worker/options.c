/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/options.h"

#include "base/number.h"
#include "capture/card_class.h"
#include "capture/pointer.h"
#include "picture/hash.h"
#include "picture/scale.h"

#include <stdio.h>
#include <string.h>

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return len >= 1 && len <= SCREENSHOT_NAME_MAX;
}

/* Parses "+12" or "-12". */
static bool take_coordinate(const char **text, int32_t *value)
{
    uint64_t number;
    char sign = **text;
    if (sign != '+' && sign != '-')
        return false;
    ++*text;
    if (!number_take(text, INT32_MAX, &number))
        return false;
    *value = sign == '-' ? -(int32_t)number : (int32_t)number;
    return true;
}

static bool parse_region(struct rect *region, const char *text)
{
    uint64_t width, height;
    if (!number_take(&text, CAPTURE_SIZE_MAX, &width) || *text++ != 'x' ||
        !number_take(&text, CAPTURE_SIZE_MAX, &height) || width < 1 || height < 1)
        return false;
    region->width = (uint32_t)width;
    region->height = (uint32_t)height;
    return take_coordinate(&text, &region->x) && take_coordinate(&text, &region->y) && *text == 0;
}

bool screenshot_options_rect(struct rect *rect, const char *text)
{
    return parse_region(rect, text);
}

static bool set_output(struct screenshot_options *options, const char *value)
{
    options->picture.capture.output = value;
    return is_name(value);
}

static bool set_region(struct screenshot_options *options, const char *value)
{
    options->picture.capture.has_region = true;
    return parse_region(&options->picture.capture.region, value);
}

static bool set_cursor(struct screenshot_options *options, const char *value)
{
    options->picture.capture.cursor = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_passive(struct screenshot_options *options, const char *value)
{
    options->picture.capture.passive = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_if_changed(struct screenshot_options *options, const char *value)
{
    options->picture.if_changed = value;
    return picture_hash_is_valid(value);
}

static bool parse_wait(int *wait_ms, const char *value)
{
    uint64_t number;
    if (!number_take(&value, SCREENSHOT_WAIT_MAX_MS, &number) || *value)
        return false;
    *wait_ms = (int)number;
    return true;
}

static bool set_wait(struct screenshot_options *options, const char *value)
{
    return parse_wait(&options->wait_ms, value);
}

/* Only the agent compares it, so that only its form counts here. */
static bool set_pointer(struct screenshot_options *options, const char *value)
{
    char hash[PICTURE_HASH_SIZE];
    uint64_t number;
    (void)options;
    if (strcmp(value, POINTER_UNKNOWN) == 0)
        return true;
    snprintf(hash, sizeof hash, "%s", value);
    if (!picture_hash_is_valid(hash))
        return false;
    value += strlen(hash);
    for (int i = 0; i < 2; i++) {
        if (*value++ != ',')
            return false;
        value += *value == '-';
        if (!number_take(&value, INT32_MAX, &number))
            return false;
    }
    return *value == 0;
}

static bool set_shape(struct screenshot_options *options, const char *value)
{
    options->picture.capture.shape = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_delta(struct screenshot_options *options, const char *value)
{
    options->picture.delta = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_pieces(struct screenshot_options *options, const char *value)
{
    options->pieces = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_color(struct screenshot_options *options, const char *value)
{
    options->picture.capture.colors = strcmp(value, "applied") == 0;
    return strcmp(value, "applied") == 0 || strcmp(value, "stored") == 0;
}

static bool set_compare(struct screenshot_options *options, const char *value)
{
    options->picture.compare = *value == '1';
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0;
}

static bool set_scale(struct screenshot_options *options, const char *value)
{
    uint64_t divisor;
    if (strncmp(value, "1/", 2) != 0)
        return false;
    value += 2;
    if (!number_take(&value, SCALE_MAX, &divisor) || *value || divisor < 1)
        return false;
    options->picture.scale = (uint32_t)divisor;
    return true;
}

static bool set_format(struct screenshot_options *options, const char *value)
{
    options->picture.format = strcmp(value, "ppm") == 0 ? PICTURE_PPM : PICTURE_PNG;
    return strcmp(value, "png") == 0 || strcmp(value, "ppm") == 0;
}

static bool set_level(struct screenshot_options *options, const char *value)
{
    options->picture.small = strcmp(value, "small") == 0;
    return strcmp(value, "small") == 0 || strcmp(value, "fast") == 0;
}

static bool set_backend(struct screenshot_options *options, const char *value)
{
    options->picture.capture.backend = value;
    return is_name(value);
}

static bool parse_deadline(int *deadline_ms, const char *value)
{
    uint64_t number;
    if (!number_take(&value, SCREENSHOT_DEADLINE_MAX_MS, &number) || *value || number < SCREENSHOT_DEADLINE_MIN_MS)
        return false;
    *deadline_ms = (int)number;
    return true;
}

static bool set_deadline(struct screenshot_options *options, const char *value)
{
    return parse_deadline(&options->deadline_ms, value);
}

static bool add_card_class(struct screenshot_options *options, const char *value)
{
    return card_class_is_rule(value) && strlist_add(&options->card_classes, value);
}

#define STRING_(number) #number
#define STRING(number) STRING_(number)

/* The requests that options are for. Each scope includes the options of the later ones. */
enum scope { SCOPE_PICTURE, SCOPE_CRC, SCOPE_LIST };

#define DEADLINE_KEY "deadline-ms"
#define WAIT_KEY "wait-ms"
#define WAIT_EXPECTED "0 to " STRING(SCREENSHOT_WAIT_MAX_MS)
#define DEADLINE_EXPECTED STRING(SCREENSHOT_DEADLINE_MIN_MS) " to " STRING(SCREENSHOT_DEADLINE_MAX_MS)

static const struct option {
    const char *key, *expected;
    bool (*set)(struct screenshot_options *options, const char *value);
    enum scope last; /* the last one that has it */
    bool repeated;
} known[] = {
    {"output", "the name of an output", set_output, SCOPE_CRC, false},
    {"region", "WxH+X+Y with sizes from 1 to " STRING(CAPTURE_SIZE_MAX), set_region, SCOPE_CRC, false},
    {"cursor", "0 or 1", set_cursor, SCOPE_CRC, false},
    {"passive", "0 or 1", set_passive, SCOPE_CRC, false},
    {"if-changed", "a hash as the fact hash gives it", set_if_changed, SCOPE_PICTURE, false},
    {WAIT_KEY, WAIT_EXPECTED, set_wait, SCOPE_PICTURE, false},
    {"pointer", "HASH,X,Y or " POINTER_UNKNOWN, set_pointer, SCOPE_PICTURE, false},
    {"pointer-shape", "0 or 1", set_shape, SCOPE_PICTURE, false},
    {"delta", "0 or 1", set_delta, SCOPE_PICTURE, false},
    {"pieces", "0 or 1", set_pieces, SCOPE_PICTURE, false},
    {"color", "stored or applied", set_color, SCOPE_CRC, false},
    {"compare", "0 or 1", set_compare, SCOPE_PICTURE, false},
    {"format", "png or ppm", set_format, SCOPE_PICTURE, false},
    {"scale", "1/N with N from 1 to " STRING(SCALE_MAX), set_scale, SCOPE_PICTURE, false},
    {"level", "fast or small", set_level, SCOPE_PICTURE, false},
    {"backend", "the name of a capture backend", set_backend, SCOPE_LIST, false},
    {DEADLINE_KEY, DEADLINE_EXPECTED, set_deadline, SCOPE_LIST, false},
    {"card-class", "DRIVER=passed-through, DRIVER=emulated or DRIVER=virtual", add_card_class, SCOPE_LIST, true},
};
#define KNOWN_COUNT (sizeof known / sizeof *known)

static const struct option *find_known(const char *text, size_t key_len, enum scope scope)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strlen(known[i].key) == key_len && strncmp(text, known[i].key, key_len) == 0)
            return scope <= known[i].last ? &known[i] : NULL;
    return NULL;
}

static int refuse_value(const char *key, const char *value, const char *expected, struct error *err)
{
    return error_set(err, ERR_INVALID, "the option %s='%.255s' is not %s", key, value, expected);
}

int screenshot_options_deadline(const struct strlist *texts, int *deadline_ms, struct error *err)
{
    const char *value = strlist_get(texts, DEADLINE_KEY);
    *deadline_ms = SCREENSHOT_DEADLINE_MS;
    return !value || parse_deadline(deadline_ms, value) ? 0 : refuse_value(DEADLINE_KEY, value, DEADLINE_EXPECTED, err);
}

int screenshot_options_wait(const struct strlist *texts, int *wait_ms, struct error *err)
{
    const char *value = strlist_get(texts, WAIT_KEY);
    *wait_ms = 0;
    return !value || parse_wait(wait_ms, value) ? 0 : refuse_value(WAIT_KEY, value, WAIT_EXPECTED, err);
}

static int parse_options(struct screenshot_options *options, const struct strlist *texts, enum scope scope,
                         struct error *err)
{
    bool seen[KNOWN_COUNT] = {false};
    *options = (struct screenshot_options){.picture.capture.cursor = true, .deadline_ms = SCREENSHOT_DEADLINE_MS};
    options->picture.capture.card_classes = &options->card_classes;
    for (size_t i = 0; i < texts->count; i++) {
        const char *text = texts->items[i];
        size_t key_len = strcspn(text, "=");
        const struct option *option = text[key_len] ? find_known(text, key_len, scope) : NULL;
        if (!option)
            return error_set(err, ERR_INVALID, "unknown option '%.80s'", text);
        if (seen[option - known] && !option->repeated)
            return error_set(err, ERR_INVALID, "the option %s is given twice", option->key);
        seen[option - known] = true;
        if (!option->set(options, text + key_len + 1))
            return refuse_value(option->key, text + key_len + 1, option->expected, err);
    }
    options->picture.capture.cursor &= !options->picture.capture.shape;
    return 0;
}

void screenshot_options_deinit(struct screenshot_options *options)
{
    strlist_deinit(&options->card_classes);
}

int screenshot_options_parse(struct screenshot_options *options, const struct strlist *texts, struct error *err)
{
    return parse_options(options, texts, SCOPE_PICTURE, err);
}

int screenshot_options_parse_crc(struct screenshot_options *options, const struct strlist *texts, struct error *err)
{
    return parse_options(options, texts, SCOPE_CRC, err);
}

int screenshot_options_parse_list(struct screenshot_options *options, const struct strlist *texts, struct error *err)
{
    return parse_options(options, texts, SCOPE_LIST, err);
}
