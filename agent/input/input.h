/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who types and clicks at the guest's screen: one driver at a time. A worker does it, and holds what is held. Any thread. */
#ifndef AGENT_INPUT_INPUT_H
#define AGENT_INPUT_INPUT_H

#include "agent/agent.h"

#define INPUT_DRIVER_MAX 63 /* bytes of a driver's name */

/* Makes it. Nothing runs until somebody drives. */
int input_new(struct input **out, const struct strlist *card_classes, struct error *err);
/* Ends the worker, which lets go. */
void input_stop(struct input *input);

/* Has the session do the actions as this driver (NULL: by its address). Where another one was the driver, first lets go of
   all that he holds. Adds the facts of the answer. */
int input_drive(struct session *session, const char *driver, const struct strlist *actions, struct strlist *facts,
                struct error *err);
/* Lets go of all, if this session was the last to drive. It leaves. */
void input_leave(struct session *session);

#endif
