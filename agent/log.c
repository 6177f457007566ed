/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/log.h"
#include "agent/fold.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/terminal.h"
#include "platform/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024 /* bytes; a longer line is cut and marked */
#define FLUSH_POLL_MS 2
#define CHUNK_SIZE 4096 /* bytes that are written to standard error at once, whole lines */

static struct {
    struct os_mutex *lock; /* guards all but the waker; never held over a call that can block */
    bool to_stderr;
    struct os_waker *waker; /* of the thread that writes to standard error; NULL before it is started */
    struct fold fold;
    size_t len;
    unsigned long long dropped;    /* bytes */
    unsigned long long written;    /* bytes since the start that the thread has taken, or that were lost to it */
    unsigned long long lost_lines; /* that were dropped before it took them, and are not told yet */
    bool writing;                  /* what it has taken last is not written yet */
    char text[LOG_SIZE];
} log_state;

void log_init(bool to_stderr)
{
    log_state.lock = os_mutex_new();
    log_state.to_stderr = to_stderr;
}

static size_t finish_line(char line[LINE_SIZE], int head, int len)
{
    char *body = line + head;
    if (len < 0)
        strcpy(body, "?");
    else if (len >= LINE_SIZE - head - 1)
        strcpy(line + LINE_SIZE - 11, "... (cut)");
    utf8_make_printable(body);
    strcat(line, "\n");
    return strlen(line);
}

static int stamp_line(char line[LINE_SIZE])
{
    char stamp[TIMESTAMP_SIZE];
    timestamp_text(stamp, os_wall_time_ms());
    return snprintf(line, LINE_SIZE, "%s ", stamp);
}

__attribute__((format(printf, 2, 0))) static size_t format_line(char line[LINE_SIZE], const char *format, va_list args)
{
    int head = stamp_line(line);
    return finish_line(line, head, vsnprintf(line + head, LINE_SIZE - (size_t)head - 1, format, args));
}

/* Counts the lines that go before they were written. */
static void count_lost(size_t drop)
{
    if (!log_state.to_stderr || log_state.written >= log_state.dropped + drop)
        return;
    size_t from = (size_t)(log_state.written - log_state.dropped);
    for (size_t i = from; i < drop; i++)
        log_state.lost_lines += log_state.text[i] == '\n';
    log_state.written = log_state.dropped + drop;
}

/* Drops the oldest lines until len bytes fit. */
static void make_room(size_t len)
{
    if (log_state.len + len <= LOG_SIZE)
        return;
    size_t drop = log_state.len + len - LOG_SIZE;
    if (drop < LOG_SIZE / 4)
        drop = LOG_SIZE / 4; /* so that not every line moves the text */
    if (drop > log_state.len)
        drop = log_state.len;
    const char *end = memchr(log_state.text + drop - 1, '\n', log_state.len - drop + 1);
    drop = end ? (size_t)(end - log_state.text) + 1 : log_state.len;
    count_lost(drop);
    memmove(log_state.text, log_state.text + drop, log_state.len - drop);
    log_state.len -= drop;
    log_state.dropped += drop;
}

static void keep_line(const char *line, size_t len)
{
    make_room(len);
    memcpy(log_state.text + log_state.len, line, len);
    log_state.len += len;
}

/* Keeps the count of a folded line. */
static void keep_count(void *context, const char *text)
{
    char line[LINE_SIZE];
    (void)context;
    int head = stamp_line(line);
    size_t len = finish_line(line, head, snprintf(line + head, LINE_SIZE - (size_t)head - 1, "%s", text));
    keep_line(line, len);
}

/* Keeps a line, unless it is one that has just been logged. */
static void keep_or_fold(char *line, size_t len)
{
    char *body = strchr(line, ' ') + 1;
    line[len - 1] = '\0';
    bool fresh = fold_add(&log_state.fold, body, os_clock_ms(), keep_count, NULL);
    line[len - 1] = '\n';
    if (fresh)
        keep_line(line, len);
}

void log_line(const char *format, ...)
{
    char line[LINE_SIZE] = "";
    va_list args;
    os_mutex_lock(log_state.lock); /* first, so that the lines are in the order of their times */
    va_start(args, format);
    keep_or_fold(line, format_line(line, format, args));
    va_end(args);
    os_mutex_unlock(log_state.lock);
    if (log_state.waker)
        os_waker_set(log_state.waker);
}

static void copy_count(void *context, const char *text)
{
    char line[LINE_SIZE];
    int head = stamp_line(line);
    size_t len = finish_line(line, head, snprintf(line + head, LINE_SIZE - (size_t)head - 1, "%s", text));
    buffer_append(context, line, len);
}

void log_copy(struct buffer *out)
{
    os_mutex_lock(log_state.lock);
    fold_emit_due(&log_state.fold, os_clock_ms(), keep_count, NULL);
    if (log_state.dropped)
        buffer_printf(out, "(%llu bytes of older lines are gone)\n", log_state.dropped);
    buffer_append(out, log_state.text, log_state.len);
    fold_emit_all(&log_state.fold, true, copy_count, out);
    os_mutex_unlock(log_state.lock);
}

/* ---- standard error ---- */

/* Copies whole lines that are still to be written, at most CHUNK_SIZE bytes, and returns their length. The lock is held. */
static size_t take_lines(char chunk[CHUNK_SIZE])
{
    size_t from = (size_t)(log_state.written - log_state.dropped), len = log_state.len - from, head = 0;
    if (log_state.lost_lines) {
        head = (size_t)snprintf(chunk, CHUNK_SIZE, "(%llu lines were not written here)\n", log_state.lost_lines);
        log_state.lost_lines = 0;
    }
    if (len > CHUNK_SIZE - head)
        len = CHUNK_SIZE - head;
    while (len > 0 && log_state.text[from + len - 1] != '\n')
        len--;
    memcpy(chunk + head, log_state.text + from, len);
    log_state.written += len;
    return head + len;
}

/* Writes one chunk. Returns false when there is none; then *due_ms is when the next count is to be told. */
static bool write_chunk(int64_t *due_ms)
{
    char chunk[CHUNK_SIZE];
    os_mutex_lock(log_state.lock);
    fold_emit_due(&log_state.fold, os_clock_ms(), keep_count, NULL);
    size_t len = take_lines(chunk);
    log_state.writing = len > 0;
    *due_ms = fold_next_ms(&log_state.fold);
    os_mutex_unlock(log_state.lock);
    if (len > 0)
        os_standard_write(OS_STANDARD_ERROR, chunk, len);
    return len > 0;
}

static void log_writer_main(void *context)
{
    int64_t due_ms;
    (void)context;
    for (;;) {
        os_waker_clear(log_state.waker);
        while (write_chunk(&due_ms))
            ;
        os_waker_wait(log_state.waker, due_ms);
    }
}

int log_start(struct error *err)
{
    struct os_waker *waker;
    if (!log_state.to_stderr)
        return 0;
    int status = os_waker_new(&waker, err);
    if (status)
        return status;
    log_state.waker = waker; /* no other thread logs yet */
    os_waker_set(waker);
    return os_thread_start(log_writer_main, NULL, err);
}

static bool log_is_written(void)
{
    os_mutex_lock(log_state.lock);
    bool written = log_state.written == log_state.dropped + log_state.len && !log_state.writing;
    os_mutex_unlock(log_state.lock);
    return written;
}

void log_flush(int timeout_ms)
{
    int64_t deadline = os_deadline(timeout_ms);
    if (!log_state.waker)
        return;
    os_mutex_lock(log_state.lock);
    fold_emit_all(&log_state.fold, false, keep_count, NULL);
    os_mutex_unlock(log_state.lock);
    os_waker_set(log_state.waker);
    while (!log_is_written() && os_time_left(deadline))
        os_sleep_ms(FLUSH_POLL_MS);
}

/* ---- a file ---- */

int log_save(const char *path, struct error *err)
{
    struct buffer text;
    struct error reason;
    buffer_init(&text, LOG_SIZE + LINE_SIZE);
    log_copy(&text);
    int status = os_upload_whole(path, OS_UPLOAD_PRIVATE, text.data, text.len, &reason);
    buffer_deinit(&text);
    return status ? error_set(err, status, "could not write '%s': %s", path, reason.text) : 0;
}
