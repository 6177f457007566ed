/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/refuse.h"
#include "agent/access/refusals.h"
#include "protocol/wire.h"

#include <string.h>

#define HEADER_SIZE 9 /* bytes: the type, and the size in 64 bits */
#define WHY_MAX 200   /* bytes: the size fits into its last byte */

void refuse_client(struct os_socket *socket, const char *peer_text, const char *why)
{
    uint8_t bytes[HEADER_SIZE + WHY_MAX + 1] = {WIRE_ERROR};
    size_t len = strlen(why);
    if (len > WHY_MAX)
        len = WHY_MAX;
    bytes[HEADER_SIZE - 1] = (uint8_t)(len + 1);
    memcpy(bytes + HEADER_SIZE, why, len);
    /* A fresh socket's send buffer is empty, so this never blocks. */
    (void)os_socket_send(socket, bytes, HEADER_SIZE + len + 1, 0, false, NULL);
    os_socket_close(socket);
    refusal_log("a client from %s is refused: %s", peer_text, why);
}
