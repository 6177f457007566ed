/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a program starts: main() gets its arguments in UTF-8, as they are, no wildcard expanded. */
#include "win32/text.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv);
int wmain(int argc, wchar_t **argv);

int _dowildcard = 0; /* read by mingw's start-up code */

int wmain(int argc, wchar_t **argv)
{
    char **list = calloc((size_t)argc + 1, sizeof *list);
    for (int i = 0; list && i < argc; i++) {
        list[i] = utf8_from(argv[i]);
        if (!list[i])
            list = NULL;
    }
    if (!list) {
        fputs("no memory for the command line\n", stderr);
        return 1;
    }
    return main(argc, list);
}
