/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of pictures that a verb writes. */
#ifndef HOST_CLI_PICTURE_FILE_H
#define HOST_CLI_PICTURE_FILE_H

#include "host/cli/cli.h"
#include "picture/image.h"

/* "png" or "ppm", by the file's ending; PNG for any other and for NULL. */
const char *picture_format(const char *file);
/* Encodes it. The bytes are the caller's to free(). Returns the exit status, having reported a failure. */
int picture_encode(struct cli *cli, const struct image_view *image, const char *format, uint8_t **bytes, size_t *len);
/* Writes bytes whole or not at all; "-" is standard output. Returns the exit status, having reported a failure. */
int picture_store(struct cli *cli, const char *file, const uint8_t *bytes, size_t len);

#endif
