/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that several owners share, in several threads: a message that goes to many browsers is in memory once. */
#ifndef HOST_WEB_BLOB_H
#define HOST_WEB_BLOB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
    atomic_uint owners;
    size_t len;
    uint8_t bytes[];
};

struct blob *blob_new(size_t len);                     /* of one owner, of undefined content; NULL without memory */
struct blob *blob_copy(const void *bytes, size_t len); /* NULL without memory */
struct blob *blob_share(struct blob *blob);            /* one owner more; accepts NULL */
void blob_release(struct blob *blob);                  /* one owner less; accepts NULL */

#endif
