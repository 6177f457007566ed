/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/names.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

enum outcome { NOT_TRIED, FAILED, ANSWERED };

struct name {
    struct names *all;
    const char *text; /* borrowed */
    enum outcome outcome;
    int64_t keep_until_ms;
    int address_count;
    struct os_address addresses[NAME_ADDRESSES];
};

struct names {
    unsigned count, untried_count;
    struct os_mutex *lock;         /* as the waker, from names_start() on */
    struct os_waker *tried;        /* set when each was looked up once */
    struct name *items[NAMES_MAX]; /* owned; the lock guards their outcomes and addresses */
};

int names_new(struct names **out, struct error *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for names");
}

void names_free(struct names *names)
{
    if (!names)
        return;
    for (unsigned i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names);
}

int names_add(struct names *names, const char *text, struct error *err)
{
    if (names->count == NAMES_MAX)
        return error_set(err, ERR_LIMIT, "'%s' is one name too many to allow: the limit is %d", text, NAMES_MAX);
    struct name *name = calloc(1, sizeof *name);
    if (!name)
        return error_set(err, ERR_NO_MEMORY, "no memory for names");
    *name = (struct name){.all = names, .text = text};
    names->items[names->count++] = name;
    names->untried_count++;
    return 0;
}

/* Keeps what a look came to, and returns the outcome of the look before. */
static enum outcome name_set(struct name *name, const struct os_address *found, int count)
{
    struct names *names = name->all;
    os_mutex_lock(names->lock);
    enum outcome before = name->outcome;
    bool is_last = before == NOT_TRIED && --names->untried_count == 0;
    name->outcome = count > 0 ? ANSWERED : FAILED;
    if (count > 0) {
        memcpy(name->addresses, found, (size_t)count * sizeof *found);
        name->address_count = count;
        name->keep_until_ms = os_deadline(NAME_KEEP_MS);
    } else if (os_time_left(name->keep_until_ms) == 0) {
        name->address_count = 0;
    }
    os_mutex_unlock(names->lock);
    if (is_last)
        os_waker_set(names->tried);
    return before;
}

/* Looks the name up, and logs what is new: not each failure of a service that is down. Returns how long to rest. */
static unsigned name_look_up(struct name *name)
{
    struct os_address found[NAME_ADDRESSES];
    struct error err = {.text = "it has no address"};
    int count = os_resolve(name->text, found, NAME_ADDRESSES, &err);
    enum outcome before = name_set(name, found, count);
    if (count <= 0 && before != FAILED)
        log_line("the host '%s' may connect, but its addresses can't be found: %s", name->text, err.text);
    else if (count > 0 && before == FAILED)
        log_line("the host '%s' may connect from the addresses that were found now", name->text);
    return count > 0 ? NAME_AGAIN_MS : NAME_RETRY_MS;
}

static void name_main(void *context)
{
    for (;;)
        os_sleep_ms(name_look_up(context));
}

int names_start(struct names *names, struct error *err)
{
    if (names->count == 0)
        return 0;
    names->lock = os_mutex_new();
    int status = os_waker_new(&names->tried, err);
    for (unsigned i = 0; i < names->count && status == 0; i++)
        status = os_thread_start(name_main, names->items[i], err);
    return status;
}

static bool name_has(const struct name *name, const struct os_address *address)
{
    for (int i = 0; i < name->address_count; i++)
        if (memcmp(name->addresses[i].ip, address->ip, sizeof address->ip) == 0)
            return true;
    return false;
}

bool names_have(struct names *names, const struct os_address *address)
{
    bool found = false;
    if (names->count == 0)
        return false;
    os_mutex_lock(names->lock);
    for (unsigned i = 0; i < names->count && !found; i++)
        found = name_has(names->items[i], address);
    os_mutex_unlock(names->lock);
    return found;
}

bool names_await(struct names *names, int64_t deadline_ms)
{
    return names->count == 0 || os_waker_wait(names->tried, deadline_ms);
}
