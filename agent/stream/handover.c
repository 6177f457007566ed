/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams as an upgrade hands them over: lines of text. Those of programs that nobody asks for any more go too, since who
   still writes to them must not notice. */
#include "agent/stream/private.h"
#include "agent/log.h"
#include "base/number.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RESTORE_TRIES 3 /* of an allocation */

/* ---- saving ---- */

static void save_pipe(struct os_pipe *pipe, struct buffer *out)
{
    if (pipe)
        os_pipe_save(pipe, out);
    else
        buffer_append(out, "-", 1);
}

/* Finds the grace of the client that has taken least; NULL: nobody is waited for. */
static const struct stream_grace *save_grace(const struct stream *stream)
{
    const struct stream_grace *least = NULL;
    for (const struct stream_grace *grace = stream->graces; grace < stream->graces + STREAM_GRACES; grace++)
        if (os_time_left(grace->until) > 0 && (!least || grace->from < least->from))
            least = grace;
    return least;
}

static void save_part(unsigned name, struct stream *stream, struct buffer *out)
{
    const struct stream_grace *grace = save_grace(stream);
    buffer_printf(out, "stream %u %" PRIu64 " %" PRId64 " ", name, grace ? grace->from : 0,
                  grace ? os_time_left(grace->until) : 0);
    save_pipe(stream->pipe, out);
    kept_save(&stream->kept, out);
    buffer_append(out, "\n", 1);
}

void streams_save(struct buffer *out)
{
    os_mutex_lock(streams_lock());
    spool_save(out);
    for (struct streams *streams = streams_oldest; streams; streams = streams->newer) {
        buffer_printf(out, "streams %d %" PRId64 " %d %" PRIu64 " ", streams->exited, streams->exit_ms,
                      streams->had_in | streams->terminal << 1, streams->in_taken);
        save_pipe(streams->in, out);
        buffer_append(out, "\n", 1);
        for (unsigned i = 0; i < STREAM_COUNT; i++)
            if (streams->parts[i].exists)
                save_part(i, &streams->parts[i], out);
    }
    os_mutex_unlock(streams_lock());
}

unsigned streams_number(const struct streams *wanted)
{
    unsigned number = 1;
    os_mutex_lock(streams_lock());
    for (const struct streams *streams = streams_oldest; streams && streams != wanted; streams = streams->newer)
        number++;
    os_mutex_unlock(streams_lock());
    return number;
}

struct streams *streams_of_number(uint64_t number)
{
    os_mutex_lock(streams_lock());
    struct streams *streams = streams_oldest;
    while (streams && --number > 0)
        streams = streams->newer;
    if (streams)
        streams->uses++;
    os_mutex_unlock(streams_lock());
    return streams;
}

/* ---- restoring, before any client connects ---- */

static bool handover_number(const char **text, uint64_t *value)
{
    bool taken = number_take(text, UINT64_MAX, value);
    *text += taken && **text == ' ';
    return taken;
}

static struct streams *restore_streams(const char *text)
{
    uint64_t exited, exit_ms, had_in, taken;
    struct streams *streams = NULL;
    if (!handover_number(&text, &exited) || !handover_number(&text, &exit_ms) || !handover_number(&text, &had_in) ||
        !handover_number(&text, &taken))
        return NULL;
    for (int i = 0; i < RESTORE_TRIES && !streams; i++)
        streams = calloc(1, sizeof *streams);
    if (!streams)
        return NULL;
    streams->exited = exited;
    streams->exit_ms = (int64_t)exit_ms;
    streams->had_in = had_in & 1;
    streams->terminal = had_in & 2;
    streams->in_taken = taken;
    for (int i = 0; i < STREAM_COUNT; i++)
        streams->parts[i].owner = streams;
    for (int i = 0; i < RESTORE_TRIES && *text != '-' && !streams->in; i++)
        (void)os_pipe_adopt(&streams->in, text);
    streams_list(streams);
    return streams;
}

static bool restore_pipe(struct stream *stream, const char *text)
{
    struct error why;
    for (int i = 0; i < RESTORE_TRIES && !stream->pipe; i++)
        (void)os_pipe_adopt(&stream->pipe, text);
    if (!stream->pipe)
        return false;
    stream->owner->uses++;
    if (os_pipes_start(&streams_reader, &why) == 0 && os_pipe_watch(stream->pipe, stream, &why) == 0)
        return true;
    log_line("an output of a program can't be read any more: %s", why.text);
    stream->owner->uses--;
    return false;
}

static bool restore_part(struct streams *streams, const char *text)
{
    uint64_t name, from, grace;
    if (!handover_number(&text, &name) || name >= STREAM_COUNT || !handover_number(&text, &from) ||
        !handover_number(&text, &grace))
        return false;
    struct stream *stream = &streams->parts[name];
    const char *fields = strchr(text, ' ');
    stream->exists = true;
    stream->graces[0] = (struct stream_grace){.from = from, .until = grace ? os_deadline(STREAM_GONE_MS) : 0};
    bool whole = fields && kept_restore(&stream->kept, fields);
    return (*text == '-' || restore_pipe(stream, text)) && whole;
}

bool streams_restore(const char *line)
{
    bool done = true;
    os_mutex_lock(streams_lock());
    if (strncmp(line, "spool ", 6) == 0)
        spool_restore(line + 6);
    else if (strncmp(line, "streams ", 8) == 0)
        done = restore_streams(line + 8) != NULL;
    else if (strncmp(line, "stream ", 7) == 0)
        done = streams_newest && restore_part(streams_newest, line + 7);
    bool ours = *line == 's';
    os_mutex_unlock(streams_lock());
    if (!done)
        log_line("the streams of a program could not be taken over: %s", line);
    return ours;
}
