/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/config.h"
#include "platform/file.h"

#include <stdlib.h>
#include <string.h>

static int config_read_file(const char *path, char **out, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    size_t len = 0;
    int got = 1;
    if (os_file_open(&file, path, &size, err))
        return error_prefix(err, ERR_INVALID, "could not read '%s'", path);
    char *text = malloc(CONFIG_SIZE_MAX + 1);
    while (text && got > 0 && len < CONFIG_SIZE_MAX) {
        got = os_file_read(file, text + len, CONFIG_SIZE_MAX - len, err);
        len += got > 0 ? (size_t)got : 0;
    }
    os_file_close(file);
    if (!text)
        return error_set(err, ERR_NO_MEMORY, "no memory for '%s'", path);
    text[len] = '\0';
    *out = text;
    if (got < 0)
        return error_prefix(err, ERR_INVALID, "could not read '%s'", path);
    if (len == CONFIG_SIZE_MAX || memchr(text, 0, len))
        return error_set(err, ERR_INVALID, "'%s' %s", path,
                         len == CONFIG_SIZE_MAX ? "is too large: the limit is 64 KiB"
                                                : "has a NUL in it: it is not text");
    return 0;
}

/* Returns the text without the white space around it, in place. */
static char *config_trim(char *text)
{
    static const char space[] = " \t\r";
    text += strspn(text, space);
    size_t len = strlen(text);
    while (len > 0 && strchr(space, text[len - 1]))
        text[--len] = '\0';
    return text;
}

static int config_read_line(char *line, config_setter *set, void *context, struct error *err)
{
    line = config_trim(line);
    if (*line == '\0' || *line == '#')
        return 0;
    char *equals = strchr(line, '=');
    if (!equals)
        return error_set(err, ERR_INVALID, "'%.60s' is not of the form 'name = value'", line);
    *equals = '\0';
    char *value = config_trim(equals + 1);
    if (*value == '\0')
        return error_set(err, ERR_INVALID, "'%.60s' has no value", config_trim(line));
    return set(context, config_trim(line), value, err);
}

int config_read(const char *path, char **text, config_setter *set, void *context, struct error *err)
{
    *text = NULL;
    int status = config_read_file(path, text, err);
    unsigned number = 0;
    for (char *line = *text; status == 0 && line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        if (config_read_line(line, set, context, err))
            return error_prefix(err, ERR_INVALID, "%s:%u", path, number);
        line = next;
    }
    return status;
}
