/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getrange, putrange: files in parts, so that a transfer is continued where its connection broke. */
#include "agent/log.h"
#include "agent/rpc/files.h"
#include "agent/rpc/option.h"
#include "agent/rpc/receive.h"
#include "agent/transfers.h"
#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE INT64_MAX             /* a length: up to the end */
#define UNSIZED_MAX (16u << 20)     /* bytes of a file that reports size 0, as those of /proc do */
#define UNKNOWN_SIZE ((uint64_t)-1) /* no size was told */

/* ---- getrange ---- */

struct range {
    const char *path, *real; /* as the host calls it, and where it is */
    struct os_file *file;    /* owned; the reply's once it is complete */
    struct os_node node;
    uint64_t offset, length;
    bool sum;
};

static int range_open(struct range *range, struct error *err)
{
    struct error reason;
    uint64_t size;
    int status = os_file_open(&range->file, range->real, &size, &reason);
    if (status == 0)
        status = os_node_of_file(&range->node, range->file, &reason);
    return status ? error_set(err, status, "unable to open '%s' for reading: %s", range->path, reason.text) : 0;
}

static int range_check(struct range *range, uint64_t size, struct error *err)
{
    if (range->offset > size)
        return error_set(err, ERR_INVALID, "getrange: offset=%llu is beyond the %llu bytes of '%s'",
                         (unsigned long long)range->offset, (unsigned long long)size, range->path);
    if (range->length > size - range->offset)
        range->length = size - range->offset;
    return 0;
}

static int range_sum(struct session *session, struct range *range, struct strlist *facts, struct error *err)
{
    char text[SHA256_TEXT_SIZE];
    struct error reason;
    if (!range->sum)
        return 0;
    int status = files_sum(session, files_read_file, range->file, range->node.size, text, &reason);
    strlist_addf(facts, "sha256=%s", text);
    return status ? error_set(err, status, "unable to read '%s': %s", range->path, reason.text) : 0;
}

/* Reads a file that reports size 0: what it has shows only then. */
static int range_reply_unsized(struct range *range, struct strlist *facts, struct reply *reply, struct error *err)
{
    struct buffer bytes;
    struct error reason;
    buffer_init(&bytes, UNSIZED_MAX);
    bytes.budget = reply->bytes.budget;
    int status = os_file_read_rest(range->file, &bytes, &reason);
    status = status ? error_set(err, status, "unable to read '%s': %s", range->path, reason.text)
                    : range_check(range, bytes.len, err);
    if (status == 0)
        status = files_reply(reply, facts, 1, err);
    if (status == 0)
        write_entry_data(&reply->bytes, bytes.len ? bytes.data + range->offset : NULL, (size_t)range->length);
    buffer_deinit(&bytes);
    return status;
}

static int range_reply_sized(struct range *range, struct strlist *facts, struct reply *reply, struct error *err)
{
    struct error reason;
    int status = range_check(range, range->node.size, err);
    if (status)
        return status;
    if (os_file_seek(range->file, range->offset, &reason))
        return error_set(err, reason.status, "unable to read '%s': %s", range->path, reason.text);
    status = files_reply(reply, facts, 1, err);
    if (status)
        return status;
    write_entry_header(&reply->bytes, WIRE_DATA, range->length);
    reply->file = range->file;
    reply->file_size = range->length;
    range->file = NULL;
    return 0;
}

static int range_get(struct session *session, struct range *range, struct reply *reply, struct error *err)
{
    struct strlist facts = {0};
    int status = range_open(range, err);
    if (status == 0) {
        files_add_facts(&facts, &range->node);
        status = range_sum(session, range, &facts, err);
    }
    if (status == 0)
        status = range->node.size == 0 ? range_reply_unsized(range, &facts, reply, err)
                                       : range_reply_sized(range, &facts, reply, err);
    strlist_deinit(&facts);
    os_file_close(range->file);
    return status;
}

int rpc_getrange(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct range range = {.path = request->args[0].text, .length = WHOLE};
    const struct option known[] = {{"offset", OPTION_NUMBER, &range.offset},
                                   {"length", OPTION_NUMBER, &range.length},
                                   {"sha256", OPTION_FLAG, &range.sum},
                                   {0}};
    struct files_look look;
    int status = options_read(request, 1, known, err);
    if (status)
        return status;
    status = files_begin_look(&look, session, range.path, err);
    if (status)
        return error_prefix(err, status, "unable to open '%s' for reading", range.path);
    range.real = look.path;
    status = range_get(session, &range, reply, err);
    files_end_look(&look);
    return status;
}

/* ---- putrange ---- */

struct part {
    struct session *session;
    struct request *request;
    const char *path, *token, *sum; /* NULL: none */
    struct transfer *entry;         /* in use by this part; one of its own without a token */
    struct transfer alone;
    uint64_t offset, size;
    int64_t mtime_ns;
    uint32_t mode;
    bool keep, query, executable, over_running;
};

static int part_failed(const struct part *part, int status, const struct error *reason, struct error *err)
{
    return error_set(err, status == ERR_CLOSED ? ERR_SYSTEM : status, "an error occurred while writing to '%s': %s",
                     part->path, reason->text);
}

static int part_check(const struct part *part, struct error *err)
{
    size_t len = part->token ? strlen(part->token) : 0;
    if (len > TRANSFERS_TOKEN_MAX)
        return error_set(err, ERR_INVALID, "putrange: the token has %zu bytes, and may have %d", len,
                         TRANSFERS_TOKEN_MAX);
    if (!part->token && (part->query || part->keep || part->offset))
        return error_set(err, ERR_INVALID, "putrange: offset, part and query need a token");
    if (part->query && part->request->data_size)
        return error_set(err, ERR_INVALID, "putrange: query=1 takes no data, and %llu bytes came",
                         (unsigned long long)part->request->data_size);
    if (part->sum &&
        (strlen(part->sum) != SHA256_TEXT_SIZE - 1 || strspn(part->sum, "0123456789abcdef") != SHA256_TEXT_SIZE - 1))
        return error_set(err, ERR_INVALID, "putrange: sha256='%s' is not 64 lower-case digits", part->sum);
    return 0;
}

static int part_read_options(struct part *part, struct error *err)
{
    const struct option known[] = {{"token", OPTION_TEXT, &part->token},
                                   {"offset", OPTION_NUMBER, &part->offset},
                                   {"size", OPTION_NUMBER, &part->size},
                                   {"part", OPTION_FLAG, &part->keep},
                                   {"query", OPTION_FLAG, &part->query},
                                   {"mode", OPTION_MODE, &part->mode},
                                   {"mtime", OPTION_TIME, &part->mtime_ns},
                                   {"sha256", OPTION_TEXT, &part->sum},
                                   {"executable", OPTION_FLAG, &part->executable},
                                   {"over-running", OPTION_FLAG, &part->over_running},
                                   {0}};
    int status = options_read(part->request, 1, known, err);
    return status ? status : part_check(part, err);
}

static int part_check_replaceable(const struct part *part, struct error *err)
{
    return part->over_running ? 0 : os_file_check_replaceable(part->path, err);
}

static void part_abandon(void *upload)
{
    os_upload_abandon(upload);
}

static struct transfer_key part_key(const struct part *part)
{
    return (struct transfer_key){part->token, part->path, part_abandon};
}

static int part_begin_new(struct part *part, struct error *err)
{
    struct transfers *transfers = part->session->agent->transfers;
    struct transfer_key key = part_key(part);
    struct os_upload *upload = NULL;
    enum os_upload_kind kind = part->executable ? OS_UPLOAD_EXECUTABLE : OS_UPLOAD_PRIVATE;
    struct error reason;
    int status = part_check_replaceable(part, &reason);
    if (status == 0)
        status = os_upload_begin(&upload, part->path, kind, &reason);
    if (status)
        return error_set(err, status, "unable to open '%s' for writing: %s", part->path, reason.text);
    part->entry = &part->alone;
    status = part->token ? transfers_add(transfers, &key, part->session, &part->entry, &reason) : 0;
    if (status) {
        os_upload_abandon(upload);
        return error_set(err, status, "unable to open '%s' for writing: %s", part->path, reason.text);
    }
    part->entry->object = upload;
    return 0;
}

static int part_take(struct part *part, struct error *err)
{
    struct transfer_key key = part_key(part);
    struct error reason;
    int status = transfers_take(part->session->agent->transfers, &key, part->session, &part->entry, &reason);
    return status ? error_set(err, status, "putrange: '%s' can't be continued: %s", part->path, reason.text) : 0;
}

/* Finds what was begun, and checks that the data belong behind it. */
static int part_begin(struct part *part, struct error *err)
{
    if (part->offset == 0)
        return part_begin_new(part, err);
    int status = part_take(part, err);
    if (status)
        return status;
    if (part->entry->object && part->offset == part->entry->have)
        return 0;
    status = error_set(err, ERR_INVALID, "putrange: offset=%llu is not where the %llu bytes of '%s' end%s",
                       (unsigned long long)part->offset, (unsigned long long)part->entry->have, part->path,
                       part->entry->object ? "" : ", which is complete");
    transfers_park(part->session->agent->transfers, part->entry);
    part->entry = NULL;
    return status;
}

/* ---- the data ---- */

static int part_read(void *context, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    return os_upload_read(context, offset, bytes, max, err);
}

static int part_check_sum(const struct part *part, struct error *err)
{
    char text[SHA256_TEXT_SIZE];
    struct error reason;
    if (!part->sum)
        return 0;
    int status = files_sum(part->session, part_read, part->entry->object, part->entry->have, text, &reason);
    if (status == ERR_CLOSED)
        return error_set(err, status, "%s", reason.text);
    if (status)
        return part_failed(part, status, &reason, err);
    if (strcmp(text, part->sum) == 0)
        return 0;
    return error_set(err, ERR_INVALID, "'%s' was not stored: the SHA-256 of what came is %s and not %s", part->path,
                     text, part->sum);
}

/* Gives the whole file its name. */
static int part_commit(struct part *part, struct error *err)
{
    struct error reason;
    struct transfer *entry = part->entry;
    if (part->size != UNKNOWN_SIZE && part->size != entry->have)
        return error_set(err, ERR_INVALID, "'%s' was not stored: %llu bytes came instead of %llu", part->path,
                         (unsigned long long)entry->have, (unsigned long long)part->size);
    int status = part_check_sum(part, err);
    if (status)
        return status;
    status = part_check_replaceable(part, &reason);
    if (status == 0)
        status = os_upload_describe(entry->object, part->mode, part->mtime_ns, &reason);
    if (status)
        return part_failed(part, status, &reason, err);
    struct os_upload *upload = entry->object;
    entry->object = NULL; /* the commit frees it */
    status = os_upload_commit(upload, &reason);
    return status ? part_failed(part, status, &reason, err) : 0;
}

/* Keeps what came for the rest, also where the connection has ended; ends it after any other failure. */
static void part_leave(struct part *part, int status)
{
    struct transfers *transfers = part->session->agent->transfers;
    if (!part->token)
        os_upload_abandon(part->alone.object);
    else if (status == 0 || status == ERR_CLOSED)
        transfers_park(transfers, part->entry);
    else
        transfers_end(transfers, part->entry);
}

static int part_receive(struct part *part, struct error *err)
{
    struct error reason;
    int status = receive_into(part->request, part->entry->object, &part->entry->have, err, &reason);
    if (status && status != ERR_CLOSED)
        return part_failed(part, status, &reason, err);
    return status ? status : part->keep ? 0 : part_commit(part, err);
}

/* Tells how much of a transfer is there. One that is not known has nothing. */
static int part_query(struct part *part, uint64_t *have, bool *done, struct error *err)
{
    int status = part_take(part, err);
    if (status)
        return status == ERR_NOT_FOUND ? 0 : status;
    *have = part->entry->have;
    *done = !part->entry->object;
    transfers_park(part->session->agent->transfers, part->entry);
    return 0;
}

static int part_store(struct part *part, uint64_t *have, bool *done, struct error *err)
{
    int status = part_begin(part, err);
    if (status)
        return status;
    status = part_receive(part, err);
    *have = part->entry->have;
    *done = status == 0 && !part->keep;
    part_leave(part, status);
    return status;
}

int rpc_putrange(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct part part = {.session = session,
                        .request = request,
                        .path = request->args[0].text,
                        .size = UNKNOWN_SIZE,
                        .mode = OS_NODE_SAME,
                        .mtime_ns = OS_NODE_SAME_TIME};
    struct strlist facts = {0};
    struct os_identity *as;
    uint64_t have = 0;
    bool done = false;
    int status = part_read_options(&part, err);
    if (status)
        return status;
    status = files_begin_at(session, part.path, &as, err);
    if (status)
        return error_prefix(err, status, "unable to open '%s' for writing", part.path);
    status = part.query ? part_query(&part, &have, &done, err) : part_store(&part, &have, &done, err);
    files_end(as);
    if (status)
        return status;
    if (done && !part.query)
        log_line("%s: received '%s', %llu bytes", session->peer_text, part.path, (unsigned long long)have);
    strlist_addf(&facts, "have=%llu", (unsigned long long)have);
    strlist_addf(&facts, "done=%d", done);
    return files_reply(reply, &facts, 0, err);
}
