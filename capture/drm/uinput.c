/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/uinput.h"

#include "base/utf8.h"
#include "platform/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UINPUT_SEEN_MS 150 /* for udev and the compositor to find new devices: neither tells */
#define EVENTS_MAX 3       /* of one action, with the report */

struct uinput {
    int keys, pointer; /* descriptors, owned */
    uint32_t width, height;
    struct hands hands;
};

static const uint16_t uinput_buttons[BUTTON_COUNT] = {BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, BTN_SIDE, BTN_EXTRA};

/* ---- devices ---- */

static bool uinput_set_up(int fd, const char *name, uint16_t product)
{
    struct uinput_setup setup = {.id = {.bustype = BUS_VIRTUAL, .vendor = 0x5053, .product = product, .version = 1}};
    strcpy(setup.name, name);
    return ioctl(fd, UI_DEV_SETUP, &setup) == 0 && ioctl(fd, UI_DEV_CREATE) == 0;
}

static bool uinput_make_keys(int fd)
{
    bool done = ioctl(fd, UI_SET_EVBIT, EV_KEY) == 0;
    for (size_t i = 0; i < all_keys_count && done; i++)
        done = ioctl(fd, UI_SET_KEYBIT, all_keys[i].evdev) == 0;
    return done && uinput_set_up(fd, "Periscope keyboard", 1);
}

static bool uinput_set_axis(int fd, uint16_t axis, uint32_t size)
{
    struct uinput_abs_setup setup = {.code = axis, .absinfo = {.maximum = (int32_t)size - 1}};
    return ioctl(fd, UI_ABS_SETUP, &setup) == 0;
}

static bool uinput_make_pointer(int fd, uint32_t width, uint32_t height)
{
    bool done = ioctl(fd, UI_SET_EVBIT, EV_KEY) == 0 && ioctl(fd, UI_SET_EVBIT, EV_REL) == 0 &&
                ioctl(fd, UI_SET_EVBIT, EV_ABS) == 0 && ioctl(fd, UI_SET_RELBIT, REL_WHEEL) == 0 &&
                ioctl(fd, UI_SET_RELBIT, REL_HWHEEL) == 0 && uinput_set_axis(fd, ABS_X, width) &&
                uinput_set_axis(fd, ABS_Y, height);
    for (size_t i = 0; i < BUTTON_COUNT && done; i++)
        done = ioctl(fd, UI_SET_KEYBIT, uinput_buttons[i]) == 0;
    return done && uinput_set_up(fd, "Periscope pointer", 2);
}

void uinput_free(struct uinput *uinput)
{
    if (!uinput)
        return;
    if (uinput->keys >= 0)
        close(uinput->keys);
    if (uinput->pointer >= 0)
        close(uinput->pointer);
    free(uinput);
}

static int uinput_new(struct uinput **out, uint32_t width, uint32_t height, struct error *err)
{
    struct uinput *uinput = calloc(1, sizeof *uinput);
    *out = uinput;
    if (!uinput)
        return error_set(err, ERR_NO_MEMORY, "no memory for a keyboard and a pointer");
    uinput->width = width;
    uinput->height = height;
    uinput->keys = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
    uinput->pointer = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
    if (uinput->keys >= 0 && uinput->pointer >= 0 && uinput_make_keys(uinput->keys) &&
        uinput_make_pointer(uinput->pointer, width, height)) {
        os_sleep_ms(UINPUT_SEEN_MS);
        return 0;
    }
    int code = errno;
    uinput_free(uinput);
    *out = NULL;
    return error_set(err, ERR_UNAVAILABLE, "blocked: /dev/uinput: %s", strerror(code));
}

/* ---- characters ---- */

/* The characters of keys by their numbers, without and with Shift. */
#define US_PLAIN "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./"
#define US_SHIFT "\0\0!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?"

static const struct key *uinput_key_at(uint16_t evdev)
{
    for (size_t i = 0; i < all_keys_count; i++)
        if (all_keys[i].evdev == evdev)
            return &all_keys[i];
    return NULL;
}

const struct key *uinput_key_of(uint32_t code, bool *shift)
{
    static const char plain[] = US_PLAIN, shifted[] = US_SHIFT;
    _Static_assert(sizeof plain == sizeof shifted, "both have the same keys");
    code = code == '\r' ? '\n' : code;
    *shift = false;
    if (code == ' ')
        return uinput_key_at(KEY_SPACE);
    for (uint16_t i = 1; i < sizeof plain - 1 && code > 0 && code < 0x7f; i++) {
        *shift = (uint32_t)shifted[i] == code;
        if (*shift || (uint32_t)plain[i] == code)
            return uinput_key_at(i);
    }
    return NULL;
}

/* ---- the calls ---- */

static void uinput_add(struct input_event *events, size_t *count, uint16_t type, uint16_t code, int32_t value)
{
    events[(*count)++] = (struct input_event){.type = type, .code = code, .value = value};
}

static int uinput_send(int fd, struct input_event *events, size_t count, struct error *err)
{
    uinput_add(events, &count, EV_SYN, SYN_REPORT, 0);
    ssize_t size = (ssize_t)(count * sizeof *events);
    return write(fd, events, (size_t)size) == size
               ? 0
               : error_set(err, ERR_UNAVAILABLE, "blocked: /dev/uinput: %s", strerror(errno));
}

static int uinput_key(void *context, const struct key *key, bool down, struct error *err)
{
    const struct uinput *uinput = context;
    struct input_event events[EVENTS_MAX];
    size_t count = 0;
    uinput_add(events, &count, EV_KEY, key->evdev, down);
    return uinput_send(uinput->keys, events, count, err);
}

static int uinput_button(void *context, enum input_button button, bool down, struct error *err)
{
    const struct uinput *uinput = context;
    struct input_event events[EVENTS_MAX];
    size_t count = 0;
    uinput_add(events, &count, EV_KEY, uinput_buttons[button], down);
    return uinput_send(uinput->pointer, events, count, err);
}

static int uinput_move(void *context, int32_t x, int32_t y, struct error *err)
{
    const struct uinput *uinput = context;
    struct input_event events[EVENTS_MAX];
    size_t count = 0;
    uinput_add(events, &count, EV_ABS, ABS_X, x);
    uinput_add(events, &count, EV_ABS, ABS_Y, y);
    return uinput_send(uinput->pointer, events, count, err);
}

/* Turns the wheels, of which the kernel's vertical one goes up. */
static int uinput_wheel(void *context, int32_t dx, int32_t dy, struct error *err)
{
    const struct uinput *uinput = context;
    struct input_event events[EVENTS_MAX];
    size_t count = 0;
    uinput_add(events, &count, EV_REL, REL_WHEEL, -dy);
    uinput_add(events, &count, EV_REL, REL_HWHEEL, dx);
    return uinput_send(uinput->pointer, events, count, err);
}

static int uinput_type(void *context, uint32_t code, struct error *err)
{
    bool shift;
    const struct key *key = uinput_key_of(code, &shift), *with = shift ? uinput_key_at(KEY_LEFTSHIFT) : NULL;
    int status = with ? uinput_key(context, with, true, err) : 0;
    if (status == 0)
        status = uinput_key(context, key, true, err);
    if (status == 0)
        status = uinput_key(context, key, false, err);
    if (status == 0 && with)
        status = uinput_key(context, with, false, err);
    return status;
}

static int uinput_text(void *context, const char *text, struct error *err)
{
    uint32_t code;
    int status = 0;
    for (size_t left = strlen(text), len; left > 0 && status == 0; text += len, left -= len) {
        len = utf8_next((const uint8_t *)text, left, &code);
        status = uinput_type(context, code, err);
    }
    return status;
}

static const struct hands_calls uinput_calls = {uinput_key, uinput_button, uinput_move, uinput_wheel, uinput_text};

/* ---- actions ---- */

static int uinput_check_text(const char *text, struct error *err)
{
    uint32_t code;
    bool shift;
    for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
        len = utf8_next((const uint8_t *)text, left, &code);
        if (!uinput_key_of(code, &shift))
            return error_set(err, ERR_UNAVAILABLE, "blocked: U+%04X is on no key of a US keyboard", (unsigned)code);
    }
    return 0;
}

static int uinput_check(uint32_t width, uint32_t height, const struct input_list *list, struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < list->count && status == 0; i++) {
        const struct input_action *action = &list->items[i];
        if (action->kind == INPUT_MOVE)
            status = input_check_move(action, width, height, err);
        else if (action->kind == INPUT_TEXT)
            status = uinput_check_text(action->text, err);
    }
    return status;
}

int uinput_do(struct uinput **uinput, uint32_t width, uint32_t height, const struct input_list *list, struct error *err)
{
    int status = uinput_check(width, height, list, err);
    if (status)
        return status;
    if (*uinput && ((*uinput)->width != width || (*uinput)->height != height)) {
        uinput_free(*uinput);
        *uinput = NULL;
    }
    if (!*uinput)
        status = uinput_new(uinput, width, height, err);
    return status ? status : hands_do(&(*uinput)->hands, list, &uinput_calls, *uinput, err);
}
