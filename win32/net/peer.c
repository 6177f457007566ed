/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows lists its connections with the process that has made each; whose that is, the process's token tells. */
#include "platform/peer.h"
#include "platform/address.h"
#include "win32/net/address.h"
#include "win32/net/socket.h"
#include "win32/system.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_CONNECTIONS 4   /* TCP_TABLE_OWNER_PID_CONNECTIONS of <iprtrmib.h> */
#define TABLE_MAX (64u << 20) /* bytes of the list of connections */
#define TABLE_TRIES 5         /* it may grow while it is read */
#define QUERY_LIMITED 0x1000  /* PROCESS_QUERY_LIMITED_INFORMATION: Windows Vista */
#define NO_PROCESS 0xffffffffu

/* A connection as its other end has it: from there to the agent. */
struct connection {
    struct os_endpoint from, to;
};

struct row_v4 {
    DWORD state, local_ip, local_port, remote_ip, remote_port, pid;
};

struct row_v6 {
    BYTE local_ip[16];
    DWORD local_scope, local_port;
    BYTE remote_ip[16];
    DWORD remote_scope, remote_port, state, pid;
};

struct table {
    DWORD count;
    union {
        struct row_v4 v4[1];
        struct row_v6 v6[1];
    } rows;
};

typedef DWORD WINAPI get_tcp_table(void *table, DWORD *size, BOOL order, ULONG family, int class, ULONG reserved);

/* ---- the process ---- */

static bool is_end(const struct os_endpoint *endpoint, const struct os_address *address, DWORD port)
{
    return endpoint->port == ntohs((u_short)port) && memcmp(endpoint->address.ip, address->ip, sizeof address->ip) == 0;
}

static bool row_v4_is(const struct row_v4 *row, const struct connection *connection)
{
    struct os_address local, remote;
    os_address_set_v4(&local, &row->local_ip);
    os_address_set_v4(&remote, &row->remote_ip);
    return is_end(&connection->from, &local, row->local_port) && is_end(&connection->to, &remote, row->remote_port);
}

static bool row_v6_is(const struct row_v6 *row, const struct connection *connection)
{
    struct os_address local, remote;
    memcpy(local.ip, row->local_ip, sizeof local.ip);
    memcpy(remote.ip, row->remote_ip, sizeof remote.ip);
    return is_end(&connection->from, &local, row->local_port) && is_end(&connection->to, &remote, row->remote_port);
}

/* Reads the list of one family's connections, which the caller frees. */
static int read_table(struct table **out, ULONG family, struct error *err)
{
    get_tcp_table *get = SYSTEM_FUNCTION(get_tcp_table *, L"iphlpapi.dll", "GetExtendedTcpTable");
    DWORD size = 0, code = ERROR_INSUFFICIENT_BUFFER;
    *out = NULL;
    if (!get)
        return error_set(err, ERR_UNAVAILABLE, "this Windows does not tell whose a connection is");
    for (int i = 0; i < TABLE_TRIES && code == ERROR_INSUFFICIENT_BUFFER && size <= TABLE_MAX; i++) {
        struct table *grown = realloc(*out, size + sizeof **out);
        if (!grown)
            break;
        *out = grown;
        memset(grown, 0, sizeof *grown);
        size += sizeof **out;
        code = get(grown, &size, FALSE, family, TABLE_CONNECTIONS, 0);
    }
    if (code == NO_ERROR)
        return 0;
    free(*out);
    *out = NULL;
    return windows_error(err, code, "the connections of this machine can't be listed");
}

/* Finds the process in one family's list. Returns 1, 0 when it is not there, or negative. */
static int find_pid_in(ULONG family, const struct connection *connection, DWORD *pid, struct error *err)
{
    struct table *table;
    int status = read_table(&table, family, err);
    if (status)
        return status;
    int found = 0;
    for (DWORD i = 0; i < table->count && !found; i++) {
        found =
            family == AF_INET ? row_v4_is(&table->rows.v4[i], connection) : row_v6_is(&table->rows.v6[i], connection);
        *pid = family == AF_INET ? table->rows.v4[i].pid : table->rows.v6[i].pid;
    }
    free(table);
    return found;
}

static int find_pid(const struct connection *connection, DWORD *pid, struct error *err)
{
    int found = 0;
    *pid = NO_PROCESS;
    if (os_address_is_v4(&connection->from.address))
        found = find_pid_in(AF_INET, connection, pid, err);
    return found ? found : find_pid_in(AF_INET6, connection, pid, err);
}

/* ---- its token ---- */

union token_owner {
    TOKEN_USER user;
    BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
};

/* Returns whether the token has the group, and it is in force: an administrator's weaker token only denies by it. */
static bool has_group(HANDLE token, WELL_KNOWN_SID_TYPE type)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    HANDLE copy;
    BOOL member = FALSE;
    if (!CreateWellKnownSid(type, NULL, sid, &size) ||
        !DuplicateTokenEx(token, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation, &copy))
        return false;
    if (!CheckTokenMembership(copy, sid, &member))
        member = FALSE;
    CloseHandle(copy);
    return member;
}

static bool is_user(const union token_owner *owner, WELL_KNOWN_SID_TYPE type)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    return CreateWellKnownSid(type, NULL, sid, &size) && EqualSid(owner->user.User.Sid, sid);
}

/* Returns whether the user is the agent's, and the agent has no more rights than any program of that user. */
static bool is_agents_user(const union token_owner *owner)
{
    union token_owner own;
    HANDLE token;
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token))
        return false;
    bool same = GetTokenInformation(token, TokenUser, &own, sizeof own, &size) &&
                EqualSid(owner->user.User.Sid, own.user.User.Sid) && !has_group(token, WinBuiltinAdministratorsSid);
    CloseHandle(token);
    return same;
}

static int look_at_token(HANDLE token, struct os_peer *out, struct error *err)
{
    union token_owner owner;
    wchar_t *text;
    char user[100] = "?";
    DWORD size;
    if (!GetTokenInformation(token, TokenUser, &owner, sizeof owner, &size))
        return windows_error(err, GetLastError(), "the user of its process can't be told");
    if (ConvertSidToStringSidW(owner.user.User.Sid, &text)) {
        utf8_copy(user, sizeof user, text);
        LocalFree(text);
    }
    bool trusted =
        is_user(&owner, WinLocalSystemSid) || has_group(token, WinBuiltinAdministratorsSid) || is_agents_user(&owner);
    out->kind = trusted ? OS_PEER_TRUSTED : OS_PEER_OTHER;
    snprintf(out->owner, sizeof out->owner, "user %s", user);
    return 0;
}

/* Opens the process while the connection is its own: a number may have gone to another since it was listed. */
static int open_owner(HANDLE *out, const struct connection *connection, DWORD pid, struct error *err)
{
    DWORD again;
    *out = OpenProcess(QUERY_LIMITED, FALSE, pid);
    if (!*out)
        *out = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, pid);
    if (!*out)
        return windows_error(err, GetLastError(), "its process can't be looked at");
    int found = find_pid(connection, &again, err);
    if (found == 1 && again == pid)
        return 0;
    CloseHandle(*out);
    return found < 0 ? found : error_set(err, ERR_NOT_FOUND, "its process has ended");
}

static int look_at_process(const struct connection *connection, DWORD pid, struct os_peer *out, struct error *err)
{
    HANDLE process, token;
    int status = open_owner(&process, connection, pid, err);
    if (status)
        return status;
    if (OpenProcessToken(process, TOKEN_QUERY | TOKEN_DUPLICATE, &token)) {
        status = look_at_token(token, out, err);
        CloseHandle(token);
    } else {
        status = windows_error(err, GetLastError(), "the user of its process can't be told");
    }
    CloseHandle(process);
    return status;
}

/* ---- the answer ---- */

/* Returns whether the address is one of this machine's: nothing can be bound to any other. */
static bool is_own_address(const struct os_address *address)
{
    struct os_endpoint endpoint = {.address = *address};
    struct sockaddr_storage name;
    if (os_address_is_loopback(address))
        return true;
    int size = endpoint_to_sockaddr(&name, &endpoint);
    SOCKET probe = socket(name.ss_family, SOCK_DGRAM, IPPROTO_UDP);
    if (probe == INVALID_SOCKET)
        return true; /* it may be */
    bool own = bind(probe, (const struct sockaddr *)&name, size) == 0 || WSAGetLastError() != WSAEADDRNOTAVAIL;
    closesocket(probe);
    return own;
}

static int connection_of(struct connection *out, const struct os_socket *socket, struct error *err)
{
    struct sockaddr_storage here = {0}, there = {0};
    int here_len = sizeof here, there_len = sizeof there;
    SOCKET handle = socket_handle(socket);
    if (getsockname(handle, (struct sockaddr *)&here, &here_len) ||
        getpeername(handle, (struct sockaddr *)&there, &there_len))
        return windows_error(err, (unsigned long)WSAGetLastError(), "its two ends can't be told");
    endpoint_from_sockaddr(&out->to, (const struct sockaddr *)&here);
    endpoint_from_sockaddr(&out->from, (const struct sockaddr *)&there);
    return 0;
}

int os_peer_find(const struct os_socket *socket, struct os_peer *out, struct error *err)
{
    struct connection connection;
    DWORD pid;
    *out = (struct os_peer){.kind = OS_PEER_REMOTE};
    int status = connection_of(&connection, socket, err);
    if (status)
        return status;
    int found = find_pid(&connection, &pid, err);
    if (found == 1)
        return look_at_process(&connection, pid, out, err);
    if (!is_own_address(&connection.from.address))
        return 0;
    return found < 0 ? found : error_set(err, ERR_NOT_FOUND, "no connection of this machine is its other end");
}
