/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's list of sockets tells who has made one. A socket that its program has closed has no owner any more, and is
   listed as root's: only one that is still open proves anything. */
#include "platform/peer.h"
#include "linux/errno.h"
#include "linux/net/address.h"
#include "linux/net/socket.h"
#include "platform/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_SIZE 512 /* bytes of a line of /proc/net/tcp */

/* A connection as its other end has it: from there to the agent. */
struct connection {
    struct os_endpoint from, to;
};

struct owner {
    uid_t user;
    unsigned long inode; /* 0: closed */
};

/* ---- the kernel's answer for one connection ---- */

struct diag_request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 query;
};

struct diag_answer {
    struct nlmsghdr head;
    struct inet_diag_msg socket;
    uint8_t rest[1024]; /* its attributes */
};

static void diag_set_address(__be32 out[4], const struct os_address *address)
{
    if (os_address_is_v4(address))
        memcpy(out, address->ip + OS_ADDRESS_V4_AT, 4);
    else
        memcpy(out, address->ip, 16);
}

static struct diag_request diag_request(const struct connection *connection)
{
    struct diag_request request = {
        .head = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .query = {.sdiag_family = os_address_is_v4(&connection->from.address) ? AF_INET : AF_INET6,
                  .sdiag_protocol = IPPROTO_TCP,
                  .id = {.idiag_sport = htons(connection->from.port),
                         .idiag_dport = htons(connection->to.port),
                         .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}}};
    diag_set_address(request.query.id.idiag_src, &connection->from.address);
    diag_set_address(request.query.id.idiag_dst, &connection->to.address);
    return request;
}

/* Returns whether the answer is of this very connection: the kernel may also find a listener of its port. */
static bool diag_answers(const struct diag_answer *answer, ssize_t size, const struct diag_request *request)
{
    const struct inet_diag_sockid *got = &answer->socket.id, *asked = &request->query.id;
    size_t len = request->query.sdiag_family == AF_INET ? 4 : 16;
    return size >= (ssize_t)(sizeof answer->head + sizeof answer->socket) &&
           answer->head.nlmsg_type == SOCK_DIAG_BY_FAMILY && got->idiag_sport == asked->idiag_sport &&
           got->idiag_dport == asked->idiag_dport && memcmp(got->idiag_src, asked->idiag_src, len) == 0 &&
           memcmp(got->idiag_dst, asked->idiag_dst, len) == 0;
}

/* Asks for the one socket. Returns false where there is none, or where this kernel can't be asked: the two look alike. */
static bool diag_find(const struct connection *connection, struct owner *owner)
{
    struct diag_request request = diag_request(connection);
    struct diag_answer answer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return false;
    ssize_t size = -1; /* the kernel has answered before send() returns */
    if (send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request)
        size = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    close(fd);
    if (!diag_answers(&answer, size, &request))
        return false;
    *owner = (struct owner){answer.socket.idiag_uid, answer.socket.idiag_inode};
    return true;
}

/* ---- /proc/net/tcp ---- */

/* Writes an endpoint as those files have it: the words of the address as numbers of this machine, then the port. */
static void proc_text(char *out, size_t size, const struct os_endpoint *endpoint, bool six)
{
    uint32_t words[4];
    memcpy(words, endpoint->address.ip, sizeof words);
    if (six)
        snprintf(out, size, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3], endpoint->port);
    else
        snprintf(out, size, "%08X:%04X", words[3], endpoint->port);
}

/* Searches one of the files. Returns 1 with the owner, 0 when it lists no such socket, negative when it can't be read. */
static int proc_find_in(const char *path, bool six, const struct connection *connection, struct owner *owner,
                        struct error *err)
{
    char from[64], to[64], line[LINE_SIZE], a[64], b[64];
    unsigned long user, inode;
    int found = 0;
    proc_text(from, sizeof from, &connection->from, six);
    proc_text(to, sizeof to, &connection->to, six);
    FILE *file = fopen(path, "re");
    if (!file)
        return six && errno == ENOENT ? 0 : errno_error(err, errno, path); /* no IPv6 here */
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, " %*u: %63s %63s %*x %*s %*s %*s %lu %*u %lu", a, b, &user, &inode) == 4 &&
                strcmp(a, from) == 0 && strcmp(b, to) == 0;
    if (found)
        *owner = (struct owner){(uid_t)user, inode};
    else if (ferror(file))
        found = error_set(err, ERR_SYSTEM, "%s could not be read to its end", path);
    fclose(file);
    return found;
}

static int proc_find(const struct connection *connection, struct owner *owner, struct error *err)
{
    int found = 0;
    if (os_address_is_v4(&connection->from.address))
        found = proc_find_in("/proc/net/tcp", false, connection, owner, err);
    return found ? found : proc_find_in("/proc/net/tcp6", true, connection, owner, err);
}

/* ---- this machine's addresses ---- */

static bool same_address(const struct os_address *a, const struct os_address *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* Returns 1 for an address of this machine, 0 for another, negative when its addresses can't be listed. */
static int is_own_address(const struct os_address *address, struct error *err)
{
    struct ifaddrs *list;
    struct os_endpoint own;
    int found = 0;
    if (os_address_is_loopback(address))
        return 1;
    if (getifaddrs(&list) < 0)
        return errno_error(err, errno, "could not list the addresses of this machine");
    for (const struct ifaddrs *item = list; item && !found; item = item->ifa_next) {
        int family = item->ifa_addr ? item->ifa_addr->sa_family : AF_UNSPEC;
        if (family != AF_INET && family != AF_INET6)
            continue;
        endpoint_from_sockaddr(&own, item->ifa_addr);
        found = same_address(&own.address, address);
    }
    freeifaddrs(list);
    return found;
}

/* ---- the answer ---- */

static int connection_of(struct connection *out, const struct os_socket *socket, struct error *err)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_len = sizeof here, there_len = sizeof there;
    int fd = socket_fd(socket);
    if (getsockname(fd, (struct sockaddr *)&here, &here_len) < 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_len) < 0)
        return errno_error(err, errno, "its two ends can't be told");
    endpoint_from_sockaddr(&out->to, (const struct sockaddr *)&here);
    endpoint_from_sockaddr(&out->from, (const struct sockaddr *)&there);
    return 0;
}

/* Finds the owner. Returns 1, 0 for a connection from another machine, or negative. */
static int find_owner(const struct connection *connection, struct owner *owner, struct error *err)
{
    if (diag_find(connection, owner))
        return 1;
    int own = same_address(&connection->from.address, &connection->to.address)
                  ? 1
                  : is_own_address(&connection->from.address, err);
    if (own <= 0)
        return own;
    int found = proc_find(connection, owner, err);
    return found ? found : error_set(err, ERR_NOT_FOUND, "no socket of this machine is its other end");
}

int os_peer_find(const struct os_socket *socket, struct os_peer *out, struct error *err)
{
    struct connection connection;
    struct owner owner;
    *out = (struct os_peer){.kind = OS_PEER_REMOTE};
    int status = connection_of(&connection, socket, err);
    if (status)
        return status;
    int found = find_owner(&connection, &owner, err);
    if (found <= 0)
        return found;
    if (owner.inode == 0)
        return error_set(err, ERR_NOT_FOUND, "its other end is closed already, and a closed socket has no owner");
    out->kind = owner.user == 0 || owner.user == geteuid() ? OS_PEER_TRUSTED : OS_PEER_OTHER;
    snprintf(out->owner, sizeof out->owner, "uid %lu", (unsigned long)owner.user);
    return 0;
}
