/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is compared of two files, and what the agent tells of one. */
#include "host/client.h"

#include "base/number.h"
#include "platform/node.h"

#include <stdlib.h>
#include <string.h>

#define NS_DIGITS 9
#define SECONDS_MAX (INT64_MAX / OS_NS - 1)

int client_sum(struct periscope *p, sum_read *read, void *context, uint64_t size, uint8_t *chunk,
               char text[SHA256_TEXT_SIZE], struct error *err)
{
    struct sha256 sum;
    sha256_init(&sum);
    for (uint64_t done = 0; done < size;) {
        size_t step = size - done < CLIENT_CHUNK_SIZE ? (size_t)(size - done) : CLIENT_CHUNK_SIZE;
        int status = client_check(p, "computing a SHA-256"), got = 0;
        if (status)
            return status;
        got = read(context, done, chunk, step, err);
        if (got == 0)
            error_set(err, ERR_INVALID, "it became shorter");
        if (got <= 0)
            return PERISCOPE_LOCAL;
        sha256_add(&sum, chunk, (size_t)got);
        done += (unsigned)got;
    }
    sha256_text(&sum, text);
    return 0;
}

bool fact_number(const struct strlist *facts, const char *key, uint64_t *value)
{
    const char *text = strlist_get(facts, key);
    return text && number_take(&text, UINT64_MAX, value) && !*text;
}

bool fact_mode(const struct strlist *facts, uint32_t *mode)
{
    const char *text = strlist_get(facts, "mode");
    if (!text || !*text || strlen(text) > 5 || strspn(text, "01234567") != strlen(text))
        return false;
    *mode = (uint32_t)strtoul(text, NULL, 8);
    return true;
}

bool fact_time(const struct strlist *facts, int64_t *ns)
{
    const char *text = strlist_get(facts, "mtime");
    uint64_t seconds, part;
    bool negative = text && *text == '-';
    if (!text)
        return false;
    text += negative;
    if (!number_take(&text, SECONDS_MAX, &seconds) || *text++ != '.' || strlen(text) != NS_DIGITS ||
        !number_take(&text, OS_NS - 1, &part) || *text)
        return false;
    *ns = (negative ? -(int64_t)seconds : (int64_t)seconds) * OS_NS + (int64_t)part;
    return true;
}
