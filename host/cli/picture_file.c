/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/picture_file.h"
#include "host/cli/out.h"
#include "host/cli/replace.h"

#include "picture/png.h"
#include "picture/ppm.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/stream.h"

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

int picture_encode(struct cli *cli, const struct image_view *image, const char *format, bool small, uint8_t **bytes,
                   size_t *len)
{
    struct buffer file;
    struct error err;
    static const struct png_text software = {"Software", "Periscope " PERISCOPE_VERSION};
    buffer_init(&file, FILE_MAX);
    int status = strcmp(format, "ppm") == 0
                     ? ppm_encode(&file, image, &err)
                     : png_encode(&file, image,
                                  &(struct png_options){
                                      .texts = &software, .text_count = 1, .level = small ? PNG_SMALL : PNG_FAST},
                                  &err);
    *bytes = status ? NULL : file.data;
    *len = status ? 0 : file.len;
    if (status)
        buffer_deinit(&file);
    return status ? cli_error(cli, CLI_FAILED, "%s", err.text) : CLI_OK;
}

static int picture_unwritten(struct cli *cli, const char *file, const struct error *err)
{
    enum cli_exit exit_status = err->status == ERR_TIMEOUT ? CLI_TIMED_OUT : CLI_FAILED;
    return cli_error(cli, exit_status, "could not write '%s': %s", file, err->text);
}

/* Writes to what is no file, or to one that is open already. */
static int picture_stream(int stream, const char *file, const uint8_t *bytes, size_t len,
                          const struct os_patience *patience, struct error *err)
{
    int opened = OS_STREAM_NONE;
    int status = stream == OS_STREAM_CLOSED ? os_stream_open_target(&opened, file, patience, err) : 0;
    if (!status)
        status = os_stream_write(opened >= 0 ? opened : stream, bytes, len, patience, err);
    if (opened >= 0 && os_stream_close(opened, status ? NULL : err) && !status)
        status = ERR_SYSTEM;
    return status;
}

static int picture_upload(const char *file, const uint8_t *bytes, size_t len, struct error *err)
{
    struct os_upload *upload;
    int status = os_upload_begin(&upload, file, OS_UPLOAD_ORDINARY, err);
    if (status)
        return status;
    status = os_upload_resemble(upload, err);
    if (!status)
        status = os_upload_write(upload, bytes, len, err);
    if (!status)
        return os_upload_commit(upload, err);
    os_upload_abandon(upload);
    return status;
}

/* Replaces the file, or makes a new one. */
static int picture_replace(struct cli *cli, const char *file, const uint8_t *bytes, size_t len)
{
    struct os_file_facts old;
    struct error err;
    int exit_status = replace_begin(cli, file, &old);
    if (exit_status)
        return exit_status;
    cli_catch_interrupt(cli); /* which would leave a temporary file */
    if (picture_upload(file, bytes, len, &err))
        return picture_unwritten(cli, file, &err);
    replace_end(cli, file, &old);
    return CLI_OK;
}

int picture_store(struct cli *cli, const char *file, const uint8_t *bytes, size_t len)
{
    struct error err;
    int stream;
    const struct os_patience patience = {os_deadline(cli->total_limit_ms), NULL};
    if (strcmp(file, "-") == 0) {
        out_write(bytes, len);
        return CLI_OK; /* main() finds out whether it was written */
    }
    if (os_stream_target(file, &stream, &err))
        return picture_unwritten(cli, file, &err);
    if (stream == OS_STREAM_NONE)
        return picture_replace(cli, file, bytes, len);
    return picture_stream(stream, file, bytes, len, &patience, &err) ? picture_unwritten(cli, file, &err) : CLI_OK;
}
