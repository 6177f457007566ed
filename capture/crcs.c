/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRCs of the pixels that were read, and those that display hardware computes over its outputs. */
#include "capture/capturer.h"

#include "capture/candidates.h"
#include "picture/crc.h"

#include <string.h>

static int add_software_crc(struct capturer *capturer, const struct capture_options *options,
                            const struct capture_candidate **taken, struct strlist *facts, struct error *err)
{
    struct grab grab = {0};
    struct strlist refused = {0};
    struct capture_options own = *options;
    own.crc = true;
    int status = grab_picture(capturer, &own, &grab, taken, &refused, err);
    if (status == 0) {
        bool unchanged;
        const char *output = strlist_get(&grab.facts, "output");
        capturer_enter(capturer, STAGE_HASH, NULL);
        grab_add_pixel_facts(&grab, NULL, NULL, &unchanged);
        facts_add(facts, &grab.facts, "");
        facts_add(facts, &refused, "refused=");
        candidates_add_facts(&capturer->candidates, *taken, facts);
        if (!strlist_get(facts, "crc"))
            strlist_addf(facts, "crc=software 0x%08x %s", picture_crc(&grab.image), output ? output : "");
    }
    strlist_deinit(&grab.facts);
    strlist_deinit(&refused);
    return status;
}

static enum capture_result run_crcs(struct slot *slot, const struct capture_options *options, void *context,
                                    struct error *err)
{
    struct strlist *facts = context;
    strlist_deinit(facts); /* left by a failed attempt */
    int status = slot->backend->crcs(slot->capture, options, facts, err);
    if (status == 0)
        return CAPTURE_OK;
    return status == ERR_CLOSED ? CAPTURE_LOST : CAPTURE_FAILED;
}

/* Adds the CRCs of each backend's hardware. Where the picture is of a chosen card, its backend reads that card. */
static void add_hardware_crcs(struct capturer *capturer, const struct capture_options *options,
                              const struct capture_candidate *taken, struct strlist *facts)
{
    struct strlist found = {0};
    struct task task = {run_crcs, &found, STAGE_CRCS};
    for (size_t i = 0; i < capturer->slot_count; i++) {
        struct slot *slot = &capturer->slots[i];
        struct capture_candidate candidate = {.backend = slot->backend->name};
        struct error why = {0};
        if (!slot->backend->crcs || !capturer_is_wanted(slot->backend, options->backend))
            continue;
        if (taken && strcmp(taken->backend, candidate.backend) == 0)
            candidate = *taken;
        if (capturer_try(capturer, &candidate, options, &task, &why) == 0)
            facts_add(facts, &found, "");
        else
            strlist_addf(facts, "refused=hardware: %s: %s", slot->backend->name, why.text);
    }
    strlist_deinit(&found);
}

static int refuse_crc(const struct strlist *facts, int status, struct error *err)
{
    static const char prefix[] = "refused=";
    struct buffer text;
    buffer_init(&text, ERROR_LIST_MAX);
    for (size_t i = 0; i < facts->count; i++)
        if (strncmp(facts->items[i], prefix, sizeof prefix - 1) == 0)
            buffer_printf(&text, "%s%s", text.len ? "; " : "", facts->items[i] + sizeof prefix - 1);
    error_set(err, status, "%s", text.data ? (const char *)text.data : "no CRC is available, for an unknown reason");
    buffer_deinit(&text);
    return status;
}

int capturer_crc(struct capturer *capturer, const struct capture_options *options, struct strlist *facts,
                 struct error *err)
{
    struct error why = {0};
    const struct capture_candidate *taken = NULL;
    int status = add_software_crc(capturer, options, &taken, facts, &why);
    if (status < 0)
        strlist_addf(facts, "refused=software: %s", why.text);
    add_hardware_crcs(capturer, options, status == 0 ? taken : NULL, facts);
    capturer_enter(capturer, STAGE_IDLE, NULL);
    if (facts->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory for what is known of the CRCs");
    if (strlist_get(facts, "crc"))
        return 0;
    return refuse_crc(facts, status, err);
}
