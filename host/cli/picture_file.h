/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture files that verbs write. */
#ifndef HOST_CLI_PICTURE_FILE_H
#define HOST_CLI_PICTURE_FILE_H

#include "host/cli/cli.h"
#include "picture/image.h"

/* Returns "png" or "ppm", by the file's extension; "png" for any other and for NULL. */
const char *picture_format(const char *file);
/* Encodes a picture; the caller frees the bytes. Reports a failure. Returns the exit status. */
int picture_encode(struct cli *cli, const struct image_view *image, const char *format, bool small, uint8_t **bytes,
                   size_t *len);
/* Writes a file completely or not at all; "-" is standard output. Reports a failure. Returns the exit status. */
int picture_store(struct cli *cli, const char *file, const uint8_t *bytes, size_t len);

#endif
