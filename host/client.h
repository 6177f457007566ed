/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside libperiscope: one connection, one call on it, and when a call is made again.
 *
 * Functions return 0 or an enum periscope_status and have then set p->error; who gets a failure passes it on.
 * A failure after which the stream may not stand between two replies has closed the connection.
 */
#ifndef HOST_CLIENT_H
#define HOST_CLIENT_H

#include "base/format.h"
#include "host/periscope.h"
#include "host/result.h"

#include "platform/socket.h"
#include "protocol/wire.h"

#include <stdatomic.h>

#define CLIENT_BANNER_MAX 4096u           /* bytes with the NUL */
#define CLIENT_REPLY_MAX WIRE_REQUEST_MAX /* bytes of all strings of one reply */
#define CLIENT_REPEATS 2                  /* of a call whose connection was lost */
#define CLIENT_REPEAT_PAUSE_MS 200        /* before each: an agent that starts again is away for a moment */
#define CLIENT_INPUT_SIZE 65536u          /* bytes */
#define FIRST_MINOR_OF_PERISCOPE 7u       /* in the banner of every agent that has the RPCs beyond testagentd's */
#define CLIENT_CHUNK_SIZE (1u << 20)      /* bytes of a transfer between two looks at the progress */
#define CLIENT_PROGRESS_MS 100

struct periscope {
    struct source source; /* must be first: what a reply is read from */
    char *host;           /* owned */
    unsigned port;
    char *name; /* owned: "HOST:PORT" for messages */
    int connect_ms, io_ms;

    struct os_socket *socket;             /* NULL while not connected; owned */
    _Atomic(struct os_socket *) wakeable; /* the same, but NULL while periscope_interrupt holds it */
    atomic_bool interrupted;              /* until a call has returned PERISCOPE_INTERRUPTED */
    int64_t deadline;                     /* of what is being received */
    uint8_t *input;                       /* owned, CLIENT_INPUT_SIZE: received and not yet read */
    size_t input_start, input_end;
    bool used; /* a call was made on this connection, so it may have died since */
    bool lost; /* the connection broke during the present attempt: it may be made again */

    char *banner;               /* owned; of the last connection */
    unsigned minor;             /* testagentd 1.MINOR */
    bool lacks_exec;            /* it answered that it does not know the RPC */
    bool system_known, windows; /* whose exit statuses they are */

    periscope_progress *progress;
    void *progress_context;
    int64_t progress_ms; /* when it was last called */

    struct error error; /* its status is not used: the functions return a periscope_status */
};

/* ---- connection.c ---- */

/* Sets the error text and returns status. */
int client_fail(struct periscope *p, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int client_no_memory(struct periscope *p);
/* What an os_socket_* or list_read_* failure means while `doing` ("waiting for the reply to
   ping"). Disconnects. */
int client_broken(struct periscope *p, const struct error *err, const char *doing);
int client_connect(struct periscope *p);       /* does nothing when connected */
int client_pause(struct periscope *p, int ms); /* PERISCOPE_INTERRUPTED, else 0 */
int client_send(struct periscope *p, const void *bytes, size_t len, bool more, const char *doing);
/* False, with the error set, when the user gives up. Calls the progress function when it is time or `end`
   is set. */
bool client_progress(struct periscope *p, uint64_t done, uint64_t total, bool end);

/* ---- call.c ---- */

#define CALL_ANY UINT32_MAX /* a reply of any number of entries */

struct call {
    struct periscope *p;
    const struct method *method;
    struct buffer request; /* owned: id, count and arguments */
    uint32_t wanted;       /* entries of a good reply */
    int answer_ms;         /* how long the agent may take over the reply: p->io_ms; negative: for ever */
    struct list_reader reply;
    size_t text_len; /* bytes that call_strings took */
};

void call_init(struct call *call, struct periscope *p, enum method_index method, uint32_t arguments, uint32_t wanted);
void call_deinit(struct call *call);
void call_allow(struct call *call, int ms);  /* the agent was asked to take that much longer */
int call_send(struct call *call, bool more); /* what was written to call->request, in one write */
/* Begins the reply: its number of entries is call->reply.count. */
int call_reply(struct call *call);
/* The next entry, of one of the given types ("dx" as a string); `e` is the agent's refusal. */
int call_entry(struct call *call, const char *types, struct entry *entry);
int call_u32(struct call *call, uint32_t *value);
int call_u64(struct call *call, uint64_t *value);
int call_text(struct call *call, char **text); /* of the entry that call_entry gave; owned by the caller */
/* Adds the texts of `s` entries to list until the reply's end (last->type is then 0) or an entry of another
   of the types ("sd"), which is *last. */
int call_strings(struct call *call, const char *types, struct strlist *list, struct entry *last);
int call_end(struct call *call);
int call_malformed(struct call *call, const char *what); /* the reply is none of this protocol; disconnects */

/* Sends, and reads a reply without entries. */
int call_plain(struct call *call);

/* One attempt at a call on a connection that is there. */
typedef int client_attempt(struct periscope *p, void *context);
int client_attempt_once(struct periscope *p, client_attempt *attempt, void *context); /* connects first */
/* Connects and attempts, twice again after a lost connection. */
int client_repeat(struct periscope *p, client_attempt *attempt, void *context);
/* For what must not be done twice: sees first that the connection still lives. */
int client_once(struct periscope *p, client_attempt *attempt, void *context);

/* The end of every public call: a caller that is told of an interruption has had it. Returns status. */
int client_finish(struct periscope *p, int status);
/* PERISCOPE_UNSUPPORTED for testagentd before 1.MINOR: it lacks the RPC, and some of them lose their place in
   the stream over one that they don't know. */
int client_need(struct periscope *p, unsigned minor, enum method_index method);

/* ---- get.c ---- */
int client_get_limited(struct periscope *p, const char *remote_file, struct buffer *bytes); /* up to its limit */
/* The buffer's bytes become the caller's, with a NUL behind them that *len does not count. */
int client_take_bytes(struct periscope *p, struct buffer *from, uint8_t **bytes, size_t *len);
/* The `d` entry that call_entry gave, into a buffer with that limit. */
int call_data(struct call *call, const struct entry *entry, struct buffer *bytes);

#endif
