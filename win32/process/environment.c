/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/environment.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define VARIABLE_MAX 32766      /* characters: of a longer one Windows gives nothing to who asks for it */
#define VARIABLE_NAME_TOLD 64   /* bytes */
#define ENVIRONMENT_MAX 1048576 /* characters: no bound of Windows' since Vista, but one there must be */

/* Returns the length of a name. Windows' own variables for the folder of each drive begin with '='. */
static size_t name_len(const wchar_t *variable)
{
    const wchar_t *equals = *variable ? wcschr(variable + 1, '=') : NULL;
    return equals ? (size_t)(equals - variable) : wcslen(variable);
}

static bool same_name(const wchar_t *a, const wchar_t *b)
{
    size_t len = name_len(a);
    return len == name_len(b) &&
           CompareStringW(LOCALE_INVARIANT, NORM_IGNORECASE, a, (int)len, b, (int)len) == CSTR_EQUAL;
}

static bool is_changed(wchar_t *const *changes, const wchar_t *variable)
{
    for (; *changes; changes++)
        if (same_name(*changes, variable))
            return true;
    return false;
}

static void environment_add(wchar_t **next, const wchar_t *variable)
{
    size_t size = wcslen(variable) + 1;
    wmemcpy(*next, variable, size);
    *next += size;
}

/* Returns the characters of both, with the ends. */
static size_t environment_size(const wchar_t *own, wchar_t *const *changes)
{
    size_t size = 2;
    for (const wchar_t *variable = own; *variable; variable += wcslen(variable) + 1)
        size += wcslen(variable) + 1;
    for (; *changes; changes++)
        size += wcslen(*changes) + 1;
    return size;
}

static wchar_t *merge(const wchar_t *own, wchar_t *const *changes, size_t size)
{
    wchar_t *block = calloc(size, sizeof *block), *next = block;
    if (!block)
        return NULL;
    for (const wchar_t *variable = own; *variable; variable += wcslen(variable) + 1)
        if (!is_changed(changes, variable))
            environment_add(&next, variable);
    for (; *changes; changes++)
        if (wcschr(*changes, '=') && !is_changed(changes + 1, *changes))
            environment_add(&next, *changes);
    return block;
}

static void free_list(wchar_t **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

static int environment_convert(wchar_t ***out, const char *const *changes, struct error *err)
{
    size_t count = 0;
    int status = 0;
    while (changes[count])
        count++;
    wchar_t **list = calloc(count + 1, sizeof *list);
    if (!list)
        return windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
    for (size_t i = 0; i < count && status == 0; i++) {
        status = utf16_from(&list[i], changes[i], err);
        if (status == 0 && wcslen(list[i]) > VARIABLE_MAX)
            status = error_set(err, ERR_LIMIT, "the variable %.*s has more than %d characters", VARIABLE_NAME_TOLD,
                               changes[i], VARIABLE_MAX);
    }
    if (status)
        free_list(list);
    else
        *out = list;
    return status;
}

int environment_build(wchar_t **out, const wchar_t *base, const char *const *changes, struct error *err)
{
    static const char *const none[] = {NULL};
    wchar_t **list = NULL, *own = NULL;
    *out = NULL;
    if (!base && (!changes || !*changes))
        return 0;
    int status = environment_convert(&list, changes ? changes : none, err);
    if (status)
        return status;
    if (!base)
        base = own = GetEnvironmentStringsW();
    size_t size = base ? environment_size(base, list) : 0;
    *out = base && size <= ENVIRONMENT_MAX ? merge(base, list, size) : NULL;
    if (own)
        FreeEnvironmentStringsW(own);
    free_list(list);
    if (size > ENVIRONMENT_MAX)
        return error_set(err, ERR_LIMIT, "it has more than %d characters", ENVIRONMENT_MAX);
    return *out ? 0 : windows_error(err, ERROR_NOT_ENOUGH_MEMORY, NULL);
}

const wchar_t *environment_value(const wchar_t *block, const wchar_t *name)
{
    for (; block && *block; block += wcslen(block) + 1)
        if (same_name(block, name))
            return block + name_len(block) + 1;
    return NULL;
}
