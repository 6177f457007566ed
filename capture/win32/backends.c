/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capture.h"
#include "capture/win32/dxgi.h"
#include "capture/win32/gdi.h"
#include "capture/pattern.h"

const struct capture_backend *const capture_backends[] = {
    &capture_gdi,
    &capture_dxgi,
    &capture_pattern,
    NULL,
};

static void win32_unused_rules(const struct strlist *rules, struct strlist *out)
{
    for (size_t i = 0; rules && i < rules->count; i++)
        strlist_addf(out, "'%s' is of no card here: Windows does not tell cards apart by such names", rules->items[i]);
}

void (*const capture_unused_rules)(const struct strlist *rules, struct strlist *out) = win32_unused_rules;

/* Orders GDI before desktop duplication. GDI copies the composed desktop, which no program notices. Duplication changes
   how programs present, which a test may notice. But it also captures exclusive full-screen programs, which GDI does
   not. */
static void win32_choose(const struct capture_options *options, struct capture_candidates *candidates)
{
    candidates->items[candidates->count++] = (struct capture_candidate){
        .backend = capture_gdi.name, .reason = "GDI, which no program notices", .is_shown = true};
    if (options->passive)
        strlist_addf(&candidates->passed_over,
                     "%s: not while a program of the host runs, which could notice; by its name", capture_dxgi.name);
    else
        candidates->items[candidates->count++] =
            (struct capture_candidate){.backend = capture_dxgi.name,
                                       .reason = "desktop duplication, where GDI fails or is shown one colour alone",
                                       .is_shown = true,
                                       .if_uniform = true};
}

capture_chooser *const capture_choose = win32_choose;
int (*const capture_source_main)(int argc, char **argv) = NULL;
