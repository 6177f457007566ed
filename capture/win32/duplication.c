/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplication.h"

#include "capture/pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the codes ---- */

#define DUPLICATION_REASON_SIZE 240 /* bytes */

/* What to do about an HRESULT. Those from DUPLICATION_FAIL on fail the capture. */
enum duplication_action {
    DUPLICATION_CONTINUE,     /* the call succeeded */
    DUPLICATION_RETRY,        /* repeat the call until the deadline */
    DUPLICATION_RESTART,      /* release everything, enter the input desktop and start again */
    DUPLICATION_RETRY_DENIED, /* the same after a pause, where this process is SYSTEM; else fail */
    DUPLICATION_FAIL,
    DUPLICATION_DISABLE_OUTPUT, /* and don't try that output again before the displays change */
    DUPLICATION_DISABLE,        /* and never try again */
    DUPLICATION_INTERNAL_ERROR, /* a bug of the agent */
    DUPLICATION_DISCONNECTED,   /* the session has no display */
    DUPLICATION_NO_OUTPUT,      /* no output is attached */
    DUPLICATION_GPU_RESET,      /* the GPU was reset; the next capture starts again */
};

struct duplication_code {
    uint32_t code;
    const char *name;
    enum duplication_action action;
    const char *meaning;
};

static const struct duplication_code codes[] = {
    {0x00000080, "WAIT_ABANDONED", DUPLICATION_RESTART, "the desktop changes"},
    {0x80004001, "E_NOTIMPL", DUPLICATION_DISABLE, "this Windows has no desktop duplication"},
    {0x80070005, "E_ACCESSDENIED", DUPLICATION_RETRY_DENIED, "the desktop that has the input is SYSTEM's alone"},
    {0x80070057, "E_INVALIDARG", DUPLICATION_INTERNAL_ERROR, "the agent's own mistake"},
    {0x887a0001, "DXGI_ERROR_INVALID_CALL", DUPLICATION_RESTART, "the duplication is stale"},
    {0x887a0002, "DXGI_ERROR_NOT_FOUND", DUPLICATION_NO_OUTPUT, "no monitor and no plug is attached to an adapter"},
    {0x887a0004, "DXGI_ERROR_UNSUPPORTED", DUPLICATION_DISABLE_OUTPUT,
     "the adapter or the display mode can't be duplicated"},
    {0x887a0005, "DXGI_ERROR_DEVICE_REMOVED", DUPLICATION_GPU_RESET,
     "the graphics device was removed or its driver updated"},
    {0x887a0006, "DXGI_ERROR_DEVICE_HUNG", DUPLICATION_GPU_RESET, "the graphics device hung"},
    {0x887a0007, "DXGI_ERROR_DEVICE_RESET", DUPLICATION_GPU_RESET, "the graphics device was reset"},
    {0x887a0020, "DXGI_ERROR_DRIVER_INTERNAL_ERROR", DUPLICATION_GPU_RESET, "the graphics driver failed"},
    {0x887a0022, "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE", DUPLICATION_FAIL,
     "too many programs duplicate the desktop already"},
    {0x887a0026, "DXGI_ERROR_ACCESS_LOST", DUPLICATION_RESTART, "the desktop or the display mode changed"},
    {0x887a0027, "DXGI_ERROR_WAIT_TIMEOUT", DUPLICATION_RETRY, "nothing was presented"},
    {0x887a0028, "DXGI_ERROR_SESSION_DISCONNECTED", DUPLICATION_DISCONNECTED, "the session has no display"},
    {0x887a002b, "DXGI_ERROR_ACCESS_DENIED", DUPLICATION_RESTART, "the desktop changes"},
};

/* Returns the entry of a code, never NULL. A code that is not in the table succeeds when its bit 31 is clear, else it
   fails. */
static const struct duplication_code *duplication_code_find(uint32_t code)
{
    static const struct duplication_code success = {0, "S_OK", DUPLICATION_CONTINUE, "it worked"},
                                         unknown = {0, "an unknown code", DUPLICATION_FAIL, "no reason is known"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return &codes[i];
    return code & 0x80000000u ? &unknown : &success;
}

/* ---- the capture ---- */

/* One capture. */
struct acquisition {
    const struct duplication_calls *calls; /* borrowed, as all that follows */
    const struct duplication_request *request;
    struct duplication_state *state;
    void *context;
    uint8_t *rgb;
    int64_t deadline_ms;
    const char *call;  /* that returned the last code */
    size_t output;     /* of the last call; DUPLICATION_OUTPUTS_MAX: none */
    unsigned denied;   /* number of retries after a denial */
    unsigned restarts; /* in this capture */
    struct duplication_outputs outputs;
    enum duplication_rotation rotations[DUPLICATION_OUTPUTS_MAX];
    bool masked;                           /* protected content was masked out */
    char removed[DUPLICATION_REASON_SIZE]; /* "", or what ended a device in this capture */
    /* the pointer */
    bool pointer_updated, pointer_visible, has_shape;
    size_t pointer_output;
    int32_t pointer_x, pointer_y;
    struct duplication_pointer pointer;
};

/* Records the call that returned `code` and returns the code. */
static uint32_t duplication_called(struct acquisition *acquisition, const char *call, uint32_t code)
{
    acquisition->call = call;
    return code;
}

static bool duplication_succeeded(uint32_t code)
{
    return duplication_code_find(code)->action == DUPLICATION_CONTINUE;
}

/* ---- one output ---- */

static uint32_t duplication_track_pointer(struct acquisition *acquisition, size_t output,
                                          const struct duplication_frame *frame)
{
    if (frame->pointer_updated) {
        bool elsewhere =
            !frame->pointer_visible && acquisition->pointer_visible && acquisition->pointer_output != output;
        acquisition->pointer_updated = true;
        if (!elsewhere) {
            acquisition->pointer_visible = frame->pointer_visible;
            acquisition->pointer_output = output;
            acquisition->pointer_x = frame->pointer_x;
            acquisition->pointer_y = frame->pointer_y;
        }
    }
    if (!frame->shape_updated)
        return 0;
    uint32_t code =
        duplication_called(acquisition, "GetFramePointerShape",
                           acquisition->calls->pointer_shape(acquisition->context, output, &acquisition->pointer));
    acquisition->has_shape |= duplication_succeeded(code);
    return code;
}

/* Acquires the next frame. It stays acquired when it has an image, else it is released. */
static uint32_t duplication_next_frame(struct acquisition *acquisition, size_t output, bool *presented)
{
    struct duplication_frame frame = {0};
    const struct duplication_calls *calls = acquisition->calls;
    *presented = false;
    uint32_t code = duplication_called(acquisition, "AcquireNextFrame",
                                       calls->acquire_frame(acquisition->context, output, DUPLICATION_WAIT_MS, &frame));
    if (!duplication_succeeded(code))
        return code;
    acquisition->masked |= frame.masked;
    code = duplication_track_pointer(acquisition, output, &frame);
    *presented = duplication_succeeded(code) && frame.presented;
    if (*presented)
        return code;
    uint32_t released = calls->release_frame(acquisition->context, output);
    return duplication_succeeded(code) ? duplication_called(acquisition, "ReleaseFrame", released) : code;
}

static uint32_t duplication_wait_frame(struct acquisition *acquisition, size_t output)
{
    const uint32_t timed_out = 0x887a0027;
    bool presented = false;
    uint32_t code = 0;
    while (!presented) {
        if (acquisition->calls->now_ms(acquisition->context) >= acquisition->deadline_ms)
            return duplication_called(acquisition, "AcquireNextFrame", timed_out);
        code = duplication_next_frame(acquisition, output, &presented);
        if (!duplication_succeeded(code) && duplication_code_find(code)->action != DUPLICATION_RETRY)
            return code;
    }
    return code;
}

static bool duplication_output_disabled(const struct acquisition *acquisition, size_t output)
{
    const struct duplication_state *state = acquisition->state;
    return state->disabled_displays == acquisition->request->displays && (state->disabled_outputs >> output & 1);
}

/* Captures one output into the picture. Sets *status for errors that have no code: pixels in a format that can't be
   read. */
static uint32_t duplication_capture_output(struct acquisition *acquisition, size_t output, int *status,
                                           struct error *err)
{
    struct duplication_surface surface = {0};
    const struct duplication_output *from = &acquisition->outputs.items[output];
    const struct duplication_calls *calls = acquisition->calls;
    acquisition->output = output;
    if (duplication_output_disabled(acquisition, output))
        return duplication_called(acquisition, acquisition->state->disabled_call, acquisition->state->disabled_code);
    uint32_t code =
        duplication_called(acquisition, "DuplicateOutput",
                           calls->duplicate_output(acquisition->context, output, &acquisition->rotations[output]));
    if (duplication_succeeded(code))
        code = duplication_wait_frame(acquisition, output);
    if (!duplication_succeeded(code))
        return code;
    code = duplication_called(acquisition, "the copy of the frame",
                              calls->map_frame(acquisition->context, output, &surface));
    if (duplication_succeeded(code))
        *status = duplication_surface_draw(acquisition->rgb, &acquisition->request->area, &surface, &from->area,
                                           acquisition->rotations[output], err);
    /* The pixels are copied already, so this code is ignored. */
    calls->release_frame(acquisition->context, output);
    if (*status)
        error_prefix(err, *status, "%s", from->name);
    return code;
}

/* ---- all outputs ---- */

static bool duplication_output_wanted(const struct acquisition *acquisition, const struct duplication_output *output)
{
    const struct rect *a = &output->area, *b = &acquisition->request->area;
    if (acquisition->request->output)
        return strcmp(acquisition->request->output, output->name) == 0;
    return (int64_t)a->x < (int64_t)b->x + b->width && (int64_t)b->x < (int64_t)a->x + a->width &&
           (int64_t)a->y < (int64_t)b->y + b->height && (int64_t)b->y < (int64_t)a->y + a->height;
}

static uint32_t duplication_enumerate_outputs(struct acquisition *acquisition, int *status, struct error *err)
{
    const uint32_t no_output = 0x887a0002;
    const struct duplication_outputs *outputs = &acquisition->outputs;
    acquisition->outputs.count = 0;
    acquisition->output = DUPLICATION_OUTPUTS_MAX;
    uint32_t code = duplication_called(
        acquisition, "EnumOutputs", acquisition->calls->enumerate_outputs(acquisition->context, &acquisition->outputs));
    if (duplication_succeeded(code) && outputs->count == 0)
        return no_output;
    if (duplication_succeeded(code) && outputs->count != acquisition->request->monitors)
        *status = error_set(err, ERR_UNAVAILABLE, "%zu monitors show the desktop, but adapters have %zu outputs of it",
                            acquisition->request->monitors, outputs->count);
    return code;
}

static uint32_t duplication_capture_outputs(struct acquisition *acquisition, int *status, struct error *err)
{
    const struct rect *area = &acquisition->request->area;
    const uint32_t stale = 0x887a0026;
    size_t taken = 0;
    memset(acquisition->rgb, 0, (size_t)area->width * area->height * 3);
    acquisition->pointer_updated = acquisition->pointer_visible = acquisition->has_shape = acquisition->masked = false;
    uint32_t code = duplication_called(acquisition, "the desktop that has the input",
                                       acquisition->calls->enter_desktop(acquisition->context));
    if (duplication_succeeded(code))
        code = duplication_enumerate_outputs(acquisition, status, err);
    for (size_t i = 0; i < acquisition->outputs.count && duplication_succeeded(code) && *status == 0; i++) {
        if (!duplication_output_wanted(acquisition, &acquisition->outputs.items[i]))
            continue;
        code = duplication_capture_output(acquisition, i, status, err);
        taken++;
    }
    if (!duplication_succeeded(code) || *status)
        return code;
    if (taken == 0)
        *status = error_set(err, ERR_UNAVAILABLE, "no output of an adapter shows that part of the desktop");
    return acquisition->calls->is_current(acquisition->context) ? code
                                                                : duplication_called(acquisition, "IsCurrent", stale);
}

/* ---- the actions ---- */

static void duplication_describe(const char *call, uint32_t code, uint32_t called, char text[DUPLICATION_REASON_SIZE])
{
    const struct duplication_code *known = duplication_code_find(code);
    snprintf(text, DUPLICATION_REASON_SIZE, "%s: %s (%s, 0x%08x%s%s)", call, known->meaning, known->name, code,
             code == called ? "" : "; the call gave ", code == called ? "" : duplication_code_find(called)->name);
}

/* Notes why a device is gone, before it is released: the next one does not know. */
static void duplication_note_removed(struct acquisition *acquisition, uint32_t code)
{
    if (*acquisition->removed || acquisition->output == DUPLICATION_OUTPUTS_MAX)
        return;
    uint32_t reason = acquisition->calls->removed_reason(acquisition->context, acquisition->output);
    if (!duplication_succeeded(reason))
        duplication_describe(acquisition->call, reason, code, acquisition->removed);
}

static int duplication_fail(const struct acquisition *acquisition, const struct duplication_code *known, uint32_t code,
                            struct error *err)
{
    static const struct {
        enum duplication_action action;
        const char *type;
        int status;
    } types[] = {{DUPLICATION_RETRY_DENIED, "desktop-denied: ", ERR_DENIED},
                 {DUPLICATION_NO_OUTPUT, "no-output: ", ERR_UNAVAILABLE},
                 {DUPLICATION_DISCONNECTED, "session-disconnected: ", ERR_UNAVAILABLE},
                 {DUPLICATION_GPU_RESET, "gpu-reset: ", ERR_UNAVAILABLE},
                 {DUPLICATION_RETRY, "static: ", ERR_UNAVAILABLE}};
    const char *type = "", *remedy = "";
    char text[DUPLICATION_REASON_SIZE];
    int status = ERR_UNAVAILABLE;
    if (*acquisition->removed)
        return error_set(err, status, "gpu-reset: %s", acquisition->removed);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].action == known->action) {
            type = types[i].type;
            status = types[i].status;
        }
    }
    if (known->action == DUPLICATION_DISCONNECTED)
        remedy = ": 'tscon ID /dest:console' brings it back";
    else if (known->action == DUPLICATION_RESTART)
        remedy = ", again and again";
    duplication_describe(acquisition->call, code, code, text);
    return error_set(err, status, "%s%s%s", type, text, remedy);
}

static bool duplication_may_restart(struct acquisition *acquisition)
{
    struct duplication_state *state = acquisition->state;
    int64_t now = acquisition->calls->now_ms(acquisition->context);
    if (state->restarts == 0 || now - state->restarts_since_ms >= DUPLICATION_RESTARTS_MS) {
        state->restarts = 0;
        state->restarts_since_ms = now;
    }
    if (state->restarts == DUPLICATION_RESTARTS_MAX || now >= acquisition->deadline_ms)
        return false;
    state->restarts++;
    acquisition->restarts++;
    return true;
}

static bool duplication_may_retry_denied(struct acquisition *acquisition)
{
    if (!acquisition->request->is_system || acquisition->denied == DUPLICATION_DENIED_MAX)
        return false;
    acquisition->denied++;
    acquisition->calls->sleep_ms(acquisition->context, DUPLICATION_DENIED_MS);
    return true;
}

static void duplication_disable(struct acquisition *acquisition, enum duplication_action action, uint32_t code)
{
    struct duplication_state *state = acquisition->state;
    bool of_output = action == DUPLICATION_DISABLE_OUTPUT;
    if (of_output && (acquisition->output == DUPLICATION_OUTPUTS_MAX ||
                      duplication_output_disabled(acquisition, acquisition->output)))
        return;
    if (state->disabled_displays != acquisition->request->displays)
        state->disabled_outputs = 0;
    if (of_output)
        state->disabled_outputs |= 1u << acquisition->output;
    state->disabled_code = code;
    state->disabled_displays = acquisition->request->displays;
    snprintf(state->disabled_call, sizeof state->disabled_call, "%s", acquisition->call);
}

/* Handles a code that is no success. Returns 0 when the capture has to be repeated. */
static int duplication_handle_code(struct acquisition *acquisition, uint32_t code, struct error *err)
{
    const struct duplication_code *known = duplication_code_find(code);
    duplication_note_removed(acquisition, code);
    if (known->action == DUPLICATION_RESTART && duplication_may_restart(acquisition))
        return 0;
    if (known->action == DUPLICATION_RETRY_DENIED && duplication_may_retry_denied(acquisition))
        return 0;
    if (known->action == DUPLICATION_DISABLE_OUTPUT || known->action == DUPLICATION_DISABLE)
        duplication_disable(acquisition, known->action, code);
    return duplication_fail(acquisition, known, code, err);
}

/* Fails without any call when an earlier code has disabled duplication for good. */
static int duplication_check_disabled(struct acquisition *acquisition, struct error *err)
{
    const struct duplication_state *state = acquisition->state;
    const struct duplication_code *known = duplication_code_find(state->disabled_code);
    if (known->action != DUPLICATION_DISABLE)
        return 0;
    acquisition->call = state->disabled_call;
    return duplication_fail(acquisition, known, state->disabled_code, err);
}

/* ---- the picture ---- */

static const char *duplication_draw_pointer(const struct acquisition *acquisition)
{
    const struct rect *area = &acquisition->request->area;
    const struct rect *output = &acquisition->outputs.items[acquisition->pointer_output].area;
    if (!acquisition->request->cursor)
        return "off";
    if (!acquisition->pointer_updated)
        return "unavailable";
    if (!acquisition->pointer_visible)
        return "hidden";
    struct cursor_canvas canvas = {acquisition->rgb, area->width, area->height};
    bool drawn = acquisition->has_shape &&
                 cursor_draw(&canvas, &acquisition->pointer.shape, output->x - area->x + acquisition->pointer_x,
                             output->y - area->y + acquisition->pointer_y);
    return drawn ? "drawn" : "unavailable";
}

/* Draws the shape over black and over white. Returns its pixels, owned by the caller, or NULL. */
static uint8_t *duplication_read_shape(const struct cursor_shape *shape)
{
    size_t count = (size_t)shape->width * shape->height;
    uint8_t *rgba = count > 0 && count <= DUPLICATION_SHAPE_MAX ? malloc(count * (4 + 3 + 3)) : NULL;
    if (!rgba)
        return NULL;
    struct cursor_canvas black = {rgba + 4 * count, shape->width, shape->height};
    struct cursor_canvas white = {black.rgb + 3 * count, shape->width, shape->height};
    memset(black.rgb, 0, 3 * count);
    memset(white.rgb, 255, 3 * count);
    if (cursor_draw(&black, shape, 0, 0) && cursor_draw(&white, shape, 0, 0)) {
        pointer_from_drawings(rgba, black.rgb, white.rgb, count);
        return rgba;
    }
    free(rgba);
    return NULL;
}

/* Adds the facts of the pointer, where it is not drawn and is known. */
static void duplication_add_pointer(const struct acquisition *acquisition, struct strlist *facts)
{
    const struct duplication_pointer *found = &acquisition->pointer;
    const struct rect *area = &acquisition->request->area;
    const struct rect *output = &acquisition->outputs.items[acquisition->pointer_output].area;
    struct pointer pointer = {.x = output->x - area->x + acquisition->pointer_x + found->hot_x,
                              .y = output->y - area->y + acquisition->pointer_y + found->hot_y,
                              .hot_x = found->hot_x,
                              .hot_y = found->hot_y,
                              .width = found->shape.width,
                              .height = found->shape.height};
    if (acquisition->request->cursor || !acquisition->pointer_visible || !acquisition->has_shape)
        return;
    uint8_t *rgba = duplication_read_shape(&found->shape);
    pointer.rgba = rgba;
    if (rgba)
        pointer_add_facts(&pointer, acquisition->request->shape, facts);
    free(rgba);
}

static void duplication_add_facts(const struct acquisition *acquisition, const char *cursor, struct strlist *facts)
{
    static const int degrees[] = {0, 0, 90, 180, 270};
    strlist_add(facts, "method=DuplicateOutput");
    strlist_addf(facts, "cursor=%s", cursor);
    for (size_t i = 0; i < acquisition->outputs.count; i++) {
        const struct duplication_output *output = &acquisition->outputs.items[i];
        if (duplication_output_wanted(acquisition, output))
            strlist_addf(facts, "dxgi.output=%s %ux%u%+d%+d, turned by %d, of %s", output->name, output->area.width,
                         output->area.height, output->area.x, output->area.y, degrees[acquisition->rotations[i]],
                         output->adapter);
    }
    strlist_addf(facts, "dxgi.restarts=%u", acquisition->restarts);
    if (*acquisition->removed)
        strlist_addf(facts, "dxgi.removed=%s", acquisition->removed);
    if (acquisition->masked)
        strlist_add(facts, "warning=protected content was left out");
}

static int duplication_run(struct acquisition *acquisition, struct strlist *facts, struct error *err)
{
    int status = duplication_check_disabled(acquisition, err);
    while (status == 0) {
        uint32_t code = duplication_capture_outputs(acquisition, &status, err);
        if (status)
            break;
        if (duplication_succeeded(code)) {
            duplication_add_facts(acquisition, duplication_draw_pointer(acquisition), facts);
            duplication_add_pointer(acquisition, facts);
            return 0;
        }
        status = duplication_handle_code(acquisition, code, err);
        acquisition->calls->reset(acquisition->context);
    }
    return status;
}

int duplication_capture(const struct duplication_calls *calls, void *context, struct duplication_state *state,
                        const struct duplication_request *request, uint8_t *rgb, struct strlist *facts,
                        struct error *err)
{
    struct acquisition acquisition = {
        .calls = calls, .request = request, .state = state, .context = context, .rgb = rgb};
    int time_ms = request->timeout_ms < DUPLICATION_DEADLINE_MS ? request->timeout_ms : DUPLICATION_DEADLINE_MS;
    acquisition.deadline_ms = calls->now_ms(context) + time_ms;
    int status = duplication_run(&acquisition, facts, err);
    calls->reset(context); /* a session has four duplications for all programs */
    return status;
}
