/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of each guest. A thread of its own keeps it (watch.c): it waits in the guest for events, and asks anew
 * what the guest is like after each, else at each keep-alive. Others read it under the guest's lock.
 */
#ifndef HOST_WEB_GUEST_H
#define HOST_WEB_GUEST_H

#include "base/strlist.h"
#include "host/common/json.h"
#include "host/periscope.h"
#include "host/web/blob.h"
#include "host/web/config.h"
#include "host/web/guest_state.h"
#include "picture/hash.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct os_mutex;
struct os_waker;
struct screen;
struct drive;

#define GUEST_EVENTS_MAX 64 /* that are kept */
#define GUEST_TEST_SIZE 256
#define GUEST_UNMANAGED_MS 5000 /* after which a screen without a window manager is one that has none */

struct thumbnail {       /* all under the guest's lock */
    struct blob *png;    /* NULL: none was had */
    unsigned generation; /* another number for each picture */
    char hash[PICTURE_HASH_SIZE];
    unsigned viewers;        /* that have its tile in view */
    bool runs;               /* its thread */
    struct periscope *waits; /* that thread's connection; NULL: there is none */
};

struct guest {
    struct gateway *gateway;        /* borrowed */
    const struct web_guest *config; /* borrowed */
    char address[TARGET_TEXT_SIZE];
    atomic_uint version; /* another number after each change of what is told below */
    atomic_uint lookers; /* viewers that see its state: it is asked for more often then */
    struct os_mutex *lock;

    /* under the lock */
    enum guest_state state;
    struct strlist reasons;
    struct periscope_strings properties;            /* of the last answer, kept while the guest is away */
    struct strlist events;                          /* the last ones, as the RPC events has them */
    int64_t since_ms, last_change_ms, last_seen_ms; /* wall clock; 0: never */
    int64_t change_told_ms;                         /* os_clock_ms() */
    char test[GUEST_TEST_SIZE];                     /* what runs, by its tag or its command; "": not known */
    uint32_t width, height;
    char hash[PICTURE_HASH_SIZE];
    struct thumbnail thumbnail;
    struct screen *screens;  /* those that are watched */
    struct drive *drive;     /* whose hands are on it; NULL: nobody's */
    unsigned drive_version;  /* another number after each change of who drives */
    char drive_reason[400];  /* why nobody does; "": none is known */
    struct periscope *waits; /* the connection of the thread that keeps all this; NULL: there is none */
    struct os_waker *hurry;  /* ends its pause */
};

/* Finds one by its name; NULL when there is none. */
struct guest *guest_find(struct gateway *gateway, const char *name);

enum guest_state guest_state(struct guest *guest);
int64_t guest_last_seen_ms(struct guest *guest);
/* Writes what the API tells of it, as an object; detailed: with properties, events and outputs. */
void guest_json(struct guest *guest, struct json *json, const char *key, bool detailed);
void guest_lock(struct guest *guest);
void guest_unlock(struct guest *guest);
/* Tells viewers that something of it is another. With or without the lock. */
void guest_changed(struct guest *guest);
/* Says that its screen has changed, which viewers of the list are told once a second. Without the lock. */
void guest_screen_changed(struct guest *guest, const char *hash, uint32_t width, uint32_t height);

#endif
