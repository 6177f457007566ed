/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

int utf16_from(wchar_t **out, const char *utf8, struct error *err)
{
    *out = NULL;
    int len = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, NULL, 0);
    if (len <= 0)
        return windows_error(err, ERROR_NO_UNICODE_TRANSLATION, NULL);
    wchar_t *text = calloc((size_t)len, sizeof *text);
    if (!text)
        return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    MultiByteToWideChar(CP_UTF8, 0, utf8, -1, text, len);
    *out = text;
    return 0;
}

char *utf8_from(const wchar_t *utf16)
{
    int len = WideCharToMultiByte(CP_UTF8, 0, utf16, -1, NULL, 0, NULL, NULL);
    char *text = len > 0 ? malloc((size_t)len) : NULL;
    if (text)
        WideCharToMultiByte(CP_UTF8, 0, utf16, -1, text, len, NULL, NULL);
    return text;
}

void utf8_copy(char *out, size_t size, const wchar_t *utf16)
{
    char *text = utf8_from(utf16);
    size_t len = text ? strlen(text) : 0;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(out, text ? text : "", len);
    out[len] = 0;
    free(text);
}
