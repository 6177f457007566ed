/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host streams of a program: its input, and its outputs. These are read into the spool whether or not anybody
 * follows them, so that no program is held up for long by a host that is gone. Any thread.
 */
#ifndef AGENT_STREAM_STREAM_H
#define AGENT_STREAM_STREAM_H

#include "base/buffer.h"
#include "platform/process.h"
#include "platform/pty.h"
#include "platform/socket.h"

#define STREAM_GONE_MS 3000 /* how long a program waits for a host that has paced it and is gone */
#define STREAM_WHY_SIZE 160 /* bytes */

enum stream_name { STREAM_OUT, STREAM_ERR, STREAM_COUNT };

struct streams; /* of one program; counted */

enum { STREAMS_IN = 1, STREAMS_OUT = 2, STREAMS_ERR = 4, STREAMS_MERGED = 8 }; /* MERGED: both outputs are STREAM_OUT */
/* Makes the pipes, reads the outputs from now on, and puts the program's ends into spec. streams_begin() follows. */
int streams_new(struct streams **out, unsigned which, struct os_process_spec *spec, struct error *err);
/* The same with a terminal: both outputs are STREAM_OUT. */
int streams_new_terminal(struct streams **out, struct os_pty_size size, struct os_process_spec *spec,
                         struct error *err);
/* Sets the size of the program's terminal, unless that is zero, and signals its foreground, unless signal is NULL. */
int streams_terminal(struct streams *streams, struct os_pty_size size, const char *signal, struct error *err);
/* Lets go of the program's ends: it has its own, or was not started. */
void streams_begin(struct streams *streams, struct os_process_spec *spec);
void streams_hold(struct streams *streams); /* accepts NULL, as the next two */
void streams_release(struct streams *streams);
const char *streams_names(const struct streams *streams); /* "in,out" */
void streams_exited(struct streams *streams);             /* the program has */

struct stream_part {
    bool wanted;
    uint64_t offset;     /* of the first byte that is asked for */
    uint64_t start, len; /* what can be had: the first byte from there on that is kept, and how many without a gap */
    uint64_t end;        /* how many the program has written so far */
    bool ended;          /* nobody can write any more */
    char why[STREAM_WHY_SIZE]; /* why bytes are gone that there should have been room for, or "" */
};

/* A client's look at the outputs, on its stack. */
struct stream_look {
    struct streams *streams; /* held */
    bool pace;               /* the program waits for this client; else for none */
    const void *client;      /* who paces it: what streams_client_left() is told */
    int slow_ms;             /* how long it may take to ask for more while it is connected */
    int64_t held_ms;         /* how long after the program's exit others that can still write are waited for */
    uint64_t window;
    struct stream_part parts[STREAM_COUNT];
    int64_t left_ms;   /* when the look ended of the one who came back for this; 0: nobody did */
    bool exited, held; /* the program has; and others can still write, who are waited for no longer */
    struct stream_look *next;
};

/* Begins one: what a client paces is not dropped from its offset on until stream_look_end(). ERR_INVALID names what can't
   be followed. After that it is not dropped for slow_ms, or for STREAM_GONE_MS from streams_client_left() on. */
int stream_look_begin(struct stream_look *look, struct error *err);
void stream_look_end(struct stream_look *look);
/* Tells that a client has left that has paced programs. */
void streams_client_left(const void *client);
/* Waits until there is something to tell, or the deadline, and sets the parts. ERR_CLOSED when the client hangs up. */
int stream_look_wait(struct stream_look *look, struct os_socket *client, int64_t deadline_ms, struct error *err);
/* Sends a part of a client that paces. */
int stream_part_send(struct stream_look *look, enum stream_name name, struct os_socket *socket, int stall_ms,
                     struct error *err);
/* Appends a part. It begins later, or is shorter, if some of it was dropped meanwhile. */
int stream_part_copy(struct stream_look *look, enum stream_name name, struct buffer *out, struct error *err);

/* Waits until no other client writes to the program, and says how many bytes its input has taken. Then streams_write(), and
   in any case streams_write_end(), which may close the input. */
int streams_write_begin(struct streams *streams, struct os_socket *client, uint64_t *taken, struct error *err);
int streams_write(struct streams *streams, const void *bytes, size_t len, struct os_socket *client, struct error *err);
uint64_t streams_write_end(struct streams *streams, bool close);

/* The quiet point of an upgrade: nothing is read until streams_thaw(). */
void streams_freeze(void);
void streams_thaw(void);
/* Saves all of them as lines for an upgrade. Each has a number there, from 1. */
void streams_save(struct buffer *out);
unsigned streams_number(const struct streams *wanted);
/* Takes over one of these lines; returns false for one of others. */
bool streams_restore(const char *line);
struct streams *streams_of_number(uint64_t number); /* held; NULL: there are none */

#endif
