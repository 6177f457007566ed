/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service is called. Only for win32/. */
#ifndef WIN32_SERVICE_SERVICE_NAME_H
#define WIN32_SERVICE_SERVICE_NAME_H

#define SERVICE_NAME L"periscoped"
#define SERVICE_TITLE L"Periscope agent"

#endif
