/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is looked for of a user: for files and properties the account only. */
#include "linux/user/login.h"
#include "platform/identity.h"
#include "tests/unit/check.h"

#include <pwd.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int reads; /* of the environments of all processes */

/* In place of login_environment(), which the linker is told. */
long __wrap_login_environment(const struct login_search *search, struct strlist *out);
long __wrap_login_environment(const struct login_search *search, struct strlist *out)
{
    (void)search;
    atomic_fetch_add(&reads, 1);
    strlist_add(out, "DISPLAY=:9");
    return (long)getpid();
}

static const char *own_name(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    return entry ? entry->pw_name : NULL;
}

static void files_and_properties_read_no_environment(void)
{
    struct error err;
    struct os_identity *as;
    const char *who = own_name();
    if (!who) {
        SKIP("who runs this has no name");
        return;
    }
    for (int i = 0; i < 10; i++) {
        CHECK_INT(os_identity_find(&as, who, &err), 0);
        CHECK(strstr(os_identity_name(as), who));
        CHECK_TEXT(os_identity_user(as), who);
        CHECK_INT(os_identity_enter(as, &err), 0);
        os_identity_leave(as);
        os_identity_free(as);
    }
    CHECK_INT(atomic_load(&reads), 0);
}

static void programs_of_a_session_read_it_once(void)
{
    struct error err;
    struct os_identity *as;
    char note[200];
    const char *who = own_name();
    if (!who) {
        SKIP("who runs this has no name");
        return;
    }
    for (int i = 0; i < 10; i++) {
        CHECK_INT(os_identity_find(&as, who, &err), 0);
        CHECK_INT(os_identity_add_environment(as, note, sizeof note, &err), 0);
        CHECK_TEXT(note, "");
        os_identity_free(as);
    }
    CHECK_INT(atomic_load(&reads), 1);
}

static void agent_s_own_user_has_no_name(void)
{
    struct error err;
    struct os_identity *as;
    CHECK_INT(os_identity_find(&as, OS_IDENTITY_AGENT, &err), 0);
    CHECK_TEXT(os_identity_user(as), "");
    os_identity_free(as);
}

int main(void)
{
    RUN(files_and_properties_read_no_environment);
    RUN(programs_of_a_session_read_it_once);
    RUN(agent_s_own_user_has_no_name);
    return CHECK_RESULT();
}
