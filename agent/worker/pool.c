/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/pool.h"
#include "agent/worker/options.h"
#include "agent/worker/main.h"
#include "capture/capture.h"
#include "capture/card_class.h"
#include "platform/clock.h"
#include "platform/display.h"
#include "platform/thread.h"
#include "platform/worker.h"
#include "protocol/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX (1u << 20) /* bytes */
#define CARD_CLASSES_MAX 32

struct screen {
    struct os_mutex *lock;  /* guards what follows */
    struct os_worker *idle; /* NULL, or a worker that waits for work */
    unsigned busy;
    const struct strlist *card_classes; /* borrowed */
    struct children *children;          /* borrowed; or NULL */
};

/* One request's connection to a worker: its answer read as a source. */
struct conversation {
    struct source source; /* first: the source is the conversation */
    struct os_worker *worker;
    int64_t deadline_ms;
    int timeout_ms;
    bool answered; /* at least one byte came */
    size_t pos, len;
    uint8_t bytes[16384];
};

static int conversation_read(struct source *source, void *bytes, size_t max, struct error *err)
{
    struct conversation *talk = (struct conversation *)(void *)source;
    if (talk->pos == talk->len) {
        if (max >= sizeof talk->bytes)
            return os_worker_read(talk->worker, bytes, max, talk->deadline_ms, err);
        int got = os_worker_read(talk->worker, talk->bytes, sizeof talk->bytes, talk->deadline_ms, err);
        if (got <= 0)
            return got;
        talk->answered = true;
        talk->pos = 0;
        talk->len = (size_t)got;
    }
    size_t len = talk->len - talk->pos < max ? talk->len - talk->pos : max;
    memcpy(bytes, talk->bytes + talk->pos, len);
    talk->pos += len;
    return (int)len;
}

static char backend_names[128];

const char *screen_backend_names(void)
{
    return backend_names;
}

static int check_card_classes(const struct strlist *rules, struct error *err)
{
    if (rules->count > CARD_CLASSES_MAX)
        return error_set(err, ERR_LIMIT, "--card-class is given more than %d times", CARD_CLASSES_MAX);
    for (size_t i = 0; i < rules->count; i++)
        if (!card_class_is_rule(rules->items[i]))
            return error_set(err, ERR_INVALID,
                             "--card-class: '%.255s' is not DRIVER=passed-through, DRIVER=emulated or DRIVER=virtual",
                             rules->items[i]);
    return 0;
}

int screen_new(struct screen **out, const struct strlist *card_classes, struct error *err)
{
    int status = check_card_classes(card_classes, err);
    if (status)
        return status;
    struct screen *screen = calloc(1, sizeof *screen);
    if (!screen)
        abort(); /* at start-up */
    screen->lock = os_mutex_new();
    screen->card_classes = card_classes;
    for (int i = 0; capture_backends[i]; i++) {
        size_t len = strlen(backend_names);
        snprintf(backend_names + len, sizeof backend_names - len, "%s%s", i ? " " : "", capture_backends[i]->name);
    }
    *out = screen;
    return 0;
}

void screen_spare(struct screen *screen, struct children *children)
{
    screen->children = children;
}

void screen_stop(struct screen *screen)
{
    os_mutex_lock(screen->lock);
    os_worker_stop(screen->idle);
    screen->idle = NULL;
    os_mutex_unlock(screen->lock);
}

/* The idle worker (*fresh = false), or a new one. */
static int take_worker(struct screen *screen, struct os_worker **worker, bool *fresh, struct error *err)
{
    os_mutex_lock(screen->lock);
    bool room = screen->busy < SCREEN_WORKERS_MAX;
    *worker = room ? screen->idle : NULL;
    if (room) {
        screen->idle = NULL;
        screen->busy++;
    }
    os_mutex_unlock(screen->lock);
    *fresh = *worker == NULL;
    if (!room)
        return error_set(err, ERR_LIMIT, "%d captures are under way already", SCREEN_WORKERS_MAX);
    return *worker ? 0 : os_worker_start(worker, WORKER_ARGUMENT, err);
}

static void give_worker_back(struct screen *screen, struct os_worker *worker, bool usable)
{
    os_mutex_lock(screen->lock);
    screen->busy--;
    if (usable && !screen->idle) {
        screen->idle = worker;
        worker = NULL;
    }
    os_mutex_unlock(screen->lock);
    os_worker_stop(worker);
}

/* One `e`, or s facts and then at most one d or u. */
static int read_entries(struct list_reader *list, struct strlist *lines, struct buffer *file, struct error *err)
{
    struct entry entry;
    char *text;
    int got;
    while ((got = list_read_entry(list, &entry, err)) > 0) {
        if (entry.type == WIRE_STRING || entry.type == WIRE_ERROR) {
            int status = list_read_text(list, WIRE_STRING_MAX, &text, err);
            if (status)
                return status;
            bool is_error = entry.type == WIRE_ERROR;
            if (is_error)
                error_set(err, ERR_UNAVAILABLE, "%s", text);
            else
                strlist_add(lines, text);
            free(text);
            if (is_error)
                return ERR_UNAVAILABLE;
        } else if (entry.type == WIRE_DATA && file && entry.size <= SCREEN_FILE_MAX) {
            uint8_t *bytes = buffer_extend(file, (size_t)entry.size);
            size_t done = 0;
            while (bytes && done < entry.size &&
                   (got = list_read_data(list, bytes + done, (size_t)entry.size - done, err)) > 0)
                done += (size_t)got;
            if (done < entry.size)
                return bytes ? got
                             : error_set(err, ERR_NO_MEMORY, "no memory for a picture of %llu bytes",
                                         (unsigned long long)entry.size);
        } else if (entry.type != WIRE_UNDEFINED) {
            return error_set(err, ERR_PROTOCOL, "the capture worker answered with an entry of type %d and %llu bytes",
                             entry.type, (unsigned long long)entry.size);
        }
    }
    return got;
}

static int read_answer(struct conversation *talk, struct strlist *lines, struct buffer *file, struct error *err)
{
    struct list_reader list;
    int status = list_read_begin(&list, &talk->source, err);
    return status ? status : read_entries(&list, lines, file, err);
}

static void explain(struct conversation *talk, int status, struct error *err)
{
    char where[64];
    if (status == ERR_TIMEOUT) {
        os_worker_stuck_in(talk->worker, where, sizeof where);
        error_set(err, status, "the capture did not end within %d ms%s%s", talk->timeout_ms,
                  *where ? ": it waits in the kernel's " : "", where);
    } else if (status == ERR_CLOSED) {
        error_set(err, ERR_UNAVAILABLE, "the capture worker ended before it answered (it crashed or was killed)");
    }
}

/* One try. *again: an idle worker had ended before it saw the request. */
static int try_ask(struct screen *screen, const struct buffer *request, int64_t deadline_ms, int timeout_ms,
                   struct strlist *lines, struct buffer *file, bool *again, struct error *err)
{
    bool fresh;
    struct conversation *talk = malloc(sizeof *talk);
    if (!talk)
        return error_set(err, ERR_NO_MEMORY, "no memory to ask the capture worker");
    *talk = (struct conversation){.source = {conversation_read}, .deadline_ms = deadline_ms, .timeout_ms = timeout_ms};
    int status = take_worker(screen, &talk->worker, &fresh, err);
    if (status == ERR_LIMIT) {
        free(talk);
        return status;
    }
    if (status == 0)
        status = os_worker_write(talk->worker, request->data, request->len, deadline_ms, err);
    if (status == 0)
        status = read_answer(talk, lines, file, err);
    *again = !fresh && !talk->answered && status == ERR_CLOSED;
    if (talk->worker)
        explain(talk, status, err);
    /* After a refusal the worker has answered in full and is as good as before. */
    give_worker_back(screen, talk->worker, status == 0 || status == ERR_UNAVAILABLE);
    free(talk);
    return status == ERR_CLOSED || status == ERR_PROTOCOL ? ERR_UNAVAILABLE : status;
}

static void write_card_class(struct buffer *request, const char *rule)
{
    char text[CARD_CLASS_RULE_MAX + 16];
    snprintf(text, sizeof text, "card-class=%s", rule);
    write_entry_text(request, WIRE_STRING, text);
}

static int ask(struct screen *screen, const char *verb, const struct strlist *options, int timeout_ms,
               struct strlist *lines, struct buffer *file, struct error *err)
{
    struct buffer request;
    bool again = false;
    int64_t deadline = os_deadline(timeout_ms);
    buffer_init(&request, REQUEST_MAX);
    write_u32(&request, (uint32_t)(1 + screen->card_classes->count + options->count));
    write_entry_text(&request, WIRE_STRING, verb);
    for (size_t i = 0; i < screen->card_classes->count; i++)
        write_card_class(&request, screen->card_classes->items[i]);
    for (size_t i = 0; i < options->count; i++)
        write_entry_text(&request, WIRE_STRING, options->items[i]);
    int status = request.failed ? error_set(err, ERR_LIMIT, "%s: its options exceed %u bytes", verb, REQUEST_MAX)
                                : try_ask(screen, &request, deadline, timeout_ms, lines, file, &again, err);
    if (again)
        status = try_ask(screen, &request, deadline, timeout_ms, lines, file, &again, err);
    buffer_deinit(&request);
    if (status == 0 && lines->failed)
        status = error_set(err, ERR_NO_MEMORY, "%s: no memory for the answer", verb);
    return status;
}

/* As a picture is asked for: with the host's options, and passive=1 where a test could be disturbed. */
static int ask_picture(struct screen *screen, const char *verb, const struct strlist *options, int timeout_ms,
                       struct strlist *facts, struct buffer *file, struct error *err)
{
    struct strlist own = {0};
    unsigned running = 0, exited;
    if (screen->children)
        children_count(screen->children, &running, &exited);
    if (running == 0 || strlist_get(options, "passive"))
        return ask(screen, verb, options, timeout_ms, facts, file, err);
    for (size_t i = 0; i < options->count; i++)
        strlist_add(&own, options->items[i]);
    strlist_add(&own, "passive=1");
    int status = own.failed ? error_set(err, ERR_NO_MEMORY, "%s: no memory for its options", verb)
                            : ask(screen, verb, &own, timeout_ms, facts, file, err);
    strlist_deinit(&own);
    return status;
}

int screen_take(struct screen *screen, const struct strlist *options, struct strlist *facts, struct buffer *file,
                struct error *err)
{
    struct screenshot_options parsed;
    int status = screenshot_options_parse(&parsed, options, err);
    if (status == 0)
        status = ask_picture(screen, "screenshot", options, parsed.deadline_ms, facts, file, err);
    screenshot_options_deinit(&parsed);
    return status;
}

int screen_crc(struct screen *screen, const struct strlist *options, struct strlist *facts, struct error *err)
{
    struct screenshot_options parsed;
    int status = screenshot_options_parse_crc(&parsed, options, err);
    if (status == 0)
        status = ask_picture(screen, "crc", options, parsed.deadline_ms, facts, NULL, err);
    screenshot_options_deinit(&parsed);
    return status;
}

int screen_all_displays(struct screen *screen, const struct strlist *options, struct strlist *facts, struct error *err)
{
    struct screenshot_options parsed;
    int status = screenshot_options_parse_list(&parsed, options, err);
    if (status == 0)
        status = ask(screen, "all-displays", options, parsed.deadline_ms, facts, NULL, err);
    screenshot_options_deinit(&parsed);
    return status;
}

static int ask_list(struct screen *screen, const char *verb, int timeout_ms, struct strlist *lines, struct error *err)
{
    struct strlist options = {0};
    strlist_addf(&options, "deadline-ms=%d", timeout_ms);
    int status = ask(screen, verb, &options, timeout_ms, lines, NULL, err);
    strlist_deinit(&options);
    return status;
}

int screen_displays(struct screen *screen, int timeout_ms, struct strlist *facts, struct error *err)
{
    return ask_list(screen, "displays", timeout_ms, facts, err);
}

int screen_windows(struct screen *screen, int timeout_ms, struct strlist *lines, struct error *err)
{
    return ask_list(screen, "windows", timeout_ms, lines, err);
}

int screen_console(struct screen *screen, unsigned number, int timeout_ms, struct strlist *lines, struct error *err)
{
    char verb[24] = "console";
    if (number)
        snprintf(verb, sizeof verb, "console-%u", number);
    return ask_list(screen, verb, timeout_ms, lines, err);
}

int screen_dump(struct screen *screen, uint64_t pid, int timeout_ms, struct buffer *file, struct error *err)
{
    struct strlist options = {0}, facts = {0};
    strlist_addf(&options, "pid=%llu", (unsigned long long)pid);
    strlist_addf(&options, "deadline-ms=%d", timeout_ms);
    int status = ask(screen, "dump", &options, timeout_ms, &facts, file, err);
    strlist_deinit(&options);
    strlist_deinit(&facts);
    return status;
}

int screen_restore(struct screen *screen, int timeout_ms, struct strlist *facts, struct error *err)
{
    return os_display_needs_restoring() ? ask_list(screen, "restore", timeout_ms, facts, err) : 0;
}
