/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent says to who started it, as its first and its last word. */
#ifndef AGENT_SAY_H
#define AGENT_SAY_H

#include "platform/terminal.h"

#define SAY_SIZE 2048 /* bytes; a longer text is cut */

/* Writes a text to a standard stream. Returns after half a second at the latest, written or not: whoever reads the stream
   may have stopped. */
void say(int stream, const char *text);

#endif
