/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/client.h"

struct removal {
    const char *const *files;
    uint32_t count;
    struct strlist failures;
};

/* Reads the reply: empty when all files were removed, else a `u` or an `s` for each file. */
static int removal_read_failures(struct call *call, struct removal *removal)
{
    struct entry last;
    if (call->reply.count != 0 && call->reply.count != removal->count) {
        struct entry entry;
        int status = call_entry(call, "su", &entry);
        return status ? status : call_malformed(call, "the number of its entries is not that of the files");
    }
    do {
        int status = call_strings(call, "su", &removal->failures, &last);
        if (status)
            return status;
    } while (last.type == WIRE_UNDEFINED);
    if (removal->failures.count == 0)
        return 0;
    return client_fail(call->p, PERISCOPE_REFUSED, "%s%s", removal->failures.items[0],
                       removal->failures.count > 1 ? " (and others)" : "");
}

static int attempt_rm(struct periscope *p, void *context)
{
    struct removal *removal = context;
    struct call call;
    strlist_deinit(&removal->failures);
    call_init(&call, p, METHOD_rm, removal->count, CALL_ANY);
    for (uint32_t i = 0; i < removal->count; i++)
        write_entry_text(&call.request, WIRE_STRING, removal->files[i]);
    int status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = removal_read_failures(&call, removal);
    call_deinit(&call);
    return status;
}

int periscope_rm(struct periscope *p, const char *const *remote_files, size_t count, struct periscope_strings *failures)
{
    struct removal removal = {.files = remote_files, .count = (uint32_t)count};
    if (failures)
        *failures = (struct periscope_strings){0};
    if (count > WIRE_COUNT_MAX)
        return client_fail(p, PERISCOPE_INVALID, "%zu files are too many for one call (at most %u)", count,
                           WIRE_COUNT_MAX);
    int status = client_repeat(p, attempt_rm, &removal);
    if (failures)
        strings_take(failures, &removal.failures);
    strlist_deinit(&removal.failures);
    return status;
}
