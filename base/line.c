/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/line.h"

#include <string.h>

#define MARK '\1'

void line_append(struct buffer *out, const char *text)
{
    for (size_t plain; (plain = strcspn(text, "\n\1")) > 0 || *text; text += plain) {
        buffer_append(out, text, plain);
        if (!text[plain])
            continue;
        const char pair[2] = {MARK, text[plain] == MARK ? '1' : 'n'};
        buffer_append(out, pair, sizeof pair);
        plain++;
    }
}

void line_restore(char *line)
{
    char *to = line;
    for (const char *from = line; *from; from++) {
        bool marked = *from == MARK && (from[1] == 'n' || from[1] == '1');
        from += marked;
        *to++ = !marked ? *from : *from == 'n' ? '\n' : MARK;
    }
    *to = 0;
}
