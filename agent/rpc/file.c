/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getfile, sendfile, rm, getcwd. */
#include "agent/gpu/gpus.h"
#include "agent/log.h"
#include "agent/record/place.h"
#include "agent/rpc/files.h"
#include "agent/rpc/receive.h"
#include "agent/rpc/virtual.h"
#include "platform/file.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_FILE 65536u        /* bytes; a file of up to that size is read whole, and its size is what was read */
#define UNSIZED_FILE (16u << 20) /* bytes of a file that reports size 0, as those of /proc do */

static int reply_bytes(struct reply *reply, const struct buffer *bytes)
{
    write_u32(&reply->bytes, 1);
    write_entry_data(&reply->bytes, bytes->data, bytes->len);
    return 0;
}

/* Reads the bytes that a file had when it was opened, or a file that reports size 0 to its end. */
static int get_small(struct os_file *file, uint64_t size, const char *path, struct reply *reply, struct error *err)
{
    struct buffer bytes;
    struct error reason;
    buffer_init(&bytes, size == 0 ? UNSIZED_FILE : (size_t)size);
    bytes.budget = reply->bytes.budget; /* reading may take as long as the file's maker likes */
    int status = os_file_read_rest(file, &bytes, &reason);
    if (status == ERR_LIMIT && size)
        status = 0; /* it has grown */
    if (status)
        error_set(err, status, "unable to read '%s': %s", path, reason.text);
    else
        reply_bytes(reply, &bytes);
    buffer_deinit(&bytes);
    os_file_close(file);
    return status;
}

/* Makes an open file the reply, and reads a small one: what /proc and /sys tell depends on who reads. */
static int get_opened(struct os_file *file, uint64_t size, const char *path, struct reply *reply, struct error *err)
{
    if (size <= SMALL_FILE)
        return get_small(file, size, path, reply, err);
    write_u32(&reply->bytes, 1);
    write_entry_header(&reply->bytes, WIRE_DATA, size);
    reply->file = file;
    reply->file_size = size;
    return 0;
}

/* Opens a file of the agent's own: its copy of a card's dump, or one of a recording. */
static int get_own(const char *path, struct reply *reply, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open_own(&file, path, &size, err);
    return status ? status : get_opened(file, size, path, reply, err);
}

/* Appends the content after its header, whose size is known only then. */
static int get_virtual(struct session *session, const char *name, struct reply *reply, struct error *err)
{
    struct buffer head;
    char path[GPU_DUMP_PATH_SIZE], *recorded;
    if (gpus_dump_path(name, path))
        return get_own(path, reply, err);
    int status = place_find(&recorded, journal_folder(session->agent->journal), name, err);
    if (status || recorded) {
        status = status ? status : get_own(recorded, reply, err);
        free(recorded);
        return status;
    }
    write_u32(&reply->bytes, 1);
    size_t start = reply->bytes.len;
    write_entry_header(&reply->bytes, WIRE_DATA, 0);
    status = virtual_file_read(session->agent, session->socket, name, &reply->bytes, err);
    if (status)
        return status;
    buffer_init(&head, WIRE_ENTRY_HEADER_SIZE);
    write_entry_header(&head, WIRE_DATA, reply->bytes.len - start - WIRE_ENTRY_HEADER_SIZE);
    if (!reply->bytes.failed && !head.failed)
        memcpy(reply->bytes.data + start, head.data, WIRE_ENTRY_HEADER_SIZE);
    reply->bytes.failed |= head.failed;
    buffer_deinit(&head);
    return 0;
}

static int get_as_user(const char *path, struct reply *reply, struct error *err)
{
    struct os_file *file;
    struct error reason;
    uint64_t size;
    int status = os_file_open(&file, path, &size, &reason);
    if (status)
        return error_set(err, status, "unable to open '%s' for reading: %s", path, reason.text);
    return get_opened(file, size, path, reply, err);
}

static int get_real(struct session *session, const char *path, struct reply *reply, struct error *err)
{
    struct os_identity *as;
    int status = files_begin(session, &as, err);
    if (status)
        return error_prefix(err, status, "unable to open '%s' for reading", path);
    status = get_as_user(path, reply, err);
    files_end(as);
    return status;
}

/* Gets a virtual file first, for nobody's rights: a file that a test puts there must not pass for it. */
int rpc_getfile(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    char *name;
    int status = virtual_file_name(&name, path, err);
    if (status == 0 && !name)
        return get_real(session, path, reply, err);
    if (status == 0)
        status = get_virtual(session, name, reply, err);
    free(name);
    return status ? error_prefix(err, status, "unable to open '%s' for reading", path) : 0;
}

int rpc_sendfile(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *path = request->args[0].text;
    struct os_identity *as;
    struct error reason;
    if (virtual_file_keep_out(path, &reason) || files_begin(session, &as, &reason))
        return error_set(err, reason.status, "unable to open '%s' for writing: %s", path, reason.text);
    int status = receive_file(request, path, (uint32_t)request->args[1].number, err);
    files_end(as);
    if (status)
        return status;
    log_line("%s: received '%s', %llu bytes", session->peer_text, path, (unsigned long long)request->data_size);
    return reply_empty(reply);
}

static bool remove_one(const char *path, struct buffer *out)
{
    struct error reason;
    struct error text;
    int status = virtual_file_keep_out(path, &reason);
    if (status == 0)
        status = os_file_remove(path, &reason);
    if (status == 0 || status == ERR_NOT_FOUND) {
        write_entry_undefined(out);
        return true;
    }
    error_set(&text, status, "Could not delete '%s': %s", path, reason.text);
    write_entry_text(out, WIRE_STRING, text.text);
    return false;
}

int rpc_rm(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    bool all = true;
    struct os_identity *as;
    int status = files_begin(session, &as, err);
    if (status)
        return status;
    write_u32(&reply->bytes, request->arg_count);
    for (uint32_t i = 0; i < request->arg_count; i++)
        all &= remove_one(request->args[i].text, &reply->bytes);
    files_end(as);
    if (all) {
        buffer_clear(&reply->bytes);
        reply_empty(reply);
    }
    return 0;
}

int rpc_getcwd(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct buffer cwd;
    struct error reason;
    (void)session;
    (void)request;
    buffer_init(&cwd, WIRE_STRING_MAX);
    int status = os_getcwd(&cwd, &reason);
    if (status) {
        error_set(err, status, "could not get the working folder: %s", reason.text);
    } else {
        write_u32(&reply->bytes, 1);
        write_entry_text(&reply->bytes, WIRE_STRING, (const char *)cwd.data);
    }
    buffer_deinit(&cwd);
    return status;
}
