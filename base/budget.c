/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/budget.h"

#define MB 1048576u /* bytes */

static size_t budget_counted(const struct budget *budget, size_t held)
{
    return held > budget->exempt ? held - budget->exempt : 0;
}

bool budget_resize(struct budget *budget, size_t held, size_t want)
{
    if (!budget)
        return true;
    size_t before = budget_counted(budget, held), after = budget_counted(budget, want);
    size_t used = atomic_load(&budget->used), others;
    do {
        others = used - before;
        bool fits = others <= budget->limit && after <= budget->limit - others;
        if (after > before && others > 0 && !fits)
            return false;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, others + after));
    return true;
}

int budget_error(struct budget *budget, struct error *err)
{
    return error_set(err, ERR_LIMIT, "the %s of all clients hold %zu MB of memory, and may hold %zu MB: try again",
                     budget->what, atomic_load(&budget->used) / MB, budget->limit / MB);
}
