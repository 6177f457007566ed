/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/picture_file.h"

#include "picture/png.h"
#include "picture/ppm.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)IMAGE_PIXELS_MAX * 3 + (64u << 20)) /* bytes: a PNG that does not compress exceeds a PPM */

static bool picture_has_ending(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

const char *picture_format(const char *file)
{
    return file && picture_has_ending(file, ".ppm") ? "ppm" : "png";
}

int picture_encode(struct cli *cli, const struct image_view *image, const char *format, uint8_t **bytes, size_t *len)
{
    struct buffer file;
    struct error err;
    static const struct png_text software = {"Software", "Periscope " PERISCOPE_VERSION};
    buffer_init(&file, FILE_MAX);
    int status = strcmp(format, "ppm") == 0
                     ? ppm_encode(&file, image, &err)
                     : png_encode(&file, image, &(struct png_options){.texts = &software, .text_count = 1}, &err);
    *bytes = status ? NULL : file.data;
    *len = status ? 0 : file.len;
    if (status)
        buffer_deinit(&file);
    return status ? cli_error(cli, CLI_FAILED, "%s", err.text) : CLI_OK;
}

int picture_store(struct cli *cli, const char *file, const uint8_t *bytes, size_t len)
{
    struct error err;
    if (strcmp(file, "-") == 0) {
        if (fwrite(bytes, 1, len, stdout) == len)
            return CLI_OK;
        return cli_error(cli, CLI_FAILED, "could not write to standard output");
    }
    cli_catch_interrupt(cli); /* which would leave a temporary file */
    int status = os_upload_whole(file, OS_UPLOAD_ORDINARY, bytes, len, &err);
    return status ? cli_error(cli, CLI_FAILED, "could not write '%s': %s", file, err.text) : CLI_OK;
}
