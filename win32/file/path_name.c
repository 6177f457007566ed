/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/file/path_name.h"

#include <stddef.h>

#define NAME_CHARACTERS_MAX 255
#define PREFIX_LEN 4 /* of \\?\ and \\.\ */

static bool names_separator(wchar_t c)
{
    return c == L'\\' || c == L'/';
}

static size_t name_end(const wchar_t *name)
{
    size_t len = 0;
    while (name[len] && !names_separator(name[len]))
        len++;
    return len;
}

/* Returns how much of a name tells whether it is a device's: Windows looks at no more. */
static size_t name_stem(const wchar_t *name, size_t len)
{
    size_t stem = 0;
    while (stem < len && name[stem] != L'.' && name[stem] != L':')
        stem++;
    while (stem > 0 && name[stem - 1] == L' ')
        stem--;
    return stem;
}

static bool is_port_number(wchar_t c)
{
    return (c >= L'1' && c <= L'9') || c == 0xb9 || c == 0xb2 || c == 0xb3; /* superscripts count too */
}

static bool is_device_name(const wchar_t *name, size_t len)
{
    static const wchar_t *const names[] = {L"con", L"prn", L"aux", L"nul", L"conin$", L"conout$"};
    size_t stem = name_stem(name, len);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (wcslen(names[i]) == stem && _wcsnicmp(name, names[i], stem) == 0)
            return true;
    bool port = stem == 4 && (_wcsnicmp(name, L"com", 3) == 0 || _wcsnicmp(name, L"lpt", 3) == 0);
    return port && is_port_number(name[3]);
}

static bool is_dots(const wchar_t *name, size_t len)
{
    return (len == 1 || len == 2) && name[0] == L'.' && name[len - 1] == L'.';
}

static int check_characters(const wchar_t *name, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        if (name[i] < 32)
            return error_set(err, ERR_INVALID, "Windows has no names with control characters in them");
        if (wcschr(L"<>:\"|?*", name[i]))
            return error_set(err, ERR_INVALID, "Windows has no names with '%c' in them", (char)name[i]);
    }
    return 0;
}

/* Checks one name. literal: it stands behind a prefix that lets nothing be changed. */
static int check_name(const wchar_t *name, size_t len, bool literal, bool devices, struct error *err)
{
    if (len > NAME_CHARACTERS_MAX)
        return error_set(err, ERR_INVALID, "File name too long");
    if (is_device_name(name, len) && !literal)
        return devices ? 0 : error_set(err, ERR_INVALID, "Not a regular file");
    if (len > 0 && !literal && !is_dots(name, len) && (name[len - 1] == L'.' || name[len - 1] == L' '))
        return error_set(err, ERR_INVALID, "Windows has no names that end in a dot or a space");
    return check_characters(name, len, err);
}

int path_check_names(const wchar_t *path, bool devices, struct error *err)
{
    bool literal = wcsncmp(path, L"\\\\?\\", PREFIX_LEN) == 0;
    int status = 0;
    if (wcsncmp(path, L"\\\\.\\", PREFIX_LEN) == 0)
        return 0;
    if (literal)
        path += PREFIX_LEN;
    if (path[0] && path[1] == L':')
        path += 2;
    while (*path && status == 0) {
        size_t len = name_end(path);
        status = check_name(path, len, literal, devices, err);
        path += len + (path[len] != 0);
    }
    return status;
}
