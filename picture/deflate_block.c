/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_block.h"

#include <string.h>

#define EXACT_MAX 65536 /* literals that are all counted: of more, an eighth is */

/* ---- counting ---- */

#define FIRST_LENGTH 257
#define WAYS 4 /* counts side by side, since a count can't be raised again at once */

struct census {
    uint32_t of[WAYS][256];
};

static void count_bytes(struct census *census, const uint8_t *bytes, size_t len)
{
    size_t i = 0;
    for (; i + WAYS <= len; i += WAYS) {
        census->of[0][bytes[i]]++;
        census->of[1][bytes[i + 1]]++;
        census->of[2][bytes[i + 2]]++;
        census->of[3][bytes[i + 3]]++;
    }
    for (; i < len; i++)
        census->of[0][bytes[i]]++;
}

#define SAMPLE_LEN 32
#define SAMPLE_STEP 256

/* Counts about an eighth of the literals before a repeat: of long ones, stretches all along; of short ones, all of each
   eighth. */
static void count_some(struct census *census, const uint8_t *bytes, size_t len, size_t index)
{
    if (len <= 2 * SAMPLE_LEN) {
        if (index % (SAMPLE_STEP / SAMPLE_LEN) == 0)
            count_bytes(census, bytes, len);
        return;
    }
    for (size_t i = 0; i + SAMPLE_LEN <= len; i += SAMPLE_STEP)
        count_bytes(census, bytes + i, SAMPLE_LEN);
}

static size_t count_literals(const struct deflate_block *block)
{
    size_t literals = block->literals;
    for (size_t i = 0; i < block->op_count; i++)
        literals += block->ops[i].literals;
    return literals;
}

/* Returns how many of the longest repeats a long one begins with. */
WORDS_INLINE size_t longest_repeats(size_t len)
{
    return len > 2 * DEFLATE_MATCH_MAX ? len / DEFLATE_MATCH_MAX - 1 : 0;
}

/* Returns how much of a repeat goes next, so that what is left can be said, too. */
WORDS_INLINE size_t repeat_step(size_t len)
{
    if (len <= DEFLATE_MATCH_MAX)
        return len;
    return len < DEFLATE_MATCH_MAX + DEFLATE_MATCH_MIN ? DEFLATE_MATCH_MAX - DEFLATE_MATCH_MIN : DEFLATE_MATCH_MAX;
}

static void count_repeat(uint32_t *by_length, size_t len)
{
    size_t most = longest_repeats(len);
    by_length[DEFLATE_MATCH_MAX] += (uint32_t)most;
    len -= most * DEFLATE_MATCH_MAX;
    for (size_t step; len > 0; len -= step) {
        step = repeat_step(len);
        by_length[step]++;
    }
}

/* Counts an op's repeat or match. */
static void count_op(uint32_t *counts, uint32_t *by_length, struct deflate_op op)
{
    if (op.repeat & OP_MATCH) {
        by_length[op_len(op)]++;
        counts[DEFLATE_SYMBOLS + distance_symbol(op_distance(op))]++;
    } else {
        count_repeat(by_length, op_len(op));
    }
}

/* Counts the repeats' distance as often as they occur, and once at least: one distance there must be. */
static void count_lengths_of(uint32_t *counts, const uint32_t *by_length, unsigned distance)
{
    uint32_t matches = 0, all = 0;
    for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
        matches += counts[DEFLATE_SYMBOLS + i];
    for (unsigned symbol = FIRST_LENGTH; symbol < DEFLATE_LENGTHS_END; symbol++)
        for (unsigned above = 0; above < 1u << match_extra(symbol); above++)
            counts[symbol] += by_length[match_base(symbol) + above];
    counts[284] -= by_length[DEFLATE_MATCH_MAX];
    for (unsigned symbol = FIRST_LENGTH; symbol < DEFLATE_LENGTHS_END; symbol++)
        all += counts[symbol];
    counts[DEFLATE_SYMBOLS + distance_symbol(distance)] += all > matches ? all - matches : matches == 0;
}

/* Counts the symbols of the block; those of many literals are estimates. */
static void count_symbols(const struct deflate_block *block, uint32_t *counts)
{
    struct census census = {0};
    uint32_t by_length[DEFLATE_MATCH_MAX + 1] = {0};
    bool some = !block->matches && count_literals(block) > EXACT_MAX;
    const uint8_t *next = block->bytes;
    memset(counts, 0, DEFLATE_ALL_SYMBOLS * sizeof *counts);
    for (size_t i = 0; i <= block->op_count; i++) {
        size_t literals = i < block->op_count ? block->ops[i].literals : block->literals;
        if (some)
            count_some(&census, next, literals, i);
        else
            count_bytes(&census, next, literals);
        if (i == block->op_count)
            break;
        count_op(counts, by_length, block->ops[i]);
        next += literals + op_written(block->ops[i]);
    }
    for (unsigned i = 0; i < 256; i++) {
        uint32_t sum = census.of[0][i] + census.of[1][i] + census.of[2][i] + census.of[3][i];
        counts[i] = some ? sum * (SAMPLE_STEP / SAMPLE_LEN) + 1 : sum;
    }
    count_lengths_of(counts, by_length, block->distance);
    counts[DEFLATE_END] = 1;
}

/* ---- writing ---- */

/* A repeat of each length, with the code of the distance behind it, and without. */
struct repeat_codes {
    huffman_code of[DEFLATE_MATCH_MAX + 1], alone[DEFLATE_MATCH_MAX + 1];
    const huffman_code *distances; /* borrowed */
};

static void prepare_lengths(huffman_code *of, const struct block_code *code, huffman_code distance)
{
    for (unsigned symbol = FIRST_LENGTH; symbol < DEFLATE_LENGTHS_END; symbol++) {
        unsigned base = match_base(symbol), extra = match_extra(symbol), len = code->lengths[symbol];
        uint32_t bits = code->codes[symbol] >> 6 | distance >> 6 << (len + extra);
        for (unsigned above = 0; above < 1u << extra; above++)
            of[base + above] = (bits | above << len) << 6 | (len + extra + (distance & 63));
    }
}

static void prepare_repeats(struct repeat_codes *repeats, const struct block_code *code, unsigned distance,
                            bool matches)
{
    repeats->distances = code->codes + DEFLATE_SYMBOLS;
    prepare_lengths(repeats->of, code, repeats->distances[distance_symbol(distance)]);
    if (matches)
        prepare_lengths(repeats->alone, code, 0);
}

WORDS_INLINE void put_code(struct bit_writer *writer, huffman_code code)
{
    bit_add(writer, code >> 6, code & 63);
    bit_flush(writer);
}

/* The literals' codes and their lengths apart and as wide as they are computed with, so that each is an operand in memory. */
struct literal_codes {
    uint64_t codes[256];
    uint32_t lens[256];
};

static void prepare_literals(struct literal_codes *literals, const struct block_code *code)
{
    for (unsigned i = 0; i < 256; i++) {
        literals->codes[i] = code->codes[i] >> 6;
        literals->lens[i] = code->codes[i] & 63;
    }
}

/* Writes four literals, of 48 bits at most. */
WORDS_INLINE void put_four(struct bit_writer *writer, const struct literal_codes *literals, const uint8_t *bytes)
{
    uint64_t bits = literals->codes[bytes[0]];
    unsigned len = literals->lens[bytes[0]];
    bits |= literals->codes[bytes[1]] << len;
    len += literals->lens[bytes[1]];
    bits |= literals->codes[bytes[2]] << len;
    len += literals->lens[bytes[2]];
    bits |= literals->codes[bytes[3]] << len;
    len += literals->lens[bytes[3]];
    bit_add(writer, bits, len);
    bit_flush(writer);
}

WORDS_INLINE void put_literals(struct bit_writer *to, const struct literal_codes *literals, const uint8_t *bytes,
                               size_t len)
{
    struct bit_writer writer = *to;
    const uint8_t *end = bytes + len;
    for (; end - bytes >= 8; bytes += 8) {
        put_four(&writer, literals, bytes);
        put_four(&writer, literals, bytes + 4);
    }
    if (end - bytes >= 4) {
        put_four(&writer, literals, bytes);
        bytes += 4;
    }
    for (; bytes < end; bytes++)
        bit_add(&writer, literals->codes[*bytes], literals->lens[*bytes]);
    bit_flush(&writer);
    *to = writer;
}

/* Writes many of the longest repeats: the same bits again and again. */
WORDS_INLINE void put_longest(struct bit_writer *writer, huffman_code code, size_t count)
{
    uint64_t bits = code >> 6;
    unsigned len = code & 63, some = 1;
    for (; some < 16 && len * 2 * some <= 56; some *= 2)
        bits |= bits << len * some;
    for (; count >= some; count -= some) {
        bit_add(writer, bits, len * some);
        bit_flush(writer);
    }
    for (; count > 0; count--)
        put_code(writer, code);
}

WORDS_INLINE void put_repeat(struct bit_writer *writer, const struct repeat_codes *repeats, size_t len)
{
    if (len > DEFLATE_MATCH_MAX) {
        size_t most = longest_repeats(len);
        put_longest(writer, repeats->of[DEFLATE_MATCH_MAX], most);
        len -= most * DEFLATE_MATCH_MAX;
    }
    for (size_t step; len > 0; len -= step) {
        step = repeat_step(len);
        put_code(writer, repeats->of[step]);
    }
}

/* Writes a length and a distance, of 39 bits at most. */
WORDS_INLINE void put_match(struct bit_writer *writer, const struct repeat_codes *repeats, struct deflate_op op)
{
    uint32_t distance = op_distance(op);
    unsigned symbol = distance_symbol(distance), extra = distance_extra(symbol);
    huffman_code length = repeats->alone[op_len(op)], code = repeats->distances[symbol];
    bit_add(writer, length >> 6, length & 63);
    bit_add(writer, code >> 6, code & 63);
    bit_add(writer, (distance - 1) & ((1u << extra) - 1), extra);
    bit_flush(writer);
}

WORDS_INLINE void put_symbols(struct bit_writer *writer, const struct deflate_block *block,
                              const struct block_code *code)
{
    struct repeat_codes repeats;
    struct literal_codes literals;
    const uint8_t *next = block->bytes;
    prepare_literals(&literals, code);
    prepare_repeats(&repeats, code, block->distance, block->matches);
    for (size_t i = 0; i < block->op_count; i++) {
        struct deflate_op op = block->ops[i];
        put_literals(writer, &literals, next, op.literals);
        if (op.repeat & OP_MATCH)
            put_match(writer, &repeats, op);
        else
            put_repeat(writer, &repeats, op_len(op));
        next += op.literals + op_written(op);
    }
    put_literals(writer, &literals, next, block->literals);
    put_code(writer, code->codes[DEFLATE_END]);
}

static void put_symbols_plain(struct bit_writer *writer, const struct deflate_block *block,
                              const struct block_code *code)
{
    put_symbols(writer, block, code);
}

#if defined __x86_64__ || defined __i386__
/* Shifts by any register, without the flags: that is most of the work. */
__attribute__((target("bmi2"))) static void
put_symbols_bmi2(struct bit_writer *writer, const struct deflate_block *block, const struct block_code *code)
{
    put_symbols(writer, block, code);
}
#else
#define put_symbols_bmi2 put_symbols_plain
#endif

bool deflate_put_block(struct bit_writer *writer, const struct deflate_block *block, bool bmi2, bool last,
                       uint64_t most)
{
    uint32_t counts[DEFLATE_ALL_SYMBOLS];
    struct block_code dynamic, fixed;
    count_symbols(block, counts);
    block_code_dynamic(&dynamic, counts);
    block_code_fixed(&fixed);
    uint64_t dynamic_bits = block_code_head(NULL, &dynamic, last) + block_code_cost(&dynamic, counts);
    uint64_t fixed_bits = 3 + block_code_cost(&fixed, counts);
    struct block_code *best = fixed_bits <= dynamic_bits ? &fixed : &dynamic;
    if ((best == &fixed ? fixed_bits : dynamic_bits) >= most)
        return false;
    if (best == &fixed)
        bit_add(writer, (unsigned)last | 1u << 1, 3);
    else
        block_code_head(writer, best, last);
    block_code_finish(best);
    (bmi2 ? put_symbols_bmi2 : put_symbols_plain)(writer, block, best);
    return true;
}
