/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the beginning and the end of a text that is too long, with a mark between them. */
static void error_cut_middle(char out[ERROR_TEXT_SIZE], const char *text, size_t len)
{
    static const char mark[] = "... (cut) ...";
    const size_t kept = ERROR_TEXT_SIZE - sizeof mark, head = kept / 2, tail = kept - head;
    memcpy(out, text, head);
    memcpy(out + head, mark, sizeof mark - 1);
    memcpy(out + head + sizeof mark - 1, text + len - tail, tail + 1);
}

/* Formats a text that takes len bytes, by vsnprintf()'s count, and cuts out its middle. */
PRINTF_LIKE(3, 0)
static void error_format_long(char out[ERROR_TEXT_SIZE], size_t len, const char *format, va_list args)
{
    char *whole = malloc(len + 1);
    if (!whole)
        return; /* keeps the beginning, which the caller has formatted */
    vsnprintf(whole, len + 1, format, args);
    error_cut_middle(out, whole, len);
    free(whole);
}

int error_vset(struct error *err, int status, const char *format, va_list args)
{
    va_list again;
    if (!err)
        return status;
    va_copy(again, args);
    err->status = status;
    int len = vsnprintf(err->text, sizeof err->text, format, args);
    if (len < 0)
        strcpy(err->text, "(the error text could not be formatted)");
    else if ((size_t)len >= sizeof err->text)
        error_format_long(err->text, (size_t)len, format, again);
    va_end(again);
    utf8_make_printable(err->text);
    return status;
}

int error_set(struct error *err, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(err, status, format, args);
    va_end(args);
    return status;
}

int error_prefix(struct error *err, int status, const char *format, ...)
{
    struct error prefix, reason;
    va_list args;
    if (!err)
        return status;
    reason = *err;
    va_start(args, format);
    error_vset(&prefix, status, format, args);
    va_end(args);
    return error_set(err, status, "%s: %s", prefix.text, reason.text);
}

const char *error_name(int status)
{
    switch (status) {
#define X(symbol, name)                                                                                                \
    case symbol:                                                                                                       \
        return name;
        ERROR_STATUSES(X)
#undef X
    }
    return "unknown";
}
