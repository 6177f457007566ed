/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receives the data of a request into a file. */
#ifndef AGENT_RPC_RECEIVE_H
#define AGENT_RPC_RECEIVE_H

#include "platform/file.h"
#include "protocol/wire.h"

/* Receives a file at path, which has its old content or all of the data at any time. Error texts are testagentd's.
   ERR_CLOSED when the connection failed. */
int receive_file(struct request *request, const char *path, uint32_t flags, struct error *err);
#define RECEIVE_EXECUTABLE 1u
/* Ours: also over a file that a program runs from, which is moved aside on Windows. testagentd can't, and refuses. */
#define RECEIVE_OVER_RUNNING 0x100u
/* Its two halves: all of the data is there after the first, and it takes its name in the second, which frees the upload in
   any case. */
int receive_upload(struct request *request, const char *path, enum os_upload_kind kind, struct os_upload **out,
                   struct error *err);
/* Appends the data to the upload and counts them in *have. ERR_CLOSED when the connection failed, with *err; else *reason
   is the file's. */
int receive_into(struct request *request, struct os_upload *upload, uint64_t *have, struct error *err,
                 struct error *reason);
int receive_commit(struct os_upload *upload, const char *path, struct error *err);

#endif
