/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/option.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODE_MAX 0777
#define NS_DIGITS 9
#define SECONDS_MAX (INT64_MAX / OS_NS - 1)

static bool option_number(const char *text, uint64_t max, uint64_t *value)
{
    return number_take(&text, max, value) && !*text;
}

static bool option_flag(const char *text, bool *value)
{
    *value = *text == '1';
    return (*text == '0' || *text == '1') && !text[1];
}

static bool option_mode(const char *text, uint32_t *value)
{
    size_t len = strlen(text);
    if (len == 0 || len > 4 || strspn(text, "01234567") != len || strtoul(text, NULL, 8) > MODE_MAX)
        return false;
    *value = (uint32_t)strtoul(text, NULL, 8);
    return true;
}

static bool option_take_time(const char *text, int64_t *value)
{
    uint64_t seconds, ns = 0;
    bool negative = *text == '-';
    text += negative;
    if (!number_take(&text, SECONDS_MAX, &seconds))
        return false;
    if (*text == '.' && (strlen(text) != NS_DIGITS + 1 || !option_number(text + 1, OS_NS - 1, &ns)))
        return false;
    if (*text && *text != '.')
        return false;
    *value = (negative ? -(int64_t)seconds : (int64_t)seconds) * OS_NS + (int64_t)ns;
    return true;
}

static bool option_take(const struct option *option, const char *text)
{
    switch (option->type) {
    case OPTION_NUMBER:
        return option_number(text, INT64_MAX, option->value);
    case OPTION_FLAG:
        return option_flag(text, option->value);
    case OPTION_MODE:
        return option_mode(text, option->value);
    case OPTION_TIME:
        return option_take_time(text, option->value);
    case OPTION_TEXT:
        *(const char **)option->value = text;
        return *text != 0;
    }
    return false;
}

static int option_read(const char *rpc, const char *text, const struct option *known, struct error *err)
{
    static const char *const wanted[] = {
        [OPTION_NUMBER] = "a number", [OPTION_FLAG] = "0 or 1", [OPTION_MODE] = "an octal mode up to 777",
        [OPTION_TIME] = "a time",     [OPTION_TEXT] = "a text",
    };
    for (; known->key; known++) {
        size_t len = strlen(known->key);
        if (strncmp(text, known->key, len) != 0 || text[len] != '=')
            continue;
        if (option_take(known, text + len + 1))
            return 0;
        return error_set(err, ERR_INVALID, "%s: %s='%s' is not %s", rpc, known->key, text + len + 1,
                         wanted[known->type]);
    }
    return error_set(err, ERR_INVALID, "%s: unknown option '%s'", rpc, text);
}

int options_read(const struct request *request, uint32_t first, const struct option *known, struct error *err)
{
    int status = 0;
    for (uint32_t i = first; i < request->arg_count && status == 0; i++)
        status = option_read(request->method->name, request->args[i].text, known, err);
    return status;
}

/* Counts the nanoseconds forward from the second before, as timespec does: -1.5 s is "-2.500000000". */
const char *option_time(int64_t ns, char text[OPTION_TIME_SIZE])
{
    int64_t seconds = ns / OS_NS - (ns % OS_NS < 0);
    snprintf(text, OPTION_TIME_SIZE, "%lld.%09ld", (long long)seconds, (long)(ns - seconds * OS_NS));
    return text;
}
