/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loops around sockets that never block, over a scripted one. */
#include "tests/unit/check.h"

#define os_socket_try_recv scripted_recv
#define os_socket_try_send scripted_send
#define os_socket_try_send_file scripted_send_file
#define os_socket_await scripted_await
#define os_socket_recv tested_recv
#define os_socket_send tested_send
#define os_socket_send_file tested_send_file
#define os_deadline scripted_deadline
#include "platform/transfer.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */

static struct error err;
static const int *tries; /* what the next tries return */
static char taken[64];   /* what sends took */
static size_t taken_len, largest_ask;
static int waits_left; /* how many waits succeed */
static enum os_socket_event awaited;
static int64_t awaited_until;

int64_t scripted_deadline(int64_t timeout_ms)
{
    return 1000000 + timeout_ms;
}

static int next_try(struct error *error)
{
    int result = *tries++;
    return result < 0 && result != OS_WOULD_BLOCK ? error_set(error, result, "broken") : result;
}

int scripted_recv(struct os_socket *socket, void *bytes, size_t max, struct error *error)
{
    (void)socket;
    (void)bytes;
    largest_ask = max;
    return next_try(error);
}

int scripted_send(struct os_socket *socket, const void *bytes, size_t len, bool more, struct error *error)
{
    int result = next_try(error);
    (void)socket;
    (void)more;
    if (result > 0 && (size_t)result <= len && taken_len + (size_t)result < sizeof taken) {
        memcpy(taken + taken_len, bytes, (size_t)result);
        taken_len += (size_t)result;
    }
    return result;
}

int scripted_send_file(struct os_socket *socket, struct os_file *file, size_t max, struct error *error)
{
    (void)socket;
    (void)file;
    if (max > largest_ask)
        largest_ask = max;
    return next_try(error);
}

bool scripted_await(struct os_socket *socket, enum os_socket_event event, int64_t deadline_ms)
{
    (void)socket;
    awaited = event;
    awaited_until = deadline_ms;
    return waits_left-- > 0;
}

static void script(const int *results, int waits)
{
    tries = results;
    waits_left = waits;
    memset(taken, 0, sizeof taken);
    taken_len = largest_ask = 0;
    awaited_until = 0;
}
#define SCRIPT(waits, ...) script((const int[]){__VA_ARGS__}, waits)

static void receiving_waits_for_what_comes(void)
{
    char bytes[8];
    SCRIPT(2, OS_WOULD_BLOCK, OS_WOULD_BLOCK, 5);
    CHECK_INT(tested_recv(NULL, bytes, sizeof bytes, 77, &err), 5);
    CHECK_INT(waits_left, 0);
    CHECK_INT(awaited, OS_SOCKET_READABLE);
    CHECK_INT(awaited_until, 77);
    SCRIPT(0, 0);
    CHECK_INT(tested_recv(NULL, bytes, sizeof bytes, 77, &err), 0);
    SCRIPT(0, ERR_CLOSED);
    CHECK_INT(tested_recv(NULL, bytes, sizeof bytes, 77, &err), ERR_CLOSED);
    CHECK_TEXT(err.text, "broken");
    SCRIPT(1, OS_WOULD_BLOCK, OS_WOULD_BLOCK);
    CHECK_INT(tested_recv(NULL, bytes, sizeof bytes, 77, &err), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "nothing was received in time");
}

static void a_huge_receive_fits_its_result(void)
{
    char byte;
    SCRIPT(0, 1);
    CHECK_INT(tested_recv(NULL, &byte, (size_t)INT_MAX + 1, 77, &err), 1);
    CHECK_INT(largest_ask, INT_MAX);
}

static void sending_goes_on_where_it_stopped(void)
{
    SCRIPT(1, 2, OS_WOULD_BLOCK, 1, 3);
    CHECK_INT(tested_send(NULL, "abcdef", 6, 500, false, &err), 0);
    CHECK_TEXT(taken, "abcdef");
    CHECK_INT(awaited, OS_SOCKET_WRITABLE);
    CHECK_INT(awaited_until, 1000500);
    SCRIPT(0, ERR_SYSTEM);
    CHECK_INT(tested_send(NULL, "abcdef", 0, 500, false, &err), 0); /* nothing is nothing to try */
    CHECK_INT(*tries, ERR_SYSTEM);
}

static void a_send_that_stalls_or_breaks_ends(void)
{
    SCRIPT(1, 2, OS_WOULD_BLOCK, OS_WOULD_BLOCK);
    CHECK_INT(tested_send(NULL, "abcdef", 6, 500, false, &err), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "the peer took nothing for 500 ms");
    CHECK_TEXT(taken, "ab");
    SCRIPT(0, 2, ERR_CLOSED);
    CHECK_INT(tested_send(NULL, "abcdef", 6, 500, false, &err), ERR_CLOSED);
    CHECK_TEXT(err.text, "broken");
}

static void a_file_is_sent_in_bounded_steps(void)
{
    SCRIPT(1, 1 << 20, OS_WOULD_BLOCK, 1 << 19, 1 << 19);
    CHECK_INT(tested_send_file(NULL, NULL, 2 << 20, 500, &err), 0);
    CHECK_INT(largest_ask, 1 << 20);
    CHECK_INT(waits_left, 0);
    SCRIPT(0, 7);
    CHECK_INT(tested_send_file(NULL, NULL, 7, 500, &err), 0);
    CHECK_INT(largest_ask, 7);
}

static void a_file_that_became_shorter_is_an_error(void)
{
    SCRIPT(0, 4, 0);
    CHECK_INT(tested_send_file(NULL, NULL, 10, 500, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "the file became shorter by 6 bytes while it was sent");
    SCRIPT(0, 4, OS_WOULD_BLOCK);
    CHECK_INT(tested_send_file(NULL, NULL, 10, 500, &err), ERR_TIMEOUT);
    SCRIPT(0, 4, ERR_CLOSED);
    CHECK_INT(tested_send_file(NULL, NULL, 10, 500, &err), ERR_CLOSED);
}

int main(void)
{
    RUN(receiving_waits_for_what_comes);
    RUN(a_huge_receive_fits_its_result);
    RUN(sending_goes_on_where_it_stopped);
    RUN(a_send_that_stalls_or_breaks_ends);
    RUN(a_file_is_sent_in_bounded_steps);
    RUN(a_file_that_became_shorter_is_an_error);
    return CHECK_RESULT();
}
