/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/hands.h"

#include <inttypes.h>
#include <string.h>

#define PLACE_MAX 65535 /* pixels */

static const struct cli_option options[] = {
    {"button", 'b', "BUTTON", "left, middle, right, back or forward (left)"},
    {"double", 'd', NULL, "click twice"},
    {0},
};

static bool click_is_button(const char *name)
{
    static const char *const names[] = {"left", "middle", "right", "back", "forward", NULL};
    size_t i = 0;
    while (names[i] && strcmp(names[i], name) != 0)
        i++;
    return names[i] != NULL;
}

static int click_run(struct cli *cli)
{
    struct strlist actions = {0};
    uint64_t x, y;
    const char *button = cli_option(cli, "button");
    if (!cli_number(cli, "X", cli->operands[0], 0, PLACE_MAX, &x) ||
        !cli_number(cli, "Y", cli->operands[1], 0, PLACE_MAX, &y))
        return CLI_USAGE;
    if (button && !click_is_button(button))
        return cli_usage(cli, "--button: '%s' is none of left, middle, right, back and forward", button);
    strlist_addf(&actions, "move=%" PRIu64 ",%" PRIu64, x, y);
    for (int i = cli_option(cli, "double") ? 2 : 1; i > 0; i--)
        strlist_addf(&actions, "button=%s,click", button ? button : "left");
    int exit_status = hands_send(cli, &actions);
    strlist_deinit(&actions);
    return exit_status == CLI_OK ? cli_did(cli, "%s: clicked at %" PRIu64 ",%" PRIu64, cli->target, x, y) : exit_status;
}

const struct command command_click = {
    .name = "click",
    .operands = "X Y",
    .summary = "Click at a place of the guest's screen",
    .details = "X and Y are pixels of the picture that 'screenshot' gives without options. The agent's configuration\n"
               "must have 'input = yes'.\n",
    .examples = "  periscope click vm1:9000 640 400\n"
                "  periscope click --button right vm1:9000 20 20\n",
    .options = options,
    .min_operands = 2,
    .max_operands = 2,
    .run = click_run,
};
