/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call over a D-Bus whose answers are made up: wrong, in pieces, or none. The right ones are tested by
 * tests/integration/test_shutdown.py, with a D-Bus that was written from the specification. */
#include "linux/desktop/bus.h"
#include "platform/clock.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/periscope-bus-XXXXXX", path[64];
static struct error err;

#define OK_LINE "OK 0123456789abcdef0123456789abcdef\r\n"
/* A return and an error, without any field but the padding to 8; the length of the body is the fifth byte. */
#define RETURN "l\2\1\1\0\0\0\0\1\0\0\0\0\0\0\0"
#define ERROR_OF_9 "l\3\1\1\11\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0Oops\0"

static struct {
    const char *answer;
    size_t len;
    size_t piece; /* bytes sent at once */
    int listener;
} made;

static char asked[8192]; /* what the last client has sent */
static size_t asked_len;

static void *serve(void *unused)
{
    (void)unused;
    int fd = accept(made.listener, NULL, NULL);
    char bytes[4096];
    for (size_t i = 0; i < made.len; i += made.piece) {
        size_t left = made.len - i;
        if (send(fd, made.answer + i, left < made.piece ? left : made.piece, MSG_NOSIGNAL) < 0)
            break;
    }
    ssize_t got;
    asked_len = 0;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t i = 0; i < got && asked_len < sizeof asked; i++)
            asked[asked_len++] = bytes[i];
    close(fd);
    return NULL;
}

static int listen_to(int64_t deadline_ms)
{
    int fd = bus_listen(path, "type='signal'", deadline_ms, &err);
    if (fd < 0)
        return fd;
    char first = 0;
    CHECK(recv(fd, &first, 1, 0) == 1 && first == 'l'); /* of the signal behind the answers */
    close(fd);
    return 0;
}

static int ask(const char *answer, size_t len, size_t piece, int patience_ms, bool listens)
{
    static const struct bus_call call = {"org.freedesktop.login1",
                                         "/org/freedesktop/login1",
                                         "org.freedesktop.login1.Manager",
                                         "PowerOff",
                                         "b",
                                         "\0\0\0\0",
                                         4,
                                         false};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    made.answer = answer;
    made.len = len;
    made.piece = piece;
    made.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(made.listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(made.listener, 1) == 0);
    CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
    int64_t deadline_ms = os_deadline(patience_ms);
    int status = listens ? listen_to(deadline_ms) : bus_call(path, &call, deadline_ms, &err);
    pthread_join(thread, NULL);
    close(made.listener);
    return status;
}

#define ASK(answer, piece, patience_ms) ask(answer, sizeof answer - 1, piece, patience_ms, false)

static void a_return_in_pieces_is_one(void)
{
    CHECK_INT(ASK(OK_LINE RETURN RETURN, 4096, 20000), 0);
    CHECK_INT(ASK(OK_LINE RETURN RETURN, 1, 20000), 0);
}

static void an_error_is_told_in_its_words(void)
{
    CHECK_INT(ASK(OK_LINE RETURN ERROR_OF_9, 4096, 20000), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "Oops");
    CHECK_INT(ASK(OK_LINE ERROR_OF_9, 4096, 20000), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "Oops");
}

static void no_bus_and_no_answer_are_told_apart(void)
{
    static const struct bus_call call = {"a", "/", "a", "b", "", NULL, 0, false};
    CHECK_INT(bus_call("/nonexistent/bus", &call, os_deadline(1000), &err), ERR_NOT_FOUND);
    CHECK_INT(ASK("", 1, 200), ERR_TIMEOUT);
    CHECK_INT(ASK(OK_LINE, 4096, 200), ERR_TIMEOUT);
    CHECK_INT(ASK(OK_LINE RETURN "l\2\1\1", 4096, 200), ERR_TIMEOUT);
    CHECK_INT(ASK("REJECTED EXTERNAL\r\n", 4096, 20000), ERR_DENIED);
}

static void nonsense_is_refused(void)
{
    static const char text[] = OK_LINE RETURN "l\3\1\1\377\377\377\377\1\0\0\0\0\0\0\0";
    static const char fields[] = OK_LINE RETURN "l\3\1\1\0\0\0\0\1\0\0\0\377\377\377\177";
    static const char liar[] = OK_LINE RETURN "l\3\1\1\10\0\0\0\1\0\0\0\0\0\0\0\377\377\377\377Oops";
    CHECK_INT(ASK(text, 4096, 20000), ERR_UNAVAILABLE);
    CHECK_INT(ASK(fields, 4096, 20000), ERR_UNAVAILABLE);
    CHECK_INT(ASK(liar, 4096, 20000), ERR_UNAVAILABLE);
    CHECK(strstr(err.text, "without a text") != NULL);
}

static void a_rule_is_added_and_its_signals_come(void)
{
    static const char answers[] = OK_LINE RETURN RETURN "l\4\1\1\0\0\0\0\1\0\0\0\0\0\0\0", none[] = OK_LINE;
    static const char rule[] = "\15\0\0\0type='signal'"; /* its length before it, and its NUL behind */
    CHECK_INT(ask(answers, sizeof answers - 1, 4096, 20000, true), 0);
    CHECK(asked_len > sizeof rule && memcmp(asked + asked_len - sizeof rule, rule, sizeof rule) == 0);
    CHECK_INT(ask(none, sizeof none - 1, 4096, 200, true), ERR_TIMEOUT);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/bus", folder);
    RUN(a_return_in_pieces_is_one);
    RUN(an_error_is_told_in_its_words);
    RUN(no_bus_and_no_answer_are_told_apart);
    RUN(nonsense_is_refused);
    RUN(a_rule_is_added_and_its_signals_come);
    unlink(path);
    rmdir(folder);
    return CHECK_RESULT();
}
