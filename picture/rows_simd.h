/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels for vectors of any size: rows_x86.c includes this once for each, with V for the type, OP(name) for an
   operation on it, NAME(name) for a function and TARGET for its attribute. Loads and stores are unaligned, and nothing
   is kept in an array of vectors: gcc for 64-bit Windows does not align the stack to more than 16 bytes. */
#ifndef PICTURE_ROWS_SIMD_H
#define PICTURE_ROWS_SIMD_H

TARGET ALWAYS_INLINE V NAME(paeth)(V a, V b, V c)
{
    V zero = OP(zero)();
    V under_b = OP(subs)(c, b), under_a = OP(subs)(c, a);
    V pa = OP(or)(OP(subs)(b, c), under_b), pb = OP(or)(OP(subs)(a, c), under_a);
    V same_side = OP(equal)(OP(equal)(under_a, zero), OP(equal)(under_b, zero));
    V apart = OP(or)(OP(subs)(pa, pb), OP(subs)(pb, pa));
    V pc = OP(select)(apart, OP(adds)(pa, pb), same_side);
    V second = OP(select)(c, b, OP(equal)(OP(min)(pb, pc), pb));
    return OP(select)(second, a, OP(equal)(OP(min)(pa, OP(min)(pb, pc)), pa));
}

TARGET ALWAYS_INLINE V NAME(predict)(enum png_filter filter, const uint8_t *row, const uint8_t *above, unsigned step)
{
    if (filter == PNG_SUB)
        return OP(load)(row - step);
    if (filter == PNG_UP)
        return OP(load)(above);
    if (filter == PNG_PAETH)
        return NAME(paeth)(OP(load)(row - step), OP(load)(above), OP(load)(above - step));
    return OP(zero)();
}

TARGET ALWAYS_INLINE void NAME(filter_vector)(enum png_filter filter, uint8_t *out, const uint8_t *row,
                                              const uint8_t *above, unsigned step)
{
    OP(store)(out, OP(sub)(OP(load)(row), NAME(predict)(filter, row, above, step)));
}

/* Filters what lies behind the first pixel; the last vector overlaps the one before. */
TARGET ALWAYS_INLINE void NAME(filter_rest)(enum png_filter filter, uint8_t *out, const uint8_t *row,
                                            const uint8_t *above, size_t len, unsigned step)
{
    size_t i = step;
    for (; i + sizeof(V) <= len; i += sizeof(V))
        NAME(filter_vector)(filter, out + i, row + i, above + i, step);
    if (i < len)
        NAME(filter_vector)(filter, out + len - sizeof(V), row + len - sizeof(V), above + len - sizeof(V), step);
}

TARGET static void NAME(filter_row)(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above,
                                    size_t len, unsigned step)
{
    if (len < sizeof(V) + step) {
        png_filter_bytes(filter, out, row, above, len, step);
        return;
    }
    png_filter_bytes(filter, out, row, above, step, step);
    switch (filter) {
    case PNG_SUB:
        NAME(filter_rest)(PNG_SUB, out, row, above, len, step);
        break;
    case PNG_UP:
        NAME(filter_rest)(PNG_UP, out, row, above, len, step);
        break;
    case PNG_PAETH:
        NAME(filter_rest)(PNG_PAETH, out, row, above, len, step);
        break;
    default:
        NAME(filter_rest)(PNG_NONE, out, row, above, len, step);
    }
}

/* Returns sums of the bits in each 8 bytes. */
TARGET ALWAYS_INLINE V NAME(estimate_vector)(V bytes)
{
    static const uint8_t bits[16] = {ESTIMATE_BITS};
    V most = OP(spread)(15), distance = OP(min)(bytes, OP(sub)(OP(zero)(), bytes));
    return OP(sad)(OP(look_up)(bits, OP(min)(distance, most)), OP(zero)());
}

TARGET static void NAME(estimate)(uint32_t bits[PNG_FILTER_COUNT], const uint8_t *row, const uint8_t *above, size_t len,
                                  unsigned step, size_t each)
{
    V none = OP(zero)(), sub = none, up = none, paeth = none;
    if (len < ESTIMATE_BLOCK + step) {
        rows_plain.estimate(bits, row, above, len, step, each);
        return;
    }
    for (size_t i = step; i + ESTIMATE_BLOCK <= len; i += each)
        for (size_t k = i; k < i + ESTIMATE_BLOCK; k += sizeof(V)) {
            V at = OP(load)(row + k), left = OP(load)(row + k - step), over = OP(load)(above + k);
            V predicted = NAME(paeth)(left, over, OP(load)(above + k - step));
            none = OP(add64)(none, NAME(estimate_vector)(at));
            sub = OP(add64)(sub, NAME(estimate_vector)(OP(sub)(at, left)));
            up = OP(add64)(up, NAME(estimate_vector)(OP(sub)(at, over)));
            paeth = OP(add64)(paeth, NAME(estimate_vector)(OP(sub)(at, predicted)));
        }
    bits[PNG_NONE] = OP(sum64)(none);
    bits[PNG_SUB] = OP(sum64)(sub);
    bits[PNG_UP] = OP(sum64)(up);
    bits[PNG_PAETH] = OP(sum64)(paeth);
    bits[PNG_AVERAGE] = 0;
}

TARGET static void NAME(repeats)(uint8_t *bits, const uint8_t *bytes, size_t len, unsigned distance)
{
    for (size_t i = 0; i < len; i += sizeof(V)) {
        unsigned set = OP(mask)(OP(equal)(OP(load)(bytes + i), OP(load)(bytes + i - distance)));
        memcpy(bits + i / 8, &set, sizeof(V) / 8);
    }
}

/* Sums a stretch of whole vectors: b gets each byte times the number of those from it on, its vector's by the weights
   and those behind it by a sum of all sums so far. */
TARGET static void NAME(adler)(struct row_sums *sums, const uint8_t *bytes, size_t len)
{
    size_t vectors = len / sizeof(V);
    V zero = OP(zero)(), a = zero, before = zero, weighed = zero;
    for (size_t i = 0; i < vectors; i++, bytes += sizeof(V)) {
        V at = OP(load)(bytes);
        before = OP(add32)(before, a);
        weighed = OP(add32)(weighed, OP(weigh)(at));
        a = OP(add32)(a, OP(sad)(at, zero));
    }
    sums->b += sums->a * (uint32_t)(vectors * sizeof(V)) + OP(sum32)(before) * (uint32_t)sizeof(V) + OP(sum32)(weighed);
    sums->a += OP(sum32)(a);
    rows_plain.adler(sums, bytes, len % sizeof(V));
}

TARGET static bool NAME(same)(const uint8_t *row, const uint8_t *above, size_t len)
{
    size_t i = 0;
    for (; i + 4 * sizeof(V) <= len; i += 4 * sizeof(V)) {
        V first = OP(and)(OP(equal)(OP(load)(row + i), OP(load)(above + i)),
                          OP(equal)(OP(load)(row + i + sizeof(V)), OP(load)(above + i + sizeof(V))));
        V second = OP(and)(OP(equal)(OP(load)(row + i + 2 * sizeof(V)), OP(load)(above + i + 2 * sizeof(V))),
                           OP(equal)(OP(load)(row + i + 3 * sizeof(V)), OP(load)(above + i + 3 * sizeof(V))));
        if (OP(mask)(OP(and)(first, second)) != OP(mask)(OP(equal)(first, first)))
            return false;
    }
    return memcmp(row + i, above + i, len - i) == 0;
}

#endif
