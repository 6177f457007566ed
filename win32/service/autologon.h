/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user who is logged on at each boot, so that there is a desktop to run tests on. Only for win32/. */
#ifndef WIN32_SERVICE_AUTOLOGON_H
#define WIN32_SERVICE_AUTOLOGON_H

#include "base/error.h"
#include "base/strlist.h"

/* Sets who is logged on at each boot. user: NAME or DOMAIN\NAME. The password is a line of standard input, prompted for
   where that is a console. Windows keeps it among its secrets; where it was in the registry for all to read, it is
   removed. */
int autologon_set(const char *user, struct strlist *report, struct error *err);

#endif
