/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/backend.h"

#include "capture/card_class.h"
#include "capture/pointer.h"
#include "capture/region.h"
#include "capture/x11/card.h"
#include "capture/x11/changes.h"
#include "capture/x11/damage.h"
#include "capture/x11/desktop.h"
#include "capture/x11/image.h"
#include "capture/x11/input.h"
#include "capture/x11/server/name.h"
#include "capture/x11/screen.h"
#include "capture/x11/state.h"
#include "capture/x11/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT_CHANGES_MAX 25 /* during one picture */
#define PARTS_TRIES 4         /* while a program draws on */
#define TIMEOUT_DEFAULT_MS 5000
#define CURSOR_SIZE_MAX 2048 /* pixels a side */

struct capture {
    struct x11_connection connection;
    struct x11_image image;
    struct x11_screen screen; /* the one that was read last */
    struct x11_desktop desktop;
    struct x11_input input;
    struct x11_changes changes;
    struct x11_damage damage;
    const struct input_list *actions; /* borrowed, during an input */
};

typedef int x11_task(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                     struct error *err);

/* ---- the area ---- */

static bool x11_is_listed(const struct buffer *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = (const char *)names->data; at && (at = strstr(at, name)); at += len)
        if (at[-1] == ' ' && (at[len] == ' ' || at[len] == 0))
            return true;
    return false;
}

/* Finds an output of capture->screen by the server's or the kernel's name for it. Lists those that it is not. */
static bool x11_match_output(const struct capture *capture, const char *name, struct rect *area, struct buffer *names)
{
    for (size_t i = 0; i < capture->screen.output_count; i++) {
        const struct x11_output *output = &capture->screen.outputs[i];
        if (strcmp(output->name, name) == 0 || x11_card_is_output(capture->connection.cards, name, output->name)) {
            *area = output->area;
            return true;
        }
        if (!x11_is_listed(names, output->name))
            buffer_printf(names, " %s", output->name);
    }
    return false;
}

/* Finds an output, by the names of the monitors or by RandR's own. capture->screen is then the screen that has it. */
static int x11_find_output(struct capture *capture, const char *name, struct rect *area, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    struct buffer names;
    int status = 0, count = ScreenCount(connection->display);
    bool found = false;
    buffer_init(&names, ERROR_LIST_MAX);
    for (int i = 0; i < 2 * count && status == 0 && !found; i++) {
        status = x11_screen_read(connection, i % count, &capture->screen, err);
        if (status == 0 && i >= count)
            status = x11_screen_read_outputs(connection, &capture->screen, err);
        found = status == 0 && x11_match_output(capture, name, area, &names);
    }
    if (status == 0 && !found)
        status = error_set(err, ERR_NOT_FOUND, "there is no output '%s' among:%s", name,
                           names.data ? (const char *)names.data : " none");
    buffer_deinit(&names);
    return status;
}

static int x11_find_area(struct capture *capture, const struct capture_options *options, struct rect *area,
                         struct error *err)
{
    char of[X11_OUTPUT_NAME_SIZE + 16] = "the screen";
    int status;
    if (options->output && strcmp(options->output, "all") != 0) {
        status = x11_find_output(capture, options->output, area, err);
        snprintf(of, sizeof of, "output %s", options->output);
    } else {
        status = x11_screen_read(&capture->connection, (int)capture->connection.server.screen, &capture->screen, err);
        *area = (struct rect){0, 0, capture->screen.width, capture->screen.height};
    }
    if (status == 0)
        status = region_apply(options, of, area, err);
    return status;
}

static int x11_check_vt(struct capture *capture, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    if (x11_vt_state(connection, capture->screen.number) != X11_VT_INACTIVE)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "x-vt-inactive: the virtual terminal of X server :%u is not the active one",
                     connection->server.number);
}

/* ---- the picture ---- */

/* Returns why there is no XFixes, or NULL where the server has none: a server that has it has a cursor as well. */
static const char *x11_why_no_xfixes(Display *display)
{
    int opcode, event, error;
    return X11_CALL(XQueryExtension)(display, XFIXES_NAME, &opcode, &event, &error) ? "XFixes can't be asked" : NULL;
}

/* Returns the cursor that XFixes hands over, or NULL; *lacks is then why, and NULL where the server has none. */
static XFixesCursorImage *x11_get_cursor(struct x11_connection *connection, const char **lacks)
{
    int event, error;
    *lacks = NULL;
    if (!X11_CALL(XFixesQueryExtension)(connection->display, &event, &error)) {
        *lacks = x11_why_no_xfixes(connection->display);
        return NULL;
    }
    (void)x11_forget_error();
    XFixesCursorImage *image = X11_CALL(XFixesGetCursorImage)(connection->display);
    if (!image && !x11_take_error(connection))
        *lacks = "Xlib hands over no image of it";
    if (!image || (image->width <= CURSOR_SIZE_MAX && image->height <= CURSOR_SIZE_MAX))
        return image;
    X11_CALL(XFree)(image);
    *lacks = "it is too large";
    return NULL;
}

/* Returns whether the pointer is on the screen. A server that has only one need not be asked. */
static bool x11_has_pointer(const struct capture *capture)
{
    Display *display = capture->connection.display;
    Window root, child;
    int x, y, window_x, window_y;
    unsigned mask;
    return ScreenCount(display) == 1 || X11_CALL(XQueryPointer)(display, RootWindow(display, capture->screen.number),
                                                                &root, &child, &x, &y, &window_x, &window_y, &mask);
}

/* Draws the cursor that XFixes returns. One that a client hides (XFixesHideCursor) looks the same as a shown one. */
static const char *x11_add_cursor(struct capture *capture, const struct x11_canvas *canvas, const char **lacks)
{
    if (x11_missing(X11_LIB_XFIXES))
        return "unavailable"; /* x11_state_warn() says why */
    if (!x11_has_pointer(capture))
        return "hidden"; /* it is on another screen */
    XFixesCursorImage *image = x11_get_cursor(&capture->connection, lacks);
    if (!image)
        return "unavailable";
    struct x11_cursor cursor = {image->pixels,
                                {image->x - image->xhot, image->y - image->yhot, image->width, image->height}};
    bool seen = x11_draw_cursor(canvas, &cursor);
    X11_CALL(XFree)(image);
    return seen ? "drawn" : "hidden";
}

/* Writes a premultiplied pixel as R, G, B, A, without its alpha in the colours. */
static void x11_pointer_pixel(uint8_t *rgba, uint32_t argb)
{
    uint32_t alpha = argb >> 24;
    for (int i = 0; i < 3; i++) {
        uint32_t value = argb >> (16 - 8 * i) & 255;
        value = alpha ? (value * 255 + alpha / 2) / alpha : 0;
        rgba[i] = (uint8_t)(value > 255 ? 255 : value);
    }
    rgba[3] = (uint8_t)alpha;
}

/* Adds the facts of the pointer, if it is on this screen and can be had. */
static void x11_add_pointer(struct capture *capture, const struct rect *area, bool shape, struct strlist *facts)
{
    const char *lacks;
    if (x11_missing(X11_LIB_XFIXES) || !x11_has_pointer(capture))
        return;
    XFixesCursorImage *image = x11_get_cursor(&capture->connection, &lacks);
    size_t count = image ? (size_t)image->width * image->height : 0;
    uint8_t *rgba = count ? malloc(count * 4) : NULL;
    for (size_t i = 0; rgba && i < count; i++)
        x11_pointer_pixel(rgba + 4 * i, (uint32_t)image->pixels[i]);
    if (rgba) {
        struct pointer pointer = {image->x - area->x, image->y - area->y, image->xhot, image->yhot,
                                  image->width,       image->height,      rgba};
        pointer_add_facts(&pointer, shape, facts);
    }
    free(rgba);
    if (image)
        X11_CALL(XFree)(image);
}

static void x11_add_facts(struct capture *capture, const struct capture_options *options, const struct rect *area,
                          const char *cursor, struct strlist *facts)
{
    const struct x11_connection *connection = &capture->connection;
    const struct x11_screen *screen = &capture->screen;
    strlist_addf(facts, "output=%s", options->output ? options->output : "all");
    strlist_addf(facts, "geometry=%ux%u%+d%+d", area->width, area->height, area->x, area->y);
    for (size_t i = 0; i < screen->output_count && screen->output_count > 1; i++) {
        const struct x11_output *output = &screen->outputs[i];
        strlist_addf(facts, "output.%zu=%s %ux%u%+d%+d", i, output->name, output->area.width, output->area.height,
                     output->area.x, output->area.y);
    }
    strlist_addf(facts, "cursor=%s", cursor);
    strlist_addf(facts, "x11.display=:%u.%d", connection->server.number, screen->number);
    strlist_addf(facts, "x11.depth=%d", DefaultDepth(connection->display, screen->number));
    strlist_addf(facts, "x11.method=%s", capture->image.method);
    if (screen->output_count == 0)
        strlist_add(facts, "warning=no output shows the screen");
}

/* Adds the warnings, which are those of the picture before where nothing but drawing was told since. */
static void x11_add_warnings(struct capture *capture, bool drawn, struct strlist *facts)
{
    struct strlist *warnings = &capture->damage.warnings;
    if (!drawn) {
        strlist_deinit(warnings);
        x11_state_warn(&capture->connection, &capture->screen, warnings);
    }
    for (size_t i = 0; i < warnings->count; i++)
        strlist_add(facts, warnings->items[i]);
    facts->failed |= warnings->failed;
}

/* Blanks what no CRTC scans out, and draws the cursor. */
static void x11_make_picture(struct capture *capture, const struct capture_options *options,
                             const struct x11_canvas *canvas, bool drawn, struct image_view *view,
                             struct strlist *facts)
{
    const struct x11_screen *screen = &capture->screen;
    const struct rect *area = &canvas->area;
    if (screen->crtc_count > 0)
        x11_blank_uncovered(canvas, screen->crtcs, screen->crtc_count);
    const char *lacks = NULL, *cursor = options->cursor ? x11_add_cursor(capture, canvas, &lacks) : "off";
    x11_add_facts(capture, options, area, cursor, facts);
    if (lacks)
        strlist_addf(facts, "warning=the cursor is missing: %s", lacks);
    if (!options->cursor)
        x11_add_pointer(capture, area, options->shape, facts);
    x11_add_warnings(capture, drawn, facts);
    *view = (struct image_view){.pixels = canvas->rgb,
                                .width = area->width,
                                .height = area->height,
                                .stride = (uint32_t)canvas->stride,
                                .format = PIXEL_RGB24};
}

/* ---- its pixels ---- */

/* Gets a part of the area, and converts it to its place. Returns false when the screen has become smaller, too. */
static bool x11_get_part(struct capture *capture, const struct rect *part, const struct x11_canvas *canvas,
                         struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    struct rect on_screen = {part->x + canvas->area.x, part->y + canvas->area.y, part->width, part->height};
    int number = capture->screen.number;
    return x11_image_get(&capture->image, connection, number, &on_screen, err) == 0 && capture->image.ximage &&
           x11_image_decode(&capture->image, connection, number, part, canvas, err) == 0;
}

static bool x11_is_all_of(const struct capture_damage *told, const struct rect *area)
{
    return told->count == 1 && told->rects[0].width == area->width && told->rects[0].height == area->height;
}

/* Gets what was drawn since the picture before, until nothing was drawn meanwhile, or else all at once: then it is what the
   screen was at one moment. Returns false when the screen is to be got anew. */
static bool x11_get_parts(struct capture *capture, const struct x11_canvas *canvas, struct capture_damage *told)
{
    struct x11_connection *connection = &capture->connection;
    struct error why;
    if (!told || !x11_damage_continues(&capture->damage, &capture->screen, &canvas->area, told->since))
        return false;
    for (int i = 0; i <= PARTS_TRIES && !told->is_known; i++) {
        uint32_t at = told->count;
        if (!x11_damage_take(&capture->damage, connection, told))
            return false;
        if (i == PARTS_TRIES)
            x11_damage_take_all(&capture->damage, told);
        bool all = x11_is_all_of(told, &canvas->area);
        for (at = all ? 0 : at; at < told->count; at++)
            if (!x11_get_part(capture, &told->rects[at], canvas, &why))
                return false;
        told->is_known = !x11_damage_has_come(&capture->damage, connection) || all;
    }
    return told->is_known;
}

/* Gets the pixels of an area. *got: they are there, else the screen has become smaller. */
static int x11_get_pixels(struct capture *capture, const struct capture_options *options,
                          const struct x11_canvas *canvas, bool *got, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    struct capture_damage *told = options->damage;
    struct rect whole = {0, 0, canvas->area.width, canvas->area.height};
    *got = x11_get_parts(capture, canvas, told);
    if (*got)
        return 0;
    if (told) {
        told->is_known = false; /* of what was got before the screen's layout was another */
        told->count = 0;
        x11_damage_begin(&capture->damage, connection, &capture->screen);
    }
    int status = x11_image_get(&capture->image, connection, capture->screen.number, &canvas->area, err);
    *got = status == 0 && capture->image.ximage;
    return *got ? x11_image_decode(&capture->image, connection, capture->screen.number, &whole, canvas, err) : status;
}

static int x11_bounded_timeout(const struct capture_options *options)
{
    return options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_DEFAULT_MS;
}

/* Does a task with Xlib, once the server answers. What the task has allocated is leaked if the connection breaks. */
static int x11_use(struct capture *capture, const struct capture_options *options, x11_task *task,
                   struct strlist *lines, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    if (setjmp(*x11_connection_enter(connection)) != 0)
        return x11_connection_leave(connection, ERR_CLOSED, err);
    int status = x11_connection_ping(connection, x11_bounded_timeout(options), err);
    if (status == 0)
        status = task(capture, options, lines, err);
    return x11_connection_leave(connection, status, err);
}

static enum capture_result x11_end_grab(struct capture *capture, int status, struct error *err)
{
    status = x11_connection_leave(&capture->connection, status, err);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

/* Continues the last picture where nothing but drawing was told since. */
static bool x11_grab_drawn(struct capture *capture, const struct capture_options *options, struct x11_canvas *canvas)
{
    struct error why;
    return x11_damage_is_all(&capture->damage, &capture->screen, options) &&
           x11_image_canvas(&capture->image, &capture->damage.area, canvas, &why) == 0 &&
           x11_get_parts(capture, canvas, options->damage) && !capture->damage.is_disturbed;
}

/* Gets images until the screen's layout is the same before and after one. *current: it is. */
static int x11_grab_all(struct capture *capture, const struct capture_options *options, struct x11_canvas *canvas,
                        bool *current, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    struct rect area;
    int status = 0;
    for (int i = 0; i < LAYOUT_CHANGES_MAX && status == 0 && !*current; i++) {
        bool got = false;
        x11_damage_ask(&capture->damage, options);
        status = x11_find_area(capture, options, &area, err);
        if (status == 0)
            status = x11_check_vt(capture, err);
        if (status == 0)
            status = x11_image_canvas(&capture->image, &area, canvas, err);
        if (status == 0)
            status = x11_get_pixels(capture, options, canvas, &got, err);
        *current = got && x11_screen_is_current(connection, &capture->screen);
    }
    return status == 0 && !*current
               ? error_set(err, ERR_UNAVAILABLE, "the screen's layout changed %d times while a picture was taken",
                           LAYOUT_CHANGES_MAX)
               : status;
}

static enum capture_result x11_grab(struct capture *capture, const struct capture_options *options,
                                    struct image_view *view, struct strlist *facts, struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    struct x11_canvas canvas;
    bool follows = options->damage && options->damage->since;
    if (setjmp(*x11_connection_enter(connection)) != 0)
        return x11_end_grab(capture, ERR_CLOSED, err);
    int status =
        (follows ? x11_connection_ping_seldom : x11_connection_ping)(connection, x11_bounded_timeout(options), err);
    bool drawn = status == 0 && x11_grab_drawn(capture, options, &canvas), current = drawn;
    if (status == 0 && !drawn)
        status = x11_grab_all(capture, options, &canvas, &current, err);
    if (current)
        x11_make_picture(capture, options, &canvas, drawn, view, facts);
    if (current && options->damage)
        x11_damage_note(&capture->damage, &capture->screen, &canvas.area, options->damage);
    return x11_end_grab(capture, status, err);
}

/* ---- lists ---- */

/* Returns whether the server draws in memory only. Another server may use a card whose files can't be read. */
static bool x11_is_headless(const struct x11_server *server)
{
    return x11_is_program(server->name, "Xvfb") || x11_is_program(server->name, "Xvnc") ||
           x11_is_program(server->name, "Xtigervnc") || x11_is_program(server->name, "Xtightvnc");
}

static void x11_add_class(size_t index, const struct x11_server *server, const struct card_identity *card,
                          const struct strlist *rules, struct strlist *facts)
{
    enum card_class class = card->driver[0] ? card_class_find(card, rules) : CARD_VIRTUAL;
    if (card->driver[0] || x11_is_headless(server))
        strlist_addf(facts, "display.%zu.class=%s", index, card_class_name(class));
}

static void x11_add_display(struct capture *capture, size_t index, const struct x11_output *output,
                            const struct strlist *rules, struct strlist *facts)
{
    const struct x11_server *server = &capture->connection.server;
    struct card_identity card = {.driver = ""};
    strlist_addf(facts, "display.%zu.name=%s", index, output->name);
    strlist_addf(facts, "display.%zu.geometry=%ux%u%+d%+d", index, output->area.width, output->area.height,
                 output->area.x, output->area.y);
    strlist_addf(facts, "display.%zu.backend=x11", index);
    bool on_card = x11_card_find("", capture->connection.cards, output->name, &card);
    x11_add_class(index, server, &card, rules, facts);
    if (server->pid && !on_card)
        strcpy(card.driver, server->name);
    if (card.driver[0])
        strlist_addf(facts, "display.%zu.driver=%s", index, card.driver);
    if (card.pci[0])
        strlist_addf(facts, "display.%zu.pci=%s", index, card.pci);
}

static int x11_list_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                             struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    size_t count = 0;
    int status = 0;
    for (int number = 0; status == 0 && number < ScreenCount(connection->display); number++) {
        status = x11_screen_read(connection, number, &capture->screen, err);
        for (size_t i = 0; i < capture->screen.output_count && status == 0; i++)
            x11_add_display(capture, count++, &capture->screen.outputs[i], options->card_classes, facts);
    }
    strlist_addf(facts, "display.count=%zu", count);
    return status;
}

static int x11_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                        struct error *err)
{
    return x11_use(capture, options, x11_list_displays, facts, err);
}

static int x11_list_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                            struct error *err)
{
    (void)options;
    return x11_windows_list(&capture->connection, lines, err);
}

static int x11_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                       struct error *err)
{
    return x11_use(capture, options, x11_list_windows, lines, err);
}

/* ---- the desktop ---- */

static int x11_look_at_desktop(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                               struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    (void)options;
    int status = x11_screen_read(connection, (int)connection->server.screen, &capture->screen, err);
    if (status == 0)
        x11_desktop_read(&capture->desktop, connection, &capture->screen, facts);
    return status;
}

static int x11_desktop(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                       struct error *err)
{
    return x11_use(capture, options, x11_look_at_desktop, facts, err);
}

static int x11_changes(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                       struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    int timeout_ms = x11_bounded_timeout(options);
    if (setjmp(*x11_connection_enter(connection)) != 0)
        return x11_connection_leave(connection, ERR_CLOSED, err);
    int status = x11_connection_ping_seldom(connection, timeout_ms, err);
    if (status == 0)
        status = x11_changes_await(&capture->changes, connection, timeout_ms, facts, err);
    return x11_connection_leave(connection, status, err);
}

static void x11_await(struct capture *capture, int other)
{
    struct x11_connection *connection = &capture->connection;
    struct error ended;
    if (setjmp(*x11_connection_enter(connection)) == 0)
        x11_desktop_await(&capture->desktop, connection, other);
    x11_connection_leave(connection, 0, &ended); /* the next request says so */
}

/* ---- input ---- */

static int x11_do_input(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                        struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    (void)facts;
    if (!options->actions)
        return x11_input_leave(&capture->input, connection, err);
    int status = x11_screen_read(connection, (int)connection->server.screen, &capture->screen, err);
    if (status == 0)
        status = x11_check_vt(capture, err);
    return status ? status : x11_input_do(&capture->input, connection, &capture->screen, capture->actions, err);
}

static int x11_input(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                     struct error *err)
{
    struct input_list list = {0};
    int status = options->actions ? input_list_parse(&list, options->actions, err) : 0;
    capture->actions = &list;
    if (status == 0)
        status = x11_use(capture, options, x11_do_input, facts, err);
    input_list_deinit(&list);
    return status;
}

/* ---- opening ---- */

static void x11_close(struct capture *capture)
{
    if (!capture)
        return;
    struct x11_connection *connection = &capture->connection;
    if (setjmp(*x11_connection_enter(connection)) == 0)
        x11_image_close(&capture->image, connection);
    x11_connection_leave(connection, 0, NULL);
    x11_connection_close(connection);
    strlist_deinit(&capture->damage.warnings);
    free(capture);
}

static int x11_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    struct capture *capture = calloc(1, sizeof *capture);
    struct x11_target *target = malloc(sizeof *target);
    *out = NULL;
    if (!capture || !target || options->target.len != sizeof *target) {
        free(capture);
        free(target);
        return error_set(err, ERR_NO_MEMORY, "no memory for a connection to an X server");
    }
    memcpy(target, options->target.data, sizeof *target);
    capture->image.memory = options->memory;
    int status = x11_connection_open(&capture->connection, target, x11_bounded_timeout(options), err);
    free(target);
    if (status)
        x11_close(capture);
    else
        *out = capture;
    return status;
}

const struct capture_backend capture_x11_here = {
    .name = "x11",
    .summary = "the screen of a running X server",
    .open = x11_open,
    .grab = x11_grab,
    .displays = x11_displays,
    .windows = x11_windows,
    .desktop = x11_desktop,
    .await = x11_await,
    .input = x11_input,
    .changes = x11_changes,
    .close = x11_close,
};
