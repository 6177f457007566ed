/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/file.h"

#define STEP (64u << 10) /* bytes */

int os_file_read_rest(struct os_file *file, struct buffer *out, struct error *err)
{
    uint8_t more = 0;
    for (;;) {
        size_t room = out->limit - out->len, step = room < STEP ? room : STEP;
        uint8_t *to = step ? buffer_extend(out, step) : &more;
        if (!to)
            return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
        int got = os_file_read(file, to, step ? step : 1, err);
        out->len -= step - (step && got > 0 ? (size_t)got : 0);
        if (got <= 0)
            return got;
        if (step == 0)
            return error_set(err, ERR_LIMIT, "it has more than %zu bytes", out->limit);
    }
}

int os_file_read_whole(const char *path, struct buffer *out, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open(&file, path, &size, err);
    if (status)
        return status;
    status = os_file_read_rest(file, out, err);
    os_file_close(file);
    return status;
}
