/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/viewer/viewer_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- what waits to be sent ---- */

void viewer_error(struct viewer *viewer, int status, const char *text)
{
    struct json json;
    if (viewer->error_count == VIEWER_ERRORS_MAX)
        return;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "t", "error");
    json_text(&json, "message", text);
    if (status)
        json_integer(&json, "status", status);
    json_object_end(&json);
    buffer_append(&json.out, "", 1);
    char *copy = json.out.failed ? NULL : strdup((const char *)json.out.data);
    if (copy)
        viewer->errors[viewer->error_count++] = copy;
    json_deinit(&json);
}

static struct blob *viewer_text(const char *text)
{
    return blob_copy(text, strlen(text));
}

struct blob *viewer_next_error(struct viewer *viewer)
{
    if (viewer->pongs) {
        viewer->pongs = 0;
        return viewer_text("{\"t\":\"pong\"}");
    }
    if (viewer->error_count == 0)
        return NULL;
    struct blob *blob = viewer_text(viewer->errors[0]);
    free(viewer->errors[0]);
    memmove(viewer->errors, viewer->errors + 1, --viewer->error_count * sizeof *viewer->errors);
    return blob;
}

/* ---- messages ---- */

struct blob *viewer_take_json(struct json *json)
{
    struct blob *blob = json->out.failed ? NULL : blob_copy(json->out.data, json->out.len);
    json_deinit(json);
    return blob;
}

static void viewer_put(uint8_t **at, uint32_t value, int bytes)
{
    while (bytes-- > 0)
        *(*at)++ = (uint8_t)(value >> 8 * bytes);
}

struct blob *viewer_binary(enum viewer_binary kind, bool last, uint32_t frame, const struct damage_box *box,
                           const char *name, const struct blob *png)
{
    size_t name_len = name ? strlen(name) : 0;
    struct blob *blob = blob_new(VIEWER_HEADER + name_len + png->len);
    if (!blob)
        return NULL;
    uint8_t *at = blob->bytes;
    viewer_put(&at, kind, 1);
    viewer_put(&at, last, 1);
    viewer_put(&at, (uint32_t)name_len, 2);
    viewer_put(&at, frame, 4);
    viewer_put(&at, box->x, 2);
    viewer_put(&at, box->y, 2);
    viewer_put(&at, box->width, 2);
    viewer_put(&at, box->height, 2);
    viewer_put(&at, (uint32_t)png->len, 4);
    if (name_len)
        memcpy(at, name, name_len);
    memcpy(at + name_len, png->bytes, png->len);
    return blob;
}
