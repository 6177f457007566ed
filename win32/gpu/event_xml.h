/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event of Windows' log, as EvtRender writes it, and what it says about a graphics card. Memory in, values out. */
#ifndef WIN32_GPU_EVENT_XML_H
#define WIN32_GPU_EVENT_XML_H

#include "platform/gpu.h"

/* Reads an event in UTF-8. Returns false for one that says nothing of a card. time_ms stays for the caller if the event has
   none. */
bool event_xml_read(const char *xml, struct os_gpu_report *out);

#endif
