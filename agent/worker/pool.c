/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/pool.h"
#include "agent/worker/answer.h"
#include "agent/worker/main.h"
#include "agent/worker/options.h"
#include "agent/worker/queue.h"
#include "capture/capture.h"
#include "capture/card_class.h"
#include "capture/input/action.h"
#include "platform/clock.h"
#include "platform/display.h"
#include "platform/thread.h"
#include "platform/worker.h"
#include "protocol/buffered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX (1u << 20) /* bytes */
#define CARD_CLASSES_MAX 32
#define INPUT_SIZE 16384 /* bytes of an answer read at a time; a file goes directly to its buffer */

struct worker_pool {
    struct worker_queue queue;
    struct os_mutex *lock;              /* guards what follows */
    struct os_worker *idle;             /* NULL, or a worker that waits for work */
    const struct strlist *card_classes; /* borrowed */
    struct children *children;          /* borrowed; or NULL */
};

/* One request to one worker. */
struct exchange {
    struct buffered_source answer;
    struct os_worker *worker;
    int64_t deadline_ms;
    int timeout_ms;
    bool is_fresh; /* the worker was started for it */
    bool answered; /* at least one byte came */
    uint8_t input[INPUT_SIZE];
};

static char backend_names[128];

const char *worker_pool_backend_names(void)
{
    return backend_names;
}

static int pool_check_card_classes(const struct strlist *rules, struct error *err)
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

int worker_pool_new(struct worker_pool **out, const struct strlist *card_classes, struct error *err)
{
    int status = pool_check_card_classes(card_classes, err);
    if (status)
        return status;
    struct worker_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return error_set(err, ERR_NO_MEMORY, "no memory for the capture workers");
    worker_queue_init(&pool->queue, WORKER_POOL_MAX);
    pool->lock = os_mutex_new();
    pool->card_classes = card_classes;
    backend_names[0] = '\0'; /* there are several pools */
    for (int i = 0; capture_backends[i]; i++) {
        size_t len = strlen(backend_names);
        snprintf(backend_names + len, sizeof backend_names - len, "%s%s", i ? " " : "", capture_backends[i]->name);
    }
    *out = pool;
    return 0;
}

void worker_pool_limit(struct worker_pool *pool, unsigned max)
{
    pool->queue.max = max;
}

void worker_pool_spare_children(struct worker_pool *pool, struct children *children)
{
    pool->children = children;
}

void worker_pool_unused_rules(const struct worker_pool *pool, struct strlist *out)
{
    capture_unused_rules(pool->card_classes, out);
}

void worker_pool_stop(struct worker_pool *pool)
{
    os_mutex_lock(pool->lock);
    os_worker_stop(pool->idle);
    pool->idle = NULL;
    os_mutex_unlock(pool->lock);
}

/* ---- one request to one worker ---- */

/* Takes the idle worker, if there is one. */
static void pool_take(struct worker_pool *pool, struct exchange *exchange)
{
    os_mutex_lock(pool->lock);
    exchange->worker = pool->idle;
    pool->idle = NULL;
    os_mutex_unlock(pool->lock);
    exchange->is_fresh = exchange->worker == NULL;
}

static void pool_give_back(struct worker_pool *pool, struct os_worker *worker, bool usable)
{
    os_mutex_lock(pool->lock);
    if (usable && !pool->idle) {
        pool->idle = worker;
        worker = NULL;
    }
    os_mutex_unlock(pool->lock);
    os_worker_stop(worker);
}

static int exchange_fill(void *context, void *bytes, size_t max, struct error *err)
{
    struct exchange *exchange = context;
    int got = os_worker_read(exchange->worker, bytes, max, exchange->deadline_ms, err);
    exchange->answered |= got > 0;
    return got;
}

/* Describes what the worker was doing when it failed to answer. */
static void exchange_describe_failure(const struct exchange *exchange, int status, struct error *err)
{
    char where[64];
    if (status == ERR_TIMEOUT) {
        os_worker_stuck_in(exchange->worker, where, sizeof where);
        error_set(err, status, "the capture did not end within %d ms%s%s", exchange->timeout_ms,
                  *where ? ": it waits in the kernel's " : "", where);
    } else if (status == ERR_CLOSED) {
        error_set(err, ERR_UNAVAILABLE, "the capture worker ended before it answered (it crashed or was killed)");
    }
}

/* Sends a request to one worker. *again: an idle worker had ended before it saw the request. */
static int pool_try(struct worker_pool *pool, struct exchange *exchange, const struct turn *turn, bool *again)
{
    struct error *err = turn->err;
    int status = 0;
    pool_take(pool, exchange);
    *again = false;
    exchange->answered = false;
    buffered_init(&exchange->answer, exchange_fill, exchange, exchange->input, sizeof exchange->input);
    if (exchange->is_fresh)
        status = os_worker_start(&exchange->worker, WORKER_ARGUMENT, err);
    if (status == 0)
        status = os_worker_write(exchange->worker, turn->request->data, turn->request->len, turn->deadline_ms, err);
    if (status == 0)
        status = answer_read(&exchange->answer.source, turn->list, turn->taker, err);
    *again = !exchange->is_fresh && !exchange->answered && status == ERR_CLOSED;
    if (exchange->worker)
        exchange_describe_failure(exchange, status, err);
    /* After a refusal the worker has answered in full and can be used again. What it has sent beyond the answer would be
       taken for the next one. */
    bool is_usable = (status == 0 || status == ERR_UNAVAILABLE) && !buffered_has_bytes(&exchange->answer);
    pool_give_back(pool, exchange->worker, is_usable);
    return status == ERR_CLOSED || status == ERR_PROTOCOL ? ERR_UNAVAILABLE : status;
}

/* Sends a request to a worker, and to another one when the first had ended while it was idle. */
static int pool_exchange(struct worker_pool *pool, const struct turn *turn)
{
    bool again;
    struct exchange *exchange = malloc(sizeof *exchange);
    if (!exchange)
        return error_set(turn->err, ERR_NO_MEMORY, "no memory to ask the capture worker");
    exchange->deadline_ms = turn->deadline_ms;
    exchange->timeout_ms = turn->timeout_ms;
    int status = pool_try(pool, exchange, turn, &again);
    if (again) {
        buffer_clear(turn->list);
        status = pool_try(pool, exchange, turn, &again);
    }
    free(exchange);
    return status;
}

/* Waits until there is a worker for the request, or takes the answer to an equal one. */
static int pool_queue(struct worker_pool *pool, struct turn *turn)
{
    bool served;
    turn->deadline_ms = os_deadline(turn->timeout_ms);
    int status = worker_queue_begin(&pool->queue, turn, &served);
    return served ? worker_queue_end(&pool->queue, turn, pool_exchange(pool, turn)) : status;
}

/* ---- requests ---- */

#define MORE_MAX 2 /* options that the agent adds */

static void write_card_class(struct buffer *request, const char *rule)
{
    char text[CARD_CLASS_RULE_MAX + 16];
    snprintf(text, sizeof text, "card-class=%s", rule);
    write_entry_text(request, WIRE_STRING, text);
}

static const char *const no_more[] = {NULL};

/* Sends a request with these options, the agent's own, and `more`, which end with NULL. The turn has the rest. */
static int pool_request(struct worker_pool *pool, const char *verb, const struct strlist *options,
                        const char *const *more, struct turn *turn)
{
    struct buffer request;
    uint32_t more_count = 0;
    while (more[more_count])
        more_count++;
    buffer_init(&request, REQUEST_MAX);
    write_u32(&request, (uint32_t)(1 + pool->card_classes->count + options->count) + more_count);
    write_entry_text(&request, WIRE_STRING, verb);
    for (size_t i = 0; i < options->count; i++) /* that of a dump must be the first */
        write_entry_text(&request, WIRE_STRING, options->items[i]);
    for (size_t i = 0; i < pool->card_classes->count; i++)
        write_card_class(&request, pool->card_classes->items[i]);
    for (uint32_t i = 0; i < more_count; i++)
        write_entry_text(&request, WIRE_STRING, more[i]);
    turn->request = &request;
    int status = request.failed ? error_set(turn->err, ERR_LIMIT, "%s: its options exceed %u bytes", verb, REQUEST_MAX)
                                : pool_queue(pool, turn);
    buffer_deinit(&request);
    return status;
}

static int pool_request_picture(struct worker_pool *pool, const char *verb, const struct strlist *options,
                                struct turn *turn)
{
    unsigned running = 0, exited;
    const char *more[MORE_MAX + 1] = {NULL};
    size_t count = 0;
    int status = screenshot_options_deadline(options, &turn->timeout_ms, turn->err);
    if (status)
        return status;
    if (pool->children)
        children_count(pool->children, &running, &exited);
    if (running > 0 && !strlist_get(options, "passive"))
        more[count++] = "passive=1";
    if (turn->taker)
        more[count++] = "pieces=1";
    return pool_request(pool, verb, options, more, turn);
}

int worker_pool_picture(struct worker_pool *pool, const char *verb, const struct strlist *options,
                        struct os_socket *client, struct buffer *list, struct error *err)
{
    struct turn turn = {.client = client, .list = list, .err = err};
    return pool_request_picture(pool, verb, options, &turn);
}

int worker_pool_picture_in_pieces(struct worker_pool *pool, const struct strlist *options, struct os_socket *client,
                                  const struct answer_taker *taker, struct buffer *list, struct error *err)
{
    struct turn turn = {.client = client, .taker = taker, .list = list, .err = err};
    return pool_request_picture(pool, "screenshot", options, &turn);
}

void worker_pool_facts(const struct buffer *list, struct strlist *facts)
{
    answer_add_lines(list, facts);
}

int worker_pool_all_displays(struct worker_pool *pool, const struct strlist *options, struct os_socket *client,
                             struct buffer *list, struct error *err)
{
    struct turn turn = {.client = client, .list = list, .err = err};
    int status = screenshot_options_deadline(options, &turn.timeout_ms, err);
    return status ? status : pool_request(pool, "all-displays", options, no_more, &turn);
}

/* Sends a request with the deadline as the only option, or after another one. */
static int pool_request_within(struct worker_pool *pool, const char *verb, const char *option, struct os_socket *client,
                               int timeout_ms, struct buffer *list, struct error *err)
{
    struct strlist options = {0};
    struct turn turn = {.client = client, .timeout_ms = timeout_ms, .list = list, .err = err};
    if (option)
        strlist_add(&options, option);
    strlist_addf(&options, "deadline-ms=%d", timeout_ms);
    int status = options.failed ? error_set(err, ERR_NO_MEMORY, "%s: no memory for its options", verb)
                                : pool_request(pool, verb, &options, no_more, &turn);
    strlist_deinit(&options);
    return status;
}

int worker_pool_lines(struct worker_pool *pool, const char *verb, struct os_socket *client, int timeout_ms,
                      struct strlist *lines, struct error *err)
{
    struct buffer list;
    buffer_init(&list, WIRE_REPLY_MAX);
    int status = pool_request_within(pool, verb, NULL, client, timeout_ms, &list, err);
    if (status == 0)
        answer_add_lines(&list, lines);
    buffer_deinit(&list);
    if (status == 0 && lines->failed)
        status = error_set(err, ERR_NO_MEMORY, "%s: no memory for the answer", verb);
    return status;
}

int worker_pool_check_input(const struct strlist *actions, struct error *err)
{
    struct input_list list;
    int status = input_list_parse(&list, actions, err);
    input_list_deinit(&list);
    return status;
}

int worker_pool_input(struct worker_pool *pool, const char *verb, const struct strlist *actions, int timeout_ms,
                      struct strlist *facts, struct error *err)
{
    struct strlist options = {0};
    struct buffer list;
    struct turn turn = {.timeout_ms = timeout_ms, .list = &list, .err = err};
    buffer_init(&list, WIRE_REPLY_MAX);
    strlist_addf(&options, "deadline-ms=%d", timeout_ms);
    for (size_t i = 0; i < actions->count; i++)
        strlist_addf(&options, "action=%s", actions->items[i]);
    int status = options.failed ? error_set(err, ERR_NO_MEMORY, "input: no memory for the actions")
                                : pool_request(pool, verb, &options, no_more, &turn);
    if (status == 0)
        answer_add_lines(&list, facts);
    strlist_deinit(&options);
    buffer_deinit(&list);
    return status;
}

int worker_pool_dump(struct worker_pool *pool, uint64_t pid, struct os_socket *client, int timeout_ms,
                     struct buffer *list, struct error *err)
{
    char option[32];
    snprintf(option, sizeof option, "pid=%llu", (unsigned long long)pid);
    return pool_request_within(pool, "dump", option, client, timeout_ms, list, err);
}

int worker_pool_restore_display(struct worker_pool *pool, int timeout_ms, struct strlist *facts, struct error *err)
{
    return os_display_needs_restoring() ? worker_pool_lines(pool, "restore", NULL, timeout_ms, facts, err) : 0;
}
