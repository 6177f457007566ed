/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_fast.h"

#include "picture/deflate_codes.h"

#include <stdlib.h>
#include <string.h>

#define GUARD 64                     /* bytes before and behind the band, for loads of whole vectors */
#define REPEAT_MIN DEFLATE_ZEROS_MIN /* bytes; shorter ones are as small as literals, and take longer to find */
#define EXACT_MAX 65536              /* literals that are all counted: of more, an eighth is */
#define STORED_MAX 65535             /* bytes of a stored block */
#define STORED_OVERHEAD 5            /* bytes */
#define NOT_WRITTEN 0x80000000u

/* Literals, then a repeat, which may be of bytes that were not written out. */
struct deflate_op {
    uint32_t literals, repeat;
};

bool deflate_band_init(struct deflate_band *band, const struct row_kernels *kernels, unsigned distance, size_t size)
{
    size_t ops = (size / REPEAT_MIN + 2) * sizeof(struct deflate_op);
    size_t bits = size / 8 + GUARD;
    uint8_t *memory = malloc(ops + bits + GUARD + size + GUARD);
    *band = (struct deflate_band){.kernels = kernels, .distance = distance, .memory = memory};
    if (!memory)
        return false;
    band->ops = (struct deflate_op *)(void *)memory;
    band->bits = memory + ops;
    band->start = memory + ops + bits + GUARD;
    memset(band->start - GUARD, 0, GUARD);
    deflate_begin(band);
    return true;
}

void deflate_band_deinit(struct deflate_band *band)
{
    free(band->memory);
    *band = (struct deflate_band){0};
}

void deflate_begin(struct deflate_band *band)
{
    band->end = band->looked = band->start;
    band->len = band->op_count = band->literals = 0;
}

void deflate_add(struct deflate_band *band, size_t len)
{
    band->end += len;
    band->len += len;
}

/* ---- repeats ---- */

WORDS_INLINE uint64_t load_bits(const uint8_t *bits, size_t place)
{
    return load_64(bits + place / 8) >> place % 8;
}

#define WINDOW 50 /* places that are seen at once: 57 bits, less those that a repeat needs */

/* Finds the first of REPEAT_MIN set bits in a row. Returns `end` where there is none. */
WORDS_INLINE size_t find_repeat(const uint8_t *bits, size_t place, size_t end)
{
    for (; place < end; place += WINDOW) {
        uint64_t set = load_bits(bits, place);
        set &= set >> 1;
        set &= set >> 2;
        set &= set >> 4;
        set &= (1ull << WINDOW) - 1;
        if (set)
            return place + (size_t)__builtin_ctzll(set);
    }
    return end;
}

WORDS_INLINE size_t find_repeat_end(const uint8_t *bits, size_t place, size_t end)
{
    for (; place < end; place += 56) {
        uint64_t clear = ~load_bits(bits, place) & ((1ull << 56) - 1);
        if (clear)
            return place + (size_t)__builtin_ctzll(clear);
    }
    return end;
}

static void add_op(struct deflate_band *band, size_t literals, uint32_t repeat)
{
    band->ops[band->op_count++] = (struct deflate_op){(uint32_t)(band->literals + literals), repeat};
    band->literals = 0;
}

/* Looks for repeats in the bytes that were added since the last time. */
static void look_for_repeats(struct deflate_band *band)
{
    size_t from = (size_t)(band->looked - band->start), end = (size_t)(band->end - band->start);
    size_t place = from > band->distance ? from : band->distance, literal = from;
    band->looked = band->end;
    if (end - from == 0)
        return;
    band->kernels->repeats(band->bits + from / 8, band->start + from / 8 * 8, end - from / 8 * 8, band->distance);
    while ((place = find_repeat(band->bits, place, end)) + REPEAT_MIN <= end) {
        size_t stop = find_repeat_end(band->bits, place, end);
        if (stop > end)
            stop = end;
        add_op(band, place - literal, (uint32_t)(stop - place));
        literal = place = stop;
    }
    band->literals += end - literal;
}

void deflate_add_zeros(struct deflate_band *band, size_t len)
{
    look_for_repeats(band);
    add_op(band, 0, (uint32_t)len | NOT_WRITTEN);
    band->len += len;
}

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

static size_t count_literals(const struct deflate_band *band)
{
    size_t literals = band->literals;
    for (size_t i = 0; i < band->op_count; i++)
        literals += band->ops[i].literals;
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

/* Counts the symbols of the block; those of many literals are estimates. */
static void count_symbols(const struct deflate_band *band, uint32_t *counts)
{
    struct census census = {0};
    uint32_t by_length[DEFLATE_MATCH_MAX + 1] = {0};
    bool some = count_literals(band) > EXACT_MAX;
    const uint8_t *next = band->start;
    memset(counts, 0, DEFLATE_SYMBOLS * sizeof *counts);
    for (size_t i = 0; i <= band->op_count; i++) {
        size_t literals = i < band->op_count ? band->ops[i].literals : band->literals;
        if (some)
            count_some(&census, next, literals, i);
        else
            count_bytes(&census, next, literals);
        if (i == band->op_count)
            break;
        uint32_t repeat = band->ops[i].repeat;
        count_repeat(by_length, repeat & ~NOT_WRITTEN);
        next += literals + (repeat & NOT_WRITTEN ? 0 : repeat);
    }
    for (unsigned i = 0; i < 256; i++) {
        uint32_t sum = census.of[0][i] + census.of[1][i] + census.of[2][i] + census.of[3][i];
        counts[i] = some ? sum * (SAMPLE_STEP / SAMPLE_LEN) + 1 : sum;
    }
    for (unsigned symbol = FIRST_LENGTH; symbol < DEFLATE_SYMBOLS; symbol++)
        for (unsigned above = 0; above < 1u << match_extra(symbol); above++)
            counts[symbol] += by_length[match_base(symbol) + above];
    counts[284] -= by_length[DEFLATE_MATCH_MAX];
    counts[DEFLATE_END] = 1;
}

/* ---- writing ---- */

/* A repeat of each length, with the code of the distance behind it. */
struct repeat_codes {
    huffman_code of[DEFLATE_MATCH_MAX + 1];
};

static void prepare_repeats(struct repeat_codes *repeats, const struct block_code *code)
{
    for (unsigned symbol = FIRST_LENGTH; symbol < DEFLATE_SYMBOLS; symbol++) {
        unsigned base = match_base(symbol), extra = match_extra(symbol), len = code->lengths[symbol];
        uint32_t bits = code->codes[symbol] >> 6 | code->distance >> 6 << (len + extra);
        for (unsigned above = 0; above < 1u << extra; above++)
            repeats->of[base + above] = (bits | above << len) << 6 | (len + extra + (code->distance & 63));
    }
}

WORDS_INLINE void put_code(struct bit_writer *writer, huffman_code code)
{
    bit_add(writer, code >> 6, code & 63);
    bit_flush(writer);
}

/* Joins the codes of four literals, of 48 bits at most. Their length is in the low 6 bits of *len. */
WORDS_INLINE uint64_t join_codes(const huffman_code *codes, const uint8_t *bytes, unsigned *len)
{
    huffman_code a = codes[bytes[0]], b = codes[bytes[1]], c = codes[bytes[2]], d = codes[bytes[3]];
    uint64_t first = a >> 6 | (uint64_t)(b >> 6) << (a & 63), second = c >> 6 | (uint64_t)(d >> 6) << (c & 63);
    *len = a + b + c + d;
    return first | second << ((a + b) & 63);
}

WORDS_INLINE void put_literals(struct bit_writer *to, const huffman_code *codes, const uint8_t *bytes, size_t len)
{
    struct bit_writer writer = *to;
    for (; len >= 8; len -= 8, bytes += 8) {
        unsigned first_len, second_len;
        uint64_t first = join_codes(codes, bytes, &first_len), second = join_codes(codes, bytes + 4, &second_len);
        bit_add(&writer, first, first_len & 63);
        bit_flush(&writer);
        bit_add(&writer, second, second_len & 63);
        bit_flush(&writer);
    }
    for (; len > 0; len--, bytes++) {
        bit_add(&writer, codes[*bytes] >> 6, codes[*bytes] & 63);
        if (len % 4 == 1)
            bit_flush(&writer);
    }
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

WORDS_INLINE void put_symbols(struct bit_writer *writer, const struct deflate_band *band, const struct block_code *code)
{
    struct repeat_codes repeats;
    const uint8_t *next = band->start;
    prepare_repeats(&repeats, code);
    for (size_t i = 0; i < band->op_count; i++) {
        struct deflate_op op = band->ops[i];
        put_literals(writer, code->codes, next, op.literals);
        put_repeat(writer, &repeats, op.repeat & ~NOT_WRITTEN);
        next += op.literals + (op.repeat & NOT_WRITTEN ? 0 : op.repeat);
    }
    put_literals(writer, code->codes, next, band->literals);
    put_code(writer, code->codes[DEFLATE_END]);
}

static void put_block_plain(struct bit_writer *writer, const struct deflate_band *band, const struct block_code *code)
{
    put_symbols(writer, band, code);
}

#if defined __x86_64__ || defined __i386__
/* Shifts by any register, without the flags: that is most of the work. */
__attribute__((target("bmi2"))) static void put_block_bmi2(struct bit_writer *writer, const struct deflate_band *band,
                                                           const struct block_code *code)
{
    put_symbols(writer, band, code);
}
#else
#define put_block_bmi2 put_block_plain
#endif

static void put_block(struct bit_writer *writer, const struct deflate_band *band, const struct block_code *code)
{
    (band->kernels->bmi2 ? put_block_bmi2 : put_block_plain)(writer, band, code);
}

/* Fills up to a whole byte: at the end with zeros, else with an empty stored block. */
static size_t put_end(struct bit_writer *writer, const uint8_t *out, bool last)
{
    static const uint8_t empty[4] = {0, 0, 0xff, 0xff};
    unsigned stray = writer->count;
    if (stray > 0 && !last)
        writer->count += 3;
    writer->count = (writer->count + 7) & ~7u;
    bit_flush(writer);
    if (stray > 0 && !last) {
        memcpy(writer->next, empty, sizeof empty);
        writer->next += sizeof empty;
    }
    return (size_t)(writer->next - out);
}

/* ---- stored blocks ---- */

struct store {
    uint8_t *next;
    size_t left, in_block; /* bytes: of all, and of this block */
    bool last;
};

static void store_head(struct store *store)
{
    size_t len = store->in_block = store->left < STORED_MAX ? store->left : STORED_MAX;
    store->left -= len;
    *store->next++ = store->last && store->left == 0;
    for (int i = 0; i < 4; i++)
        *store->next++ = (uint8_t)((i < 2 ? len : ~len) >> 8 * (i % 2));
}

/* Stores bytes, or zeros where they are NULL. */
static void store_bytes(struct store *store, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        if (store->in_block == 0)
            store_head(store);
        size_t step = len < store->in_block ? len : store->in_block;
        if (bytes) {
            memcpy(store->next, bytes, step);
            bytes += step;
        } else {
            memset(store->next, 0, step);
        }
        store->next += step;
        store->in_block -= step;
        len -= step;
    }
}

static size_t stored_len(size_t len)
{
    return len + (len + STORED_MAX - 1) / STORED_MAX * STORED_OVERHEAD;
}

static size_t put_stored(const struct deflate_band *band, uint8_t *out, bool last)
{
    struct store store = {out, band->len, 0, last};
    const uint8_t *next = band->start;
    for (size_t i = 0; i < band->op_count; i++) {
        struct deflate_op op = band->ops[i];
        size_t written = op.literals + (op.repeat & NOT_WRITTEN ? 0 : op.repeat);
        store_bytes(&store, next, written);
        next += written;
        if (op.repeat & NOT_WRITTEN)
            store_bytes(&store, NULL, op.repeat & ~NOT_WRITTEN);
    }
    store_bytes(&store, next, band->literals);
    return (size_t)(store.next - out);
}

size_t deflate_end(struct deflate_band *band, uint8_t *out, bool last)
{
    uint32_t counts[DEFLATE_SYMBOLS];
    struct block_code dynamic, fixed;
    struct bit_writer writer = {out, 0, 0};
    look_for_repeats(band);
    count_symbols(band, counts);
    block_code_dynamic(&dynamic, counts, band->distance);
    block_code_fixed(&fixed, band->distance);
    uint64_t dynamic_bits = block_code_head(NULL, &dynamic, band->distance, last) + block_code_cost(&dynamic, counts);
    uint64_t fixed_bits = 3 + block_code_cost(&fixed, counts);
    uint64_t least = dynamic_bits < fixed_bits ? dynamic_bits : fixed_bits;
    size_t stored = stored_len(band->len), len;
    if (least / 8 >= stored)
        return put_stored(band, out, last);
    if (dynamic_bits < fixed_bits)
        block_code_head(&writer, &dynamic, band->distance, last);
    else
        bit_add(&writer, (unsigned)last | 1u << 1, 3);
    put_block(&writer, band, dynamic_bits < fixed_bits ? &dynamic : &fixed);
    len = put_end(&writer, out, last);
    return len <= stored ? len : put_stored(band, out, last);
}
