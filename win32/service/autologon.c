/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/autologon.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <ntsecapi.h>

#define PASSWORD_SIZE 1024 /* bytes of UTF-8 with the NUL */
#define WINLOGON L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"

/* ---- the password ---- */

/* Returns false when there is no line, or it is too long. */
static bool autologon_read_line(HANDLE in, char line[PASSWORD_SIZE])
{
    DWORD got, len = 0;
    char byte;
    while (ReadFile(in, &byte, 1, &got, NULL) && got == 1 && byte != '\n') {
        if (len == PASSWORD_SIZE - 1)
            return false;
        line[len++] = byte;
    }
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = 0;
    return len > 0 || got == 1;
}

/* Reads a line of a console as UTF-16, since its bytes are in its own encoding. */
static bool autologon_read_console(HANDLE in, DWORD mode, char line[PASSWORD_SIZE])
{
    wchar_t text[PASSWORD_SIZE / 4];
    DWORD got = 0;
    fputs("Password: ", stderr);
    fflush(stderr);
    SetConsoleMode(in, mode & ~(DWORD)ENABLE_ECHO_INPUT);
    BOOL read = ReadConsoleW(in, text, sizeof text / sizeof *text - 1, &got, NULL);
    SetConsoleMode(in, mode);
    fputs("\n", stderr);
    text[got] = 0;
    bool whole = read && wcschr(text, '\n');
    text[wcscspn(text, L"\r\n")] = 0;
    utf8_copy(line, PASSWORD_SIZE, text);
    SecureZeroMemory(text, sizeof text);
    return whole;
}

static int read_password(char line[PASSWORD_SIZE], struct error *err)
{
    DWORD mode;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    bool read = GetConsoleMode(in, &mode) ? autologon_read_console(in, mode, line) : autologon_read_line(in, line);
    return read ? 0
                : error_set(err, ERR_INVALID,
                            "--autologon: standard input has no line with the password, or one of more than %d bytes",
                            PASSWORD_SIZE - 1);
}

/* ---- keeping it ---- */

static DWORD keep_secret(wchar_t *password)
{
    wchar_t name[] = L"DefaultPassword";
    LSA_UNICODE_STRING key = {(USHORT)(wcslen(name) * sizeof *name), sizeof name, name};
    USHORT size = (USHORT)(wcslen(password) * sizeof *password);
    LSA_UNICODE_STRING value = {size, size, password};
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    LSA_HANDLE policy;
    NTSTATUS status = LsaOpenPolicy(NULL, &attributes, POLICY_CREATE_SECRET, &policy);
    if (status)
        return LsaNtStatusToWinError(status);
    status = LsaStorePrivateData(policy, &key, &value);
    LsaClose(policy);
    return status ? LsaNtStatusToWinError(status) : 0;
}

static int store_password(struct error *err)
{
    char line[PASSWORD_SIZE];
    wchar_t *password = NULL;
    int status = read_password(line, err);
    if (status == 0)
        status = utf16_from(&password, line, err);
    if (status == 0) {
        DWORD code = keep_secret(password);
        if (code)
            status = windows_error(err, code, "the password could not be kept among Windows' secrets");
        SecureZeroMemory(password, wcslen(password) * sizeof *password);
    }
    SecureZeroMemory(line, sizeof line);
    free(password);
    return status;
}

/* ---- who ---- */

static LSTATUS set_text(HKEY key, const wchar_t *name, const wchar_t *value)
{
    return RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)value, (DWORD)((wcslen(value) + 1) * sizeof *value));
}

static DWORD write_user(const wchar_t *domain, const wchar_t *name)
{
    HKEY key;
    LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, WINLOGON, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key);
    if (code)
        return (DWORD)code;
    code = RegDeleteValueW(key, L"DefaultPassword"); /* in clear, and it would come first */
    if (code == ERROR_FILE_NOT_FOUND)
        code = 0;
    if (code == 0)
        code = set_text(key, L"DefaultUserName", name);
    if (code == 0)
        code = set_text(key, L"DefaultDomainName", domain);
    if (code == 0)
        code = set_text(key, L"AutoAdminLogon", L"1");
    RegCloseKey(key);
    return (DWORD)code;
}

static DWORD set_user(wchar_t *user)
{
    wchar_t computer[MAX_COMPUTERNAME_LENGTH + 1] = L"", *slash = wcschr(user, '\\');
    DWORD size = sizeof computer / sizeof *computer;
    if (slash) {
        *slash = 0;
        return write_user(user, slash + 1);
    }
    return GetComputerNameW(computer, &size) ? write_user(computer, user) : GetLastError();
}

int autologon_set(const char *user, struct strlist *report, struct error *err)
{
    wchar_t *wide;
    int status = store_password(err);
    if (status)
        return status;
    status = utf16_from(&wide, user, err);
    if (status)
        return status;
    DWORD code = set_user(wide);
    free(wide);
    if (code)
        return windows_error(err, code, "could not set up the automatic logon");
    strlist_addf(report, "%s is logged on from the next boot on", user);
    return 0;
}
