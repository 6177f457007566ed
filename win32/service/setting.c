/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/setting.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DATA_SIZE 256 /* bytes; what is longer is not what is wanted */

struct reading {
    LSTATUS code;
    DWORD type, size;
    union {
        DWORD number;
        wchar_t text[DATA_SIZE / sizeof(wchar_t)];
        BYTE bytes[DATA_SIZE];
    } data;
};

static HKEY root_of(const struct setting *setting, HKEY user)
{
    switch (setting->place) {
    case SETTING_USER:
        return user;
    case SETTING_LOGON:
        return HKEY_USERS;
    default:
        return HKEY_LOCAL_MACHINE;
    }
}

static REGSAM view_of(const struct setting *setting)
{
    return setting->place == SETTING_MACHINE_32 ? KEY_WOW64_32KEY : KEY_WOW64_64KEY;
}

/* ---- reading ---- */

static void setting_read_value(struct reading *reading, HKEY key, const wchar_t *name)
{
    memset(&reading->data, 0, sizeof reading->data);
    reading->size = sizeof reading->data - sizeof(wchar_t); /* a text need not have its NUL */
    reading->code = RegQueryValueExW(key, name, NULL, &reading->type, reading->data.bytes, &reading->size);
}

static bool is_number(const struct reading *reading)
{
    return reading->type == REG_DWORD && reading->size == sizeof reading->data.number;
}

static bool is_text(const struct reading *reading)
{
    return reading->type == REG_SZ;
}

static bool setting_is_wanted(const struct setting *setting, const struct reading *reading)
{
    if (setting->text)
        return is_text(reading) && wcscmp(reading->data.text, setting->text) == 0;
    return is_number(reading) && reading->data.number == setting->number;
}

static void describe(const struct setting *setting, const struct reading *reading, char is[SETTING_TEXT_SIZE])
{
    char text[DATA_SIZE * 2];
    if (is_number(reading)) {
        snprintf(is, SETTING_TEXT_SIZE, "%s%lu", setting->text ? "the number " : "", reading->data.number);
    } else if (is_text(reading) && reading->code == 0) {
        utf8_copy(text, sizeof text - 32, reading->data.text);
        snprintf(is, SETTING_TEXT_SIZE, "%s\"%.400s\"", setting->text ? "" : "the text ", text);
    } else {
        snprintf(is, SETTING_TEXT_SIZE, "of type %lu with %lu bytes", reading->type, reading->size);
    }
}

static enum setting_state judge(const struct setting *setting, const struct reading *reading,
                                char is[SETTING_TEXT_SIZE])
{
    char reason[REASON_SIZE];
    if (reading->code == ERROR_FILE_NOT_FOUND) {
        snprintf(is, SETTING_TEXT_SIZE, "not set");
        return SETTING_ABSENT;
    }
    if (reading->code && reading->code != ERROR_MORE_DATA) {
        snprintf(is, SETTING_TEXT_SIZE, "not to be read (%s)", windows_reason((DWORD)reading->code, reason));
        return SETTING_UNREADABLE;
    }
    if (!setting->value) {
        snprintf(is, SETTING_TEXT_SIZE, "there");
        return SETTING_AS_WANTED;
    }
    describe(setting, reading, is);
    return reading->code == 0 && setting_is_wanted(setting, reading) ? SETTING_AS_WANTED : SETTING_OTHERWISE;
}

enum setting_state setting_read(const struct setting *setting, HKEY user, char is[SETTING_TEXT_SIZE])
{
    HKEY key;
    struct reading reading = {.type = REG_NONE};
    reading.code = RegOpenKeyExW(root_of(setting, user), setting->key, 0, KEY_QUERY_VALUE | view_of(setting), &key);
    if (reading.code == 0) {
        if (setting->value)
            setting_read_value(&reading, key, setting->value);
        RegCloseKey(key);
    }
    return judge(setting, &reading, is);
}

/* ---- writing ---- */

DWORD setting_write(const struct setting *setting, HKEY user)
{
    HKEY key;
    LSTATUS code = RegCreateKeyExW(root_of(setting, user), setting->key, 0, NULL, 0, KEY_SET_VALUE | view_of(setting),
                                   NULL, &key, NULL);
    if (code)
        return (DWORD)code;
    if (setting->value && setting->text)
        code = RegSetValueExW(key, setting->value, 0, REG_SZ, (const BYTE *)setting->text,
                              (DWORD)((wcslen(setting->text) + 1) * sizeof *setting->text));
    else if (setting->value)
        code =
            RegSetValueExW(key, setting->value, 0, REG_DWORD, (const BYTE *)&setting->number, sizeof setting->number);
    RegCloseKey(key);
    return (DWORD)code;
}

/* ---- telling ---- */

void setting_name(const struct setting *setting, char out[SETTING_TEXT_SIZE])
{
    static const char *const roots[] = {"HKLM", "HKLM", "HKCU", "HKU"};
    snprintf(out, SETTING_TEXT_SIZE, "%s\\%ls%s%ls%s", roots[setting->place], setting->key, setting->value ? "\\" : "",
             setting->value ? setting->value : L"",
             setting->place == SETTING_MACHINE_32 ? " (of 32-bit programs)" : "");
}

void setting_wanted(const struct setting *setting, char out[SETTING_TEXT_SIZE])
{
    if (!setting->value)
        snprintf(out, SETTING_TEXT_SIZE, "there");
    else if (setting->text)
        snprintf(out, SETTING_TEXT_SIZE, "\"%ls\"", setting->text);
    else
        snprintf(out, SETTING_TEXT_SIZE, "%lu", setting->number);
}
