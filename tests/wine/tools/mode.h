/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mode that stays: in a virtual desktop of Wine's on a busy machine about one change in ten is said to have been made
   (DISP_CHANGE_SUCCESSFUL) and is not, for good. Asked for again up to ten times; the last result. */
#ifndef TESTS_WINE_TOOLS_MODE_H
#define TESTS_WINE_TOOLS_MODE_H
#include <windows.h>

static inline LONG set_mode(int width, int height)
{
    DEVMODEA mode = {.dmSize = sizeof mode,
                     .dmFields = DM_PELSWIDTH | DM_PELSHEIGHT,
                     .dmPelsWidth = (DWORD)width,
                     .dmPelsHeight = (DWORD)height};
    LONG result = ChangeDisplaySettingsA(&mode, 0);
    for (int i = 0; i < 9 && (GetSystemMetrics(SM_CXSCREEN) != width || GetSystemMetrics(SM_CYSCREEN) != height); i++) {
        Sleep(300);
        result = ChangeDisplaySettingsA(&mode, 0);
    }
    return result;
}
#endif
