/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receives the data of a request into a file. */
#ifndef AGENT_RPC_RECEIVE_H
#define AGENT_RPC_RECEIVE_H

#include "protocol/wire.h"

/* Receives a file at path, which has its old content or all of the data at any time. Error texts are testagentd's.
   ERR_CLOSED when the connection failed. */
int receive_file(struct request *request, const char *path, bool executable, struct error *err);

#endif
