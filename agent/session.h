/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One client: its connection, which a thread of its own serves (serve.h), and the reply to its request. */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "agent/agent.h"
#include "protocol/buffered.h"

#define SESSION_INPUT_SIZE 16384 /* bytes; larger reads go directly to the reader's memory */

struct session {
    struct buffered_source input;
    struct agent *agent;
    struct os_socket *socket; /* owned */
    struct os_address peer;
    char peer_text[OS_ADDRESS_TEXT_SIZE];
    struct session *previous, *next;         /* under agent->lock */
    bool drives;                             /* it may be whom keys are held for */
    bool paces;                              /* programs may wait for it */
    bool in_request;                         /* the deadline runs */
    atomic_bool superseded;                  /* another has taken its transfer: it is to serve no more requests */
    uint8_t input_bytes[SESSION_INPUT_SIZE]; /* last */
};

/* What sends itself behind the bytes of a reply, as its handler has left it. */
struct reply_body {
    int (*send)(struct reply_body *body, struct os_socket *socket, int stall_ms, struct error *err);
    void (*free)(struct reply_body *body);
};

struct reply {
    struct buffer bytes;     /* the list */
    size_t sent;             /* bytes of it that have left already */
    struct os_file *file;    /* NULL, or what follows the bytes: owned */
    uint64_t file_size;      /* bytes */
    struct reply_body *body; /* NULL, or what sends the rest: owned */
    bool become_next;        /* after the reply the agent becomes agent->next_path */
};

#endif
