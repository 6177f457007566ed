/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/dump.h"

int os_process_dump(uint64_t pid, struct buffer *out, struct error *err)
{
    (void)out;
    return os_process_dump_to_output(pid, err);
}

int os_process_dump_to_output(uint64_t pid, struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "no minidump of process %llu: there are none on Linux",
                     (unsigned long long)pid);
}
