/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplication_code.h"

#include <stddef.h>

static const struct duplication_code codes[] = {
    {0x00000080, "WAIT_ABANDONED", DUPLICATION_RESTART, "the desktop changes"},
    {0x80004001, "E_NOTIMPL", DUPLICATION_DISABLE, "this Windows has no desktop duplication"},
    {0x80070005, "E_ACCESSDENIED", DUPLICATION_RETRY_DENIED, "the desktop that has the input is SYSTEM's alone"},
    {0x80070057, "E_INVALIDARG", DUPLICATION_INTERNAL_ERROR, "the agent's own mistake"},
    {0x887a0001, "DXGI_ERROR_INVALID_CALL", DUPLICATION_RESTART, "the duplication is stale"},
    {0x887a0002, "DXGI_ERROR_NOT_FOUND", DUPLICATION_NO_OUTPUT, "no monitor and no plug is attached to an adapter"},
    {0x887a0004, "DXGI_ERROR_UNSUPPORTED", DUPLICATION_DISABLE_OUTPUT,
     "the adapter or the display mode can't be duplicated"},
    {0x887a0005, "DXGI_ERROR_DEVICE_REMOVED", DUPLICATION_GPU_RESET,
     "the graphics device was removed or its driver updated"},
    {0x887a0006, "DXGI_ERROR_DEVICE_HUNG", DUPLICATION_GPU_RESET, "the graphics device hung"},
    {0x887a0007, "DXGI_ERROR_DEVICE_RESET", DUPLICATION_GPU_RESET, "the graphics device was reset"},
    {0x887a0020, "DXGI_ERROR_DRIVER_INTERNAL_ERROR", DUPLICATION_GPU_RESET, "the graphics driver failed"},
    {0x887a0022, "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE", DUPLICATION_FAIL,
     "too many programs duplicate the desktop already"},
    {0x887a0026, "DXGI_ERROR_ACCESS_LOST", DUPLICATION_RESTART, "the desktop or the display mode changed"},
    {0x887a0027, "DXGI_ERROR_WAIT_TIMEOUT", DUPLICATION_RETRY, "nothing was presented"},
    {0x887a0028, "DXGI_ERROR_SESSION_DISCONNECTED", DUPLICATION_DISCONNECTED, "the session has no display"},
    {0x887a002b, "DXGI_ERROR_ACCESS_DENIED", DUPLICATION_RESTART, "the desktop changes"},
};

const struct duplication_code *duplication_code_find(uint32_t code)
{
    static const struct duplication_code success = {0, "S_OK", DUPLICATION_CONTINUE, "it worked"},
                                         unknown = {0, "an unknown code", DUPLICATION_FAIL, "no reason is known"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return &codes[i];
    return code & 0x80000000u ? &unknown : &success;
}
