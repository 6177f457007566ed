/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/timestamp.h"

#include <inttypes.h>
#include <stdio.h>

#define MS_PER_DAY INT64_C(86400000)
#define DAYS_PER_ERA INT64_C(146097)      /* 400 years, after which the Gregorian calendar repeats */
#define ERA_START_TO_1970 INT64_C(719468) /* days from 0000-03-01 */

static int64_t divide_down(int64_t number, int64_t by)
{
    int64_t quotient = number / by;
    return quotient - (number % by < 0);
}

struct date {
    int64_t year;
    int month, day; /* from 1 */
};

/* Converts days to a date of the Gregorian calendar. Years are counted from March here, so that the leap day is the
   last of its year. */
static struct date date_of(int64_t days_since_1970)
{
    int64_t days = days_since_1970 + ERA_START_TO_1970;
    int64_t era = divide_down(days, DAYS_PER_ERA);
    int day = (int)(days - era * DAYS_PER_ERA);
    int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int month = (5 * day + 2) / 153; /* from March */
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    return (struct date){era * 400 + year + (month <= 2), month, day + 1};
}

void timestamp_text(char text[TIMESTAMP_SIZE], int64_t ms)
{
    int64_t days = divide_down(ms, MS_PER_DAY);
    int of_day = (int)((ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY); /* days * MS_PER_DAY may lie below INT64_MIN */
    struct date date = date_of(days);
    snprintf(text, TIMESTAMP_SIZE, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%03dZ", date.year, date.month, date.day,
             of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
}
