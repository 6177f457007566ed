/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each HRESULT of desktop duplication calls for: what was called, in which order, and what came of it. */
#include "tests/unit/capture/win32/fake_duplication.h"

static void test_first_frame(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrR");
    CHECK(is_picture(&result));
    CHECK_TEXT(strlist_get(&result.facts, "method"), "DuplicateOutput");
    CHECK_TEXT(strlist_get(&result.facts, "cursor"), "off");
    CHECK_TEXT(strlist_get(&result.facts, "dxgi.restarts"), "0");
    CHECK_TEXT(strlist_get(&result.facts, "dxgi.output"), "DISPLAY1 3x2+0+0, turned by 0, of An adapter");
    drop(&result);
}

/* A code whose highest bit is clear is a success: S_FALSE, and DXGI_STATUS_OCCLUDED. */
static void test_successes_beside_s_ok(void)
{
    static const struct step steps[] = {{"enter", 1}, {"duplicate", 0x087a0001}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, steps);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrR");
    CHECK(is_picture(&result));
    drop(&result);
}

static void test_pointer_only_frames_are_skipped(void)
{
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    fake.pointer_only = 2;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldararacrR");
    CHECK(is_picture(&result));
    drop(&result);
    prepare(&fake, NULL);
    fake.never_presents = true;
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK(strstr(result.err.text, "static: ") == result.err.text);
    CHECK(!strchr(fake.log, 'c')); /* such a frame's pixels are never looked at */
    drop(&result);
}

static void test_wait_timeout(void)
{
    static const struct step once[] = {{"acquire", 0x887a0027}, {"acquire", 0x887a0027}, {NULL, 0}};
    struct step always[STEPS] = {{NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, once);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldaaacrR");
    drop(&result);
    for (int i = 0; i + 1 < STEPS; i++)
        always[i] = (struct step){"acquire", 0x887a0027};
    prepare(&fake, always);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(result.err.text,
               "static: AcquireNextFrame: nothing was presented (DXGI_ERROR_WAIT_TIMEOUT, 0x887a0027)");
    CHECK_INT(fake.now_ms - 1000000, DUPLICATION_DEADLINE_MS);
    CHECK_INT(fake.slept_ms, 0);
    drop(&result);
    prepare(&fake, always);
    request.timeout_ms = 300; /* the caller's own deadline, when that is nearer */
    take(&fake, &result);
    CHECK_INT(fake.now_ms - 1000000, 300);
    drop(&result);
}

/* Once: begun anew, from the desktop on. Without end: given up after as many restarts as are allowed. */
static void check_restart(const char *call, uint32_t code, const char *log)
{
    struct step once[] = {{call, code}, {NULL, 0}}, always[STEPS] = {{NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, once);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, log);
    CHECK(is_picture(&result));
    CHECK_TEXT(strlist_get(&result.facts, "dxgi.restarts"), "1");
    drop(&result);
    for (int i = 0; i + 1 < STEPS; i++)
        always[i] = (struct step){call, code};
    prepare(&fake, always);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK(strstr(result.err.text, "again and again"));
    CHECK_INT(state.restarts, DUPLICATION_RESTARTS_MAX);
    drop(&result);
}

static void test_restarts(void)
{
    static const uint32_t codes[] = {0x887a0026, 0x00000080, 0x887a002b, 0x887a0001};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        check_restart("duplicate", codes[i], "eldReldacrR");
        check_restart("acquire", codes[i], "eldaReldacrR");
        check_restart("copy", codes[i], "eldacrReldacrR");
    }
}

static void test_restarts_are_counted_over_pictures(void)
{
    static const struct step twice[] = {{"acquire", 0x887a0026}, {"acquire", 0x887a0026}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, twice);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    drop(&result);
    memset(fake.used, 0, sizeof fake.used);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE); /* the fourth within 10 s */
    drop(&result);
    memset(fake.used, 0, sizeof fake.used);
    fake.now_ms += DUPLICATION_RESTARTS_MS;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    drop(&result);
}

static void test_lost_in_the_pointer_s_shape_and_the_release(void)
{
    static const struct step shape[] = {{"shape", 0x887a0026}, {NULL, 0}};
    static const struct step release[] = {{"release", 0x887a0026}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, shape);
    request.cursor = true;
    fake.pointer = (struct duplication_frame){.shape_updated = true};
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldasrReldascrR");
    drop(&result);
    prepare(&fake, release);
    take(&fake, &result);
    CHECK_INT(result.status, 0); /* the pixels were there */
    CHECK_TEXT(fake.log, "eldacrR");
    CHECK(is_picture(&result));
    drop(&result);
    prepare(&fake, release);
    fake.pointer_only = 1;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldarReldacrR");
    drop(&result);
}

static void test_access_denied(void)
{
    static const struct step once[] = {{"duplicate", 0x80070005}, {NULL, 0}};
    static const struct step thrice[] = {
        {"duplicate", 0x80070005}, {"enter", 0x80070005}, {"duplicate", 0x80070005}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, once);
    request.is_system = true;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_INT(fake.slept_ms, 200);
    CHECK_TEXT(fake.log, "eldReldacrR");
    drop(&result);
    prepare(&fake, thrice);
    request.is_system = true;
    take(&fake, &result);
    CHECK_INT(result.status, ERR_DENIED);
    CHECK_INT(fake.slept_ms, 400);
    drop(&result);
    prepare(&fake, once); /* a user: there is nothing to wait for */
    take(&fake, &result);
    CHECK_INT(result.status, ERR_DENIED);
    CHECK_INT(fake.slept_ms, 0);
    CHECK_TEXT(result.err.text, "desktop-denied: DuplicateOutput: the desktop that has the input is SYSTEM's alone "
                                "(E_ACCESSDENIED, 0x80070005)");
    drop(&result);
}

/* Refused at once, without a pause or another try. */
static void check_refusal(const char *call, uint32_t code, const char *text)
{
    struct step script[] = {{call, code}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, script);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK(strstr(result.err.text, text) == result.err.text);
    CHECK_INT(fake.slept_ms, 0);
    CHECK_INT(state.restarts, 0);
    CHECK(!strchr(fake.log, 'c') || strcmp(call, "copy") == 0);
    drop(&result);
}

static void test_refusals(void)
{
    check_refusal("duplicate", 0x887a0022,
                  "DuplicateOutput: too many programs duplicate the desktop already "
                  "(DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, 0x887a0022)");
    check_refusal("duplicate", 0x80070057, "DuplicateOutput: the agent's own mistake (E_INVALIDARG, 0x80070057)");
    check_refusal("duplicate", 0x887a0028, "session-disconnected: DuplicateOutput: ");
    check_refusal("acquire", 0x887a0028, "session-disconnected: AcquireNextFrame: ");
    check_refusal("duplicate", 0x88888888, "DuplicateOutput: no reason is known (an unknown code, 0x88888888)");
    for (uint32_t code = 0x887a0005; code <= 0x887a0007; code++)
        check_refusal("acquire", code, "gpu-reset: AcquireNextFrame: ");
    check_refusal("copy", 0x887a0020, "gpu-reset: the copy of the frame: ");
}

static void test_disconnected_names_the_remedy(void)
{
    static const struct step script[] = {{"duplicate", 0x887a0028}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, script);
    take(&fake, &result);
    CHECK(strstr(result.err.text, "'tscon ID /dest:console'"));
    CHECK_TEXT(fake.log, "eldRR");
    drop(&result);
}

static void test_gpu_reset_begins_anew_with_the_next_picture(void)
{
    static const struct step script[] = {{"acquire", 0x887a0005}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, script);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    drop(&result);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(fake.log, "eldacrR");
    drop(&result);
}

static void check_removed(uint32_t code, uint32_t reason, const char *text)
{
    struct step script[] = {{"acquire", code}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, script);
    fake.removed = reason;
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(result.err.text, text);
    drop(&result);
}

static void test_reason_of_a_removed_device_is_told(void)
{
    check_removed(0x887a0005, 0x887a0006,
                  "gpu-reset: AcquireNextFrame: the graphics device hung (DXGI_ERROR_DEVICE_HUNG, 0x887a0006; the call "
                  "gave DXGI_ERROR_DEVICE_REMOVED)");
    check_removed(
        0x887a0005, 0x887a0020,
        "gpu-reset: AcquireNextFrame: the graphics driver failed (DXGI_ERROR_DRIVER_INTERNAL_ERROR, 0x887a0020; "
        "the call gave DXGI_ERROR_DEVICE_REMOVED)");
    check_removed(0x887a0005, 0x887a0005,
                  "gpu-reset: AcquireNextFrame: the graphics device was removed or its driver updated "
                  "(DXGI_ERROR_DEVICE_REMOVED, 0x887a0005)");
    check_removed(
        0x80004005, 0x887a0007,
        "gpu-reset: AcquireNextFrame: the graphics device was reset (DXGI_ERROR_DEVICE_RESET, 0x887a0007; the "
        "call gave an unknown code)");
}

/* The access is lost when the driver has reset the device, as when only the mode has changed: the picture comes then. */
static void test_removed_device_is_told_with_the_picture(void)
{
    static const struct step once[] = {{"acquire", 0x887a0026}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, once);
    fake.removed = 0x887a0006;
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK_TEXT(strlist_get(&result.facts, "dxgi.removed"),
               "AcquireNextFrame: the graphics device hung (DXGI_ERROR_DEVICE_HUNG, 0x887a0006; the call gave "
               "DXGI_ERROR_ACCESS_LOST)");
    drop(&result);
    prepare(&fake, once);
    take(&fake, &result);
    CHECK(!strlist_get(&result.facts, "dxgi.removed"));
    drop(&result);
}

static void test_no_output(void)
{
    static const struct step script[] = {{"list", 0x887a0002}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, NULL);
    fake.outputs.count = 0;
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK(strstr(result.err.text, "no-output: EnumOutputs: ") == result.err.text);
    CHECK_TEXT(fake.log, "elRR");
    drop(&result);
    prepare(&fake, script);
    take(&fake, &result);
    CHECK(strstr(result.err.text, "no-output: EnumOutputs: ") == result.err.text);
    drop(&result);
}

/* What can't be is asked for no more: for ever (nothing is called then), or until the displays change. */
static void check_memory(uint32_t code, const char *again, const char *after_change)
{
    struct step script[] = {{"duplicate", code}, {NULL, 0}};
    struct fake fake;
    struct result first, second;
    prepare(&fake, script);
    take(&fake, &first);
    CHECK_INT(first.status, ERR_UNAVAILABLE);
    take(&fake, &second);
    CHECK_INT(second.status, ERR_UNAVAILABLE);
    CHECK_TEXT(second.err.text, first.err.text);
    CHECK_TEXT(fake.log, again);
    drop(&first);
    drop(&second);
    request.displays++;
    take(&fake, &second);
    CHECK_TEXT(fake.log, after_change);
    drop(&second);
}

static void test_unsupported_and_not_there(void)
{
    check_memory(0x887a0004, "elRR", "eldacrR");
    check_memory(0x80004001, "R", "R");
}

/* A hybrid pair: what one output's adapter can't, the other's can. */
static void test_unsupported_is_remembered_of_each_output(void)
{
    static const struct step script[] = {{"duplicate", 0x887a0004}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare_two_outputs(&fake, script);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    drop(&result);
    request.output = "DISPLAY2";
    request.area = (struct rect){-W, 0, W, H};
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    CHECK(is_picture(&result));
    drop(&result);
    request.output = "DISPLAY1";
    request.area = (struct rect){0, 0, W, H};
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK_TEXT(fake.log, "elRR");
    drop(&result);
}

static void test_unsupported_before_an_output_is_asked_again(void)
{
    static const struct step script[] = {{"list", 0x887a0004}, {NULL, 0}};
    struct fake fake;
    struct result result;
    prepare(&fake, script);
    take(&fake, &result);
    CHECK_INT(result.status, ERR_UNAVAILABLE);
    CHECK(strstr(result.err.text, "EnumOutputs: the adapter or the display mode can't be duplicated"));
    drop(&result);
    take(&fake, &result);
    CHECK_INT(result.status, 0);
    drop(&result);
}

int main(void)
{
    RUN(test_first_frame);
    RUN(test_successes_beside_s_ok);
    RUN(test_pointer_only_frames_are_skipped);
    RUN(test_wait_timeout);
    RUN(test_restarts);
    RUN(test_restarts_are_counted_over_pictures);
    RUN(test_lost_in_the_pointer_s_shape_and_the_release);
    RUN(test_access_denied);
    RUN(test_refusals);
    RUN(test_disconnected_names_the_remedy);
    RUN(test_gpu_reset_begins_anew_with_the_next_picture);
    RUN(test_reason_of_a_removed_device_is_told);
    RUN(test_removed_device_is_told_with_the_picture);
    RUN(test_no_output);
    RUN(test_unsupported_and_not_there);
    RUN(test_unsupported_is_remembered_of_each_output);
    RUN(test_unsupported_before_an_output_is_asked_again);
    return CHECK_RESULT();
}
