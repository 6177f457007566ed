/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/out.h"

#include "platform/clock.h"
#include "platform/stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_SIZE 65536 /* bytes that wait for being written */

static struct os_patience patience = {.deadline_ms = OS_FOREVER};
static char waiting[OUT_SIZE];
static size_t waiting_len;
static struct error failure; /* the first one of standard output */
static int complaint_lost;

void out_set_deadline(int64_t deadline_ms)
{
    patience.deadline_ms = deadline_ms;
}

/* Writes nothing after a failure: what follows a gap must not look as if it were all. */
static void out_pass_on(const void *bytes, size_t len)
{
    if (!failure.status && len)
        os_stream_write(OS_STREAM_OUTPUT, bytes, len, &patience, &failure);
}

int out_flush(struct error *err)
{
    out_pass_on(waiting, waiting_len);
    waiting_len = 0;
    return failure.status ? error_set(err, failure.status, "%s", failure.text) : 0;
}

void out_write(const void *bytes, size_t len)
{
    if (len > OUT_SIZE - waiting_len)
        out_flush(NULL);
    if (len > OUT_SIZE) {
        out_pass_on(bytes, len);
        return;
    }
    memcpy(waiting + waiting_len, bytes, len);
    waiting_len += len;
    if (os_stream_is_terminal(OS_STREAM_OUTPUT))
        out_flush(NULL);
}

int out_pass(bool to_error, const void *bytes, size_t len, struct error *err)
{
    int status = out_flush(err);
    return status ? status : os_stream_write(to_error ? OS_STREAM_ERROR : OS_STREAM_OUTPUT, bytes, len, &patience, err);
}

char *out_format(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = len < 0 ? NULL : malloc((size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

void out_print_list(const char *format, va_list args)
{
    char *text = out_format(format, args);
    if (text)
        out_write(text, strlen(text));
    else if (!failure.status)
        error_set(&failure, ERR_NO_MEMORY, "no memory");
    free(text);
}

void out_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    out_print_list(format, args);
    va_end(args);
}

static int out_say(const char *format, va_list args) PRINTF_LIKE(1, 0);

/* Returns the status of a failure, but none of a standard error that was closed: it is meant to be. */
static int out_say(const char *format, va_list args)
{
    out_flush(NULL);
    char *text = out_format(format, args);
    int status = text ? os_stream_write(OS_STREAM_ERROR, text, strlen(text), &patience, NULL) : ERR_NO_MEMORY;
    bool closed = status && text && errno == EBADF;
    free(text);
    return closed ? 0 : status;
}

void out_remark(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)out_say(format, args);
    va_end(args);
}

void out_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = out_say(format, args);
    va_end(args);
    if (status)
        complaint_lost = status;
}

int out_complaint_lost(void)
{
    return complaint_lost;
}
