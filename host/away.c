/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes on while a guest does not answer: it is suspended, or boots. */
#include "host/client.h"

#include "platform/clock.h"

#define AWAY_MOST_LOST 3 /* consecutive attempts where no time is set */
#define AWAY_PAUSE_MS 500

void periscope_set_away(struct periscope *p, int limit_ms, periscope_away *away, void *context)
{
    p->away_ms = limit_ms;
    p->away = away;
    p->away_context = context;
}

bool client_is_away(int status)
{
    return status == PERISCOPE_NO_AGENT || status == PERISCOPE_TIMED_OUT;
}

static int64_t away_left(const struct periscope *p, const struct absence *absence)
{
    return p->away_ms - (os_clock_ms() - absence->since_ms);
}

int client_attempt_away(struct periscope *p, client_attempt *attempt, void *context, const struct absence *absence)
{
    int connect_ms = p->connect_ms;
    if (absence->count && p->away_ms > 0) {
        int64_t left = away_left(p, absence);
        int most = left > CLIENT_BOOT_ATTEMPT_MS ? CLIENT_BOOT_ATTEMPT_MS
                   : left < CLIENT_BOOT_LEAST_MS ? CLIENT_BOOT_LEAST_MS
                                                 : (int)left;
        p->connect_ms = connect_ms < 0 || connect_ms > most ? most : connect_ms;
    }
    int status = client_attempt_once(p, attempt, context);
    p->connect_ms = connect_ms;
    return status;
}

void client_tell_away(struct periscope *p, struct absence *absence, int limit_ms)
{
    if (p->away)
        p->away(p->away_context, (int)(os_clock_ms() - absence->since_ms), limit_ms, false);
    absence->told = true;
}

void client_returned(struct periscope *p, struct absence *absence)
{
    if (absence->told && p->away)
        p->away(p->away_context, (int)(os_clock_ms() - absence->since_ms), p->away_ms, true);
    *absence = (struct absence){0};
}

/* Ends an absence that has lasted too long. */
static int away_give_up(struct periscope *p, struct absence *absence, int status)
{
    client_returned(p, absence);
    if (p->away_ms > 0)
        error_prefix(&p->error, ERR_TIMEOUT, "the guest did not answer for %g s", p->away_ms / 1000.0);
    return status;
}

int client_await_return(struct periscope *p, struct absence *absence, int status)
{
    struct error last = p->error;
    if (absence->count++ == 0)
        absence->since_ms = os_clock_ms();
    int64_t left = away_left(p, absence);
    if (p->away_ms > 0 ? left <= 0 : absence->count >= AWAY_MOST_LOST)
        return away_give_up(p, absence, status);
    if (p->away_ms > 0)
        client_tell_away(p, absence, p->away_ms);
    status = client_pause(p, p->away_ms > 0 && left < AWAY_PAUSE_MS ? (int)left : AWAY_PAUSE_MS);
    if (status)
        client_returned(p, absence);
    else
        p->error = last;
    return status;
}
