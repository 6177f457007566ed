/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/wire.h"

const struct method methods[METHOD_COUNT] = {
#define METHOD(id, symbol, name, signature, short_text)                                                                \
    [METHOD_##symbol] = {id, name, signature, short_text, METHOD_##symbol},
#include "protocol/methods.def"
#undef METHOD
};

/* Finds a method by its id. The switch makes a duplicate id a compile error. */
const struct method *method_find(uint32_t id)
{
    switch (id) {
#define METHOD(id, symbol, name, signature, short_text)                                                                \
    case id:                                                                                                           \
        return &methods[METHOD_##symbol];
#include "protocol/methods.def"
#undef METHOD
    }
    return NULL;
}
