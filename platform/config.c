/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/config.h"
#include "platform/file.h"

#include <stdlib.h>
#include <string.h>

/* Appends the file, and a NUL. */
static int config_read_file(const char *path, struct buffer *text, struct error *err)
{
    int status = os_file_read_whole(path, text, err);
    if (status == 0 && memchr(text->data ? text->data : (uint8_t *)"", 0, text->len))
        return error_set(err, ERR_INVALID, "'%s' has a NUL in it: it is not text", path);
    if (status == 0 && text->len < text->limit)
        status = buffer_append(text, "", 1) ? 0 : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    else if (status == 0 || status == ERR_LIMIT)
        return error_set(err, ERR_INVALID, "'%s' is too large: the limit is 64 KiB", path);
    return status ? error_prefix(err, ERR_INVALID, "could not read '%s'", path) : 0;
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
    struct buffer file;
    buffer_init(&file, CONFIG_SIZE_MAX);
    int status = config_read_file(path, &file, err);
    unsigned number = 0;
    *text = (char *)file.data;
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
