/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplicate_code.h"

#include <stddef.h>

static const struct duplicate_code codes[] = {
    {0x00000080, "WAIT_ABANDONED", DUPLICATE_RESTART, "the desktop changes"},
    {0x80004001, "E_NOTIMPL", DUPLICATE_REFUSE_EVER, "this Windows has no desktop duplication"},
    {0x80070005, "E_ACCESSDENIED", DUPLICATE_ASK_AGAIN, "the desktop that has the input is SYSTEM's alone"},
    {0x80070057, "E_INVALIDARG", DUPLICATE_MISTAKE, "the agent's own mistake"},
    {0x887a0001, "DXGI_ERROR_INVALID_CALL", DUPLICATE_RESTART, "the duplication is stale"},
    {0x887a0002, "DXGI_ERROR_NOT_FOUND", DUPLICATE_NO_OUTPUT, "no monitor and no plug is attached to an adapter"},
    {0x887a0004, "DXGI_ERROR_UNSUPPORTED", DUPLICATE_REFUSE_MODE,
     "the adapter or the display mode can't be duplicated"},
    {0x887a0005, "DXGI_ERROR_DEVICE_REMOVED", DUPLICATE_GPU_RESET,
     "the graphics device was removed or its driver updated"},
    {0x887a0006, "DXGI_ERROR_DEVICE_HUNG", DUPLICATE_GPU_RESET, "the graphics device hung"},
    {0x887a0007, "DXGI_ERROR_DEVICE_RESET", DUPLICATE_GPU_RESET, "the graphics device was reset"},
    {0x887a0020, "DXGI_ERROR_DRIVER_INTERNAL_ERROR", DUPLICATE_GPU_RESET, "the graphics driver failed"},
    {0x887a0022, "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE", DUPLICATE_REFUSE,
     "too many programs duplicate the desktop already"},
    {0x887a0026, "DXGI_ERROR_ACCESS_LOST", DUPLICATE_RESTART, "the desktop or the display mode changed"},
    {0x887a0027, "DXGI_ERROR_WAIT_TIMEOUT", DUPLICATE_WAIT, "nothing was presented"},
    {0x887a0028, "DXGI_ERROR_SESSION_DISCONNECTED", DUPLICATE_DISCONNECTED, "the session has no display"},
    {0x887a002b, "DXGI_ERROR_ACCESS_DENIED", DUPLICATE_RESTART, "the desktop changes"},
};

const struct duplicate_code *duplicate_code_find(uint32_t code)
{
    static const struct duplicate_code success = {0, "S_OK", DUPLICATE_GO_ON, "it worked"},
                                       unknown = {0, "an unknown code", DUPLICATE_REFUSE, "no reason is known"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return &codes[i];
    return code & 0x80000000u ? &unknown : &success;
}
