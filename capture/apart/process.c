/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker asks of a process apart. Nothing that it answers is believed unchecked. */
#include "capture/apart/private.h"

#include "base/utf8.h"
#include "platform/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define GRACE_MS 50 /* at most, for the process to report its own deadline, or to end */

/* Describes how the process ended. */
static int apart_describe_end(struct apart *apart, struct error *err)
{
    struct apart_note note;
    char where[80] = "";
    int state = 0;
    pid_t got = 0;
    apart->broken = true;
    for (int i = 0; i < GRACE_MS && (got = waitpid(apart->pid, &state, WNOHANG)) == 0; i++)
        os_sleep_ms(1);
    apart_read_note(apart, &note);
    if (note.call[0])
        snprintf(where, sizeof where, " in %s", note.call);
    if (got > 0 && WIFSIGNALED(state))
        return error_set(err, ERR_SYSTEM, "the capture process crashed%s (signal %d)", where, WTERMSIG(state));
    if (got > 0)
        return error_set(err, ERR_SYSTEM, "the capture process ended%s (status %d)", where, WEXITSTATUS(state));
    return error_set(err, ERR_SYSTEM, "the capture process ended%s", where);
}

static int apart_distrust(struct apart *apart, const char *what, struct error *err)
{
    apart->broken = true;
    return error_set(err, ERR_SYSTEM, "the capture process gave a false answer: %s", what);
}

/* Sends all of the bytes; the process always takes a whole request before it does anything. */
static int apart_send(struct apart *apart, const void *bytes, size_t len, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t sent = send(apart->fd, next, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return apart_describe_end(apart, err);
        next += sent;
        len -= (size_t)sent;
    }
    return 0;
}

static int apart_receive(struct apart *apart, void *bytes, size_t len, int64_t deadline_ms, struct error *err)
{
    char *to = bytes;
    while (len > 0) {
        int64_t left = os_time_left(deadline_ms);
        struct pollfd ready = {.fd = apart->fd, .events = POLLIN};
        int count = poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (count == 0) {
            apart->broken = true;
            return error_set(err, ERR_TIMEOUT, "it does not answer");
        }
        ssize_t got = count > 0 ? recv(apart->fd, to, len, MSG_DONTWAIT) : -1;
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return apart_describe_end(apart, err);
        to += got;
        len -= (size_t)got;
    }
    return 0;
}

/* Appends texts, each with its NUL, and counts their bytes. */
static uint32_t apart_write_texts(struct buffer *out, const struct strlist *texts)
{
    uint32_t len = 0;
    for (size_t i = 0; texts && i < texts->count; i++) {
        uint32_t size = (uint32_t)strlen(texts->items[i]) + 1;
        if (out)
            buffer_append(out, texts->items[i], size);
        len += size;
    }
    return len;
}

static void apart_write_request(struct buffer *out, enum apart_verb verb, const struct capture_options *options,
                                struct slice target)
{
    struct apart_request head = {
        .verb = verb,
        .timeout_ms = options->timeout_ms,
        .has_region = options->has_region,
        .cursor = options->cursor,
        .shape = options->shape,
        .colors = options->colors,
        .crc = options->crc,
        .passive = options->passive,
        .has_output = options->output != NULL,
        .has_damage = options->damage != NULL,
        .since = options->damage ? options->damage->since : 0,
        .region = options->region,
        .has_actions = options->actions != NULL,
        .rule_count = options->card_classes ? (uint32_t)options->card_classes->count : 0,
        .action_count = options->actions ? (uint32_t)options->actions->count : 0,
        .target_len = (uint32_t)target.len,
        .text_len = options->output ? (uint32_t)strlen(options->output) + 1 : 0,
    };
    snprintf(head.source, sizeof head.source, "%s", options->source ? options->source : "");
    head.text_len += apart_write_texts(NULL, options->card_classes) + apart_write_texts(NULL, options->actions);
    buffer_append(out, &head, sizeof head);
    buffer_append(out, target.data, target.len);
    if (options->output)
        buffer_append(out, options->output, strlen(options->output) + 1);
    apart_write_texts(out, options->card_classes);
    apart_write_texts(out, options->actions);
}

/* Returns whether a line has a control character besides TAB, by which it would be more than one, or move a cursor. */
static bool apart_is_line(const char *line)
{
    for (; *line; line++)
        if (((unsigned char)*line < ' ' && *line != '\t') || *line == 0x7f)
            return false;
    return true;
}

/* Returns whether a fact is one that the worker adds itself. Of two the first would count. */
static bool apart_is_workers_fact(const char *line)
{
    static const char *const keys[] = {"backend=", "time=",      "time-grab-us=", "time-encode-us=",
                                       "hash=",    "unchanged=", "chosen=",       "compare.",
                                       "watch",    "delta=",     "rect="};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strncmp(line, keys[i], strlen(keys[i])) == 0)
            return true;
    return false;
}

/* Makes a line UTF-8, as all texts of the protocol are: a server may give an output any name. Each ill-formed part becomes
   '?'. */
static void apart_mend_line(char *line)
{
    size_t left = strlen(line), len;
    char *to = line;
    for (const char *from = line; left > 0; from += len, left -= len) {
        uint32_t code;
        len = utf8_next((const uint8_t *)from, left, &code);
        if (code == UTF8_INVALID)
            *to++ = '?';
        else
            to = (char *)memmove(to, from, len) + len;
    }
    *to = '\0';
}

/* Takes the lines of an answer apart. */
static int apart_take_lines(struct apart *apart, const struct apart_answer *answer, char *text, struct strlist *lines,
                            struct error *err)
{
    char *line = text, *end = text + answer->text_len;
    size_t len = 0;
    uint32_t count = 0; /* with a status there is one, the reason */
    for (; line < end; line += len + 1) {
        count++;
        len = strlen(line);
        if (!apart_is_line(line))
            return apart_distrust(apart, "a line with control characters", err);
        apart_mend_line(line);
        if (answer->status < 0)
            error_set(err, answer->status, "%s", line);
        else
            strlist_add(lines, line);
    }
    if (count != answer->line_count)
        return apart_distrust(apart, "another number of lines than it says", err);
    return answer->status;
}

static int apart_receive_lines(struct apart *apart, const struct apart_answer *answer, int64_t deadline_ms,
                               struct strlist *lines, struct error *err)
{
    char *text = malloc((size_t)answer->text_len + 1);
    if (!text)
        return error_set(err, ERR_NO_MEMORY, "no memory for %u bytes of an answer", answer->text_len);
    int status = apart_receive(apart, text, answer->text_len, deadline_ms, err);
    if (status == 0 && answer->text_len > 0 && text[answer->text_len - 1] != 0)
        status = apart_distrust(apart, "a text without an end", err);
    if (status == 0)
        status = apart_take_lines(apart, answer, text, lines, err);
    free(text);
    return status;
}

/* Checks what an answer says of itself before anything is done by it. */
static int apart_check_answer(struct apart *apart, const struct apart_answer *answer, struct error *err)
{
    if (answer->result < CAPTURE_OK || answer->result > CAPTURE_FAILED)
        return apart_distrust(apart, "an unknown result", err);
    if (answer->status != 0 && (answer->status <= ERR_FIRST_ || answer->status > ERR_REMOTE))
        return apart_distrust(apart, "an unknown status", err);
    if (answer->text_len > APART_ANSWER_TEXT_MAX)
        return apart_distrust(apart, "a text that is too long", err);
    if (answer->status < 0 && answer->line_count != 1)
        return apart_distrust(apart, "a failure without a reason", err);
    return 0;
}

/* Returns the status that leaves it to others to do what this one could not, whatever it says. */
static int apart_status_for_others(int status)
{
    if (status == ERR_INVALID)
        return ERR_NOT_FOUND;
    return status == ERR_LIMIT || status == ERR_NO_MEMORY ? ERR_SYSTEM : status;
}

static int64_t apart_deadline(int timeout_ms)
{
    int grace_ms = timeout_ms / 16 + 1;
    return os_deadline(timeout_ms + (grace_ms < GRACE_MS ? grace_ms : GRACE_MS));
}

static int apart_take_answer(struct apart *apart, struct apart_answer *answer, int64_t deadline_ms,
                             struct strlist *lines, struct error *err)
{
    int status = apart_receive(apart, answer, sizeof *answer, deadline_ms, err);
    if (status == 0)
        status = apart_check_answer(apart, answer, err);
    if (status == 0)
        status = apart_receive_lines(apart, answer, deadline_ms, lines, err);
    return status;
}

static void apart_drop_answer(struct apart *apart, int64_t deadline_ms, struct error *err)
{
    struct apart_answer answer;
    struct strlist lines = {0};
    apart_take_answer(apart, &answer, deadline_ms, &lines, err);
    strlist_deinit(&lines);
}

/* Takes the answers that are still to come before that to the last request: to APART_WATCH, which says nothing and which
   that request has ended, and a picture that was begun and is not wanted. There is one of them at most. */
static int apart_drop_answers(struct apart *apart, int64_t deadline_ms, struct error *err)
{
    if (!apart->watching && apart->begun.len == 0)
        return 0;
    apart->watching = false;
    buffer_clear(&apart->begun);
    apart_drop_answer(apart, deadline_ms, err);
    return apart->broken ? err->status : 0;
}

/* Returns whether the request has been sent before, and forgets it. */
static bool apart_has_begun(struct apart *apart, const struct capture_options *options)
{
    struct buffer request;
    struct capture_options any_time = *options;
    if (apart->begun.len == 0)
        return false;
    any_time.timeout_ms = 0;
    buffer_init(&request, APART_REQUEST_MAX);
    apart_write_request(&request, APART_GRAB, &any_time, (struct slice){0});
    bool is_it =
        !request.failed && request.len == apart->begun.len && memcmp(request.data, apart->begun.data, request.len) == 0;
    buffer_deinit(&request);
    if (is_it)
        buffer_clear(&apart->begun);
    return is_it;
}

static int apart_send_request(struct apart *apart, enum apart_verb verb, const struct capture_options *options,
                              struct slice target, struct error *err)
{
    struct buffer request;
    buffer_init(&request, APART_REQUEST_MAX);
    apart_write_request(&request, verb, options, target);
    int status = request.failed ? error_set(err, ERR_NO_MEMORY, "no memory for a request to the capture process")
                                : apart_send(apart, request.data, request.len, err);
    buffer_deinit(&request);
    return status;
}

/* Sends a request, unless it has begun, and takes the answer. */
static int apart_ask(struct apart *apart, enum apart_verb verb, const struct capture_options *options,
                     struct slice target, struct apart_answer *answer, struct strlist *lines, struct error *err)
{
    int status = 0;
    int64_t deadline_ms = apart_deadline(options->timeout_ms);
    if (verb != APART_GRAB || !apart_has_begun(apart, options)) {
        status = apart_send_request(apart, verb, options, target, err);
        if (status == 0)
            status = apart_drop_answers(apart, deadline_ms, err);
    }
    if (status == 0)
        status = apart_take_answer(apart, answer, deadline_ms, lines, err);
    return status < 0 ? err->status = apart_status_for_others(status) : 0;
}

void apart_begin_grab(struct apart *apart, const struct capture_options *options)
{
    struct error err;
    struct capture_options any_time = *options;
    if (apart->broken || apart->watching || apart->begun.len > 0)
        return;
    any_time.timeout_ms = 0;
    apart_write_request(&apart->begun, APART_GRAB, &any_time, (struct slice){0});
    if (apart->begun.failed || apart_send_request(apart, APART_GRAB, options, (struct slice){0}, &err))
        buffer_clear(&apart->begun);
}

int apart_open(struct apart *apart, const struct capture_options *options, struct slice target, struct error *err)
{
    struct apart_answer answer;
    struct strlist lines = {0};
    int status = apart_ask(apart, APART_OPEN, options, target, &answer, &lines, err);
    strlist_deinit(&lines);
    return status;
}

/* Finds the picture in the memory. */
static int apart_find_picture(struct apart *apart, const struct apart_answer *answer, struct image_view *image,
                              struct error *err)
{
    uint64_t row = (uint64_t)answer->width * 3, size = (uint64_t)answer->stride * answer->height;
    if (image_check_size("its picture", answer->width, answer->height, err) || answer->stride < row ||
        size > APART_PIXELS_MAX || answer->offset > APART_PIXELS_MAX - size)
        return apart_distrust(apart, "an impossible picture", err);
    if (!apart_map(apart, (size_t)(answer->offset + size)))
        return error_set(err, ERR_SYSTEM, "no memory for a picture of %ux%u pixels", answer->width, answer->height);
    *image = (struct image_view){.pixels = apart->map + APART_NOTE_SIZE + answer->offset,
                                 .width = answer->width,
                                 .height = answer->height,
                                 .stride = answer->stride,
                                 .format = PIXEL_RGB24};
    return 0;
}

/* Takes what the answer says of the difference from an earlier picture. */
static int apart_take_damage(struct apart *apart, const struct apart_answer *answer, struct capture_damage *damage,
                             struct error *err)
{
    const struct capture_damage *told = &answer->damage;
    if (!damage)
        return 0;
    if (told->count > CAPTURE_DAMAGE_MAX)
        return apart_distrust(apart, "too many rectangles", err);
    for (uint32_t i = 0; i < told->count; i++) {
        const struct rect *rect = &told->rects[i];
        if (rect->x < 0 || rect->y < 0 || rect->width == 0 || rect->height == 0 ||
            (uint64_t)rect->x + rect->width > answer->width || (uint64_t)rect->y + rect->height > answer->height)
            return apart_distrust(apart, "a rectangle beside its picture", err);
    }
    *damage = *told;
    return 0;
}

enum capture_result apart_grab(struct apart *apart, const struct capture_options *options, struct image_view *image,
                               struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    size_t first = facts->count;
    int status = apart_ask(apart, APART_GRAB, options, (struct slice){0}, &answer, facts, err);
    for (size_t i = first; i < facts->count && status == 0; i++)
        if (apart_is_workers_fact(facts->items[i]))
            status = apart_distrust(apart, "a fact that is not its own", err);
    if (status == 0 && answer.result == CAPTURE_OK)
        status = apart_find_picture(apart, &answer, image, err);
    if (status == 0 && answer.result == CAPTURE_OK)
        status = apart_take_damage(apart, &answer, options->damage, err);
    if (status == 0)
        return (enum capture_result)answer.result;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

int apart_displays(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    return apart_ask(apart, APART_DISPLAYS, options, (struct slice){0}, &answer, facts, err);
}

int apart_windows(struct apart *apart, const struct capture_options *options, struct strlist *lines, struct error *err)
{
    struct apart_answer answer;
    return apart_ask(apart, APART_WINDOWS, options, (struct slice){0}, &answer, lines, err);
}

int apart_crcs(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    return apart_ask(apart, APART_CRCS, options, (struct slice){0}, &answer, facts, err);
}

int apart_desktop(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    return apart_ask(apart, APART_DESKTOP, options, (struct slice){0}, &answer, facts, err);
}

int apart_input(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    apart->has_input = true;
    int status = apart_ask(apart, APART_INPUT, options, (struct slice){0}, &answer, facts, err);
    apart->has_input = options->actions != NULL || apart->broken;
    return status;
}

bool apart_has_input(const struct apart *apart)
{
    return apart->has_input;
}

int apart_changes(struct apart *apart, const struct capture_options *options, struct strlist *facts, struct error *err)
{
    struct apart_answer answer;
    return apart_ask(apart, APART_CHANGES, options, (struct slice){0}, &answer, facts, err);
}

int apart_watch(struct apart *apart)
{
    struct apart_request head = {.verb = APART_WATCH};
    struct error err;
    if (!apart->watching && !apart->broken && apart->begun.len == 0)
        apart->watching = apart_send(apart, &head, sizeof head, &err) == 0;
    return apart->watching ? apart->fd : -1;
}
