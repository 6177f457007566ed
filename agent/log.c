/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/log.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024 /* bytes; a longer line is cut and marked */

static struct {
    struct os_mutex *lock;
    bool to_stderr;
    size_t len;
    unsigned long long dropped; /* bytes */
    char text[LOG_SIZE];
} log_state;

void log_init(bool to_stderr)
{
    log_state.lock = os_mutex_new();
    log_state.to_stderr = to_stderr;
}

__attribute__((format(printf, 2, 0))) static size_t format_line(char line[LINE_SIZE], const char *format, va_list args)
{
    char stamp[TIMESTAMP_SIZE], *body;
    timestamp_text(stamp, os_wall_time_ms());
    int head = snprintf(line, LINE_SIZE, "%s ", stamp);
    body = line + head;
    int len = vsnprintf(body, LINE_SIZE - (size_t)head - 1, format, args);
    if (len < 0)
        strcpy(body, "?");
    else if (len >= LINE_SIZE - head - 1)
        strcpy(line + LINE_SIZE - 11, "... (cut)");
    utf8_make_printable(body);
    strcat(line, "\n");
    return strlen(line);
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
    memmove(log_state.text, log_state.text + drop, log_state.len - drop);
    log_state.len -= drop;
    log_state.dropped += drop;
}

void log_line(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    os_mutex_lock(log_state.lock); /* first, so that the lines are in the order of their times */
    va_start(args, format);
    size_t len = format_line(line, format, args);
    va_end(args);
    make_room(len);
    memcpy(log_state.text + log_state.len, line, len);
    log_state.len += len;
    os_mutex_unlock(log_state.lock);
    if (log_state.to_stderr) {
        fputs(line, stderr);
        fflush(stderr); /* some C libraries buffer it */
    }
}

void log_copy(struct buffer *out)
{
    os_mutex_lock(log_state.lock);
    if (log_state.dropped)
        buffer_printf(out, "(%llu bytes of older lines are gone)\n", log_state.dropped);
    buffer_append(out, log_state.text, log_state.len);
    os_mutex_unlock(log_state.lock);
}

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
