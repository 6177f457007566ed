/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One recording: what its thread and the recorder share. Only for agent/record/. */
#ifndef AGENT_RECORD_RECORDING_H
#define AGENT_RECORD_RECORDING_H

#include "agent/record/index.h"
#include "agent/record/place.h"
#include "agent/record/stored.h"
#include "agent/record/wanted.h"
#include "agent/worker/pool.h"
#include "platform/identity.h"
#include "platform/thread.h"

struct recording {
    struct recorder *recorder;
    struct worker_pool *pool; /* made once; has the worker */

    /* Of the thread alone. */
    struct recording_wanted wanted;
    struct os_identity *as;
    struct record_index index;
    struct stored stored;
    char key[STORED_KEY_SIZE]; /* of what is shown; "": not known */
    uint32_t last;             /* number of the last picture */
    uint64_t same_count, dropped_count;
    uint64_t input;   /* how many actions were noted */
    uint64_t event;   /* the last one that was noted */
    uint64_t synced;  /* bytes of the index */
    int64_t next_ms;  /* not before this comes the next look */
    unsigned waits;   /* in a row without a change */
    char unsaid[256]; /* a failure that could not be written down */
    struct record_time unsaid_at;

    /* Under the recorder's lock. */
    enum recording_state { RECORDING_FREE, RECORDING_RUNS, RECORDING_RESTS, RECORDING_STOPPED } state;
    char id[PLACE_ID_SIZE], folder[4200]; /* folder: as hosts call it; index.folder is its path */
    bool looked;                          /* the first look is over */
    bool stopping;                        /* with `why` */
    bool resting;                         /* it is to rest while the agent becomes another executable */
    char why[256];                        /* why it is to stop, or did */
    char failure[256];                    /* why there is no picture now, or none can be stored; "": there is none */
    uint64_t pictures, same, dropped, bytes, files, order;
    uint64_t reserved;        /* bytes that it may have of the agent's own folder; 0: it lies elsewhere */
    unsigned waiting;         /* for `changed` */
    struct os_waker *wake;    /* set when it is to stop */
    struct os_waker *changed; /* set when it has looked, and when it has stopped */
};

#define RECORD_INPUTS 64 /* actions that wait to be written down; of more the oldest are only counted */

struct record_input {
    struct record_time time;
    char text[120];
};

struct recorder {
    struct os_mutex *lock;
    struct record_input inputs[RECORD_INPUTS]; /* a ring */
    uint64_t input_count;
    struct recording slots[RECORDINGS_MAX];
    uint64_t order;             /* counts recordings */
    struct recording *restored; /* the last one that was taken over; NULL: none */
};

/* Returns whether it goes on, now or after a rest. The lock is held. */
bool recording_is_on(const struct recording *r);
/* Takes a slot that is free, or that of the recording that was begun first of those that have stopped. */
struct recording *recorder_take_slot(struct recorder *recorder);

/* Records until it is to stop, or to rest; the thread's main. context: the recording. */
void recording_main(void *context);
/* Makes one that has not begun. */
void recording_reset(struct recording *r);
/* Makes what is waited for. */
int recording_make_wakers(struct recording *r, struct error *err);
/* Notes what it may have of the agent's own folder. The lock is held. */
void recording_reserve(struct recording *r);
/* Has it stop for this reason, unless it is to stop for another one already; NULL: has it rest. */
void recording_set_stopping(struct recording *r, const char *why);
/* Frees what belongs to its thread, and says that it has stopped: for this reason, or with NULL the one that it was given. */
void recording_give_up(struct recording *r, const char *why);
/* Does the same without a word. */
void recording_set_stopped(struct recording *r, const char *why);
/* Frees what belongs to the thread. */
void recording_discard(struct recording *r);
/* Frees what is waited for, once it has stopped and nobody waits. The lock is held. */
void recording_release(struct recording *r);

#endif
