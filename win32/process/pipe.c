/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread sleeps alertably. All that is begun on a pipe is begun by it, as an APC, since what a thread has begun ends
 * with it: ReadFileEx() has a few bytes of memory for each pipe, and what more there is then is read at once.
 */
#include "win32/process/pipe.h"
#include "platform/clock.h"
#include "win32/file/file.h"
#include "win32/process/duplex.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096  /* bytes */
#define COPY_SIZE 65536  /* bytes */
#define WRITE_SIZE 16384 /* bytes that are on their way to a child */
#define QUIET_MS 5000    /* for what was begun to be given up */

enum writing { IDLE, WRITING, ORPHAN }; /* ORPHAN: it is freed when the write ends */

struct os_pipe {
    HANDLE handle, child; /* owned; NULL: closed */
    OVERLAPPED overlapped;
    void *context;
    struct os_pipe *next, **link; /* of those that read */
    bool ended;
    DWORD got, taken; /* bytes of `first` that came, and that were moved on */
    uint8_t first[FIRST_SIZE];
    /* of a terminal */
    struct os_pty_size size;
    HANDLE control; /* owned; NULL: it is no terminal's output */
    /* to a child */
    atomic_int writing;
    struct os_waker written;
    DWORD write_len, write_code;
    uint8_t *bytes; /* owned, WRITE_SIZE */
};

static const struct os_pipe_reader *pipe_reader;
static HANDLE pipe_thread;
static struct os_pipe *reading; /* used by the thread alone, as what follows */
static uint8_t copy_bytes[COPY_SIZE];
static atomic_bool quiet;
static atomic_uint reading_count;

static DWORD open_ends(struct os_pipe *pipe, bool to_child)
{
    wchar_t name[PIPE_NAME_SIZE];
    DWORD access = to_child ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    DWORD code = pipe_listen(&pipe->handle, name);
    if (code)
        return code;
    pipe->child =
        CreateFileW(name, access, 0, NULL, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    if (pipe->child != INVALID_HANDLE_VALUE)
        return 0;
    code = GetLastError();
    CloseHandle(pipe->handle);
    return code;
}

static struct os_pipe *allocate_pipe(bool to_child)
{
    struct os_pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe || !to_child)
        return pipe;
    pipe->bytes = malloc(WRITE_SIZE);
    pipe->written.event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (pipe->bytes && pipe->written.event)
        return pipe;
    free(pipe->bytes);
    free(pipe);
    return NULL;
}

static void free_memory(struct os_pipe *pipe)
{
    if (pipe->written.event)
        CloseHandle(pipe->written.event);
    free(pipe->bytes);
    free(pipe);
}

/* Opens them as the agent whoever this thread is just now: the pipe's name is for the agent's user alone, and its other end
   goes to the program as a handle. */
static DWORD open_ends_as_agent(struct os_pipe *pipe, bool to_child)
{
    HANDLE user;
    bool is_user = OpenThreadToken(GetCurrentThread(), TOKEN_IMPERSONATE, TRUE, &user);
    if (is_user)
        RevertToSelf();
    DWORD code = open_ends(pipe, to_child);
    if (is_user && !SetThreadToken(NULL, user))
        abort(); /* what follows would be done as somebody else */
    if (is_user)
        CloseHandle(user);
    return code;
}

int os_pipe_new(struct os_pipe **out, bool to_child, struct error *err)
{
    *out = NULL;
    struct os_pipe *pipe = allocate_pipe(to_child);
    DWORD code = pipe ? open_ends_as_agent(pipe, to_child) : ERROR_NOT_ENOUGH_MEMORY;
    if (code) {
        if (pipe)
            free_memory(pipe);
        return windows_error(err, code, NULL);
    }
    *out = pipe;
    return 0;
}

HANDLE *pipe_control(struct os_pipe *pipe)
{
    return &pipe->control;
}

struct os_pty_size *pipe_size(struct os_pipe *pipe)
{
    return &pipe->size;
}

HANDLE pipe_child_end(const struct os_pipe *pipe)
{
    HANDLE copy = NULL, self = GetCurrentProcess();
    return DuplicateHandle(self, pipe->child, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) ? copy : NULL;
}

void os_pipe_started(struct os_pipe *pipe)
{
    if (pipe->child)
        CloseHandle(pipe->child);
    pipe->child = NULL;
}

void os_pipe_free(struct os_pipe *pipe)
{
    int state = WRITING;
    if (!pipe)
        return;
    os_pipe_started(pipe);
    bool orphan = atomic_compare_exchange_strong(&pipe->writing, &state, ORPHAN);
    CloseHandle(pipe->handle); /* gives up the write */
    if (pipe->control)
        CloseHandle(pipe->control); /* ends who holds the terminal */
    if (!orphan)
        free_memory(pipe);
}

/* ---- reading, by the thread ---- */

static void begin_read(struct os_pipe *pipe);

static void serve_pipe(struct os_pipe *pipe)
{
    enum os_pipe_next next = pipe_reader->ready(pipe->context);
    if (next == OS_PIPE_AGAIN)
        begin_read(pipe);
    else if (next == OS_PIPE_DONE)
        os_pipe_free(pipe);
}

static void CALLBACK read_done(DWORD code, DWORD got, OVERLAPPED *overlapped)
{
    struct os_pipe *pipe = overlapped->hEvent;
    *pipe->link = pipe->next;
    if (pipe->next)
        pipe->next->link = pipe->link;
    atomic_fetch_sub(&reading_count, 1);
    pipe->got = code ? 0 : got;
    pipe->taken = 0;
    pipe->ended = code && code != ERROR_OPERATION_ABORTED;
    serve_pipe(pipe);
}

static void begin_read(struct os_pipe *pipe)
{
    pipe->overlapped = (OVERLAPPED){.hEvent = pipe}; /* the function's own */
    pipe->link = &reading;
    pipe->next = reading;
    if (reading)
        reading->link = &pipe->next;
    reading = pipe;
    atomic_fetch_add(&reading_count, 1);
    if (!ReadFileEx(pipe->handle, pipe->first, FIRST_SIZE, &pipe->overlapped, read_done))
        read_done(GetLastError(), 0, &pipe->overlapped);
}

static void CALLBACK resume_apc(ULONG_PTR pipe)
{
    struct os_pipe *resumed = (struct os_pipe *)pipe;
    if (resumed->taken < resumed->got || resumed->ended || atomic_load(&quiet))
        serve_pipe(resumed);
    else
        begin_read(resumed);
}

static void CALLBACK tick_apc(ULONG_PTR unused)
{
    (void)unused;
}

static void pipe_main(void *started)
{
    HANDLE self = GetCurrentProcess();
    if (!DuplicateHandle(self, GetCurrentThread(), self, &pipe_thread, THREAD_SET_CONTEXT, FALSE, 0))
        pipe_thread = NULL;
    SetEvent(started);
    for (;;) {
        int64_t left = os_time_left(pipe_reader->tick());
        SleepEx(left > INT_MAX ? INFINITE : (DWORD)left, TRUE);
    }
}

int os_pipes_start(const struct os_pipe_reader *reader, struct error *err)
{
    if (pipe_thread)
        return 0;
    HANDLE started = CreateEventW(NULL, TRUE, FALSE, NULL);
    pipe_reader = reader;
    int status = started ? os_thread_start(pipe_main, started, err) : windows_error(err, GetLastError(), NULL);
    if (status == 0)
        WaitForSingleObject(started, INFINITE);
    if (started)
        CloseHandle(started);
    if (status == 0 && !pipe_thread)
        status = error_set(err, ERR_SYSTEM, "could not have the thread that reads pipes");
    return status;
}

int os_pipe_watch(struct os_pipe *pipe, void *context, struct error *err)
{
    pipe->context = context;
    if (QueueUserAPC(resume_apc, pipe_thread, (ULONG_PTR)pipe))
        return 0;
    return windows_error(err, GetLastError(), NULL);
}

void os_pipe_resume(struct os_pipe *pipe)
{
    (void)QueueUserAPC(resume_apc, pipe_thread, (ULONG_PTR)pipe);
}

void os_pipes_tick(void)
{
    (void)QueueUserAPC(tick_apc, pipe_thread, 0);
}

/* ---- moving ---- */

static int pipe_write_at(struct os_file *file, uint64_t at, const uint8_t *bytes, DWORD len, struct error *err)
{
    for (DWORD done = 0, wrote; done < len; done += wrote) {
        OVERLAPPED place = {.Offset = (DWORD)(at + done), .OffsetHigh = (DWORD)((at + done) >> 32)};
        if (!WriteFile(file->handle, bytes + done, len - done, &wrote, &place))
            return windows_error(err, GetLastError(), NULL);
        if (wrote == 0)
            return windows_error(err, ERROR_DISK_FULL, NULL);
    }
    return 0;
}

/* Moves what ReadFileEx() has brought. */
static int move_first(struct os_pipe *pipe, struct os_file *file, uint64_t at, size_t max, size_t *got,
                      struct error *err)
{
    DWORD len = pipe->got - pipe->taken;
    if (len > max)
        len = (DWORD)max;
    const uint8_t *bytes = pipe->first + pipe->taken;
    pipe->taken += len;
    *got = len;
    return file ? pipe_write_at(file, at, bytes, len, err) : 0;
}

/* Reads what there is without waiting: 0 and *len bytes, or the code. */
static DWORD read_available(struct os_pipe *pipe, DWORD max, DWORD *len)
{
    DWORD available;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    if (!overlapped.hEvent)
        return GetLastError();
    DWORD code = PeekNamedPipe(pipe->handle, NULL, 0, NULL, &available, NULL) ? 0 : GetLastError();
    *len = available < max ? available : max;
    if (code == 0 && *len) {
        bool begun = ReadFile(pipe->handle, copy_bytes, *len, NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING;
        code = begun && GetOverlappedResult(pipe->handle, &overlapped, len, TRUE) ? 0 : GetLastError();
    }
    CloseHandle(overlapped.hEvent);
    return code;
}

int os_pipe_move(struct os_pipe *pipe, struct os_file *file, uint64_t at, size_t max, size_t *got, struct error *err)
{
    DWORD len = 0;
    *got = 0;
    if (pipe->taken < pipe->got)
        return move_first(pipe, file, at, max, got, err);
    if (pipe->ended)
        return 0;
    DWORD code = read_available(pipe, max < COPY_SIZE ? (DWORD)max : COPY_SIZE, &len);
    if (code)
        return 0; /* the end: ERROR_BROKEN_PIPE */
    if (len == 0)
        return OS_PIPE_EMPTY;
    *got = len;
    return file ? pipe_write_at(file, at, copy_bytes, len, err) : 0;
}

/* ---- to a child ---- */

static void CALLBACK write_done(DWORD code, DWORD done, OVERLAPPED *overlapped)
{
    struct os_pipe *pipe = overlapped->hEvent;
    int state = WRITING;
    (void)done;
    pipe->write_code = code;
    if (atomic_compare_exchange_strong(&pipe->writing, &state, IDLE))
        SetEvent(pipe->written.event);
    else
        free_memory(pipe);
}

static void CALLBACK write_apc(ULONG_PTR pointer)
{
    struct os_pipe *pipe = (struct os_pipe *)pointer;
    pipe->overlapped = (OVERLAPPED){.hEvent = pipe};
    if (!WriteFileEx(pipe->handle, pipe->bytes, pipe->write_len, &pipe->overlapped, write_done))
        write_done(GetLastError(), 0, &pipe->overlapped);
}

/* Waits until nothing is on its way, which also an earlier client may have begun. */
static int await_written(struct os_pipe *pipe, struct os_socket *client, struct error *err)
{
    while (atomic_load(&pipe->writing) == WRITING)
        if (os_socket_wait(client, &pipe->written, OS_FOREVER) == OS_WAIT_HANGUP)
            return error_set(err, ERR_CLOSED, "the client left while it wrote to a program");
    return pipe->write_code ? error_set(err, ERR_UNAVAILABLE, "nobody reads it any more") : 0;
}

static int begin_write(struct os_pipe *pipe, const void *bytes, size_t len, struct error *err)
{
    memcpy(pipe->bytes, bytes, len);
    pipe->write_len = (DWORD)len;
    ResetEvent(pipe->written.event);
    atomic_store(&pipe->writing, WRITING);
    if (QueueUserAPC(write_apc, pipe_thread, (ULONG_PTR)pipe))
        return 0;
    atomic_store(&pipe->writing, IDLE);
    return windows_error(err, GetLastError(), NULL);
}

/* Counts what is on its way as written: it goes on without the client. */
int os_pipe_write(struct os_pipe *pipe, const void *bytes, size_t len, struct os_socket *client, size_t *done,
                  struct error *err)
{
    int status = await_written(pipe, client, err);
    *done = 0;
    while (*done < len && status == 0) {
        size_t step = len - *done < WRITE_SIZE ? len - *done : WRITE_SIZE;
        status = begin_write(pipe, (const char *)bytes + *done, step, err);
        if (status == 0) {
            *done += step;
            status = await_written(pipe, client, err);
        }
    }
    return status;
}

/* ---- an upgrade ---- */

static void CALLBACK cancel_apc(ULONG_PTR unused)
{
    (void)unused;
    for (struct os_pipe *pipe = reading; pipe; pipe = pipe->next)
        CancelIo(pipe->handle);
}

void os_pipes_quiet(void)
{
    int64_t deadline = os_deadline(QUIET_MS);
    if (!pipe_thread)
        return;
    atomic_store(&quiet, true);
    (void)QueueUserAPC(cancel_apc, pipe_thread, 0);
    while (atomic_load(&reading_count) && os_time_left(deadline))
        os_sleep_ms(1);
}

void os_pipes_go_on(void)
{
    atomic_store(&quiet, false);
}

/* Saves the handle, and what was read and not moved on. */
void os_pipe_save(struct os_pipe *pipe, struct buffer *out)
{
    SetHandleInformation(pipe->handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    buffer_printf(out, "%llu%c%d:", (unsigned long long)(uintptr_t)pipe->handle,
                  pipe->bytes     ? 'w'
                  : pipe->control ? 't'
                                  : 'r',
                  pipe->ended);
    if (pipe->control) {
        SetHandleInformation(pipe->control, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
        buffer_printf(out, "%llu:", (unsigned long long)(uintptr_t)pipe->control);
    }
    for (DWORD i = pipe->taken; i < pipe->got; i++)
        buffer_printf(out, "%02x", pipe->first[i]);
}

static void adopt_bytes(struct os_pipe *pipe, const char *hex)
{
    unsigned byte;
    while (pipe->got < FIRST_SIZE && sscanf(hex, "%2x", &byte) == 1 && *hex != ' ') {
        pipe->first[pipe->got++] = (uint8_t)byte;
        hex += 2;
    }
}

int os_pipe_adopt(struct os_pipe **out, const char *saved)
{
    unsigned long long value, control = 0;
    char kind;
    int ended, len = 0, more = 0;
    *out = NULL;
    if (sscanf(saved, "%llu%c%d:%n", &value, &kind, &ended, &len) != 3 || len == 0 ||
        GetFileType((HANDLE)(uintptr_t)value) != FILE_TYPE_PIPE)
        return ERR_INVALID;
    if (kind == 't' && sscanf(saved + len, "%llu:%n", &control, &more) != 1)
        return ERR_INVALID;
    struct os_pipe *pipe = allocate_pipe(kind == 'w');
    if (!pipe)
        return ERR_NO_MEMORY;
    pipe->handle = (HANDLE)(uintptr_t)value;
    pipe->control = (HANDLE)(uintptr_t)control;
    pipe->ended = ended;
    adopt_bytes(pipe, saved + len + more);
    *out = pipe;
    return 0;
}

void os_pipe_adopted(struct os_pipe *pipe)
{
    SetHandleInformation(pipe->handle, HANDLE_FLAG_INHERIT, 0);
    if (pipe->control)
        SetHandleInformation(pipe->control, HANDLE_FLAG_INHERIT, 0);
}
