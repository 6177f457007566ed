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
    struct buffer page;
    struct error reason;
    buffer_init(&page, PAGE_MOST);
    struct blob *blob = NULL;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path &&
        os_file_read_whole(path, &page, &reason) == 0)
        blob = blob_copy(page.data, page.len);
    buffer_deinit(&page);
    return blob;
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
