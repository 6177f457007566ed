/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches files from the guest. */
#include "host/client.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/scratch.h"
#include "platform/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_CHANGED 1 /* what has come is not of the file that is there now; no error is set */

/* The destination: a temporary file beside the target, or a spool file on the way to a stream. */
struct get {
    const char *remote, *local;
    int stream;               /* OS_STREAM_NONE: a file; not owned */
    struct os_upload *upload; /* owned while a transfer goes on */
    FILE *spool;              /* owned, with a stream; kept over the attempts */
    uint8_t *chunk;           /* owned, CLIENT_CHUNK_SIZE */
    unsigned flags;           /* PERISCOPE_PRESERVE and its like */
    uint64_t done, size;      /* bytes that are there, of all */
    bool continued;           /* it is of more than one connection */
    bool described;           /* what follows is known */
    uint32_t mode;
    int64_t mtime_ns;
};

static int get_failed(struct periscope *p, const struct get *get, const char *what)
{
    periscope_disconnect(p);
    return client_fail(p, PERISCOPE_LOCAL, "could not write '%s': %s", get->local, what);
}

/* Returns what the messages call a stream. */
static const char *get_name(const struct get *get)
{
    return get->stream == OS_STREAM_OUTPUT ? "standard output" : get->local;
}

static int get_begin(struct periscope *p, struct get *get, uint64_t size)
{
    struct error err;
    get->size = size;
    if (get->spool && size > PERISCOPE_SPOOL_MAX) {
        periscope_disconnect(p);
        return client_fail(p, PERISCOPE_LOCAL, "'%s' has %" PRIu64 " bytes: too many for %s (%" PRIu64 ")", get->remote,
                           size, get_name(get), PERISCOPE_SPOOL_MAX);
    }
    if (get->spool) {
        rewind(get->spool);
        return 0;
    }
    if (os_upload_begin(&get->upload, get->local, OS_UPLOAD_ORDINARY, &err) || os_upload_resemble(get->upload, &err))
        return get_failed(p, get, err.text);
    return 0;
}

static int get_write(struct periscope *p, struct get *get, size_t len)
{
    struct error err;
    if (get->spool)
        return fwrite(get->chunk, 1, len, get->spool) == len ? 0 : get_failed(p, get, strerror(errno));
    return os_upload_write(get->upload, get->chunk, len, &err) ? get_failed(p, get, err.text) : 0;
}

static int get_receive_content(struct call *call, struct get *get)
{
    struct error err;
    struct periscope *p = call->p;
    do {
        int got = list_read_data(&call->reply, get->chunk, CLIENT_CHUNK_SIZE, &err);
        if (got < 0)
            return client_broken(p, &err, "receiving a file");
        int status = get_write(p, get, (size_t)got);
        if (status)
            return status;
        get->done += (uint64_t)got;
        client_renew_deadline(p, (size_t)got);
        if (!client_progress(p, get->done, get->size, get->done == get->size)) {
            periscope_disconnect(p);
            return PERISCOPE_LOCAL;
        }
    } while (get->done < get->size);
    return call_end(call);
}

static int get_request(struct call *call, const char *remote, struct entry *entry)
{
    write_entry_text(&call->request, WIRE_STRING, remote);
    int status = call_send(call, false);
    if (!status)
        status = call_reply(call);
    return status ? status : call_entry(call, "d", entry);
}

static int get_whole(struct periscope *p, struct get *get)
{
    struct call call;
    struct entry entry;
    call_init(&call, p, METHOD_getfile, 1, 1);
    int status = get_request(&call, get->remote, &entry);
    if (!status)
        status = get_begin(p, get, entry.size);
    if (!status)
        status = get_receive_content(&call, get);
    call_deinit(&call);
    return status;
}

/* ---- in parts ---- */

/* Asks for what follows an offset. Returns with the facts of the file and the head of the content. */
static int range_request(struct call *call, struct get *get, uint64_t offset, bool only_sum, struct strlist *facts,
                         struct entry *entry)
{
    char option[40];
    write_entry_text(&call->request, WIRE_STRING, get->remote);
    snprintf(option, sizeof option, "offset=%" PRIu64, offset);
    write_entry_text(&call->request, WIRE_STRING, option);
    if (only_sum) {
        write_entry_text(&call->request, WIRE_STRING, "length=0");
        write_entry_text(&call->request, WIRE_STRING, "sha256=1");
        call_allow_sum(call, get->size);
    }
    int status = call_send(call, false);
    if (!status)
        status = call_reply(call);
    if (!status)
        status = call_strings(call, "sd", facts, entry);
    if (!status && entry->type != WIRE_DATA)
        status = call_malformed(call, "it has no content");
    return status;
}

/* Takes what is told of the file. One that has changed since the transfer began is GET_CHANGED. */
static int range_facts(struct call *call, struct get *get, const struct strlist *facts, uint64_t offset,
                       const struct entry *entry)
{
    uint64_t size;
    int64_t mtime_ns;
    uint32_t mode;
    if (!fact_number(facts, "size", &size) || !fact_time(facts, &mtime_ns) || !fact_mode(facts, &mode))
        return call_malformed(call, "it does not tell the file's size, mode and mtime");
    if (offset && (size != get->size || (get->described && mtime_ns != get->mtime_ns)))
        return GET_CHANGED;
    get->described = true;
    get->mtime_ns = mtime_ns;
    get->mode = mode;
    /* A file of /proc has size 0 and a content; and what is added meanwhile comes with the next get. */
    get->size = offset + entry->size;
    return size >= get->size || size == 0 ? 0 : call_malformed(call, "its content is longer than the file");
}

static int get_range_content(struct call *call, struct get *get, const struct entry *entry)
{
    int status = 0;
    if (get->done == 0)
        status = get_begin(call->p, get, entry->size);
    else if (get->spool && fseeko(get->spool, (off_t)get->done, SEEK_SET))
        status = get_failed(call->p, get, strerror(errno));
    return status ? status : get_receive_content(call, get);
}

static int get_range(struct periscope *p, struct get *get)
{
    struct call call;
    struct entry entry;
    struct strlist facts = {0};
    call_init(&call, p, METHOD_getrange, 2, CALL_ANY);
    int status = client_need_ranges(p, METHOD_getrange);
    if (!status)
        status = range_request(&call, get, get->done, false, &facts, &entry);
    if (!status)
        status = range_facts(&call, get, &facts, get->done, &entry);
    if (!status)
        status = get_range_content(&call, get, &entry);
    if (status == GET_CHANGED)
        periscope_disconnect(p); /* the content follows */
    p->lacks_ranges |= status == PERISCOPE_UNSUPPORTED;
    strlist_deinit(&facts);
    call_deinit(&call);
    return status;
}

/* Begins anew with the whole file. */
static void get_restart(struct get *get)
{
    os_upload_abandon(get->upload);
    get->upload = NULL;
    get->done = 0;
    get->continued = get->described = false;
}

static int get_read_back(void *context, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    struct get *get = context;
    if (!get->spool)
        return os_upload_read(get->upload, offset, bytes, max, err);
    if (fseeko(get->spool, (off_t)offset, SEEK_SET))
        return error_set(err, ERR_SYSTEM, "%s", strerror(errno));
    size_t got = fread(bytes, 1, max, get->spool);
    return got || !ferror(get->spool) ? (int)got : error_set(err, ERR_SYSTEM, "%s", strerror(errno));
}

static int get_ask_sum(struct periscope *p, struct get *get, char sum[SHA256_TEXT_SIZE])
{
    struct call call;
    struct entry entry;
    struct strlist facts = {0};
    call_init(&call, p, METHOD_getrange, 4, CALL_ANY);
    int status = client_need_ranges(p, METHOD_getrange);
    if (!status)
        status = range_request(&call, get, 0, true, &facts, &entry);
    const char *text = strlist_get(&facts, "sha256");
    if (!status && (!text || strlen(text) != SHA256_TEXT_SIZE - 1))
        status = call_malformed(&call, "it does not tell the SHA-256");
    if (!status)
        memcpy(sum, text, SHA256_TEXT_SIZE);
    if (!status)
        status = call_end(&call);
    strlist_deinit(&facts);
    call_deinit(&call);
    return status;
}

/* Compares what has come with what the guest has: a transfer in parts may be of two versions. */
static int get_verify(struct periscope *p, struct get *get)
{
    char theirs[SHA256_TEXT_SIZE], ours[SHA256_TEXT_SIZE];
    struct error err;
    if (!get->continued && !(get->flags & PERISCOPE_VERIFY))
        return 0;
    int status = get_ask_sum(p, get, theirs);
    if (!status)
        status = client_sum(p, get_read_back, get, get->done, get->chunk, ours, &err);
    if (status == PERISCOPE_LOCAL)
        return get_failed(p, get, err.text);
    if (status || strcmp(theirs, ours) == 0)
        return status;
    if (get->continued)
        return GET_CHANGED;
    return client_fail(p, PERISCOPE_LOCAL, "'%s' was not stored: the SHA-256 of what came is %s, and of '%s' %s",
                       get->local, ours, get->remote, theirs);
}

/* Continues what was begun, or begins. */
static int get_content(struct periscope *p, struct get *get)
{
    bool can_continue = get->done && !(get->flags & PERISCOPE_NO_CONTINUE);
    int status = GET_CHANGED;
    if (can_continue) {
        get->continued = true;
        status = get_range(p, get);
        if (!status)
            status = get_verify(p, get);
    }
    if (status != GET_CHANGED && status != PERISCOPE_REFUSED && status != PERISCOPE_UNSUPPORTED)
        return status;
    get_restart(get);
    status = client_connect(p);
    if (!status)
        status = get->flags & PERISCOPE_PRESERVE ? get_range(p, get) : get_whole(p, get);
    return status ? status : get_verify(p, get);
}

static int get_commit(struct periscope *p, struct get *get)
{
    struct error err;
    int status = 0;
    if (!get->upload)
        return 0;
    if (get->flags & PERISCOPE_PRESERVE)
        status = os_upload_describe(get->upload, get->mode, get->mtime_ns, &err);
    if (!status) {
        status = os_upload_commit(get->upload, &err);
        get->upload = NULL;
    }
    return status ? get_failed(p, get, err.text) : 0;
}

static int attempt_get(struct periscope *p, void *context)
{
    struct get *get = context;
    int status = get_content(p, get);
    return status ? status : get_commit(p, get);
}

/* Reports why the stream did not take it all: the limit, an interruption, or the system's reason. */
static int get_undelivered(struct periscope *p, const struct get *get, const struct error *err)
{
    int status = client_check(p, "writing what was fetched");
    return client_finish(
        p, status ? status : client_fail(p, PERISCOPE_LOCAL, "could not write to %s: %s", get_name(get), err->text));
}

/* Copies the spool file. Data of an earlier, longer attempt may follow. */
static int get_copy_spool(struct periscope *p, struct get *get, int stream)
{
    struct error err;
    const struct os_patience patience = {p->limit, &p->interrupted};
    uint64_t left = get->done;
    rewind(get->spool);
    while (left > 0) {
        size_t want = left < CLIENT_CHUNK_SIZE ? (size_t)left : CLIENT_CHUNK_SIZE;
        if (fread(get->chunk, 1, want, get->spool) != want)
            return client_fail(p, PERISCOPE_LOCAL, "could not read the temporary file");
        if (os_stream_write(stream, get->chunk, want, &patience, &err))
            return get_undelivered(p, get, &err);
        left -= want;
    }
    return 0;
}

static int get_deliver(struct periscope *p, struct get *get)
{
    struct error err;
    int stream;
    const struct os_patience patience = {p->limit, &p->interrupted};
    if (get->stream == OS_STREAM_OUTPUT && fflush(stdout)) /* what the program has printed comes first */
        return client_fail(p, PERISCOPE_LOCAL, "could not write to standard output: %s", strerror(errno));
    if (get->stream != OS_STREAM_CLOSED)
        return get_copy_spool(p, get, get->stream);
    if (os_stream_open_target(&stream, get->local, &patience, &err))
        return get_undelivered(p, get, &err);
    int status = get_copy_spool(p, get, stream);
    if (os_stream_close(stream, &err) && !status)
        status = get_undelivered(p, get, &err);
    return status;
}

/* Finds out what the local name is before anything is asked for. */
static int get_prepare(struct periscope *p, struct get *get)
{
    struct error err;
    if (strcmp(get->local, "-") == 0)
        get->stream = OS_STREAM_OUTPUT;
    else if (os_stream_target(get->local, &get->stream, &err))
        return get_failed(p, get, err.text);
    if (get->stream != OS_STREAM_NONE && os_scratch_open(&get->spool, &err))
        return client_fail(p, PERISCOPE_LOCAL, "%s", err.text);
    get->chunk = malloc(CLIENT_CHUNK_SIZE);
    return get->chunk ? 0 : client_no_memory(p);
}

int periscope_get_file(struct periscope *p, const char *remote_file, const char *local_file, unsigned flags)
{
    static const uint64_t none = 0;
    struct get get = {.remote = remote_file, .local = local_file, .flags = flags};
    int status = get_prepare(p, &get);
    if (!status)
        status = client_continue(p, attempt_get, &get, flags & PERISCOPE_NO_CONTINUE ? &none : &get.done);
    os_upload_abandon(get.upload);
    if (!status && get.spool)
        status = get_deliver(p, &get);
    if (get.spool)
        fclose(get.spool);
    free(get.chunk);
    return status;
}

int periscope_get(struct periscope *p, const char *remote_file, const char *local_file)
{
    return periscope_get_file(p, remote_file, local_file, 0);
}

/* ---- into memory ---- */

struct get_bytes {
    const char *remote;
    struct buffer *bytes;
};

static int attempt_get_bytes(struct periscope *p, void *context)
{
    struct get_bytes *get = context;
    struct call call;
    struct entry entry;
    buffer_clear(get->bytes);
    call_init(&call, p, METHOD_getfile, 1, 1);
    int status = get_request(&call, get->remote, &entry);
    if (!status)
        status = call_data(&call, &entry, get->bytes);
    if (!status)
        status = call_end(&call);
    call_deinit(&call);
    return status;
}

int client_get_limited(struct periscope *p, const char *remote_file, struct buffer *bytes)
{
    struct get_bytes get = {remote_file, bytes};
    return client_repeat(p, attempt_get_bytes, &get);
}

int client_take_bytes(struct periscope *p, struct buffer *from, uint8_t **bytes, size_t *len)
{
    size_t content = from->len;
    if (from->limit < SIZE_MAX)
        from->limit++;
    if (!buffer_append(from, "", 1))
        return client_no_memory(p);
    *bytes = from->data;
    *len = content;
    *from = (struct buffer){0};
    return 0;
}

int periscope_get_bytes(struct periscope *p, const char *remote_file, size_t max, uint8_t **bytes, size_t *len)
{
    struct buffer content;
    *bytes = NULL;
    *len = 0;
    buffer_init(&content, max);
    int status = client_get_limited(p, remote_file, &content);
    if (!status)
        status = client_take_bytes(p, &content, bytes, len);
    buffer_deinit(&content);
    return status;
}
