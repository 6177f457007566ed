/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connect.exe PORT [limited]: connects to that port of 127.0.0.1 and prints "something" or "nothing" came. limited: with a
 * token in which the administrators' group only denies, as UAC's weaker one, by starting itself again. */
#include <winsock2.h>

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static int look(const char *port)
{
    WSADATA data;
    char byte;
    DWORD patience_ms = 30000;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((u_short)atoi(port))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    WSAStartup(MAKEWORD(2, 2), &data);
    SOCKET client = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, (const char *)&patience_ms, sizeof patience_ms);
    if (connect(client, (struct sockaddr *)&to, sizeof to)) {
        printf("connect: %d\n", WSAGetLastError());
        return 2;
    }
    printf(recv(client, &byte, 1, 0) == 1 ? "something\n" : "nothing\n");
    return 0;
}

static HANDLE limited_token(void)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    SID_AND_ATTRIBUTES administrators = {.Sid = sid};
    HANDLE own, limited;
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) ||
        !OpenProcessToken(GetCurrentProcess(), MAXIMUM_ALLOWED, &own) ||
        !CreateRestrictedToken(own, 0, 1, &administrators, 0, NULL, 0, NULL, &limited))
        return NULL;
    return limited;
}

static int again(const char *port)
{
    wchar_t line[MAX_PATH + 32], self[MAX_PATH];
    STARTUPINFOW info = {.cb = sizeof info,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                         .hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
                         .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION process;
    DWORD code = 3;
    HANDLE token = limited_token();
    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(line, MAX_PATH + 32, L"\"%ls\" %hs", self, port);
    if (!token || !CreateProcessAsUserW(token, NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process)) {
        printf("limited: %lu\n", GetLastError());
        return 3;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}

int main(int argc, char **argv)
{
    return argc > 2 ? again(argv[1]) : look(argv[1]);
}
