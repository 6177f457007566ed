/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/replace.h"

#include <inttypes.h>
#include <string.h>

int replace_begin(struct cli *cli, const char *file, struct os_file_facts *old)
{
    *old = (struct os_file_facts){0};
    if (strcmp(file, "-") != 0)
        os_file_look(file, old);
    if (!old->exists || !old->read_only || cli_option(cli, "force"))
        return CLI_OK;
    return cli_error(cli, CLI_FAILED, "could not write '%s': it is read-only (--force replaces it)", file);
}

void replace_end(struct cli *cli, const char *file, const struct os_file_facts *old)
{
    struct os_file_facts new;
    if (!old->exists)
        return;
    os_file_look(file, &new);
    if (old->names > 1)
        cli_warn(cli, "'%s' is a new file: the old one keeps its other names (%" PRIu64 "), with the old content", file,
                 old->names - 1);
    if (new.owner != old->owner || new.group != old->group)
        cli_warn(cli, "'%s' could not keep its owner and group: %u:%u instead of %u:%u", file, (unsigned)new.owner,
                 (unsigned)new.group, (unsigned)old->owner, (unsigned)old->group);
    if (old->has_list && !new.has_list)
        cli_warn(cli, "'%s' could not keep its access control list", file);
}
