/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU's monitor says, and the picture that it writes. Values must lie within the text, and strings be UTF-8. */
#include "host/common/json_read.h"
#include "picture/ppm.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void read_json(const char *text, size_t len)
{
    static const char *const names[] = {"QMP", "version", "qemu", "error", "desc", "return", "id", "a", ""};
    struct json_value value, member;
    if (!json_parse(&value, text, len))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buffer out;
        if (!json_member(&value, names[i], &member))
            continue;
        require(member.text >= text && member.len > 0 && member.text + member.len <= text + len);
        buffer_init(&out, 3 * len + 1);
        if (json_string(&member, &out))
            require(out.len <= member.len);
        buffer_deinit(&out);
        require(json_parse(&value, member.text, member.len));
    }
}

static void read_ppm(const uint8_t *bytes, size_t len)
{
    struct image_view image;
    struct error err = {0};
    int status = ppm_decode(&image, bytes, len, &err);
    require(status == 0 || (status == err.status && *err.text));
    if (status == 0)
        require(image.pixels + (size_t)image.stride * image.height == bytes + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1); /* so that a byte too far is seen */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    read_json(copy, size);
    read_ppm((const uint8_t *)copy, size);
    free(copy);
    return 0;
}
