/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/server.h"
#include "agent/clients.h"

int server_run(struct agent *agent, struct error *err)
{
    struct os_socket *socket;
    struct os_address peer;
    int status;
    while ((status = os_accept(agent->listener, &socket, &peer, err)) == 0 || status == ERR_NO_MEMORY)
        if (status == 0)
            session_start(agent, socket, &peer);
    if (status != ERR_CLOSED)
        return status;
    clients_end(agent);
    return 0;
}
