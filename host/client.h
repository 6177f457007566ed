/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside libperiscope: one connection, one call on it, and when a call is repeated.
 *
 * Functions return 0 or an enum periscope_status; they have then set p->error. Callers pass a failure on. A failure
 * after which the stream may not be at the boundary between two replies has closed the connection.
 */
#ifndef HOST_CLIENT_H
#define HOST_CLIENT_H

#include "base/format.h"
#include "host/periscope.h"
#include "host/result.h"

#include "base/sha256.h"
#include "platform/socket.h"
#include "protocol/buffered.h"

#include <stdatomic.h>

#define CLIENT_BANNER_MAX 4096u      /* bytes with the NUL */
#define CLIENT_REPEATS 2             /* of a call that lost its connection */
#define CLIENT_REPEAT_PAUSE_MS 200   /* before each: an agent that restarts is unreachable for a moment */
#define CLIENT_CONTINUES 4           /* attempts in a row to continue a transfer that have moved next to nothing */
#define CLIENT_CONTINUE_MS 25        /* before the first: four times as long before each further one */
#define CLIENT_INPUT_SIZE 65536u     /* bytes */
#define FIRST_MINOR_OF_PERISCOPE 7u  /* in the banner of every agent that has the RPCs beyond testagentd's */
#define CLIENT_CHUNK_SIZE (1u << 20) /* bytes of a transfer between two reports of its progress */
#define CLIENT_PROGRESS_MS 100
#define CLIENT_LEAST_PROGRESS 16384u /* bytes of a transfer that renew its deadline: one that drips is silent */

struct periscope {
    char *host; /* owned */
    unsigned port;
    char *name; /* owned: "HOST:PORT" for messages */
    int connect_ms, io_ms;
    int limit_ms;  /* of periscope_set_limit; for messages */
    int64_t limit; /* when it is over; OS_FOREVER: there is none */

    struct os_socket *socket;             /* NULL while not connected; owned */
    _Atomic(struct os_socket *) wakeable; /* the same; NULL while periscope_interrupt uses it */
    atomic_bool interrupted;              /* until a call has returned PERISCOPE_INTERRUPTED */
    int64_t deadline;                     /* of what is being received */
    size_t renewal_len;                   /* bytes of a transfer that came since its deadline was renewed */
    struct buffered_source input;         /* replies are read from it; its bytes are owned */
    bool used;                            /* a call was made on this connection; it may be dead by now */
    bool lost;                            /* the connection broke during this attempt, which may be repeated */

    char *banner;               /* owned; of the last connection */
    unsigned minor;             /* testagentd 1.MINOR */
    bool lacks_exec;            /* the agent answered that it does not know the RPC */
    bool lacks_ranges;          /* so too for getrange or putrange */
    bool lacks_pieces;          /* so too for a picture in pieces */
    bool system_known, windows; /* how exit statuses are decoded */

    periscope_progress *progress;
    void *progress_context;
    int64_t progress_ms; /* when it was last called */

    int away_ms; /* of periscope_set_away */
    periscope_away *away;
    void *away_context;

    struct error error; /* its status is not used: the functions return a periscope_status */
};

/* ---- connection.c ---- */

/* Sets the error text and returns status. */
int client_fail(struct periscope *p, int status, const char *format, ...) PRINTF_LIKE(3, 4);
int client_no_memory(struct periscope *p);
/* Disconnects, sets the error text for an os_socket_* or list_read_* failure while `doing` ("waiting for the reply to
   ping"), and returns the status. */
int client_broken(struct periscope *p, const struct error *err, const char *doing);
/* Returns the moment after so many milliseconds, or that of the limit if it comes first. */
int64_t client_deadline(const struct periscope *p, int ms);
/* Renews the deadline of a transfer of which `got` more bytes have come, if they are enough. */
void client_renew_deadline(struct periscope *p, size_t got);
/* Returns 0, or the status of a call that was interrupted or whose limit is over, with the error set. doing: as for
   client_broken, or NULL. */
int client_check(struct periscope *p, const char *doing);
/* Connects and reads the banner. Does nothing while connected. */
int client_connect(struct periscope *p);
/* Sleeps. Returns 0, or what client_check returns. */
int client_pause(struct periscope *p, int ms);
/* Sends bytes. `more`: further bytes follow at once. */
int client_send(struct periscope *p, const void *bytes, size_t len, bool more, const char *doing);
/* Calls the progress function when its interval is over or `end` is set. Returns false, with the error set, when that
   function cancels the transfer. */
bool client_progress(struct periscope *p, uint64_t done, uint64_t total, bool end);

/* ---- call.c ---- */

#define CALL_ANY UINT32_MAX /* a reply of any number of entries */

struct call {
    struct periscope *p;
    const struct method *method;
    struct buffer request; /* owned: id, count and arguments */
    uint32_t arguments;    /* of the request */
    uint32_t wanted;       /* entries of a good reply */
    int answer_ms;         /* how long the agent may take to reply: p->io_ms by default; negative: no limit */
    struct list_reader reply;
    size_t text_len; /* bytes that call_strings took */
};

void call_init(struct call *call, struct periscope *p, enum method_index method, uint32_t arguments, uint32_t wanted);
void call_deinit(struct call *call);
/* Adds to the time that the agent may take, by as much as it was asked to wait. */
void call_allow(struct call *call, int ms);
/* Sends call->request in one write. */
int call_send(struct call *call, bool more);
/* Reads the head of the reply: call->reply.count is then its number of entries. */
int call_reply(struct call *call);
/* Reads the head of the next entry, which must be of one of these types ("dx" as a string). An `e` entry is the agent's
   refusal. */
int call_entry(struct call *call, const char *types, struct entry *entry);
int call_u32(struct call *call, uint32_t *value);
int call_u64(struct call *call, uint64_t *value);
/* Reads the text of the entry that call_entry returned; owned by the caller. */
int call_text(struct call *call, char **text);
/* Adds the texts of `s` entries to list, up to the end of the reply or an entry of another of the types ("sd"). That
   entry is *last; at the end of the reply last->type is 0. */
int call_strings(struct call *call, const char *types, struct strlist *list, struct entry *last);
int call_end(struct call *call);
/* Adds to the time that the agent may take what it needs to compute the SHA-256 of so many bytes. */
void call_allow_sum(struct call *call, uint64_t size);
/* Disconnects, and sets the error text for a reply that violates the protocol. */
int call_malformed(struct call *call, const char *what);

/* Sends the request and reads a reply without entries. */
int call_plain(struct call *call);

/* Makes one attempt at a call on an established connection. */
typedef int client_attempt(struct periscope *p, void *context);
/* Connects if needed, and makes one attempt. */
int client_attempt_once(struct periscope *p, client_attempt *attempt, void *context);
/* Connects and makes the attempt; repeats both up to CLIENT_REPEATS times after a lost connection. */
int client_repeat(struct periscope *p, client_attempt *attempt, void *context);
/* The same for a transfer that each attempt continues. *moved is how far it is: attempts that moved it don't count. */
int client_continue(struct periscope *p, client_attempt *attempt, void *context, const uint64_t *moved);
/* Makes the attempt once, for calls that must not be repeated. A ping checks a connection that was used before. */
int client_once(struct periscope *p, client_attempt *attempt, void *context);

/* Returns status, at the end of every public call. Clears the interruption when the status reports it. */
int client_finish(struct periscope *p, int status);
/* Returns PERISCOPE_UNSUPPORTED for testagentd before 1.MINOR, which lacks the RPC. Such an agent is not asked, since
   some versions lose synchronisation at an RPC that they don't know. */
int client_need(struct periscope *p, unsigned minor, enum method_index method);

/* Returns 0 if the agent may have ranges, or PERISCOPE_UNSUPPORTED. */
int client_need_ranges(struct periscope *p, enum method_index method);

/* ---- sum.c ---- */

/* Reads at an offset. Returns the number of bytes, 0 at the end, negative for a failure. */
typedef int sum_read(void *context, uint64_t offset, void *bytes, size_t max, struct error *err);
/* Computes the SHA-256 of the first `size` bytes. chunk: CLIENT_CHUNK_SIZE bytes of room. */
int client_sum(struct periscope *p, sum_read *read, void *context, uint64_t size, uint8_t *chunk,
               char text[SHA256_TEXT_SIZE], struct error *err);
/* Parses the value of a fact: a decimal number; "0640"; "1234567890.123456789" in nanoseconds. */
bool fact_number(const struct strlist *facts, const char *key, uint64_t *value);
bool fact_mode(const struct strlist *facts, uint32_t *mode);
bool fact_time(const struct strlist *facts, int64_t *ns);

/* ---- get.c ---- */
/* Fetches a file into the buffer, up to its limit. */
int client_get_limited(struct periscope *p, const char *remote_file, struct buffer *bytes);
/* Gives the buffer's bytes to the caller, followed by a NUL that *len does not count. */
int client_take_bytes(struct periscope *p, struct buffer *from, uint8_t **bytes, size_t *len);
/* Reads the content of the `d` entry that call_entry returned, up to the buffer's limit. */
int call_data(struct call *call, const struct entry *entry, struct buffer *bytes);

/* ---- away.c: what goes on while the guest does not answer ---- */

#define CLIENT_BOOT_ATTEMPT_MS                                                                                         \
    5000                          /* a booting guest drops packets: short attempts reach it sooner than the growing
                                       intervals of TCP's retransmission */
#define CLIENT_BOOT_LEAST_MS 1500 /* a shorter attempt would always time out, and hide the real reason */

/* Attempts in a row that got no answer; zeros: none. */
struct absence {
    unsigned count;
    int64_t since_ms;
    bool told; /* to periscope_away */
};

/* Returns whether an attempt got no answer, so that another may. */
bool client_is_away(int status);
/* Makes one attempt; of a guest that was away a short one. */
int client_attempt_away(struct periscope *p, client_attempt *attempt, void *context, const struct absence *absence);
/* Counts an attempt that got no answer. Returns 0 after a pause, when another one is due; else the status that the call
   ends with. */
int client_await_return(struct periscope *p, struct absence *absence, int status);
/* Ends an absence, if there was one. */
void client_returned(struct periscope *p, struct absence *absence);
/* Tells periscope_away() of an absence that began so long ago. */
void client_tell_away(struct periscope *p, struct absence *absence, int limit_ms);

#endif
