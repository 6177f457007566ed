/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* follow, write: what a program writes and reads, as it does. */
#include "agent/rpc/rpc.h"
#include "agent/rpc/virtual.h"
#include "agent/stream/stream.h"
#include "base/number.h"
#include "platform/clock.h"
#include "platform/identity.h"
#include "platform/spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_DEFAULT (1u << 20) /* bytes */
#define WINDOW_PACE_MAX (8u << 20)
#define WINDOW_COPY_MAX (1u << 20) /* of what is held in memory */
#define WAIT_DEFAULT_MS 20000
#define WAIT_MAX_MS 60000
#define HELD_DEFAULT_MS 1000
#define HELD_MAX_MS 3600000
#define FACT_SIZE 256    /* bytes */
#define WRITE_STEP 16384 /* bytes */
#define WRITE_CLOSE 1u   /* flag */

struct follow {
    struct reply_body body;
    struct stream_look look;
    uint64_t pid, offset, window, wait_ms, held_ms, pace;
    bool has_pid, has_offset;
    const char *file; /* borrowed from the request */
};

/* ---- options ---- */

static int follow_number(uint64_t *out, const char *option, const char *value, uint64_t max, struct error *err)
{
    if (number_take(&value, max, out) && !*value)
        return 0;
    return error_set(err, ERR_INVALID, "follow: '%s' is not a number from 0 to %" PRIu64, option, max);
}

static const char *follow_value(const char *option, const char *key)
{
    size_t len = strlen(key);
    return strncmp(option, key, len) == 0 && option[len] == '=' ? option + len + 1 : NULL;
}

static int follow_option(struct follow *follow, const char *option, struct error *err)
{
    struct stream_part *parts = follow->look.parts;
    const struct {
        const char *key;
        uint64_t *number, max;
        bool *given;
    } numbers[] = {
        {"pid", &follow->pid, UINT64_MAX, &follow->has_pid},
        {"out", &parts[STREAM_OUT].offset, UINT64_MAX, &parts[STREAM_OUT].wanted},
        {"err", &parts[STREAM_ERR].offset, UINT64_MAX, &parts[STREAM_ERR].wanted},
        {"offset", &follow->offset, UINT64_MAX, &follow->has_offset},
        {"window", &follow->window, UINT64_MAX, NULL},
        {"wait-ms", &follow->wait_ms, WAIT_MAX_MS, NULL},
        {"held-ms", &follow->held_ms, HELD_MAX_MS, NULL},
        {"pace", &follow->pace, 1, NULL},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *value = follow_value(option, numbers[i].key);
        if (value && numbers[i].given)
            *numbers[i].given = true;
        if (value)
            return follow_number(numbers[i].number, option, value, numbers[i].max, err);
    }
    follow->file = follow_value(option, "file") ? follow_value(option, "file") : follow->file;
    return follow_value(option, "file") ? 0 : error_set(err, ERR_INVALID, "follow: unknown option '%s'", option);
}

static int follow_check(const struct follow *follow, struct error *err)
{
    bool streams = follow->look.parts[STREAM_OUT].wanted || follow->look.parts[STREAM_ERR].wanted;
    if (follow->file ? follow->has_pid || streams : !follow->has_pid || !streams)
        return error_set(err, ERR_INVALID, "follow: either pid= with out= or err=, or file= is needed");
    if (!follow->file && follow->has_offset)
        return error_set(err, ERR_INVALID, "follow: offset= is of file=; out= and err= have theirs");
    return 0;
}

static int follow_parse(struct follow *follow, const struct request *request, struct error *err)
{
    follow->window = WINDOW_DEFAULT;
    follow->wait_ms = WAIT_DEFAULT_MS;
    follow->held_ms = HELD_DEFAULT_MS;
    for (uint32_t i = 0; i < request->arg_count; i++) {
        int status = follow_option(follow, request->args[i].text, err);
        if (status)
            return status;
    }
    return follow_check(follow, err);
}

/* ---- a program's outputs ---- */

static const char *const part_names[STREAM_COUNT] = {"out", "err"};

static void fact_number(struct strlist *facts, const char *name, const char *key, uint64_t value)
{
    strlist_addf(facts, "%s.%s=%" PRIu64, name, key, value);
}

static void add_part_facts(struct strlist *facts, const char *name, const struct stream_part *part)
{
    uint64_t from = part->start > part->offset ? part->offset : part->start;
    fact_number(facts, name, "start", part->start);
    fact_number(facts, name, "end", part->end);
    if (part->start > from)
        fact_number(facts, name, "dropped", part->start - from);
    if (part->start > from && *part->why)
        strlist_addf(facts, "%s.why=%s", name, part->why);
    if (part->ended)
        fact_number(facts, name, "closed", 1);
}

/* Adds what the client must know. The end is told only with the last bytes. */
static void add_look_facts(struct strlist *facts, const struct stream_look *look)
{
    bool last = true, closed = true;
    for (int i = 0; i < STREAM_COUNT; i++) {
        const struct stream_part *part = &look->parts[i];
        if (!part->wanted)
            continue;
        add_part_facts(facts, part_names[i], part);
        last &= part->start + part->len == part->end;
        closed &= part->ended;
    }
    if (look->exited)
        strlist_add(facts, "exited=1");
    if (last && (closed || look->held))
        strlist_add(facts, closed ? "end=closed" : "end=held");
}

static uint32_t count_parts(const struct stream_look *look)
{
    return (uint32_t)look->parts[STREAM_OUT].wanted + look->parts[STREAM_ERR].wanted;
}

/* Writes the facts, as the first of so many more entries. */
static int write_facts(struct reply *reply, const struct strlist *facts, uint32_t more, struct error *err)
{
    if (facts->failed)
        return error_set(err, ERR_NO_MEMORY, "follow: no memory for the facts");
    write_u32(&reply->bytes, (uint32_t)facts->count + more);
    for (size_t i = 0; i < facts->count; i++)
        write_entry_text(&reply->bytes, WIRE_STRING, facts->items[i]);
    return 0;
}

/* ---- without a copy, for a client that paces the program ---- */

static int follow_send(struct reply_body *body, struct os_socket *socket, int stall_ms, struct error *err)
{
    struct stream_look *look = &((struct follow *)body)->look;
    int status = 0;
    for (int i = 0; i < STREAM_COUNT && status == 0; i++) {
        char storage[WIRE_ENTRY_HEADER_SIZE];
        struct buffer header;
        if (!look->parts[i].wanted)
            continue;
        buffer_init_fixed(&header, storage, sizeof storage);
        write_entry_header(&header, WIRE_DATA, look->parts[i].len);
        status = os_socket_send(socket, header.data, header.len, stall_ms, look->parts[i].len > 0, err);
        if (status == 0)
            status = stream_part_send(look, (enum stream_name)i, socket, stall_ms, err);
    }
    return status;
}

static void follow_free(struct reply_body *body)
{
    struct follow *follow = (struct follow *)body;
    stream_look_end(&follow->look);
    streams_release(follow->look.streams);
    free(follow);
}

/* ---- with one ---- */

static int copy_parts(struct follow *follow, struct buffer parts[STREAM_COUNT], struct error *err)
{
    int status = 0;
    for (int i = 0; i < STREAM_COUNT && status == 0; i++)
        if (follow->look.parts[i].wanted)
            status = stream_part_copy(&follow->look, (enum stream_name)i, &parts[i], err);
    return status;
}

static int reply_copied(struct follow *follow, struct reply *reply, struct strlist *facts, struct error *err)
{
    struct buffer parts[STREAM_COUNT];
    for (int i = 0; i < STREAM_COUNT; i++) {
        buffer_init(&parts[i], WINDOW_COPY_MAX);
        parts[i].budget = reply->bytes.budget;
    }
    int status = copy_parts(follow, parts, err);
    if (status == 0) {
        add_look_facts(facts, &follow->look);
        status = write_facts(reply, facts, count_parts(&follow->look), err);
    }
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (status == 0 && follow->look.parts[i].wanted)
            write_entry_data(&reply->bytes, parts[i].data, parts[i].len);
        buffer_deinit(&parts[i]);
    }
    return status;
}

/* Answers, and leaves the look to the reply's body if it is to send the rest. */
static int reply_look(struct follow *follow, struct reply *reply, struct error *err)
{
    struct strlist facts = {0};
    int status;
    if (follow->pace) {
        add_look_facts(&facts, &follow->look);
        status = write_facts(reply, &facts, count_parts(&follow->look), err);
        follow->body = (struct reply_body){follow_send, follow_free};
        reply->body = &follow->body;
    } else {
        status = reply_copied(follow, reply, &facts, err);
        follow_free(&follow->body);
    }
    strlist_deinit(&facts);
    return status;
}

static uint64_t at_most(uint64_t value, uint64_t max)
{
    return value < max ? value : max;
}

/* Frees follow, or leaves it to the reply. */
static int follow_program(struct session *session, struct follow *follow, struct reply *reply, struct error *err)
{
    struct stream_look *look = &follow->look;
    look->pace = follow->pace;
    look->client = session;
    look->slow_ms = (int)session->agent->options->io_timeout_s * 1000;
    look->held_ms = (int64_t)follow->held_ms;
    look->window = at_most(follow->window, follow->pace ? WINDOW_PACE_MAX : WINDOW_COPY_MAX);
    int status = children_streams(session->agent->children, follow->pid, &look->streams, err);
    if (status == 0) {
        status = stream_look_begin(look, err);
        if (status) {
            streams_release(look->streams);
            error_prefix(err, status, "the %" PRIu64 " process: follow", follow->pid);
        }
        session->paces |= status == 0 && look->pace;
    }
    if (status) {
        free(follow);
        return status;
    }
    status = stream_look_wait(look, session->socket, os_deadline((int64_t)follow->wait_ms), err);
    if (status) {
        follow_free(&follow->body);
        return status;
    }
    return reply_look(follow, reply, err);
}

/* ---- a file ---- */

static int follow_wait_for_file(struct session *session, const struct follow *follow, struct os_file *file,
                                uint64_t *size, struct error *err)
{
    int64_t deadline = os_deadline((int64_t)follow->wait_ms);
    int status;
    while ((status = os_file_size(file, size, err)) == 0 && *size == follow->offset && follow->window &&
           os_time_left(deadline) > 0)
        if (!os_file_await(file, session->socket, deadline))
            return error_set(err, ERR_CLOSED, "the client left while it followed '%s'", follow->file);
    if (status == 0 && *size < follow->offset)
        return error_set(err, ERR_INVALID, "offset=%" PRIu64 " is beyond its end, %" PRIu64, follow->offset, *size);
    return status;
}

static int reply_file(const struct follow *follow, struct os_file *file, uint64_t size, struct reply *reply,
                      struct error *err)
{
    struct strlist facts = {0};
    uint64_t len = at_most(size - follow->offset, at_most(follow->window, WINDOW_COPY_MAX));
    strlist_addf(&facts, "file.end=%" PRIu64, size);
    int status = write_facts(reply, &facts, 1, err);
    strlist_deinit(&facts);
    size_t header = reply->bytes.len;
    write_entry_header(&reply->bytes, WIRE_DATA, len);
    uint8_t *room = len ? buffer_extend(&reply->bytes, (size_t)len) : NULL;
    int got = room && status == 0 ? os_file_read_at(file, follow->offset, room, (size_t)len, err) : 0;
    if (status || got < 0 || reply->bytes.failed || got == (int)len)
        return status ? status : got < 0 ? got : 0;
    struct buffer again = reply->bytes; /* it became shorter meanwhile */
    again.len = header;
    write_entry_header(&again, WIRE_DATA, (uint64_t)got);
    reply->bytes.len -= (size_t)len - (size_t)got;
    return 0;
}

static int follow_open_file(struct session *session, const struct follow *follow, struct reply *reply,
                            struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open(&file, follow->file, &size, err);
    if (status)
        return status;
    status = follow_wait_for_file(session, follow, file, &size, err);
    if (status == 0)
        status = reply_file(follow, file, size, reply, err);
    os_file_close(file);
    return status;
}

/* Opens and reads the file with the rights of a program that the host would run. */
static int follow_file(struct session *session, const struct follow *follow, struct reply *reply, struct error *err)
{
    struct os_identity *as;
    int status = virtual_file_keep_out(follow->file, err);
    if (status == 0)
        status = os_identity_find(&as, agent_run_as(session->agent), err);
    if (status == 0) {
        status = os_identity_enter(as, err);
        if (status == 0) {
            status = follow_open_file(session, follow, reply, err);
            os_identity_leave(as);
        }
        os_identity_free(as);
    }
    if (status == 0 || status == ERR_CLOSED)
        return status;
    return error_prefix(err, status == ERR_PROTOCOL ? ERR_SYSTEM : status, "unable to follow '%s'", follow->file);
}

int rpc_follow(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (!follow)
        return error_set(err, ERR_NO_MEMORY, "follow: no memory for its options");
    int status = follow_parse(follow, request, err);
    if (status == 0 && !follow->file)
        return follow_program(session, follow, reply, err);
    if (status == 0)
        status = follow_file(session, follow, reply, err);
    free(follow);
    return status;
}

/* ---- write ---- */

/* Drops what the input has taken already, of a request that is repeated. */
static int skip_taken(struct request *request, uint64_t offset, uint64_t taken, struct error *err)
{
    uint8_t bytes[WRITE_STEP];
    if (offset > taken)
        return error_set(err, ERR_INVALID, "the offset %" PRIu64 " is beyond what its input has taken, %" PRIu64,
                         offset, taken);
    for (uint64_t left = taken - offset; left > 0;) {
        int got = list_read_data(&request->list, bytes, (size_t)at_most(left, sizeof bytes), err);
        if (got <= 0)
            return got;
        left -= (uint64_t)got;
    }
    return 0;
}

/* Passes on what comes. A client that breaks off in the middle has what came before it passed on. */
static int write_content(struct session *session, struct streams *streams, struct request *request, struct error *err)
{
    uint8_t bytes[WRITE_STEP];
    for (;;) {
        int got = list_read_data(&request->list, bytes, sizeof bytes, err);
        if (got <= 0)
            return got;
        int status = streams_write(streams, bytes, (size_t)got, session->socket, err);
        if (status)
            return status;
    }
}

static int write_in_turn(struct session *session, struct streams *streams, struct request *request, uint64_t *taken,
                         struct error *err)
{
    bool close = request->args[2].number & WRITE_CLOSE;
    int status = streams_write_begin(streams, session->socket, taken, err);
    if (status)
        return status;
    status = skip_taken(request, request->args[1].number, *taken, err);
    if (status == 0)
        status = write_content(session, streams, request, err);
    *taken = streams_write_end(streams, close && status == 0);
    return status;
}

int rpc_write(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct streams *streams;
    uint64_t pid = request->args[0].number, taken;
    if (request->args[2].number & ~(uint64_t)WRITE_CLOSE)
        return error_set(err, ERR_INVALID, "write: the flags %" PRIu64 " are not 0 or 1", request->args[2].number);
    int status = children_streams(session->agent->children, pid, &streams, err);
    if (status)
        return status;
    status = write_in_turn(session, streams, request, &taken, err);
    streams_release(streams);
    if (status)
        return status == ERR_CLOSED ? status : error_prefix(err, status, "the %" PRIu64 " process: write", pid);
    write_u32(&reply->bytes, 1);
    write_entry_u64(&reply->bytes, taken);
    return 0;
}
