/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screenshot, crc, displays. */
#include "agent/rpc/rpc.h"

static void write_facts(struct reply *reply, const struct strlist *facts, uint32_t more)
{
    write_u32(&reply->bytes, (uint32_t)facts->count + more);
    for (size_t i = 0; i < facts->count; i++)
        write_entry_text(&reply->bytes, WIRE_STRING, facts->items[i]);
}

static void reply_picture(struct reply *reply, const struct strlist *facts, const struct buffer *file)
{
    write_facts(reply, facts, 1);
    if (file->len)
        write_entry_data(&reply->bytes, file->data, file->len);
    else
        write_entry_undefined(&reply->bytes); /* unchanged */
}

static int read_options(const struct request *request, struct strlist *options, struct error *err)
{
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(options, request->args[i].text);
    return options->failed ? error_set(err, ERR_NO_MEMORY, "no memory for the options of a picture") : 0;
}

int rpc_screenshot(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0}, facts = {0};
    struct buffer file;
    buffer_init(&file, SCREEN_FILE_MAX);
    int status = read_options(request, &options, err);
    if (status == 0)
        status = screen_take(session->agent->screen, &options, &facts, &file, err);
    if (status == 0)
        reply_picture(reply, &facts, &file);
    strlist_deinit(&options);
    strlist_deinit(&facts);
    buffer_deinit(&file);
    return status;
}

typedef int screen_question(struct screen *screen, const struct strlist *options, struct strlist *facts,
                            struct error *err);

/* What has facts alone for an answer. */
static int answer(struct session *session, const struct request *request, screen_question *question,
                  struct reply *reply, struct error *err)
{
    struct strlist options = {0}, facts = {0};
    int status = read_options(request, &options, err);
    if (status == 0)
        status = question(session->agent->screen, &options, &facts, err);
    if (status == 0)
        write_facts(reply, &facts, 0);
    strlist_deinit(&options);
    strlist_deinit(&facts);
    return status;
}

int rpc_crc(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return answer(session, request, screen_crc, reply, err);
}

int rpc_displays(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return answer(session, request, screen_all_displays, reply, err);
}
