/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in the guest's folders. */
#include "host/client.h"

/* A call with a path and options, whose reply is a list of strings. */
struct look {
    enum method_index method;
    const char *path, *options[2]; /* NULL: fewer */
    struct strlist *facts;
};

static int attempt_look(struct periscope *p, void *context)
{
    const struct look *look = context;
    struct call call;
    struct entry last;
    uint32_t options = (look->options[0] != NULL) + (look->options[1] != NULL);
    strlist_deinit(look->facts);
    call_init(&call, p, look->method, 1 + options, CALL_ANY);
    write_entry_text(&call.request, WIRE_STRING, look->path);
    for (uint32_t i = 0; i < options; i++)
        write_entry_text(&call.request, WIRE_STRING, look->options[i]);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, look->method);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", look->facts, &last);
    call_deinit(&call);
    return status;
}

static int look_at(struct periscope *p, enum method_index method, const char *path, const char *option,
                   struct periscope_strings *out)
{
    struct strlist facts = {0};
    struct look look = {.method = method, .path = path, .options = {option}, .facts = &facts};
    if (out)
        *out = (struct periscope_strings){0};
    int status = client_repeat(p, attempt_look, &look);
    if (!status && out)
        strings_take(out, &facts);
    strlist_deinit(&facts);
    return status;
}

int periscope_list(struct periscope *p, const char *remote_folder, bool recursive, struct periscope_strings *entries)
{
    return look_at(p, METHOD_list, remote_folder, recursive ? "recursive=1" : NULL, entries);
}

int periscope_stat(struct periscope *p, const char *remote_file, const char *option, struct periscope_strings *facts)
{
    return look_at(p, METHOD_stat, remote_file, option, facts);
}

int periscope_mkdir(struct periscope *p, const char *remote_folder)
{
    return look_at(p, METHOD_mkdir, remote_folder, NULL, NULL);
}

int periscope_df(struct periscope *p, const char *remote_path, struct periscope_strings *facts)
{
    return look_at(p, METHOD_df, remote_path, NULL, facts);
}

int periscope_rmtree(struct periscope *p, const char *remote_path, struct periscope_strings *facts)
{
    return look_at(p, METHOD_rmtree, remote_path, NULL, facts);
}
