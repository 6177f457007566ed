/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Wine test that can't start: it needs a DLL that is nowhere. */
#include <stdio.h>

__declspec(dllimport) int nosuch(void);

int main(void)
{
    printf("it ran: %d\n", nosuch());
    return 0;
}
