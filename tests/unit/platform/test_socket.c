/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's own sockets, at the pace of a peer that takes little or nothing. */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/scratch.h"
#include "platform/socket.h"

#include <stdio.h>

#define PATIENCE_MS 60000
#define WHOLE ((6u << 20) + 17u) /* bytes: more than a system keeps for a connection */
#define PAUSE_EVERY (1u << 20)   /* bytes after which a slow peer rests, so that the sender has to wait */

static struct error err;
static struct os_listener *listener;
static uint8_t *sent; /* WHOLE bytes, no two pieces of which are alike */

struct pair {
    struct os_socket *sender, *peer;
};

static struct pair pair_make(void)
{
    struct pair pair = {0};
    struct os_address address;
    CHECK_INT(os_connect(&pair.peer, "127.0.0.1", os_listener_port(listener), os_deadline(PATIENCE_MS), NULL, &err), 0);
    CHECK_INT(os_accept(listener, &pair.sender, &address, &err), 0);
    return pair;
}

/* A peer that takes all there is, with a rest now and then, and compares it. */
struct reader {
    struct os_socket *socket;
    size_t got;
    bool equal;
    int end; /* of the last os_socket_recv */
};

static void reader_main(void *context)
{
    static uint8_t piece[50000];
    struct reader *reader = context;
    struct error ignored;
    reader->equal = true;
    for (;;) {
        size_t before = reader->got;
        reader->end = os_socket_recv(reader->socket, piece, sizeof piece, os_deadline(PATIENCE_MS), &ignored);
        if (reader->end <= 0)
            return;
        size_t len = (size_t)reader->end;
        reader->equal &= before + len <= WHOLE && memcmp(piece, sent + before, len) == 0;
        reader->got += len;
        if (before / PAUSE_EVERY != reader->got / PAUSE_EVERY)
            os_sleep_ms(30);
    }
}

static struct os_thread *reader_start(struct reader *reader, struct os_socket *socket)
{
    struct os_thread *thread = NULL;
    *reader = (struct reader){.socket = socket};
    CHECK_INT(os_thread_start_joinable(&thread, reader_main, reader, &err), 0);
    return thread;
}

/* Ends both: the reader has all that was sent, and then the end. */
static void pair_end_whole(struct pair *pair, struct reader *reader, struct os_thread *thread)
{
    os_socket_close(pair->sender);
    os_thread_join(thread);
    CHECK_INT(reader->end, 0);
    CHECK_INT(reader->got, WHOLE);
    CHECK(reader->equal);
    os_socket_close(pair->peer);
}

static void what_a_slow_peer_takes_is_whole(void)
{
    struct pair pair = pair_make();
    struct reader reader;
    struct os_thread *thread = reader_start(&reader, pair.peer);
    CHECK_INT(os_socket_send(pair.sender, sent, WHOLE, PATIENCE_MS, false, &err), 0);
    pair_end_whole(&pair, &reader, thread);
}

static void file_for_a_slow_peer_is_whole(void)
{
    struct pair pair = pair_make();
    struct reader reader;
    struct os_file *file = NULL;
    uint64_t size;
    char *name;
    CHECK_INT(os_scratch_make(&name, &err), 0);
    CHECK_INT(os_upload_whole(name, OS_UPLOAD_ORDINARY, sent, WHOLE, &err), 0);
    CHECK_INT(os_file_open(&file, name, &size, &err), 0);
    struct os_thread *thread = reader_start(&reader, pair.peer);
    CHECK_INT(os_socket_send_file(pair.sender, file, WHOLE, PATIENCE_MS, &err), 0);
    pair_end_whole(&pair, &reader, thread);
    os_file_close(file);
    os_scratch_remove(name);
}

/* What is sent as it comes, of bytes that are gone behind each call, and then the rest. */
static void what_is_taken_at_once_goes_before_the_rest(void)
{
    enum { PIECE = 70000 };
    struct pair pair = pair_make();
    struct reader reader;
    size_t taken = 0;
    uint8_t *piece = malloc(PIECE);
    struct os_thread *thread = reader_start(&reader, pair.peer);
    for (size_t there = PIECE; there <= WHOLE; there += PIECE) {
        size_t len = there - taken < PIECE ? there - taken : PIECE;
        memcpy(piece, sent + taken, len);
        int some = os_socket_send_some(pair.sender, piece, len, &err);
        CHECK(some >= 0 && (size_t)some <= len);
        memset(piece, 0, PIECE);
        taken += some > 0 ? (size_t)some : 0;
    }
    CHECK(taken > 0);
    CHECK_INT(os_socket_send(pair.sender, sent + taken, WHOLE - taken, PATIENCE_MS, false, &err), 0);
    pair_end_whole(&pair, &reader, thread);
    free(piece);
}

static void one_who_takes_nothing_is_no_burden(void)
{
    struct pair pair = pair_make();
    int some = 1, last = 1;
    for (int i = 0; i < 1000 && (some > 0 || last > 0); i++) {
        last = some;
        some = os_socket_send_some(pair.sender, sent, WHOLE, &err);
    }
    CHECK_INT(some, 0); /* at some time nothing fits any more */
    os_socket_close(pair.sender);
    os_socket_close(pair.peer);
}

/* Sends until the peer, which takes nothing, has stalled for so long. */
static int send_into_the_void(struct os_socket *socket, int stall_ms)
{
    int status = 0;
    for (int i = 0; i < 64 && status == 0; i++)
        status = os_socket_send(socket, sent, WHOLE, stall_ms, false, &err);
    return status;
}

static void peer_that_takes_nothing_is_let_go(void)
{
    struct pair pair = pair_make();
    CHECK_INT(send_into_the_void(pair.sender, 200), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "the peer took nothing for 200 ms");
    os_socket_abort(pair.sender);
    os_socket_close(pair.sender);
    /* What was sent and not taken is dropped: the connection breaks, and does not end. */
    struct reader reader;
    os_thread_join(reader_start(&reader, pair.peer));
    CHECK(reader.got < WHOLE);
#ifdef _WIN32 /* Wine tells a program of a reset as of an end */
    CHECK(reader.end <= 0 && reader.end != ERR_TIMEOUT);
#else
    CHECK(reader.end < 0 && reader.end != ERR_TIMEOUT);
#endif
    os_socket_close(pair.peer);
}

static void shut_down(void *context)
{
    os_sleep_ms(200);
    os_socket_shutdown(context);
}

static void send_that_stalls_ends_with_the_connection(void)
{
    struct pair pair = pair_make();
    struct os_thread *thread = NULL;
    CHECK_INT(os_thread_start_joinable(&thread, shut_down, pair.sender, &err), 0);
    int status = send_into_the_void(pair.sender, PATIENCE_MS);
    CHECK(status < 0 && status != ERR_TIMEOUT);
    os_thread_join(thread);
    CHECK(os_socket_send(pair.sender, sent, 1, PATIENCE_MS, false, &err) < 0);
    os_socket_close(pair.sender);
    os_socket_close(pair.peer);
}

int main(void)
{
    sent = malloc(WHOLE);
    if (!sent || os_listen(&listener, "127.0.0.1", 0, &err))
        return 1;
    for (uint32_t i = 0; i < WHOLE; i++)
        sent[i] = (uint8_t)((i * 2654435761u) >> 24);
    RUN(what_a_slow_peer_takes_is_whole);
    RUN(what_is_taken_at_once_goes_before_the_rest);
    RUN(one_who_takes_nothing_is_no_burden);
    RUN(file_for_a_slow_peer_is_whole);
    RUN(peer_that_takes_nothing_is_let_go);
    RUN(send_that_stalls_ends_with_the_connection);
    os_listener_close(listener);
    free(sent);
    return CHECK_RESULT();
}
