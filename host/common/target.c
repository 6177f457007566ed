/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/target.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

static int target_parse_port(unsigned *port, const char *text, const char *what, struct error *err)
{
    uint64_t value;
    const char *end = text;
    if (!number_take(&end, 65535, &value) || *end || value == 0)
        return error_set(err, ERR_INVALID, "'%s' is not a port (1 to 65535) in %s", text, what);
    *port = (unsigned)value;
    return 0;
}

static int target_set_host(struct target *out, const char *text, size_t len, struct error *err)
{
    if (len >= sizeof out->host)
        return error_set(err, ERR_INVALID, "a host name of %zu characters is too long (at most %d)", len,
                         TARGET_HOST_SIZE - 1);
    memcpy(out->host, text, len);
    out->host[len] = '\0';
    return 0;
}

static int target_parse_bracketed(struct target *out, const char *text, struct error *err)
{
    const char *close = strchr(text, ']');
    if (!close || close == text + 1 || (close[1] && close[1] != ':'))
        return error_set(err, ERR_INVALID, "'%s' is not [IPV6] or [IPV6]:PORT", text);
    int status = target_set_host(out, text + 1, (size_t)(close - text - 1), err);
    if (status || !close[1])
        return status;
    return target_parse_port(&out->port, close + 2, text, err);
}

int target_parse(struct target *out, const char *text, struct error *err)
{
    *out = (struct target){0};
    if (!*text)
        return error_set(err, ERR_INVALID, "the host is empty ('-' stands for PERISCOPE_HOST)");
    if (strcmp(text, "-") == 0)
        return 0;
    if (*text == '[')
        return target_parse_bracketed(out, text, err);
    const char *colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':'))
        return target_set_host(out, text, strlen(text), err);
    int status = target_set_host(out, text, (size_t)(colon - text), err);
    return status ? status : target_parse_port(&out->port, colon + 1, text, err);
}

int target_resolve(struct target *out, const char *text, const char *env_host, const char *env_port, struct error *err)
{
    struct target behind;
    int status = text ? target_parse(out, text, err) : target_parse(out, "-", err);
    if (status)
        return status;
    if (!*out->host) {
        if (!env_host || !*env_host)
            return error_set(err, ERR_INVALID, "no host: give HOST[:PORT] or set PERISCOPE_HOST");
        status = target_parse(&behind, env_host, err);
        if (status)
            return status;
        if (!*behind.host)
            return error_set(err, ERR_INVALID, "PERISCOPE_HOST is '%s', which names no host", env_host);
        strcpy(out->host, behind.host);
        if (!out->port)
            out->port = behind.port;
    }
    if (out->port)
        return 0;
    if (!env_port || !*env_port)
        return error_set(err, ERR_INVALID, "no port for '%s': give HOST:PORT or set PERISCOPE_PORT", out->host);
    return target_parse_port(&out->port, env_port, "PERISCOPE_PORT", err);
}

void target_text(const struct target *target, char text[TARGET_TEXT_SIZE])
{
    if (strchr(target->host, ':'))
        snprintf(text, TARGET_TEXT_SIZE, "[%s]:%u", target->host, target->port);
    else
        snprintf(text, TARGET_TEXT_SIZE, "%s:%u", target->host, target->port);
}
