/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/files.h"
#include "agent/record/place.h"
#include "agent/rpc/option.h"
#include "agent/rpc/virtual.h"
#include "base/sha256.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>

#define SUM_STEP (256u << 10)    /* bytes */
#define SUM_LOOK (16 * SUM_STEP) /* bytes between two looks whether the client is still there */

int files_begin(struct session *session, struct os_identity **as, struct error *err)
{
    int status = os_identity_find(as, agent_run_as(session->agent), err);
    if (status)
        return status;
    status = os_identity_enter(*as, err);
    if (status)
        os_identity_free(*as);
    return status;
}

void files_end(struct os_identity *as)
{
    os_identity_leave(as);
    os_identity_free(as);
}

int files_begin_at(struct session *session, const char *path, struct os_identity **as, struct error *err)
{
    int status = virtual_file_keep_out(path, err);
    return status ? status : files_begin(session, as, err);
}

int files_begin_look(struct files_look *look, struct session *session, const char *path, struct error *err)
{
    char *name;
    *look = (struct files_look){.path = path};
    int status = virtual_file_name(&name, path, err);
    if (status)
        return status;
    if (!name)
        return files_begin(session, &look->as, err);
    status = place_find(&look->own, journal_folder(session->agent->journal), name, err);
    free(name);
    if (status == 0)
        status = look->own ? os_identity_find(&look->as, OS_IDENTITY_AGENT, err) : virtual_file_keep_out(path, err);
    if (status)
        free(look->own);
    look->path = look->own;
    return status;
}

void files_end_look(struct files_look *look)
{
    files_end(look->as);
    free(look->own);
}

void files_add_facts(struct strlist *facts, const struct os_node *node)
{
    char time[OPTION_TIME_SIZE];
    strlist_addf(facts, "type=%s", os_node_type_name(node->type));
    strlist_addf(facts, "size=%llu", (unsigned long long)node->size);
    strlist_addf(facts, "mode=%04lo", (unsigned long)node->mode);
    strlist_addf(facts, "mtime=%s", option_time(node->mtime_ns, time));
    strlist_addf(facts, "id=%llx-%llx", (unsigned long long)node->device, (unsigned long long)node->id);
}

void files_add_notes(struct strlist *facts, const struct os_tree_notes *notes)
{
    strlist_addf(facts, "left-out=%llu", (unsigned long long)notes->count);
    for (size_t i = 0; i < notes->texts.count; i++)
        strlist_addf(facts, "note=%s", notes->texts.items[i]);
}

int files_reply(struct reply *reply, struct strlist *facts, uint32_t more, struct error *err)
{
    int status = facts->failed ? error_set(err, ERR_NO_MEMORY, "no memory for a reply") : 0;
    write_u32(&reply->bytes, (uint32_t)facts->count + more);
    for (size_t i = 0; i < facts->count && !status; i++)
        write_entry_text(&reply->bytes, WIRE_STRING, facts->items[i]);
    strlist_deinit(facts);
    return status;
}

int files_read_file(void *file, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    (void)offset;
    return os_file_read(file, bytes, max, err);
}

static int sum_bytes(struct session *session, struct os_waker *never, files_read *read, void *context, uint64_t size,
                     uint8_t *bytes, struct sha256 *sum, struct error *err)
{
    for (uint64_t done = 0; done < size;) {
        size_t step = size - done < SUM_STEP ? (size_t)(size - done) : SUM_STEP;
        int got = read(context, done, bytes, step, err);
        if (got <= 0)
            return got ? got : error_set(err, ERR_INVALID, "it became shorter");
        if (done / SUM_LOOK != (done + (unsigned)got) / SUM_LOOK &&
            os_socket_wait(session->socket, never, os_deadline(0)) == OS_WAIT_HANGUP)
            return error_set(err, ERR_CLOSED, "the client has gone");
        sha256_add(sum, bytes, (size_t)got);
        done += (unsigned)got;
    }
    return 0;
}

int files_sum(struct session *session, files_read *read, void *context, uint64_t size, char *text, struct error *err)
{
    struct sha256 sum;
    struct os_waker *never;
    int status = os_waker_new(&never, err);
    if (status)
        return status;
    uint8_t *bytes = malloc(SUM_STEP);
    sha256_init(&sum);
    status = bytes ? sum_bytes(session, never, read, context, size, bytes, &sum, err)
                   : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    sha256_text(&sum, text);
    free(bytes);
    os_waker_free(never);
    return status;
}
