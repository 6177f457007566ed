/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/pages.h"

#include "host/embedded.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MOST (4u << 20) /* bytes of a file in a folder */

extern const struct embedded gateway_pages[];

static struct blob *pages_read(const char *folder, const char *name)
{
    char path[1024];
    struct os_file *file;
    uint64_t size;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path ||
        os_file_open(&file, path, &size, NULL))
        return NULL;
    struct blob *blob = size <= PAGE_MOST ? blob_new((size_t)size) : NULL;
    size_t have = 0;
    int got = 1;
    while (blob && got > 0 && have < blob->len) {
        got = os_file_read(file, blob->bytes + have, blob->len - have, NULL);
        have += got > 0 ? (size_t)got : 0;
    }
    os_file_close(file);
    if (blob && have == blob->len)
        return blob;
    blob_release(blob);
    return NULL;
}

struct blob *pages_get(const char *folder, const char *name)
{
    if (folder)
        return pages_read(folder, name);
    for (const struct embedded *page = gateway_pages; page->name; page++)
        if (strcmp(page->name, name) == 0)
            return blob_copy(page->bytes, page->len);
    return NULL;
}
