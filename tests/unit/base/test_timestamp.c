/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timestamp.h"
#include "tests/unit/check.h"

#include <time.h>

static const char *text_of(int64_t ms)
{
    static char text[TIMESTAMP_SIZE];
    timestamp_text(text, ms);
    return text;
}

static void known_moments(void)
{
    CHECK_TEXT(text_of(0), "1970-01-01T00:00:00.000Z");
    CHECK_TEXT(text_of(-1), "1969-12-31T23:59:59.999Z");
    CHECK_TEXT(text_of(951868799999), "2000-02-29T23:59:59.999Z");
    CHECK_TEXT(text_of(4107542400000), "2100-03-01T00:00:00.000Z");
    CHECK_TEXT(text_of(INT64_C(253402300799999)), "9999-12-31T23:59:59.999Z");
}

static void extremes_fit(void)
{
    CHECK(strlen(text_of(INT64_MAX)) < TIMESTAMP_SIZE);
    CHECK(strlen(text_of(INT64_MIN)) < TIMESTAMP_SIZE);
}

/* Every day of 150 years, at a time that moves through it, against the C library. */
static void agrees_with_gmtime(void)
{
    for (int64_t day = 0; day < 150 * 366; day++) {
        char want[64];
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        if (sizeof seconds < 8 && day >= 24855) /* where a time_t of 32 bits ends */
            break;
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", gmtime(&seconds));
        CHECK_TEXT(text_of((int64_t)seconds * 1000), want);
    }
}

int main(void)
{
    RUN(known_moments);
    RUN(extremes_fit);
    RUN(agrees_with_gmtime);
    return CHECK_RESULT();
}
