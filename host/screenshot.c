/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/client.h"

#include <stdlib.h>
#include <string.h>

#define VIRTUAL_FILE ".periscope/screenshot.png"
#define AGENT_DEADLINE_MS 5000 /* the agent's default of deadline-ms */
#define MOST_DEADLINE_MS 600000

#define PIECES "pieces=1" /* an option of ours: the file may come while it is encoded */

struct shot {
    const char *const *options;
    bool in_pieces;
    struct strlist facts;
    struct buffer file;
    bool unchanged;
};

/* Returns the number that the last option with this key has, bounded; else `ms`. */
static int screen_option_ms(const char *const *options, const char *key, long ms)
{
    for (; options && *options; options++)
        if (strncmp(*options, key, strlen(key)) == 0)
            ms = strtol(*options + strlen(key), NULL, 10);
    return ms < 0 ? 0 : ms > MOST_DEADLINE_MS ? MOST_DEADLINE_MS : (int)ms;
}

/* Returns how long the agent may take by the options for that. A wait for a change ends with one more picture. */
static int screen_deadline_ms(enum method_index method, const char *const *options)
{
    int wait_ms = screen_option_ms(options, "wait-ms=", 0);
    if (method == METHOD_events)
        return wait_ms;
    return wait_ms + screen_option_ms(options, "deadline-ms=", AGENT_DEADLINE_MS);
}

/* Reads the facts and the file, which may come in pieces; a `u` alone is a picture that has not changed. */
static int shot_read(struct call *call, struct shot *shot)
{
    struct entry last;
    bool has_file = false;
    shot->unchanged = false;
    for (;;) {
        int status = call_strings(call, "sdu", &shot->facts, &last);
        if (!status && last.type == WIRE_DATA)
            status = call_data(call, &last, &shot->file);
        if (status)
            return status;
        if (last.type == 0)
            break;
        has_file |= last.type == WIRE_DATA;
        shot->unchanged |= last.type == WIRE_UNDEFINED;
    }
    shot->unchanged &= !has_file;
    return has_file || shot->unchanged ? 0 : call_malformed(call, "it contains no picture");
}

/* Sends the call with its options and `more` (NULL: none), and reads the head of the reply. */
static int screen_ask(struct periscope *p, enum method_index method, const char *const *options, const char *more,
                      struct call *call)
{
    uint32_t count = 0;
    while (options && options[count])
        count++;
    call_init(call, p, method, count + (more ? 1 : 0), CALL_ANY);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call->request, WIRE_STRING, options[i]);
    if (more)
        write_entry_text(&call->request, WIRE_STRING, more);
    call_allow(call, screen_deadline_ms(method, options));
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, method);
    if (!status)
        status = call_send(call, false);
    return status ? status : call_reply(call);
}

static int attempt_shot(struct periscope *p, void *context)
{
    struct shot *shot = context;
    struct call call;
    strlist_deinit(&shot->facts);
    buffer_clear(&shot->file);
    int status = screen_ask(p, METHOD_screenshot, shot->options, shot->in_pieces ? PIECES : NULL, &call);
    if (!status)
        status = shot_read(&call, shot);
    call_deinit(&call);
    return status;
}

/* Returns whether the options ask for a whole PNG that is sent in any case: only that can come while it is encoded. */
static bool shot_is_whole(const char *const *options)
{
    static const char *const others[] = {
        "format=ppm", "if-changed=", "wait-ms=", "delta=1", "pointer-shape=1", "pieces="};
    for (const char *const *option = options; option && *option; option++)
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (strncmp(*option, others[i], strlen(others[i])) == 0)
                return false;
    return true;
}

/* Asks for a file that comes while it is encoded; once more without of an agent that does not know that. */
static int shot_ask(struct periscope *p, struct shot *shot)
{
    shot->in_pieces = !p->lacks_pieces && shot_is_whole(shot->options);
    int status = client_repeat(p, attempt_shot, shot);
    if (status != PERISCOPE_REFUSED || !shot->in_pieces || strcmp(p->error.text, "unknown option '" PIECES "'") != 0)
        return status;
    p->lacks_pieces = true;
    shot->in_pieces = false;
    return client_repeat(p, attempt_shot, shot);
}

/* Fetches the virtual file of agents without the RPC, which can't take options. */
static int shot_take_virtual_file(struct periscope *p, struct shot *shot)
{
    if (shot->options && shot->options[0])
        return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) takes no options for a screenshot", p->name,
                           p->banner);
    buffer_clear(&shot->file);
    int status = client_get_limited(p, VIRTUAL_FILE, &shot->file);
    if (status == PERISCOPE_REFUSED && strstr(p->error.text, ": No such file or directory"))
        return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) takes no screenshots", p->name, p->banner);
    return status;
}

int periscope_screenshot(struct periscope *p, const char *const *options, struct periscope_strings *facts,
                         uint8_t **bytes, size_t *len)
{
    struct shot shot = {.options = options};
    *bytes = NULL;
    *len = 0;
    if (facts)
        *facts = (struct periscope_strings){0};
    /* NOLINTNEXTLINE(misc-redundant-expression): as it should be */
    _Static_assert(PERISCOPE_PICTURE_MAX == WIRE_REPLY_MAX, "the agent's limit");
    buffer_init(&shot.file, PERISCOPE_PICTURE_MAX);
    int status = shot_ask(p, &shot);
    if (status == PERISCOPE_UNSUPPORTED)
        status = shot_take_virtual_file(p, &shot);
    if (!status && !shot.unchanged)
        status = client_take_bytes(p, &shot.file, bytes, len);
    if (!status && facts)
        strings_take(facts, &shot.facts);
    strlist_deinit(&shot.facts);
    buffer_deinit(&shot.file);
    return status;
}

struct facts_request {
    enum method_index method;
    const char *const *options;
    struct strlist facts;
};

static int attempt_facts(struct periscope *p, void *context)
{
    struct facts_request *request = context;
    struct entry last;
    struct call call;
    strlist_deinit(&request->facts);
    int status = screen_ask(p, request->method, request->options, NULL, &call);
    if (!status)
        status = call_strings(&call, "s", &request->facts, &last);
    call_deinit(&call);
    return status;
}

static int screen_ask_for_facts(struct periscope *p, enum method_index method, const char *const *options,
                                struct periscope_strings *facts)
{
    struct facts_request request = {.method = method, .options = options};
    *facts = (struct periscope_strings){0};
    int status = client_repeat(p, attempt_facts, &request);
    if (!status)
        strings_take(facts, &request.facts);
    strlist_deinit(&request.facts);
    return status;
}

int periscope_crc(struct periscope *p, const char *const *options, struct periscope_strings *facts)
{
    return screen_ask_for_facts(p, METHOD_crc, options, facts);
}

int periscope_displays(struct periscope *p, const char *const *options, struct periscope_strings *facts)
{
    return screen_ask_for_facts(p, METHOD_displays, options, facts);
}

/* Does not ask an agent that was found to have none of the private RPCs. */
static int screen_lacks(struct periscope *p, const char *rpc)
{
    return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) has no RPC '%s'", p->name, p->banner, rpc);
}

int periscope_ps(struct periscope *p, const char *const *options, struct periscope_strings *lines)
{
    *lines = (struct periscope_strings){0};
    return p->lacks_exec ? screen_lacks(p, "ps") : screen_ask_for_facts(p, METHOD_ps, options, lines);
}

int periscope_events(struct periscope *p, const char *const *options, struct periscope_strings *facts)
{
    *facts = (struct periscope_strings){0};
    return p->lacks_exec ? screen_lacks(p, "events") : screen_ask_for_facts(p, METHOD_events, options, facts);
}
