/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/allowed_rpcs.h"

#include <string.h>

/* Takes the next name of a list, without the blanks around it. Returns false at the end. */
static bool take_rpc(const char **list, struct slice *name)
{
    if (!*list)
        return false;
    const char *first = *list + strspn(*list, " "), *comma = strchr(first, ',');
    size_t len = comma ? (size_t)(comma - first) : strlen(first);
    while (len > 0 && first[len - 1] == ' ')
        len--;
    *name = (struct slice){(const uint8_t *)first, len};
    *list = comma ? comma + 1 : NULL;
    return true;
}

static bool is_rpc(const struct slice *name, const struct method *method)
{
    return strlen(method->name) == name->len && memcmp(method->name, name->data, name->len) == 0;
}

static bool rpc_exists(const struct slice *name)
{
    for (int i = 0; i < METHOD_COUNT; i++)
        if (is_rpc(name, &methods[i]))
            return true;
    return false;
}

int allowed_rpcs_check(const struct strlist *lists, struct error *err)
{
    for (size_t i = 0; i < lists->count; i++) {
        const char *list = lists->items[i];
        struct slice name;
        while (take_rpc(&list, &name))
            if (!rpc_exists(&name))
                return error_set(err, ERR_INVALID, "--allow-rpc: there is no RPC '%.*s'", (int)name.len,
                                 (const char *)name.data);
    }
    return 0;
}

bool allowed_rpcs_have(const struct strlist *lists, const struct method *method)
{
    for (size_t i = 0; i < lists->count; i++) {
        const char *list = lists->items[i];
        struct slice name;
        while (take_rpc(&list, &name))
            if (is_rpc(&name, method))
                return true;
    }
    return lists->count == 0;
}
