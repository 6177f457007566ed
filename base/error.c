/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

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
