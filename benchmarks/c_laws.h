/* Words and inverse distribution functions of funnelsim in plain C; see c_peer.c. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MASK 0xFFFFFFFFu
#define INLINED static inline __attribute__((always_inline)) /* else loops are not made SIMD */

typedef uint64_t u64;
typedef int64_t i64;
typedef struct { u64 k0, k1; } Key;
typedef struct { u64 a, b, c, d; } Block;
typedef struct { double scale; i64 first, bits; } Law; /* scale times a tabulated law */

enum { WIDEST = 4096, GUIDE = 256 };

typedef struct { /* a law of counts */
    i64 first, length;
    double cumulative[WIDEST];
    u64 guide[GUIDE];
} Counts;

/* Philox4x32-10 (Salmon et al. 2011, SC11): a block of four words. */
INLINED Block philox(u64 c0, u64 c1, u64 c2, u64 c3, Key key)
{
    for (int round = 0; round < 10; round++) {
        u64 product_0 = 0xD2511F53u * c0, product_1 = 0xCD9E8D57u * c2;
        c0 = (product_1 >> 32) ^ c1 ^ key.k0, c1 = product_1 & MASK;
        c2 = (product_0 >> 32) ^ c3 ^ key.k1, c3 = product_0 & MASK;
        key.k0 = (key.k0 + 0x9E3779B9u) & MASK, key.k1 = (key.k1 + 0xBB67AE85u) & MASK;
    }
    return (Block){c0, c1, c2, c3};
}

INLINED double uniform(u64 word) { return ((double)(i64)word + 0.5) * 0x1p-32; }

INLINED double tabled(const double *data, Law law, double u)
{
    double tail = u > 0.5 ? 1.0 - u : u, unit;
    tail = tail < 0x1p-33 ? 0x1p-33 : tail;
    tail = tail > 0.5 - 0x1p-53 ? 0.5 - 0x1p-53 : tail;
    u64 digits, bits = (u64)law.bits, rest = 52 - bits, exponent = (1023 - rest) << 52;
    memcpy(&digits, &tail, sizeof digits);
    memcpy(&unit, &exponent, sizeof unit);
    u64 row = (digits >> rest) - ((u64)(1023 - 33) << bits) + (u > 0.5 ? (u64)32 << bits : 0);
    double x = (double)(i64)(digits & (((u64)1 << rest) - 1)) * unit;
    const double *at = data + law.first + 4 * row;
    return at[0] + x * (at[1] + x * (at[2] + x * at[3]));
}

/* Tabulate a Poisson law, in weights relative to the mode's, and where to begin a search. */
static void tabled_counts(double mean, Counts *table)
{
    i64 mode = (i64)mean, first = mode, length = 0;
    double weight = 1.0, total = 0.0, ratio = 1.0;
    for (; first > 0 && weight > 1e-20; first--)
        weight /= mean / (double)first;
    for (int done = 0; length < WIDEST && !done; weight *= ratio) {
        total += weight;
        table->cumulative[length++] = total;
        ratio = mean / (double)(first + length);
        done = weight * ratio < 1e-15 * total * (1.0 - ratio) && first + length > mode + 1;
    }
    for (i64 j = 0; j < length; j++)
        table->cumulative[j] /= total;
    while (length > 1 && table->cumulative[length - 2] > 1.0 - 0.25 * 0x1p-32)
        length--; /* no uniform asks for more */
    for (i64 cell = 0, j = 0; cell < GUIDE; cell++) {
        while (j < length - 1 && ceil(table->cumulative[j] * GUIDE) <= (double)cell)
            j++;
        table->guide[cell] = (u64)j;
    }
    table->first = first, table->length = length;
}

INLINED i64 count_quantile(double u, const Counts *table)
{
    i64 j = (i64)table->guide[(i64)(u * GUIDE)], last = table->length - 1;
    j += (u >= table->cumulative[j]) & (j < last); /* rarely more: hence without a branch */
    while (u >= table->cumulative[j] && j < last)
        j++;
    return table->first + j;
}

static i64 binomial_quantile(double u, i64 n, double p)
{
    double odds = p / (1.0 - p), weight = 1.0, base = 1.0 - p;
    for (i64 rest = n; rest > 0; rest >>= 1, base *= base)
        weight *= rest & 1 ? base : 1.0;
    double total = weight;
    i64 k = 0;
    while (u >= total && k < n) {
        weight *= (double)(n - k) / ((double)k + 1.0) * odds;
        total += weight;
        k++;
        if (weight < 1e-16 * total && (double)k > (double)n * p)
            break;
    }
    return k;
}
