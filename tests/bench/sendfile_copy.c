/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plainest way to bring a file over TCP: a process that sendfile()s it to loopback, and one that reads it into a
 * buffer of 1 MiB and writes it down. What `make bench` holds get and put against.
 *
 * usage: sendfile_copy SOURCE TARGET [fsync]       TARGET "-": read and forget
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUFFER_SIZE (1u << 20)

static int fail(const char *what)
{
    fprintf(stderr, "sendfile_copy: %s: %s\n", what, strerror(errno));
    return 1;
}

static int listen_on_loopback(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) != 0)
        return -1;
    return fd;
}

static int serve(int listener, const char *source)
{
    struct stat info;
    int file = open(source, O_RDONLY);
    if (file < 0 || fstat(file, &info) != 0)
        return fail(source);
    int peer = accept(listener, NULL, NULL);
    if (peer < 0)
        return fail("accept");
    for (off_t left = info.st_size; left > 0;) {
        ssize_t sent = sendfile(peer, file, NULL, (size_t)left);
        if (sent <= 0)
            return fail("sendfile");
        left -= sent;
    }
    close(peer);
    close(file);
    return 0;
}

static bool write_all(int file, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(file, bytes, len);
        if (written < 0)
            return false;
        bytes += written;
        len -= (size_t)written;
    }
    return true;
}

static int fetch(const struct sockaddr_in *address, const char *target, bool sync)
{
    static char bytes[BUFFER_SIZE];
    bool keep = strcmp(target, "-") != 0;
    int file = keep ? open(target, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    if (keep && file < 0)
        return fail(target);
    if (peer < 0 || connect(peer, (const struct sockaddr *)address, sizeof(*address)) != 0)
        return fail("connect");
    ssize_t got;
    while ((got = recv(peer, bytes, sizeof(bytes), 0)) > 0)
        if (keep && !write_all(file, bytes, (size_t)got))
            return fail(target);
    if (got < 0 || (sync && fsync(file) != 0))
        return fail("recv or fsync");
    if (keep)
        close(file);
    close(peer);
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    int status;
    if (argc < 3) {
        fprintf(stderr, "usage: sendfile_copy SOURCE TARGET [fsync]\n");
        return 2;
    }
    int listener = listen_on_loopback(&address);
    if (listener < 0)
        return fail("listen");
    pid_t server = fork();
    if (server < 0)
        return fail("fork");
    if (server == 0)
        _exit(serve(listener, argv[1]));
    int result = fetch(&address, argv[2], argc > 3);
    if (waitpid(server, &status, 0) != server || status != 0)
        return 1;
    return result;
}
