/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What passes an upgrade's check and is no agent: its working folder's impostor.txt says what it does then.
 *
 *     die     ends with 9        hang    never ends
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
    char what[16] = "";
    if (argc > 1 && strcmp(argv[1], "--check") == 0) {
        puts("periscoped 99 (impostor)");
        return 0;
    }
    FILE *file = fopen("impostor.txt", "r");
    if (file && !fgets(what, sizeof what, file))
        return 8;
    if (strcmp(what, "hang") == 0)
        Sleep(INFINITE);
    return 9;
}
