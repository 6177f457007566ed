/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session's lock, asked for over a real D-Bus where there is one to start, and over a made-up one. The answers of the
 * made-up one are written by hand, from the D-Bus specification. */
#include "linux/desktop/session_lock.h"
#include "platform/clock.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/periscope-lock-XXXXXX", bus[64];
static struct error err;
static bool locked;

/* ---- a made-up bus ---- */

static struct {
    const char *answer; /* borrowed */
    size_t answer_len;
    unsigned pieces; /* that it is sent in */
    uint8_t question[4096];
    size_t question_len;
    int listener;
} made;

static void *serve(void *unused)
{
    (void)unused;
    int fd = accept(made.listener, NULL, NULL);
    ssize_t got = recv(fd, made.question, sizeof made.question, 0);
    made.question_len = got > 0 ? (size_t)got : 0;
    /* What is asked later changes no answer, so all is sent at once; then the other side is heard to its end. */
    for (unsigned i = 0; i < made.pieces; i++) {
        size_t from = made.answer_len * i / made.pieces, to = made.answer_len * (i + 1) / made.pieces;
        CHECK(send(fd, made.answer + from, to - from, MSG_NOSIGNAL) >= 0 || errno == EPIPE);
    }
    if (made.pieces > 0)
        shutdown(fd, SHUT_WR);
    while ((got = recv(fd, made.question + made.question_len, sizeof made.question - made.question_len, 0)) > 0)
        made.question_len += (size_t)got;
    close(fd);
    return NULL;
}

static int ask_made(const char *session, const char *answer, size_t len, unsigned pieces)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", bus);
    unlink(bus);
    made.answer = answer;
    made.answer_len = len;
    made.pieces = pieces;
    made.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(made.listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(made.listener, 1) == 0);
    CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
    int status = session_lock_ask(bus, session, os_deadline(pieces ? 20000 : 50), &locked, &err);
    pthread_join(thread, NULL);
    close(made.listener);
    return status;
}

/* The bus lets in, and answers Hello with ":1.7" and a signal in between. */
#define HELLO                                                                                                          \
    "OK 0123456789abcdef0123456789abcdef\r\n"                                                                          \
    "l\2\1\1\11\0\0\0\1\0\0\0\24\0\0\0\5\1u\0\1\0\0\0\10\1g\0\1s\0\0\0\0\0\0\0\0\0\0\4\0\0\0:1.7\0"                    \
    "l\4\1\1\0\0\0\0\2\0\0\0\10\0\0\0\5\1u\0\7\0\0\0"
#define LEAST_FIRST(value) HELLO "l\2\1\1\10\0\0\0\3\0\0\0\17\0\0\0\5\1u\0\2\0\0\0\10\1g\0\1v\0\0\1b\0\0" value "\0\0\0"
#define MOST_FIRST(value) HELLO "B\2\1\1\0\0\0\10\0\0\0\3\0\0\0\17\5\1u\0\0\0\0\2\10\1g\0\1v\0\0\1b\0\0\0\0\0" value
#define ASK(session, answer, pieces) ask_made(session, answer, sizeof(answer) - 1, pieces)

static void an_answer_is_read_whatever_its_pieces(void)
{
    for (unsigned pieces = 1; pieces < 200; pieces += 13) {
        CHECK_INT(ASK("3", LEAST_FIRST("\1"), pieces), 0);
        CHECK(locked);
        CHECK_INT(ASK("3", LEAST_FIRST("\0"), pieces), 0);
        CHECK(!locked);
    }
    CHECK_INT(ASK("3", MOST_FIRST("\1"), 3), 0);
    CHECK(locked);
    CHECK_INT(ASK("3", MOST_FIRST("\0"), 3), 0);
    CHECK(!locked);
}

static bool question_has(const char *text)
{
    return memmem(made.question, made.question_len, text, strlen(text)) != NULL;
}

static void a_session_is_named_as_its_object(void)
{
    CHECK_INT(ASK("3", LEAST_FIRST("\1"), 1), 0);
    CHECK(question_has("/org/freedesktop/login1/session/_33"));
    CHECK_INT(ASK("c12", LEAST_FIRST("\1"), 1), 0);
    CHECK(question_has("/org/freedesktop/login1/session/c12"));
    CHECK_INT(ASK("a-1.b", LEAST_FIRST("\1"), 1), 0);
    CHECK(question_has("/org/freedesktop/login1/session/a_2d1_2eb"));
}

static void what_is_no_answer_is_none(void)
{
    CHECK_INT(ASK("3", "REJECTED EXTERNAL\r\n", 1), ERR_DENIED);
    CHECK_TEXT(err.text, "the D-Bus lets us not in");
    CHECK_INT(ASK("3", HELLO, 1), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "the D-Bus: it closes the connection");
    CHECK_INT(ASK("3", HELLO "l\2\1\1\377\377\377\177\3\0\0\0\0\0\0\0", 1), ERR_UNAVAILABLE);
    CHECK_INT(ASK("3", HELLO "l\2\1\1\0\0\0\0\3\0\0\0\377\377\377\377", 1), ERR_UNAVAILABLE);
    CHECK_INT(ASK("3", HELLO "l\2\1\1\10\0\0\0\3\0\0\0\0\0\0\0\1i\0\0\1\0\0\0", 1), ERR_UNAVAILABLE); /* a number */
    CHECK_TEXT(err.text, "the D-Bus answers what is no boolean");
    CHECK(!locked);
    CHECK_INT(ASK("3", HELLO "l\3\1\1\10\0\0\0\3\0\0\0\0\0\0\0\100\0\0\0abc\0", 1),
              ERR_UNAVAILABLE); /* too long a text */
    CHECK_TEXT(err.text, "the D-Bus answers with an error without a text");
    CHECK_INT(ASK("3", HELLO "l\3\1\1\10\0\0\0\3\0\0\0\0\0\0\0\3\0\0\0abc\0", 1), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "abc");
}

static void a_bus_that_does_not_answer_is_left(void)
{
    CHECK_INT(ASK("3", "", 0), ERR_TIMEOUT);
    unlink(bus);
    CHECK_INT(session_lock_ask(bus, "3", os_deadline(20000), &locked, &err), ERR_NOT_FOUND);
    CHECK(!locked);
}

/* ---- one picture after the other ---- */

/* Each odd connection listens, each even one asks. */
static struct {
    int listener;
    _Atomic int heard;
    _Atomic int count; /* of connections */
    _Atomic bool locked, is_mute;
} many = {.heard = -1};

static void answer_one(int fd)
{
    static const char added[] = HELLO "l\2\1\1\0\0\0\0\3\0\0\0\10\0\0\0\5\1u\0\2\0\0\0";
    static const char yes[] = LEAST_FIRST("\1"), no[] = LEAST_FIRST("\0");
    bool listens = ++many.count % 2 == 1;
    const char *answer = listens ? added : many.locked ? yes : no;
    size_t len = listens ? sizeof added - 1 : sizeof yes - 1;
    char bytes[1024];
    if (many.is_mute) {
        while (recv(fd, bytes, sizeof bytes, 0) > 0)
            ;
        close(fd);
        return;
    }
    CHECK(send(fd, answer, len, MSG_NOSIGNAL) == (ssize_t)len);
    if (listens) {
        many.heard = fd;
        return;
    }
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
    close(fd);
}

static void *serve_many(void *unused)
{
    for (int fd; (fd = accept(many.listener, NULL, NULL)) >= 0;)
        answer_one(fd);
    return unused;
}

static pthread_t start_many(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", bus);
    unlink(bus);
    many.count = 0;
    many.is_mute = many.locked = false;
    many.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(many.listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(many.listener, 4) == 0);
    CHECK_INT(pthread_create(&thread, NULL, serve_many, NULL), 0);
    return thread;
}

static void end_many(pthread_t thread, struct session_lock *kept)
{
    shutdown(many.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(many.listener);
    if (many.heard >= 0)
        close(many.heard);
    if (kept->fd >= 0)
        close(kept->fd);
    many.heard = -1;
}

static void an_answer_holds_until_a_change_is_told(void)
{
    struct session_lock kept = {.fd = -1};
    pthread_t thread = start_many();
    for (int i = 0; i < 3; i++) {
        CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
        CHECK(!locked && many.count == 2);
    }
    many.locked = true;
    CHECK(send(many.heard, "l\4\1\1", 4, MSG_NOSIGNAL) == 4);
    int old = many.heard;
    CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
    CHECK(locked && many.count == 4);
    close(old);
    many.locked = false;
    shutdown(many.heard, SHUT_RDWR); /* the bus ends */
    close(many.heard);
    CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
    CHECK(!locked && many.count == 6);
    old = many.heard;
    CHECK_INT(session_lock_look(&kept, bus, "4", os_deadline(20000), &locked, &err), 0);
    CHECK(many.count == 8); /* another session */
    close(old);
    end_many(thread, &kept);
}

static void an_answer_holds_for_two_seconds(void)
{
    struct session_lock kept = {.fd = -1};
    pthread_t thread = start_many();
    CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
    int old = many.heard;
    many.locked = true; /* and the bus does not tell */
    kept.asked_ms = os_clock_ms() - 2001;
    CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
    CHECK(locked && many.count == 4);
    close(old);
    end_many(thread, &kept);
}

static void a_bus_that_hangs_is_asked_once_in_two_seconds(void)
{
    struct session_lock kept = {.fd = -1};
    pthread_t thread = start_many();
    many.is_mute = true;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(50), &locked, &err), ERR_TIMEOUT);
        CHECK_TEXT(err.text, "the D-Bus does not answer");
        CHECK(!locked && many.count == 1);
    }
    kept.asked_ms -= 2001;
    many.is_mute = false;
    many.count = 0;
    CHECK_INT(session_lock_look(&kept, bus, "3", os_deadline(20000), &locked, &err), 0);
    end_many(thread, &kept);
}

/* ---- a real one ---- */

/* It lets its own user in, and knows of no logind. */
static pid_t start_bus(void)
{
    char address[96];
    int ready[2];
    snprintf(address, sizeof address, "--address=unix:path=%s", bus);
    unlink(bus);
    if (pipe(ready))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ready[1], 3);
        execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", address, "--print-address=3", (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    char byte;
    ssize_t got = read(ready[0], &byte, 1); /* once it listens */
    close(ready[0]);
    if (got == 1)
        return pid;
    waitpid(pid, NULL, 0);
    return -1;
}

static void a_real_bus_understands(void)
{
    pid_t pid = start_bus();
    if (pid < 0) {
        SKIP("there is no dbus-daemon");
        return;
    }
    CHECK_INT(session_lock_ask(bus, "3", os_deadline(20000), &locked, &err), ERR_UNAVAILABLE);
    CHECK(strstr(err.text, "org.freedesktop.login1") != NULL);
    printf("# %s\n", err.text);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(bus, sizeof bus, "%s/bus", folder);
    RUN(an_answer_is_read_whatever_its_pieces);
    RUN(a_session_is_named_as_its_object);
    RUN(what_is_no_answer_is_none);
    RUN(a_bus_that_does_not_answer_is_left);
    RUN(an_answer_holds_until_a_change_is_told);
    RUN(an_answer_holds_for_two_seconds);
    RUN(a_bus_that_hangs_is_asked_once_in_two_seconds);
    RUN(a_real_bus_understands);
    unlink(bus);
    rmdir(folder);
    return CHECK_RESULT();
}
