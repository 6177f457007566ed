/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_printable(uint32_t code)
{
    return code != UTF8_INVALID && code >= 0x20 && (code < 0x7f || code > 0x9f);
}

/* One line of UTF-8, whatever bytes the names in it have. */
static void make_printable(char *text)
{
    size_t left = strlen(text), len;
    uint32_t code;
    char *to = text;
    for (const char *from = text; left > 0; from += len, left -= len) {
        len = utf8_next((const uint8_t *)from, left, &code);
        if (is_printable(code)) {
            memmove(to, from, len);
            to += len;
        } else {
            *to++ = '?';
        }
    }
    *to = '\0';
}

int error_vset(struct error *err, int status, const char *format, va_list args)
{
    static const char cut[] = "... (cut)";
    if (!err)
        return status;
    err->status = status;
    int len = vsnprintf(err->text, sizeof err->text, format, args);
    if (len < 0)
        strcpy(err->text, "(the error text could not be formatted)");
    else if ((size_t)len >= sizeof err->text)
        memcpy(err->text + sizeof err->text - sizeof cut, cut, sizeof cut);
    make_printable(err->text);
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
