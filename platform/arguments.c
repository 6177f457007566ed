/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/arguments.h"

#include <stdlib.h>

const char **os_arguments_with(const char *name, const char *option, const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    const char **list = calloc(count + 3, sizeof *list);
    if (!list)
        return NULL;
    list[0] = name;
    list[1] = option;
    for (size_t i = 1; i < count; i++)
        list[i + 1] = argv[i];
    return list;
}
