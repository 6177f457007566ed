/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/blob.h"

#include <stdlib.h>
#include <string.h>

struct blob *blob_new(size_t len)
{
    struct blob *blob = malloc(sizeof *blob + len);
    if (!blob)
        return NULL;
    atomic_init(&blob->owners, 1);
    blob->len = len;
    return blob;
}

struct blob *blob_copy(const void *bytes, size_t len)
{
    struct blob *blob = blob_new(len);
    if (blob && len > 0)
        memcpy(blob->bytes, bytes, len);
    return blob;
}

struct blob *blob_share(struct blob *blob)
{
    if (blob)
        atomic_fetch_add(&blob->owners, 1);
    return blob;
}

void blob_release(struct blob *blob)
{
    if (blob && atomic_fetch_sub(&blob->owners, 1) == 1)
        free(blob);
}
