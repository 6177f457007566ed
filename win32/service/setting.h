/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One setting in the registry, and what it should be. Whatever the agent's own bits are, the machine's settings are those
   of its native programs. Only for win32/. */
#ifndef WIN32_SERVICE_SETTING_H
#define WIN32_SERVICE_SETTING_H

#include <stddef.h>
#include <windows.h>

enum setting_place {
    SETTING_MACHINE,
    SETTING_MACHINE_32, /* as 32-bit programs of a 64-bit Windows see it */
    SETTING_USER,       /* below the key that is given */
    SETTING_LOGON,      /* of the screen before anyone is logged on */
};

struct setting { /* all borrowed */
    enum setting_place place;
    const wchar_t *key, *value; /* without a value it is the key that should be there */
    const wchar_t *text;        /* a REG_SZ; NULL: a REG_DWORD */
    DWORD number;
};

enum setting_state { SETTING_AS_WANTED, SETTING_OTHERWISE, SETTING_ABSENT, SETTING_UNREADABLE };

#define SETTING_TEXT_SIZE 512 /* bytes */

/* Reads a setting. is: its state in words: "1", "not set", "the text \"1\"". */
enum setting_state setting_read(const struct setting *setting, HKEY user, char is[SETTING_TEXT_SIZE]);
DWORD setting_write(const struct setting *setting, HKEY user); /* 0, or the code of the failure */
/* Writes "HKLM\KEY\VALUE"; the next one what is wanted of it. */
void setting_name(const struct setting *setting, char out[SETTING_TEXT_SIZE]);
void setting_wanted(const struct setting *setting, char out[SETTING_TEXT_SIZE]);

#endif
