/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/dump.h"
#include "win32/system.h"
#include "win32/file/temporary.h"
#include "win32/process/dump_file.h"
#include "win32/process/dump_other.h"
#include "win32/process/dump_reported.h"

/* dbghelp.dll's. Types of a dump, which are sums of these: minidumpapiset.h. */
#define DUMP_WITH_UNLOADED_MODULES 0x20
#define DUMP_WITH_THREAD_INFO 0x1000
typedef BOOL WINAPI write_dump(HANDLE process, DWORD pid, HANDLE file, DWORD type, void *exception, void *streams,
                               void *callback);

static int dump_to(HANDLE file, HANDLE process, DWORD pid, struct error *err)
{
    write_dump *write = SYSTEM_FUNCTION(write_dump *, L"dbghelp.dll", "MiniDumpWriteDump");
    if (!write)
        return error_set(err, ERR_UNAVAILABLE, "no minidump of process %lu: this Windows has no dbghelp.dll with it",
                         pid);
    SetLastError(0);
    if (write(process, pid, file, DUMP_WITH_THREAD_INFO | DUMP_WITH_UNLOADED_MODULES, NULL, NULL, NULL) ||
        write(process, pid, file, 0, NULL, NULL, NULL)) /* before Windows Vista it knows fewer types */
        return 0;
    return error_set(err, ERR_SYSTEM, "no minidump of process %lu: MiniDumpWriteDump failed (0x%08lx)", pid,
                     GetLastError());
}

/* Creates a file that is deleted with its handle, whatever happens. */
static HANDLE temporary_file(void)
{
    wchar_t path[TEMPORARY_SIZE];
    DWORD code = temporary_path(path);
    if (code == 0)
        return CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL, CREATE_NEW,
                           FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    SetLastError(code);
    return INVALID_HANDLE_VALUE;
}

static int dump_exited(HANDLE process, DWORD pid, struct buffer *out, struct error *err)
{
    FILETIME started, exited, kernel, user;
    if (!GetProcessTimes(process, &started, &exited, &kernel, &user))
        return dump_failed("no minidump of", pid, GetLastError(), err);
    return dump_read_reported(pid, started, out, err);
}

static int dump(HANDLE process, DWORD pid, struct buffer *out, struct error *err)
{
    if (WaitForSingleObject(process, 0) == WAIT_OBJECT_0)
        return dump_exited(process, pid, out, err);
    int bits = process_bits(process);
    HANDLE file = temporary_file();
    if (file == INVALID_HANDLE_VALUE)
        return dump_failed("no temporary file for the minidump of", pid, GetLastError(), err);
    int status = bits && bits != OWN_BITS ? dump_by_other(pid, bits, file, err) : dump_to(file, process, pid, err);
    if (status == 0)
        status = dump_read_file(file, pid, out, err);
    CloseHandle(file);
    return status;
}

static HANDLE open_process(uint64_t pid, struct error *err)
{
    const DWORD access = PROCESS_QUERY_INFORMATION | PROCESS_VM_READ | PROCESS_DUP_HANDLE | SYNCHRONIZE;
    HANDLE process = pid <= MAXDWORD ? OpenProcess(access, FALSE, (DWORD)pid) : NULL;
    if (pid > MAXDWORD)
        error_set(err, ERR_NOT_FOUND, "no minidump of process %llu: there is no such number", (unsigned long long)pid);
    else if (!process)
        dump_failed("no minidump of", (DWORD)pid, GetLastError(), err);
    return process;
}

int os_process_dump(uint64_t pid, struct buffer *out, struct error *err)
{
    HANDLE process = open_process(pid, err);
    if (!process)
        return err->status;
    int status = dump(process, (DWORD)pid, out, err);
    CloseHandle(process);
    return status;
}

int os_process_dump_to_output(uint64_t pid, struct error *err)
{
    HANDLE process = open_process(pid, err);
    if (!process)
        return err->status;
    int status = dump_to(GetStdHandle(STD_OUTPUT_HANDLE), process, (DWORD)pid, err);
    CloseHandle(process);
    return status;
}
