/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/input/input.h"

#include "agent/log.h"
#include "agent/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MS 10000 /* that the actions of a request may take, and those before it in the queue */

struct input {
    struct worker_pool *workers;
    struct os_mutex *lock;         /* guards what follows */
    const struct session *session; /* whose end lets go; NULL: nobody drives */
    char driver[INPUT_DRIVER_MAX + 1];
    uint64_t count; /* of the requests */
};

int input_new(struct input **out, const struct strlist *card_classes, struct error *err)
{
    struct input *input = calloc(1, sizeof *input);
    *out = input;
    if (!input)
        return error_set(err, ERR_NO_MEMORY, "no memory for who types and clicks");
    input->lock = os_mutex_new();
    int status = worker_pool_new(&input->workers, card_classes, err);
    if (status == 0)
        worker_pool_limit(input->workers, 1);
    return status;
}

/* ---- the driver ---- */

/* Makes the session the driver, by this name or, without one, by that which it has. name: it. taken_from: who was it, under
   another name; or "". Returns the request's number. */
static uint64_t input_take(struct input *input, struct session *session, const char *driver, char *name,
                           char *taken_from)
{
    os_mutex_lock(input->lock);
    if (!driver)
        driver = input->session == session ? input->driver : session->peer_text;
    snprintf(name, INPUT_DRIVER_MAX + 1, "%s", driver);
    bool other = input->session && strcmp(input->driver, name) != 0;
    snprintf(taken_from, INPUT_DRIVER_MAX + 1, "%s", other ? input->driver : "");
    snprintf(input->driver, sizeof input->driver, "%s", name);
    input->session = session;
    uint64_t number = ++input->count;
    os_mutex_unlock(input->lock);
    session->drives = true;
    return number;
}

/* Returns whether the session is the last driver, which nobody is then. */
static bool input_give_up(struct input *input, const struct session *session)
{
    os_mutex_lock(input->lock);
    bool was = input->session == session;
    if (was)
        input->session = NULL;
    os_mutex_unlock(input->lock);
    return was;
}

/* Puts in front of the actions what lets go of another driver's keys. */
static bool input_join(struct strlist *all, bool release, const struct strlist *actions)
{
    if (release)
        strlist_add(all, "release=all");
    for (size_t i = 0; i < actions->count; i++)
        strlist_add(all, actions->items[i]);
    return !all->failed;
}

int input_drive(struct session *session, const char *driver, const struct strlist *actions, struct strlist *facts,
                struct error *err)
{
    struct input *input = session->agent->input;
    struct strlist all = {0};
    char taken_from[INPUT_DRIVER_MAX + 1], verb[40], name[INPUT_DRIVER_MAX + 1];
    uint64_t number = input_take(input, session, driver, name, taken_from);
    snprintf(verb, sizeof verb, "input-%llu", (unsigned long long)number);
    if (*taken_from)
        log_line("%s: %s types and clicks in place of %s", session->peer_text, name, taken_from);
    int status = input_join(&all, *taken_from, actions)
                     ? worker_pool_input(input->workers, verb, &all, INPUT_MS, facts, err)
                     : error_set(err, ERR_NO_MEMORY, "input: no memory for the actions");
    strlist_addf(facts, "driver=%s", name);
    if (*taken_from)
        strlist_addf(facts, "taken-from=%s", taken_from);
    strlist_deinit(&all);
    return status;
}

/* ---- the end ---- */

/* Has the worker let go, and ends it unless somebody drives again. */
static void input_let_go(struct input *input)
{
    struct strlist facts = {0};
    struct error err;
    if (worker_pool_input(input->workers, "leave", &(struct strlist){0}, INPUT_MS, &facts, &err))
        log_line("keys and buttons could not be let go of: %s", err.text);
    strlist_deinit(&facts);
    os_mutex_lock(input->lock);
    if (!input->session) /* else the worker holds what is another's now */
        worker_pool_stop(input->workers);
    os_mutex_unlock(input->lock);
}

void input_leave(struct session *session)
{
    struct input *input = session->agent->input;
    if (session->drives && input_give_up(input, session))
        input_let_go(input);
}

void input_stop(struct input *input)
{
    os_mutex_lock(input->lock);
    bool held = input->session != NULL;
    input->session = NULL;
    os_mutex_unlock(input->lock);
    if (held)
        input_let_go(input);
    worker_pool_stop(input->workers);
}
