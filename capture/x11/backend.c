/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/backend.h"

#include "capture/card_class.h"
#include "capture/region.h"
#include "capture/x11/card.h"
#include "capture/x11/image.h"
#include "capture/x11/screen.h"
#include "capture/x11/state.h"
#include "capture/x11/windows.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 25 /* of the screen's layout while one picture is taken */
#define TIMEOUT_DEFAULT_MS 5000

struct capture {
    struct x11_connection connection;
    struct x11_image image;
    struct x11_screen screen; /* of the screen last looked at */
    int timeout_ms;
};

/* One call of the interface, carried through x11_connection_use(). */
struct call {
    struct capture *capture;
    const struct capture_options *options;
    struct image_view *view;
    struct strlist *list;
    struct error *err;
    enum capture_result result;
    int status;
};

/* ---- what the picture is to be of ---- */

/* By the server's name for it or the kernel's. Leaves the scene of the screen that has the output. */
static int find_output(struct capture *capture, const char *name, struct rect *area, struct error *err)
{
    struct buffer names;
    pid_t server = capture->connection.server.pid;
    uint64_t cards = server ? x11_card_mask("", server) : 0;
    int status = 0;
    buffer_init(&names, ERROR_LIST_MAX);
    for (int number = 0; number < ScreenCount(capture->connection.display) && status == 0; number++) {
        status = x11_screen_read(&capture->connection, number, &capture->screen, err);
        for (size_t i = 0; i < capture->screen.output_count && status == 0; i++) {
            const struct x11_output *output = &capture->screen.outputs[i];
            buffer_printf(&names, " %s", output->name);
            if (strcmp(output->name, name) != 0 && !x11_card_is_output(cards, name, output->name))
                continue;
            *area = output->area;
            buffer_deinit(&names);
            return 0;
        }
    }
    if (status == 0)
        status = error_set(err, ERR_NOT_FOUND, "there is no output '%s' among:%s", name,
                           names.data ? (const char *)names.data : " none");
    buffer_deinit(&names);
    return status;
}

static int find_area(struct capture *capture, const struct capture_options *options, struct rect *area,
                     struct error *err)
{
    char of[X11_OUTPUT_NAME_SIZE + 16] = "the screen";
    int status;
    if (options->output && strcmp(options->output, "all") != 0) {
        status = find_output(capture, options->output, area, err);
        snprintf(of, sizeof of, "output %s", options->output);
    } else {
        status = x11_screen_read(&capture->connection, (int)capture->connection.server.screen, &capture->screen, err);
        *area = (struct rect){0, 0, capture->screen.width, capture->screen.height};
    }
    if (status == 0)
        status = region_apply(options, of, area, err);
    return status;
}

/* ---- the picture ---- */

/* Pixels of a layout that was the same before and after. */
static int take_pixels(struct capture *capture, const struct capture_options *options, struct x11_canvas *canvas,
                       struct error *err)
{
    struct x11_connection *connection = &capture->connection;
    for (int i = 0; i < CHANGES_MAX; i++) {
        struct rect area;
        int status = find_area(capture, options, &area, err);
        if (status)
            return status;
        if (x11_vt_state(connection, capture->screen.number) == X11_VT_INACTIVE)
            return error_set(err, ERR_UNAVAILABLE,
                             "x-vt-inactive: the virtual terminal of X server :%u is not the "
                             "active one",
                             connection->server.number);
        enum x11_fetch fetch = x11_image_fetch(&capture->image, connection, capture->screen.number, &area, canvas, err);
        if (fetch == X11_FETCH_FAILED)
            return err->status;
        if (fetch == X11_FETCHED && x11_screen_is_current(connection, &capture->screen))
            return 0;
        if (connection->lost)
            return ERR_CLOSED;
    }
    return error_set(err, ERR_UNAVAILABLE, "the screen's layout changed %d times while a picture was taken",
                     CHANGES_MAX);
}

/* The cursor as XFixes tells it. A cursor that a client hides (XFixesHideCursor) can't be told from a shown one. */
static const char *draw_cursor(struct capture *capture, const struct x11_canvas *canvas)
{
    Display *display = capture->connection.display;
    Window root, child;
    int event, error, x, y, window_x, window_y;
    unsigned mask;
    if (x11_missing(X11_LIB_XFIXES) || !x11.XFixesQueryExtension(display, &event, &error))
        return "unavailable";
    if (!x11.XQueryPointer(display, RootWindow(display, capture->screen.number), &root, &child, &x, &y, &window_x,
                           &window_y, &mask))
        return "hidden"; /* it is on another screen */
    XFixesCursorImage *image = x11.XFixesGetCursorImage(display);
    if (!image)
        return "unavailable";
    struct x11_cursor cursor = {image->pixels,
                                {image->x - image->xhot, image->y - image->yhot, image->width, image->height}};
    bool seen = x11_draw_cursor(canvas, &cursor);
    x11.XFree(image);
    return seen ? "drawn" : "hidden";
}

static void add_facts(struct capture *capture, const struct capture_options *options, const struct rect *area,
                      const char *cursor, struct strlist *facts)
{
    const struct x11_connection *connection = &capture->connection;
    strlist_addf(facts, "output=%s", options->output ? options->output : "all");
    strlist_addf(facts, "geometry=%ux%u%+d%+d", area->width, area->height, area->x, area->y);
    for (size_t i = 0; i < capture->screen.output_count && capture->screen.output_count > 1; i++) {
        const struct x11_output *output = &capture->screen.outputs[i];
        strlist_addf(facts, "output.%zu=%s %ux%u%+d%+d", i, output->name, output->area.width, output->area.height,
                     output->area.x, output->area.y);
    }
    strlist_addf(facts, "cursor=%s", cursor);
    strlist_addf(facts, "x11.display=:%u.%d", connection->server.number, capture->screen.number);
    strlist_addf(facts, "x11.depth=%d", DefaultDepth(connection->display, capture->screen.number));
    strlist_addf(facts, "x11.method=%s", capture->image.method);
    for (size_t i = 0; i < connection->refused.count; i++)
        strlist_addf(facts, "refused=%s", connection->refused.items[i]);
    if (capture->screen.output_count == 0)
        strlist_add(facts, "warning=no output shows the screen");
}

static void grab(void *context)
{
    struct call *call = context;
    struct capture *capture = call->capture;
    struct x11_canvas canvas;
    call->status = x11_connection_ping(&capture->connection, capture->timeout_ms, call->err);
    if (call->status == 0)
        call->status = take_pixels(capture, call->options, &canvas, call->err);
    if (call->status)
        return;
    if (capture->screen.crtc_count > 0)
        x11_blank_uncovered(&canvas, capture->screen.crtcs, capture->screen.crtc_count);
    const char *cursor = call->options->cursor ? draw_cursor(capture, &canvas) : "off";
    add_facts(capture, call->options, &canvas.area, cursor, call->list);
    x11_state_warn(&capture->connection, capture->screen.number, call->list);
    *call->view = (struct image_view){.pixels = canvas.rgb,
                                      .width = canvas.area.width,
                                      .height = canvas.area.height,
                                      .stride = (uint32_t)canvas.stride,
                                      .format = PIXEL_RGB24};
}

/* ---- lists ---- */

/* Of servers that draw in memory alone; a card that another has can be one whose files must not be read. */
static bool is_headless(const struct x11_server *server)
{
    return strcmp(server->name, "Xvfb") == 0 || strcmp(server->name, "Xvnc") == 0 ||
           strcmp(server->name, "Xtigervnc") == 0 || strcmp(server->name, "Xtightvnc") == 0;
}

static void add_class(size_t index, const struct x11_server *server, const struct x11_card *card,
                      const struct strlist *rules, struct strlist *facts)
{
    struct card_identity identity = {.driver = ""};
    enum card_class class = CARD_VIRTUAL;
    snprintf(identity.driver, sizeof identity.driver, "%.31s", card->driver);
    if (card->driver[0])
        class = card_class_find(&identity, rules);
    if (card->driver[0] || is_headless(server))
        strlist_addf(facts, "display.%zu.class=%s", index, card_class_name(class));
}

static void add_display(struct capture *capture, size_t index, const struct x11_output *output,
                        const struct strlist *rules, struct strlist *facts)
{
    const struct x11_server *server = &capture->connection.server;
    struct x11_card card = {.driver = ""};
    strlist_addf(facts, "display.%zu.name=%s", index, output->name);
    strlist_addf(facts, "display.%zu.geometry=%ux%u%+d%+d", index, output->area.width, output->area.height,
                 output->area.x, output->area.y);
    strlist_addf(facts, "display.%zu.backend=x11", index);
    bool on_card = server->pid && x11_card_find("", server->pid, output->name, &card);
    add_class(index, server, &card, rules, facts);
    if (server->pid && !on_card)
        strcpy(card.driver, server->name);
    if (card.driver[0])
        strlist_addf(facts, "display.%zu.driver=%s", index, card.driver);
    if (card.pci[0])
        strlist_addf(facts, "display.%zu.pci=%s", index, card.pci);
}

static void list_displays(void *context)
{
    struct call *call = context;
    struct capture *capture = call->capture;
    size_t count = 0;
    call->status = x11_connection_ping(&capture->connection, capture->timeout_ms, call->err);
    for (int number = 0; call->status == 0 && number < ScreenCount(capture->connection.display); number++) {
        call->status = x11_screen_read(&capture->connection, number, &capture->screen, call->err);
        for (size_t i = 0; i < capture->screen.output_count && call->status == 0; i++)
            add_display(capture, count++, &capture->screen.outputs[i], call->options->card_classes, call->list);
    }
    strlist_addf(call->list, "display.count=%zu", count);
}

static void list_windows(void *context)
{
    struct call *call = context;
    call->status = x11_connection_ping(&call->capture->connection, call->capture->timeout_ms, call->err);
    if (call->status == 0)
        call->status = x11_windows_list(&call->capture->connection, call->list, call->err);
}

/* ---- the interface ---- */

/* Whether the connection is to another server than is asked for. */
static bool is_elsewhere(const struct capture *capture, const struct capture_options *options)
{
    char source[16];
    snprintf(source, sizeof source, ":%u", capture->connection.server.number);
    return options->source && strcmp(options->source, source) != 0;
}

static int run(struct call *call, void (*work)(void *context))
{
    struct x11_connection *connection = &call->capture->connection;
    x11_connection_use(connection, work, call);
    if (!connection->lost)
        return call->status;
    return error_set(call->err, ERR_CLOSED, "X server :%u ended", connection->server.number);
}

static int bounded_timeout(const struct capture_options *options)
{
    return options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_DEFAULT_MS;
}

static void close_image(void *context)
{
    struct capture *capture = context;
    x11_image_close(&capture->image, &capture->connection);
}

static void x11_close(struct capture *capture)
{
    if (!capture)
        return;
    x11_connection_use(&capture->connection, close_image, capture);
    x11_connection_close(&capture->connection);
    free(capture);
}

static int x11_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    struct capture *capture = calloc(1, sizeof *capture);
    *out = NULL;
    if (!capture)
        return error_set(err, ERR_NO_MEMORY, "no memory for a connection to an X server");
    capture->timeout_ms = bounded_timeout(options);
    int status = x11_connection_open(&capture->connection, options->source, capture->timeout_ms, err);
    if (status)
        x11_close(capture);
    else
        *out = capture;
    return status;
}

static enum capture_result x11_grab(struct capture *capture, const struct capture_options *options,
                                    struct image_view *image, struct strlist *facts, struct error *err)
{
    struct call call = {.capture = capture, .options = options, .view = image, .list = facts, .err = err};
    if (is_elsewhere(capture, options))
        return CAPTURE_LOST;
    capture->timeout_ms = bounded_timeout(options);
    int status = run(&call, grab);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

static int x11_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                        struct error *err)
{
    struct call call = {.capture = capture, .options = options, .list = facts, .err = err};
    return run(&call, list_displays);
}

static int x11_windows(struct capture *capture, struct strlist *lines, struct error *err)
{
    struct call call = {.capture = capture, .list = lines, .err = err};
    return run(&call, list_windows);
}

const struct capture_backend capture_x11 = {
    .name = "x11",
    .summary = "the screen of a running X server",
    .open = x11_open,
    .grab = x11_grab,
    .displays = x11_displays,
    .windows = x11_windows,
    .close = x11_close,
    .describe_hang = x11_connection_describe_hang,
};
