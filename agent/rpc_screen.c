/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screenshot. */
#include "agent/rpc.h"

static int reply_picture(struct reply *reply, const struct strlist *facts, const struct buffer *file)
{
    write_u32(&reply->bytes, (uint32_t)facts->count + 1);
    for (size_t i = 0; i < facts->count; i++)
        write_entry_text(&reply->bytes, WIRE_STRING, facts->items[i]);
    if (file->len)
        write_entry_data(&reply->bytes, file->data, file->len);
    else
        write_entry_undefined(&reply->bytes); /* unchanged */
    return 0;
}

int rpc_screenshot(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0}, facts = {0};
    struct buffer file;
    buffer_init(&file, SCREEN_FILE_MAX);
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(&options, request->args[i].text);
    int status = options.failed ? error_set(err, ERR_NO_MEMORY, "screenshot: no memory for its options")
                                : screen_take(session->agent->screen, &options, &facts, &file, err);
    if (status == 0)
        reply_picture(reply, &facts, &file);
    strlist_deinit(&options);
    strlist_deinit(&facts);
    buffer_deinit(&file);
    return status;
}
