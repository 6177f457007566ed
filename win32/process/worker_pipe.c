/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/worker_pipe.h"
#include "platform/clock.h"
#include "win32/process/session_process.h"
#include "win32/process/duplex.h"
#include "win32/winerror.h"

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_ANSWER 4096 /* bytes; up to here the parts leave in one write */

struct os_worker_pipe {
    HANDLE in, out; /* owned; the agent gives one pipe as both */
};

/* Opens the pipe by its name, in a service's worker: no handle is inherited from one session to another. */
static DWORD open_service_pipe(struct os_worker_pipe *pipe, bool *is_in_session)
{
    wchar_t name[PIPE_NAME_SIZE];
    DWORD len = GetEnvironmentVariableW(SESSION_PROCESS_PIPE, name, PIPE_NAME_SIZE);
    *is_in_session = len > 0;
    if (len == 0)
        return 0;
    if (len >= PIPE_NAME_SIZE)
        return ERROR_INVALID_NAME;
    DWORD code = pipe_connect(&pipe->in, name);
    pipe->out = pipe->in;
    return code;
}

/* Takes standard input and output away from everything else that uses them, by Windows' functions or by C's. */
static DWORD take_over(struct os_worker_pipe *pipe)
{
    bool is_in_session;
    HANDLE self = GetCurrentProcess();
    DWORD code = open_service_pipe(pipe, &is_in_session);
    if (is_in_session)
        return code;
    if (!DuplicateHandle(self, GetStdHandle(STD_INPUT_HANDLE), self, &pipe->in, 0, FALSE, DUPLICATE_SAME_ACCESS) ||
        !DuplicateHandle(self, GetStdHandle(STD_OUTPUT_HANDLE), self, &pipe->out, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return GetLastError();
    int null = _open("NUL", _O_RDWR | _O_BINARY);
    if (null < 0)
        return ERROR_FILE_NOT_FOUND;
    _dup2(null, 0);
    if (_dup2(2, 1))
        _dup2(null, 1); /* there is no standard error */
    _close(null);
    SetStdHandle(STD_INPUT_HANDLE, (HANDLE)_get_osfhandle(0));
    SetStdHandle(STD_OUTPUT_HANDLE, (HANDLE)_get_osfhandle(1));
    return 0;
}

int os_worker_pipe_open(struct os_worker_pipe **out, struct error *err)
{
    struct os_worker_pipe *pipe = calloc(1, sizeof *pipe);
    *out = NULL;
    if (!pipe)
        return error_set(err, ERR_NO_MEMORY, "no memory to talk with the agent");
    DWORD code = take_over(pipe);
    if (code) {
        free(pipe); /* what was duplicated goes with the process */
        return windows_error(err, code, "could not open the way to the agent");
    }
    *out = pipe;
    return 0;
}

int os_worker_pipe_read(struct os_worker_pipe *pipe, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    int got = pipe_read(pipe->in, bytes, max, deadline_ms, "could not read from the agent", err);
    return got == ERR_TIMEOUT ? error_set(err, ERR_TIMEOUT, "no request came from the agent in time") : got;
}

static int write_each(struct os_worker_pipe *pipe, const struct slice *parts, size_t count, struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++)
        status = pipe_write(pipe->out, parts[i].data, parts[i].len, OS_FOREVER, "could not write to the agent", err);
    return status;
}

int os_worker_pipe_write(struct os_worker_pipe *pipe, const struct slice *parts, size_t count, struct error *err)
{
    uint8_t joined[SMALL_ANSWER];
    struct slice whole = {joined, 0};
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > sizeof joined - whole.len)
            return write_each(pipe, parts, count, err);
        memcpy(joined + whole.len, parts[i].data, parts[i].len);
        whole.len += parts[i].len;
    }
    return write_each(pipe, &whole, 1, err);
}
