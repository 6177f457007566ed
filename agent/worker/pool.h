/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's side of capture: asks worker processes, each with a deadline, and never waits longer. Any thread. */
#ifndef AGENT_WORKER_POOL_H
#define AGENT_WORKER_POOL_H

#include "agent/children.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"

#define SCREEN_FILE_MAX (256u << 20) /* bytes of an encoded picture */
#define SCREEN_WORKERS_MAX 8         /* at once; one is kept between requests */

struct screen;
/* Lives as long as the process. `card_classes` (borrowed) are rules "DRIVER=CLASS" for every request, the values of
   --card-class: ERR_INVALID for one that is none. */
int screen_new(struct screen **out, const struct strlist *card_classes, struct error *err);

/* With it (borrowed), pictures are passive while a child runs, unless the host says otherwise. */
void screen_spare(struct screen *screen, struct children *children);
void screen_stop(struct screen *screen); /* ends the idle worker, before the agent becomes another */

/* A picture with the options of the RPC screenshot (borrowed strings). The file is empty when it is unchanged. */
int screen_take(struct screen *screen, const struct strlist *options, struct strlist *facts, struct buffer *file,
                struct error *err);
/* CRCs with the options of the RPC crc. */
int screen_crc(struct screen *screen, const struct strlist *options, struct strlist *facts, struct error *err);
int screen_displays(struct screen *screen, int timeout_ms, struct strlist *facts, struct error *err);
/* Of every source, with the options of the RPC displays. */
int screen_all_displays(struct screen *screen, const struct strlist *options, struct strlist *facts, struct error *err);
int screen_windows(struct screen *screen, int timeout_ms, struct strlist *lines, struct error *err);
/* The lines of a text console as capture/console.h has them; 0: the active one. */
int screen_console(struct screen *screen, unsigned number, int timeout_ms, struct strlist *lines, struct error *err);
/* A minidump of the process, by a worker: it would stop whoever shares something with what is dumped. */
int screen_dump(struct screen *screen, uint64_t pid, int timeout_ms, struct buffer *file, struct error *err);
/* What platform/display.h puts back, as facts. */
int screen_restore(struct screen *screen, int timeout_ms, struct strlist *facts, struct error *err);
const char *screen_backend_names(void); /* separated by spaces */

#endif
