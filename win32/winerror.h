/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where a Windows error code becomes an error. Only for win32/ and the Windows capture backends. */
#ifndef WIN32_WINERROR_H
#define WIN32_WINERROR_H

#include "base/error.h"

/* Windows' codes, Winsock's too, in the words of strerror(), which hosts match ("No such file or directory"); a code
   that has none is "Windows error N". */
#define REASON_SIZE 48
const char *windows_reason(unsigned long code, char text[REASON_SIZE]);

/* Sets *err to that reason behind "what: ", or alone when what is NULL; returns the status that the code stands for. */
int windows_error(struct error *err, unsigned long code, const char *what);
/* Returns the status alone, for texts that have the number instead. */
int windows_status(unsigned long code);

#endif
