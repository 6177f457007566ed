/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/xlib.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct x11_functions x11;

static char missing[X11_LIB_COUNT][512]; /* why it is missing, "" when it is loaded */
static bool loaded[X11_LIB_COUNT];

static const struct {
    const char *file, *loss;
} libraries[] = {
#define X(symbol, file, loss) {file, loss},
    X11_LIBRARIES(X)
#undef X
};

static const struct {
    enum x11_library library;
    const char *name;
    size_t offset; /* in struct x11_functions */
    bool required;
} functions[] = {
#define X(library, function, required) {library, #function, offsetof(struct x11_functions, function), required},
    X11_FUNCTIONS(X)
#undef X
};

static void x11_set_function(size_t index, void *address)
{
    memcpy((char *)&x11 + functions[index].offset, &address, sizeof address);
}

/* Loads all functions of a library or none, so that a caller need not check each of them. */
static void x11_load_library(enum x11_library library)
{
    const char *why = NULL;
    void *handle = dlopen(libraries[library].file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        why = dlerror();
    for (size_t i = 0; i < sizeof functions / sizeof functions[0] && !why; i++) {
        if (functions[i].library != library)
            continue;
        void *address = dlsym(handle, functions[i].name);
        x11_set_function(i, address);
        if (!address && functions[i].required)
            why = functions[i].name;
    }
    if (!why)
        return;
    snprintf(missing[library], sizeof missing[library], "%s can't be used (%s): %s", libraries[library].file, why,
             libraries[library].loss);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (functions[i].library == library)
            x11_set_function(i, NULL);
}

void x11_load_more(enum x11_library library)
{
    if (!loaded[library])
        x11_load_library(library);
    loaded[library] = true;
}

int x11_load(struct error *err)
{
    for (int library = 0; library < X11_LIB_XTST; library++)
        x11_load_more((enum x11_library)library);
    if (x11_missing(X11_LIB_X11))
        return error_set(err, ERR_UNAVAILABLE, "%s", x11_missing(X11_LIB_X11));
    return 0;
}

const char *x11_missing(enum x11_library library)
{
    return missing[library][0] ? missing[library] : NULL;
}
