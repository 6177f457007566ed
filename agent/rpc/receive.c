/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/receive.h"
#include "platform/file.h"

#include <stdlib.h>

#define STEP (1u << 20) /* bytes between the socket and the file: file systems like large writes */

/* Copies the data to the file. Returns 0, ERR_CLOSED for a failure of the connection, or another status with the file's
   reason. */
static int receive_copy(struct request *request, struct os_upload *upload, uint8_t *bytes, size_t max, uint64_t *have,
                        struct error *err, struct error *reason)
{
    int got, status = 0;
    while (status == 0 && (got = list_read_data(&request->list, bytes, max, err)) != 0) {
        if (got < 0)
            return ERR_CLOSED;
        status = os_upload_write(upload, bytes, (size_t)got, reason);
        *have += (uint64_t)got;
    }
    return status == ERR_CLOSED ? ERR_SYSTEM : status;
}

int receive_into(struct request *request, struct os_upload *upload, uint64_t *have, struct error *err,
                 struct error *reason)
{
    size_t max = request->data_size < STEP ? (size_t)request->data_size + 1 : STEP;
    uint8_t *bytes = malloc(max);
    int status = bytes ? receive_copy(request, upload, bytes, max, have, err, reason)
                       : error_set(reason, ERR_NO_MEMORY, "Cannot allocate memory");
    free(bytes);
    return status;
}

static int receive_failure(int status, const char *path, const struct error *reason, struct error *err)
{
    if (status && status != ERR_CLOSED)
        error_set(err, status, "an error occurred while writing to '%s': %s", path, reason->text);
    return status;
}

int receive_upload(struct request *request, const char *path, enum os_upload_kind kind, struct os_upload **out,
                   struct error *err)
{
    struct error reason;
    uint64_t have = 0;
    int status = os_upload_begin(out, path, kind, &reason);
    if (status)
        return error_set(err, status, "unable to open '%s' for writing: %s", path, reason.text);
    status = receive_into(request, *out, &have, err, &reason);
    if (status)
        os_upload_abandon(*out);
    return receive_failure(status, path, &reason, err);
}

int receive_commit(struct os_upload *upload, const char *path, struct error *err)
{
    struct error reason;
    return receive_failure(os_upload_commit(upload, &reason), path, &reason, err);
}

/* Sets only the reason. */
static int check_running(const char *path, uint32_t flags, struct error *err)
{
    return flags & RECEIVE_OVER_RUNNING ? 0 : os_file_check_replaceable(path, err);
}

int receive_file(struct request *request, const char *path, uint32_t flags, struct error *err)
{
    struct os_upload *upload;
    enum os_upload_kind kind = flags & RECEIVE_EXECUTABLE ? OS_UPLOAD_EXECUTABLE : OS_UPLOAD_PRIVATE;
    if (check_running(path, flags, err))
        return error_prefix(err, ERR_DENIED, "unable to open '%s' for writing", path);
    int status = receive_upload(request, path, kind, &upload, err);
    if (status)
        return status;
    if (check_running(path, flags, err) == 0)
        return receive_commit(upload, path, err);
    os_upload_abandon(upload); /* it was started meanwhile */
    return error_prefix(err, ERR_DENIED, "an error occurred while writing to '%s'", path);
}
