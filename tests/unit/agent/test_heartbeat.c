/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signs of life: when they are due, and that there is none while a lock that clients need is not to be had. */
#include "tests/unit/check.h"

#include "agent/heartbeat.h"
#include "platform/clock.h"
#include "platform/service.h"

#include <stdatomic.h>

/* ---- what the agent calls ---- */

static struct {
    int patience_ms;
    int wake_every_ms;
    int64_t now;
    atomic_int signs;
    struct os_mutex *children;
} fake;

int os_service_patience_ms(void)
{
    return fake.patience_ms;
}

void os_service_is_alive(void)
{
    atomic_fetch_add(&fake.signs, 1);
}

void os_service_ready(const char *text)
{
    (void)text;
}

void os_service_failed(const char *text)
{
    (void)text;
}

bool os_service_is_one(void)
{
    return true;
}

void os_listener_wake_every(struct os_listener *listener, int interval_ms)
{
    (void)listener;
    fake.wake_every_ms = interval_ms;
}

void children_count(struct children *children, unsigned *running, unsigned *exited)
{
    (void)children;
    os_mutex_lock(fake.children);
    *running = *exited = 0;
    os_mutex_unlock(fake.children);
}

int64_t os_clock_ms(void)
{
    return fake.now;
}

void spares_fill(struct spares *spares)
{
    (void)spares;
}

/* ---- the tests ---- */

static struct agent agent;

static void begin(int patience_ms)
{
    fake.patience_ms = patience_ms;
    fake.wake_every_ms = 0;
    fake.now = 5000;
    atomic_store(&fake.signs, 0);
    fake.children = os_mutex_new();
    agent = (struct agent){.lock = os_mutex_new()};
    keep_in_reach(fake.children);
    keep_in_reach(agent.lock);
    heartbeat_start(&agent);
}

static int signs_at(int64_t now)
{
    fake.now = now;
    heartbeat_beat(&agent);
    return atomic_load(&fake.signs);
}

static void nobody_waits_and_nothing_is_told(void)
{
    begin(0);
    CHECK_INT(fake.wake_every_ms, 0);
    CHECK_INT(signs_at(1000000), 0);
}

static void four_within_the_managers_patience(void)
{
    begin(4000);
    CHECK_INT(fake.wake_every_ms, 1000);
    CHECK_INT(signs_at(5000), 1);
    CHECK_INT(signs_at(5999), 1);
    CHECK_INT(signs_at(6000), 2);
    CHECK_INT(signs_at(6001), 2);
    CHECK_INT(signs_at(9000), 3);
}

static void beat_main(void *context)
{
    (void)context;
    heartbeat_beat(&agent);
}

/* Somebody holds the lock for a while, in which no sign may come. */
static void check_none_while_held(struct os_mutex *held)
{
    struct error err;
    struct os_thread *thread;
    os_mutex_lock(held);
    if (os_thread_start_joinable(&thread, beat_main, NULL, &err))
        abort();
    os_sleep_ms(50);
    CHECK_INT(atomic_load(&fake.signs), 0);
    os_mutex_unlock(held);
    os_thread_join(thread);
    CHECK_INT(atomic_load(&fake.signs), 1);
}

static void no_sign_without_the_clients_lock(void)
{
    begin(4000);
    check_none_while_held(agent.lock);
}

static void no_sign_without_the_childrens_lock(void)
{
    begin(4000);
    check_none_while_held(fake.children);
}

int main(void)
{
    RUN(nobody_waits_and_nothing_is_told);
    RUN(four_within_the_managers_patience);
    RUN(no_sign_without_the_clients_lock);
    RUN(no_sign_without_the_childrens_lock);
    return CHECK_RESULT();
}
