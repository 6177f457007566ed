/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"

#include "base/timestamp.h"
#include "base/utf8.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/sysinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CARDS_MAX 64 /* of a file, and of a guest */
#define LINE_SIZE 1024
#define FIELD_SIZE 160
#define HEADER "# periscope gpu-state: card, state, since, guest, boot of the host, why\n"

enum card_state { CARD_GOOD, CARD_SUSPECT, CARD_NEEDS_REBOOT };
static const char *const card_states[] = {
    [CARD_GOOD] = "good", [CARD_SUSPECT] = "suspect", [CARD_NEEDS_REBOOT] = "needs-reboot"};

static const struct cli_option options[] = {
    {"card", 'c', "NAME", "the host's name for the guest's only passed-through card, such as its PCI address there"},
    {"clear", 0, NULL, "the guest's cards are good whatever the file says, as after a test of the hardware"},
    {0},
};

struct card_record {
    char card[FIELD_SIZE], since[FIELD_SIZE], guest[FIELD_SIZE], boot[FIELD_SIZE], why[FIELD_SIZE];
    enum card_state state;
    bool of_guest; /* the guest that was asked has it */
};

struct card_file {
    struct card_record records[CARDS_MAX];
    size_t count;
    char boot[FIELD_SIZE]; /* of this host, now */
};

/* ---- the file ---- */

/* Takes the field before the next tab, or the rest. */
static const char *take_field(const char *line, char field[FIELD_SIZE])
{
    size_t len = strcspn(line, "\t\n");
    snprintf(field, FIELD_SIZE, "%.*s", (int)(len < FIELD_SIZE ? len : FIELD_SIZE - 1), line);
    return line + len + (line[len] == '\t');
}

static bool parse_record(const char *line, struct card_record *out)
{
    char state[FIELD_SIZE];
    line = take_field(line, out->card);
    line = take_field(line, state);
    line = take_field(line, out->since);
    line = take_field(line, out->guest);
    line = take_field(line, out->boot);
    take_field(line, out->why);
    for (size_t i = 0; i < sizeof card_states / sizeof *card_states; i++)
        if (strcmp(state, card_states[i]) == 0) {
            out->state = (enum card_state)i;
            return *out->card;
        }
    return false;
}

/* Reads the records of a file; one that does not exist has none. */
static int gpu_state_read(struct cli *cli, const char *path, struct card_file *out)
{
    char line[LINE_SIZE];
    struct os_file_facts facts;
    FILE *file = fopen(path, "r");
    os_file_look(path, &facts);
    if (!file)
        return facts.exists ? cli_error(cli, CLI_FAILED, "could not read '%s'", path) : CLI_OK;
    unsigned number = 0;
    int status = CLI_OK;
    while (status == CLI_OK && ++number && fgets(line, sizeof line, file)) {
        if (*line == '#')
            continue;
        if (out->count == CARDS_MAX || !parse_record(line, &out->records[out->count++]))
            status = cli_error(cli, CLI_FAILED, "'%s', line %u: not a card, its state and what is known of that", path,
                               number);
    }
    fclose(file);
    return status;
}

static int gpu_state_write(struct cli *cli, const char *path, const struct card_file *file)
{
    struct buffer text;
    struct error err;
    buffer_init(&text, CARDS_MAX * LINE_SIZE);
    buffer_printf(&text, HEADER);
    for (size_t i = 0; i < file->count; i++) {
        const struct card_record *record = &file->records[i];
        buffer_printf(&text, "%s\t%s\t%s\t%s\t%s\t%s\n", record->card, card_states[record->state], record->since,
                      record->guest, record->boot, record->why);
    }
    int status = text.failed ? error_set(&err, ERR_NO_MEMORY, "no memory")
                             : os_upload_whole(path, OS_UPLOAD_ORDINARY, text.data, text.len, &err);
    buffer_deinit(&text);
    return status ? cli_error(cli, CLI_FAILED, "could not write '%s': %s", path, err.text) : CLI_OK;
}

static struct card_record *find_record(struct card_file *file, const char *card)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->records[i].card, card) == 0)
            return &file->records[i];
    if (file->count == CARDS_MAX)
        return NULL;
    struct card_record *record = &file->records[file->count++];
    snprintf(record->card, FIELD_SIZE, "%.150s", card);
    return record;
}

/* ---- what a guest says ---- */

/* Decides what the card is now. A card that works clears a suspicion; one that needed a reboot of the host and works
   without it stays suspect. */
static enum card_state judge(const struct card_record *before, const char *guest, const char *boot, const char *state)
{
    bool rebooted = strcmp(before->boot, boot) != 0;
    if (strcmp(state, "lost") == 0)
        return CARD_NEEDS_REBOOT;
    if (strcmp(state, "hung") == 0 && before->state != CARD_GOOD && !rebooted && strcmp(before->guest, guest) != 0)
        return CARD_NEEDS_REBOOT; /* another guest's start has not helped */
    if (strcmp(state, "hung") == 0 || strcmp(state, "fault") == 0)
        return before->state == CARD_NEEDS_REBOOT && !rebooted ? CARD_NEEDS_REBOOT : CARD_SUSPECT;
    if (strcmp(state, "ok") != 0 && strcmp(state, "reset") != 0)
        return before->state; /* no driver, which tells nothing of the card */
    return before->state == CARD_NEEDS_REBOOT && !rebooted ? CARD_SUSPECT : CARD_GOOD;
}

/* Puts what may be in a field: no tab, no line end. */
static void put_field(char field[FIELD_SIZE], const char *text)
{
    snprintf(field, FIELD_SIZE, "%.150s", text);
    utf8_make_printable(field);
}

static const char *gpu_property(const struct periscope_strings *properties, size_t n, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "gpu.%zu.%s", n, name);
    const char *value = periscope_strings_get(properties, key);
    return value ? value : "";
}

static void update_record(struct cli *cli, struct card_record *record, const struct periscope_strings *properties,
                          size_t n, const char *boot)
{
    const char *state = gpu_property(properties, n, "state"), *event = gpu_property(properties, n, "event");
    enum card_state now = cli_option(cli, "clear") ? CARD_GOOD : judge(record, cli->target, boot, state);
    record->of_guest = true;
    if (*record->since && now == record->state && strcmp(record->boot, boot) == 0)
        return; /* which guest left it so, and since when, stays */
    char time[TIMESTAMP_SIZE];
    timestamp_text(time, os_wall_time_ms());
    record->state = now;
    put_field(record->since, time);
    put_field(record->guest, cli->target);
    put_field(record->boot, boot);
    put_field(record->why, *event ? event : state);
}

/* Names a card across guests: the host's name, NVIDIA's UUID, or its address in the guest with its ids. */
static void name_card(struct cli *cli, const struct periscope_strings *properties, size_t n, char name[FIELD_SIZE])
{
    char text[FIELD_SIZE];
    const char *given = cli_option(cli, "card"), *uuid = gpu_property(properties, n, "uuid");
    snprintf(text, sizeof text, "%.60s %.40s", gpu_property(properties, n, "pci"), gpu_property(properties, n, "ids"));
    put_field(name, given ? given : *uuid ? uuid : text);
}

static bool is_passed_through(const struct periscope_strings *properties, size_t n)
{
    const char *class = gpu_property(properties, n, "class");
    return *gpu_property(properties, n, "state") && (!*class || strcmp(class, "passed-through") == 0);
}

static int update_file(struct cli *cli, const struct periscope_strings *properties, struct card_file *file)
{
    char name[FIELD_SIZE];
    size_t found = 0;
    if (!periscope_strings_get(properties, "gpu.count")) {
        const char *why = periscope_strings_get(properties, "gpu.error");
        return cli_error(cli, CLI_UNSUPPORTED, "this agent tells nothing of graphics cards%s%s", why ? ": " : "",
                         why ? why : "");
    }
    for (size_t n = 0; n < CARDS_MAX; n++) {
        if (!is_passed_through(properties, n))
            continue;
        name_card(cli, properties, n, name);
        struct card_record *record = find_record(file, name);
        if (!record || (cli_option(cli, "card") && found > 0))
            return cli_error(cli, CLI_FAILED,
                             record ? "--card: the guest has several passed-through cards"
                                    : "the file has too many cards");
        update_record(cli, record, properties, n, file->boot);
        found++;
    }
    return found ? CLI_OK : cli_error(cli, CLI_FAILED, "the guest has no passed-through card");
}

/* ---- the answer ---- */

static int show_cards(struct cli *cli, const struct card_file *file)
{
    enum card_state worst = CARD_GOOD;
    json_array_begin(&cli->reply, "cards");
    for (size_t i = 0; i < file->count; i++) {
        const struct card_record *record = &file->records[i];
        if (!record->of_guest)
            continue;
        if (record->state > worst)
            worst = record->state;
        json_object_begin(&cli->reply, NULL);
        json_text(&cli->reply, "card", record->card);
        json_text(&cli->reply, "state", card_states[record->state]);
        json_text(&cli->reply, "since", record->since);
        json_text(&cli->reply, "guest", record->guest);
        json_text(&cli->reply, "why", record->why);
        json_object_end(&cli->reply);
        cli_print(cli, "%s: %s since %s, by %s: %s\n", record->card, card_states[record->state], record->since,
                  record->guest, record->why);
    }
    json_array_end(&cli->reply);
    if (worst != CARD_GOOD)
        cli->status = cli_exit_name(CLI_SUSPECT);
    return worst == CARD_GOOD ? CLI_OK : CLI_SUSPECT;
}

static void find_boot(char boot[FIELD_SIZE])
{
    struct strlist facts = {0};
    os_sysinfo(&facts);
    const char *id = strlist_get(&facts, "boot.id");
    put_field(boot, id ? id : "unknown");
    strlist_deinit(&facts);
}

static int gpu_state_ask(struct cli *cli, struct card_file *file)
{
    struct periscope_strings properties;
    const char *path = cli->operands[0];
    int exit_status = gpu_state_read(cli, path, file);
    if (exit_status != CLI_OK)
        return exit_status;
    int status = periscope_properties(cli->periscope, &properties);
    if (status)
        return cli_failed(cli, status);
    exit_status = update_file(cli, &properties, file);
    if (exit_status == CLI_OK)
        exit_status = gpu_state_write(cli, path, file);
    periscope_strings_free(&properties);
    return exit_status == CLI_OK ? show_cards(cli, file) : exit_status;
}

static int gpu_state_run(struct cli *cli)
{
    struct card_file *file = calloc(1, sizeof *file);
    if (!file)
        return cli_error(cli, CLI_FAILED, "no memory for the states of cards");
    find_boot(file->boot);
    int exit_status = gpu_state_ask(cli, file);
    free(file);
    return exit_status;
}

const struct command command_gpu_state = {
    .name = "gpu-state",
    .operands = "FILE",
    .summary = "Keep the state of passed-through graphics cards across guests, in a file of the host",
    .details =
        "Asks the guest for the state of its cards, updates FILE, and prints a line for each: 'good', 'suspect'\n"
        "(left with a fault or hung; the next guest that finds it working clears that) or 'needs-reboot' (off\n"
        "its bus, or hung in two guests: the host needs a reboot, and what a guest finds before that makes it\n"
        "suspect at best), since when, and which guest left it so. The status is 117 unless all are good. A\n"
        "card is known by its UUID or by its address in the guest and its PCI ids, unless --card names it.\n"
        "One command at a time may use a FILE.\n",
    .examples = "  periscope gpu-state vm1:9000 /var/lib/farm/cards\n"
                "  periscope gpu-state --card 0000:41:00.0 vm1:9000 cards || echo 'no more jobs for this card'\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .run = gpu_state_run,
};
