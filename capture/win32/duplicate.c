/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplicate.h"
#include "capture/win32/duplicate_code.h"

#include <stdio.h>
#include <string.h>

/* One picture under way. */
struct taking {
    const struct duplicate_calls *calls; /* borrowed, as all that follows */
    const struct duplicate_request *request;
    struct duplicate_memory *memory;
    void *context;
    uint8_t *rgb;
    int64_t deadline_ms;
    const char *call;  /* that gave the last code */
    size_t output;     /* that was asked last; DUPLICATE_OUTPUTS_MAX: none */
    unsigned denied;   /* times */
    unsigned restarts; /* in this picture */
    struct duplicate_outputs outputs;
    enum duplicate_rotation rotations[DUPLICATE_OUTPUTS_MAX];
    bool masked;
    /* the pointer */
    bool pointer_told, pointer_visible, has_shape;
    size_t pointer_output;
    int32_t pointer_x, pointer_y;
    struct cursor_shape shape;
};

static uint32_t called(struct taking *taking, const char *call, uint32_t code)
{
    taking->call = call;
    return code;
}

static bool is_fine(uint32_t code)
{
    return duplicate_code_find(code)->action == DUPLICATE_GO_ON;
}

/* ---- one output ---- */

static uint32_t note_pointer(struct taking *taking, size_t output, const struct duplicate_frame *frame)
{
    if (frame->pointer_told) {
        bool elsewhere = !frame->pointer_visible && taking->pointer_visible && taking->pointer_output != output;
        taking->pointer_told = true;
        if (!elsewhere) {
            taking->pointer_visible = frame->pointer_visible;
            taking->pointer_output = output;
            taking->pointer_x = frame->pointer_x;
            taking->pointer_y = frame->pointer_y;
        }
    }
    if (!frame->shape_told || !taking->request->cursor)
        return 0;
    uint32_t code =
        called(taking, "GetFramePointerShape", taking->calls->shape(taking->context, output, &taking->shape));
    taking->has_shape |= is_fine(code);
    return code;
}

/* A frame with a picture in it stays acquired; one without is given back. */
static uint32_t next_frame(struct taking *taking, size_t output, bool *presented)
{
    struct duplicate_frame frame = {0};
    const struct duplicate_calls *calls = taking->calls;
    *presented = false;
    uint32_t code =
        called(taking, "AcquireNextFrame", calls->acquire(taking->context, output, DUPLICATE_WAIT_MS, &frame));
    if (!is_fine(code))
        return code;
    taking->masked |= frame.masked;
    code = note_pointer(taking, output, &frame);
    *presented = is_fine(code) && frame.presented;
    if (*presented)
        return code;
    uint32_t released = calls->release(taking->context, output);
    return is_fine(code) ? called(taking, "ReleaseFrame", released) : code;
}

static uint32_t wait_for_frame(struct taking *taking, size_t output)
{
    const uint32_t timed_out = 0x887a0027;
    bool presented = false;
    uint32_t code = 0;
    while (!presented) {
        if (taking->calls->now_ms(taking->context) >= taking->deadline_ms)
            return called(taking, "AcquireNextFrame", timed_out);
        code = next_frame(taking, output, &presented);
        if (!is_fine(code) && duplicate_code_find(code)->action != DUPLICATE_WAIT)
            return code;
    }
    return code;
}

static bool is_refused(const struct taking *taking, size_t output)
{
    const struct duplicate_memory *memory = taking->memory;
    return memory->refused_displays == taking->request->displays && (memory->refused_outputs >> output & 1);
}

/* `status` is that of what no code tells of: pixels in a form that can't be read. */
static uint32_t take_output(struct taking *taking, size_t output, int *status, struct error *err)
{
    struct duplicate_pixels pixels = {0};
    const struct duplicate_output *from = &taking->outputs.items[output];
    const struct duplicate_calls *calls = taking->calls;
    taking->output = output;
    if (is_refused(taking, output))
        return called(taking, taking->memory->refused_call, taking->memory->refused_code);
    uint32_t code =
        called(taking, "DuplicateOutput", calls->duplicate(taking->context, output, &taking->rotations[output]));
    if (is_fine(code))
        code = wait_for_frame(taking, output);
    if (!is_fine(code))
        return code;
    code = called(taking, "the copy of the frame", calls->copy(taking->context, output, &pixels));
    if (is_fine(code))
        *status =
            duplicate_place(taking->rgb, &taking->request->area, &pixels, &from->area, taking->rotations[output], err);
    /* What it says comes too late for pixels that are there. */
    calls->release(taking->context, output);
    if (*status) {
        struct error why = *err;
        error_set(err, *status, "%s: %s", from->name, why.text);
    }
    return code;
}

/* ---- all of them ---- */

static bool is_wanted(const struct taking *taking, const struct duplicate_output *output)
{
    const struct rect *a = &output->area, *b = &taking->request->area;
    if (taking->request->output)
        return strcmp(taking->request->output, output->name) == 0;
    return (int64_t)a->x < (int64_t)b->x + b->width && (int64_t)b->x < (int64_t)a->x + a->width &&
           (int64_t)a->y < (int64_t)b->y + b->height && (int64_t)b->y < (int64_t)a->y + a->height;
}

static uint32_t list_outputs(struct taking *taking, int *status, struct error *err)
{
    const uint32_t no_output = 0x887a0002;
    const struct duplicate_outputs *outputs = &taking->outputs;
    taking->outputs.count = 0;
    taking->output = DUPLICATE_OUTPUTS_MAX;
    uint32_t code = called(taking, "EnumOutputs", taking->calls->list(taking->context, &taking->outputs));
    if (is_fine(code) && outputs->count == 0)
        return no_output;
    if (is_fine(code) && outputs->count != taking->request->monitors)
        *status = error_set(err, ERR_UNAVAILABLE, "%zu monitors show the desktop, but adapters have %zu outputs of it",
                            taking->request->monitors, outputs->count);
    return code;
}

static uint32_t take_outputs(struct taking *taking, int *status, struct error *err)
{
    const struct rect *area = &taking->request->area;
    const uint32_t stale = 0x887a0026;
    size_t taken = 0;
    memset(taking->rgb, 0, (size_t)area->width * area->height * 3);
    taking->pointer_told = taking->pointer_visible = taking->has_shape = taking->masked = false;
    uint32_t code = called(taking, "the desktop that has the input", taking->calls->enter(taking->context));
    if (is_fine(code))
        code = list_outputs(taking, status, err);
    for (size_t i = 0; i < taking->outputs.count && is_fine(code) && *status == 0; i++) {
        if (!is_wanted(taking, &taking->outputs.items[i]))
            continue;
        code = take_output(taking, i, status, err);
        taken++;
    }
    if (!is_fine(code) || *status)
        return code;
    if (taken == 0)
        *status = error_set(err, ERR_UNAVAILABLE, "no output of an adapter shows that part of the desktop");
    return taking->calls->is_current(taking->context) ? code : called(taking, "IsCurrent", stale);
}

/* ---- what is done about a code ---- */

static int refuse(const struct taking *taking, const struct duplicate_code *known, uint32_t code, struct error *err)
{
    static const struct {
        enum duplicate_action action;
        const char *type;
        int status;
    } types[] = {{DUPLICATE_ASK_AGAIN, "desktop-denied: ", ERR_DENIED},
                 {DUPLICATE_NO_OUTPUT, "no-output: ", ERR_UNAVAILABLE},
                 {DUPLICATE_DISCONNECTED, "session-disconnected: ", ERR_UNAVAILABLE},
                 {DUPLICATE_GPU_RESET, "gpu-reset: ", ERR_UNAVAILABLE},
                 {DUPLICATE_WAIT, "static: ", ERR_UNAVAILABLE}};
    const char *type = "", *remedy = "";
    int status = ERR_UNAVAILABLE;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].action == known->action) {
            type = types[i].type;
            status = types[i].status;
        }
    }
    if (known->action == DUPLICATE_DISCONNECTED)
        remedy = ": 'tscon ID /dest:console' brings it back";
    else if (known->action == DUPLICATE_RESTART)
        remedy = ", again and again";
    return error_set(err, status, "%s%s: %s (%s, 0x%08x)%s", type, taking->call, known->meaning, known->name, code,
                     remedy);
}

static bool may_restart(struct taking *taking)
{
    struct duplicate_memory *memory = taking->memory;
    int64_t now = taking->calls->now_ms(taking->context);
    if (memory->restarts == 0 || now - memory->restarts_since_ms >= DUPLICATE_RESTARTS_MS) {
        memory->restarts = 0;
        memory->restarts_since_ms = now;
    }
    if (memory->restarts == DUPLICATE_RESTARTS_MAX || now >= taking->deadline_ms)
        return false;
    memory->restarts++;
    taking->restarts++;
    return true;
}

static bool may_ask_again(struct taking *taking)
{
    if (!taking->request->is_system || taking->denied == DUPLICATE_DENIED_MAX)
        return false;
    taking->denied++;
    taking->calls->sleep_ms(taking->context, DUPLICATE_DENIED_MS);
    return true;
}

static void remember(struct taking *taking, enum duplicate_action action, uint32_t code)
{
    struct duplicate_memory *memory = taking->memory;
    bool of_output = action == DUPLICATE_REFUSE_MODE;
    if (of_output && (taking->output == DUPLICATE_OUTPUTS_MAX || is_refused(taking, taking->output)))
        return;
    if (memory->refused_displays != taking->request->displays)
        memory->refused_outputs = 0;
    if (of_output)
        memory->refused_outputs |= 1u << taking->output;
    memory->refused_code = code;
    memory->refused_displays = taking->request->displays;
    snprintf(memory->refused_call, sizeof memory->refused_call, "%s", taking->call);
}

/* 0 when it is to be tried again. */
static int act(struct taking *taking, uint32_t code, struct error *err)
{
    const struct duplicate_code *known = duplicate_code_find(code);
    if (known->action == DUPLICATE_RESTART && may_restart(taking))
        return 0;
    if (known->action == DUPLICATE_ASK_AGAIN && may_ask_again(taking))
        return 0;
    if (known->action == DUPLICATE_REFUSE_MODE || known->action == DUPLICATE_REFUSE_EVER)
        remember(taking, known->action, code);
    return refuse(taking, known, code, err);
}

/* Nothing is asked of a system that has said before that it never can. */
static int recall(struct taking *taking, struct error *err)
{
    const struct duplicate_memory *memory = taking->memory;
    const struct duplicate_code *known = duplicate_code_find(memory->refused_code);
    if (known->action != DUPLICATE_REFUSE_EVER)
        return 0;
    taking->call = memory->refused_call;
    return refuse(taking, known, memory->refused_code, err);
}

/* ---- the picture ---- */

static const char *draw_pointer(const struct taking *taking)
{
    const struct rect *area = &taking->request->area;
    const struct rect *output = &taking->outputs.items[taking->pointer_output].area;
    if (!taking->request->cursor)
        return "off";
    if (!taking->pointer_told)
        return "unavailable";
    if (!taking->pointer_visible)
        return "hidden";
    struct cursor_canvas canvas = {taking->rgb, area->width, area->height};
    bool drawn = taking->has_shape && cursor_draw(&canvas, &taking->shape, output->x - area->x + taking->pointer_x,
                                                  output->y - area->y + taking->pointer_y);
    return drawn ? "drawn" : "unavailable";
}

static void add_facts(const struct taking *taking, const char *cursor, struct strlist *facts)
{
    static const int degrees[] = {0, 0, 90, 180, 270};
    strlist_add(facts, "method=DuplicateOutput");
    strlist_addf(facts, "cursor=%s", cursor);
    for (size_t i = 0; i < taking->outputs.count; i++) {
        const struct duplicate_output *output = &taking->outputs.items[i];
        if (is_wanted(taking, output))
            strlist_addf(facts, "dxgi.output=%s %ux%u%+d%+d, turned by %d, of %s", output->name, output->area.width,
                         output->area.height, output->area.x, output->area.y, degrees[taking->rotations[i]],
                         output->adapter);
    }
    strlist_addf(facts, "dxgi.restarts=%u", taking->restarts);
    if (taking->masked)
        strlist_add(facts, "warning=protected content was left out");
}

static int take(struct taking *taking, struct strlist *facts, struct error *err)
{
    int status = recall(taking, err);
    while (status == 0) {
        uint32_t code = take_outputs(taking, &status, err);
        if (status)
            break;
        if (is_fine(code)) {
            add_facts(taking, draw_pointer(taking), facts);
            return 0;
        }
        status = act(taking, code, err);
        taking->calls->reset(taking->context);
    }
    return status;
}

int duplicate_take(const struct duplicate_calls *calls, void *context, struct duplicate_memory *memory,
                   const struct duplicate_request *request, uint8_t *rgb, struct strlist *facts, struct error *err)
{
    struct taking taking = {.calls = calls, .request = request, .memory = memory, .context = context, .rgb = rgb};
    int time_ms = request->timeout_ms < DUPLICATE_DEADLINE_MS ? request->timeout_ms : DUPLICATE_DEADLINE_MS;
    taking.deadline_ms = calls->now_ms(context) + time_ms;
    int status = take(&taking, facts, err);
    calls->reset(context); /* a session has four duplications for all programs */
    return status;
}
