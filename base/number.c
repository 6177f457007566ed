/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"

bool number_take(const char **text, uint64_t max, uint64_t *value)
{
    const char *next = *text;
    uint64_t sum = 0;
    for (; *next >= '0' && *next <= '9'; next++) {
        unsigned digit = (unsigned)(*next - '0');
        if (digit > max || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (next == *text)
        return false;
    *text = next;
    *value = sum;
    return true;
}
