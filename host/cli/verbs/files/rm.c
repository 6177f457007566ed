/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/transfer.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_option options[] = {
    {"recursive", 'r', NULL, "folders too, with all that is in them"},
    {0},
};

/* Removes one tree. The agent's facts have its notes. */
static int rm_tree(struct cli *cli, const char *path, struct periscope_strings *notes, uint64_t *left_out)
{
    struct periscope_strings facts;
    int status = periscope_rmtree(cli->periscope, path, &facts);
    if (status)
        return cli_failed(cli, status);
    const char *text = periscope_strings_get(&facts, "left-out");
    *left_out += text ? strtoull(text, NULL, 10) : 0;
    size_t kept = 0;
    for (size_t i = 0; i < facts.count; i++) {
        char *fact = facts.items[i];
        if (strncmp(fact, "note=", 5) != 0)
            continue;
        memmove(fact, fact + 5, strlen(fact + 5) + 1);
        facts.items[i] = facts.items[kept];
        facts.items[kept++] = fact;
    }
    for (size_t i = kept; i < facts.count; i++) {
        free(facts.items[i]);
        facts.items[i] = NULL;
    }
    facts.count = kept;
    *notes = facts;
    return CLI_OK;
}

static int rm_trees(struct cli *cli)
{
    int exit_status = CLI_OK;
    for (size_t i = 0; i < cli->operand_count && exit_status == CLI_OK; i++) {
        struct periscope_strings notes = {0};
        uint64_t left_out = 0;
        exit_status = rm_tree(cli, cli->operands[i], &notes, &left_out);
        for (size_t n = 0; n < notes.count; n++)
            cli_warn(cli, "could not remove %s/%s", cli->operands[i], notes.items[n]);
        periscope_strings_free(&notes);
        if (exit_status == CLI_OK && left_out)
            exit_status = cli_error(cli, CLI_REFUSED, "%llu below %s could not be removed",
                                    (unsigned long long)left_out, cli->operands[i]);
        else if (exit_status == CLI_OK)
            cli_did(cli, "%s: there is no %s any more", cli->target, cli->operands[i]);
    }
    return exit_status;
}

static int rm_run(struct cli *cli)
{
    struct periscope_strings failures;
    if (cli_option(cli, "recursive"))
        return rm_trees(cli);
    const char *const *files = (const char *const *)cli->operands;
    int status = periscope_rm(cli->periscope, files, cli->operand_count, &failures);
    json_array_begin(&cli->reply, "failures");
    for (size_t i = 0; i < failures.count; i++)
        json_text(&cli->reply, NULL, failures.items[i]);
    json_array_end(&cli->reply);
    for (size_t i = 0; failures.count > 1 && i < failures.count; i++)
        cli_warn(cli, "%s", failures.items[i]);
    int exit_status = CLI_OK;
    if (failures.count > 1)
        exit_status = cli_error(cli, CLI_REFUSED, "%zu files could not be removed", failures.count);
    else if (status)
        exit_status = cli_failed(cli, status);
    else if (cli->operand_count == 1)
        cli_did(cli, "%s: there is no %s any more", cli->target, files[0]);
    else
        cli_did(cli, "%s: there are no such %zu files any more", cli->target, cli->operand_count);
    periscope_strings_free(&failures);
    return exit_status;
}

const struct command command_rm = {
    .name = "rm",
    .operands = "FILE...",
    .summary = "Remove files in the guest",
    .details = "A missing file is no failure. Folders are removed only with --recursive. Links are not followed.\n",
    .examples = "  periscope rm vm1:9000 report.txt test.exe\n"
                "  periscope rm -r vm1:9000 tests\n",
    .options = options,
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .run = rm_run,
};
