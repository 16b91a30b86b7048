/* The kernel of funnelsim in plain C, for the reference workload alone: one rep, one quarter.
 *
 * The same algorithm on the same words at the same addresses: lane = draw, weeks and opportunities
 * of 128 draws side by side. What other plans need (skill, market, policy, KPIs, quarters, sources)
 * is left out, so that C has a little less to do. Why things are done as they are is told in
 * src/funnelsim/engine/kernels, whose functions have the same names.
 */
#include "c_laws.h"

enum { VECTOR = 8, LANES = 128, TILE = 1024, BATCH = 512, WORDS = 8 };
enum { ACTIVITY = 2, ENTRY = 4, OPPORTUNITY = 5, WINDFALL = 6 }; /* families of words */
enum { ORIGIN = 8192, INDEX_BITS = 18, STAGES = 3, SIZE_POSITION = 2 * STAGES - 1, AT_ONCE = 4 };
enum { ACTIVITIES, WINDFALLS, WHALES, REACHED, COLUMNS = REACHED + STAGES };
enum { BOOKINGS, REPEATABLE, WINDFALL_PART, LARGEST, AMOUNTS };
#define DAY_ZERO ((u64)ORIGIN << INDEX_BITS)
#define ROOM(n) ((n) + VECTOR) /* loops run over whole SIMD vectors */

typedef struct { /* as c_peer.py states it */
    const double *data;
    Key rep, source;
    i64 weeks, past_weeks, past; /* thresholds, then reach: (kind, slot, week of the past) */
    double mean_per_week, windfalls_per_quarter, horizon_days;
    double conversion[STAGES], days[STAGES];
    Law delay[STAGES], size, windfall;
} Plan;

typedef struct { /* weeks of lanes, in the order of time */
    i64 weeks[ROOM(TILE)], trials[ROOM(TILE)], entries[ROOM(TILE)];
    u64 lanes[ROOM(TILE)], draws[ROOM(TILE)], places[ROOM(TILE)];
    double luck[ROOM(TILE)], work[ROOM(TILE)], chances[ROOM(TILE)], weights[ROOM(TILE)];
} Tile;

typedef struct { /* opportunities, in the order of their addresses within each lane */
    u64 lanes[ROOM(BATCH)], draws[ROOM(BATCH)], places[ROOM(BATCH)];
    u64 alive[ROOM(BATCH)], stopped[ROOM(BATCH)], asked[ROOM(BATCH)];
    double uniforms[WORDS][ROOM(BATCH)], times[ROOM(BATCH)];
} Batch;

typedef struct { /* what a thread works in; the rows of counts and money are those of the lanes */
    u64 draws[ROOM(LANES)];
    double rows[8][ROOM(LANES)];
    Tile tile;
    Batch batch;
    Counts activities, windfalls;
    int32_t (*counts)[COLUMNS];
    double (*money)[AMOUNTS];
} Room;

/* --- words ------------------------------------------------------------------------------------ */

INLINED u64 larger(u64 a, u64 b) { return a > b ? a : b; }
INLINED i64 whole_vectors(i64 n) { return (n + VECTOR - 1) & ~(i64)(VECTOR - 1); }

/* Four uniforms at one place of n lanes, as rows; the largest of each. */
static void fill_places(Key key, const u64 *draws, i64 n, u64 place, u64 family,
                        double (*rows)[ROOM(LANES)], double highest[4])
{
    u64 a = 0, b = 0, c = 0, d = 0;
    for (i64 j = 0; j < whole_vectors(n); j++) {
        Block words = philox(draws[j], 0, place, family, key);
        rows[0][j] = uniform(words.a), rows[1][j] = uniform(words.b);
        rows[2][j] = uniform(words.c), rows[3][j] = uniform(words.d);
        a = larger(a, words.a), b = larger(b, words.b);
        c = larger(c, words.c), d = larger(d, words.d);
    }
    highest[0] = uniform(a), highest[1] = uniform(b);
    highest[2] = uniform(c), highest[3] = uniform(d);
}

/* The word of activity of each of the first n weeks of the tile. */
static void fill_pairs(Key key, const u64 *draws, i64 n, Tile *tile)
{
    for (i64 j = 0; j < n; j++) {
        tile->draws[j] = draws[tile->lanes[j]];
        tile->places[j] = (u64)(tile->weeks[j] + ORIGIN);
    }
    for (i64 j = 0; j < n; j++) {
        u64 place = tile->places[j];
        Block words = philox(tile->draws[j], 0, place >> 2 << INDEX_BITS, ACTIVITY, key);
        u64 low = place & 1 ? words.b : words.a, high = place & 1 ? words.d : words.c;
        tile->work[j] = uniform(place & 2 ? high : low);
    }
}

static void fill_opportunities(Key key, i64 n, Batch *batch)
{
    double(*rows)[ROOM(BATCH)] = batch->uniforms;
    for (u64 family = OPPORTUNITY; family < (WORDS / 4) << 8; family += 1 << 8, rows += 4)
        for (i64 i = 0; i < whole_vectors(n); i++) {
            Block words = philox(batch->draws[i], 0, batch->places[i], family, key);
            rows[0][i] = uniform(words.a), rows[1][i] = uniform(words.b);
            rows[2][i] = uniform(words.c), rows[3][i] = uniform(words.d);
        }
}

/* --- weeks ------------------------------------------------------------------------------------ */

static void count_entries(i64 m, Tile *tile)
{
    for (i64 j = 0; j < whole_vectors(m); j++) {
        double weight = 1.0, base = 1.0 - tile->chances[j];
        for (int bit = 0; bit < 8; bit++, base *= base)
            weight *= tile->trials[j] >> bit & 1 ? base : 1.0;
        tile->weights[j] = weight;
    }
    for (i64 j = 0; j < whole_vectors(m); j++) {
        double n = (double)tile->trials[j], u = tile->luck[j], weight = tile->weights[j];
        double odds = tile->chances[j] / (1.0 - tile->chances[j]), total = weight;
        i64 k = u >= total;
        total += weight *= n * odds, k += u >= total;
        total += weight *= (n - 1.0) * odds * 0.5, k += u >= total;
        total += weight *= (n - 2.0) * odds * (1.0 / 3.0), k += u >= total;
        total += weight *= (n - 3.0) * odds * 0.25, k += u >= total;
        tile->entries[j] = k;
    }
    for (i64 j = 0; j < m; j++)
        if (tile->entries[j] > 4)
            tile->entries[j] = binomial_quantile(tile->luck[j], tile->trials[j], tile->chances[j]);
}

static i64 list_all(Room *room, i64 week, int t, i64 m, double chance, i64 n)
{
    Tile *tile = &room->tile;
    for (i64 j = 0; j < m; j++) {
        tile->weeks[n + j] = week, tile->lanes[n + j] = (u64)j, tile->chances[n + j] = chance;
        tile->luck[n + j] = room->rows[t][j], tile->work[n + j] = room->rows[4 + t][j];
    }
    return n + m;
}

static i64 list_past(Room *room, i64 week, int t, i64 m, double chance, double bound, i64 n)
{
    Tile *tile = &room->tile;
    const double *luck = room->rows[t];
    i64 begin = n;
    for (i64 chunk = 0; chunk < whole_vectors(m); chunk += VECTOR) {
        int hit = 0;
        for (i64 j = chunk; j < chunk + VECTOR; j++)
            hit |= luck[j] >= bound;
        for (i64 j = chunk; hit && j < chunk + VECTOR && j < m; j++) {
            tile->luck[n] = luck[j], tile->lanes[n] = (u64)j;
            n += luck[j] >= bound;
        }
    }
    for (i64 j = begin; j < n; j++)
        tile->weeks[j] = week, tile->chances[j] = chance;
    return n;
}

/* --- opportunities ---------------------------------------------------------------------------- */

/* Keep those who reach a stage. */
static i64 decide(Batch *batch, int stage, double conversion, i64 m)
{
    i64 on = 0;
    for (i64 j = 0; j < m; j++) {
        u64 i = batch->alive[j];
        batch->alive[on] = i;
        on += batch->uniforms[2 * stage - 1][i] < conversion;
    }
    return on;
}

/* Condition the delays of those of the past, of whom some delay is known to be long enough. */
static void ask(const Plan *plan, Batch *batch, int stage, i64 m)
{
    double *luck = batch->uniforms[2 * stage];
    i64 weeks = plan->past_weeks;
    const double *thetas = plan->data + plan->past + stage * weeks - ORIGIN;
    const double *reaches = thetas + (STAGES - 1) * weeks;
    for (i64 j = 0; j < m && batch->places[batch->alive[j]] < DAY_ZERO; j++) {
        u64 i = batch->alive[j], week = batch->places[i] >> INDEX_BITS;
        double later = stage + 1 == STAGES ? 0.0 : reaches[week + (u64)weeks];
        double theta = thetas[week], w = luck[i] * reaches[week], below = theta * later;
        double within = w / later, beyond = theta + (w - below);
        luck[i] = batch->asked[i] ? (w < below ? within : beyond) : luck[i];
        batch->asked[i] &= w < below;
    }
}

static void wait(const Plan *plan, Batch *batch, int stage, i64 m)
{
    Law law = plan->delay[stage];
    double mean = plan->days[stage] * law.scale;
    ask(plan, batch, stage, m);
    for (i64 j = 0; j < m; j++) {
        u64 i = batch->alive[j];
        batch->times[i] += mean * tabled(plan->data, law, batch->uniforms[2 * stage][i]);
    }
}

/* Keep those who reach a stage before the end; list and count those who do in the horizon. */
static i64 arrive(const Plan *plan, Room *room, int stage, i64 m, i64 *counted)
{
    Batch *batch = &room->batch;
    i64 kept = 0, now = 0;
    for (i64 j = 0; j < m; j++) {
        u64 i = batch->alive[j];
        double t = batch->times[i];
        batch->alive[kept] = batch->stopped[now] = i;
        kept += t < plan->horizon_days;
        now += (t < plan->horizon_days) & (t >= 0.0);
    }
    for (i64 j = 0; j < now; j++)
        room->counts[batch->lanes[batch->stopped[j]]][REACHED + stage]++;
    *counted = now;
    return kept;
}

INLINED void book(double *money, int part, double size)
{
    money[part] += size;
    money[LARGEST] = money[LARGEST] > size ? money[LARGEST] : size;
}

static void walk_batch(const Plan *plan, Room *room, i64 n)
{
    Batch *batch = &room->batch;
    for (i64 i = 0; i < n; i++)
        batch->lanes[i] = batch->places[i] >> 32, batch->places[i] &= MASK;
    for (i64 i = 0; i < n; i++)
        batch->draws[i] = room->draws[batch->lanes[i]];
    fill_opportunities(plan->source, n, batch);
    for (i64 i = 0; i < n; i++) {
        double week = (double)((i64)(batch->places[i] >> INDEX_BITS) - ORIGIN);
        batch->times[i] = 7.0 * (week + batch->uniforms[0][i]);
        batch->alive[i] = (u64)i, batch->asked[i] = 1;
    }
    i64 m = n, won = 0;
    for (int stage = 1; stage < STAGES; stage++) {
        m = decide(batch, stage, plan->conversion[stage], m);
        wait(plan, batch, stage, m);
        m = arrive(plan, room, stage, m, &won);
    }
    for (i64 j = 0; j < won; j++) {
        u64 i = batch->stopped[j];
        double size = tabled(plan->data, plan->size, batch->uniforms[SIZE_POSITION][i]);
        book(room->money[batch->lanes[i]], REPEATABLE, plan->size.scale * size);
    }
}

/* Find out what m weeks bring, and follow it, a batch at a time; n are already in the batch. */
static i64 open_weeks(const Plan *plan, Room *room, i64 past, i64 m, i64 n)
{
    Tile *tile = &room->tile;
    fill_pairs(plan->source, room->draws, past, tile);
    for (i64 j = 0; j < m; j++)
        tile->trials[j] = count_quantile(tile->work[j], &room->activities);
    count_entries(m, tile);
    for (i64 j = past; j < m; j++) {
        room->counts[tile->lanes[j]][ACTIVITIES] += (int32_t)tile->trials[j];
        room->counts[tile->lanes[j]][REACHED] += (int32_t)tile->entries[j];
    }
    for (i64 j = 0; j < m; j++)
        tile->places[j] = (u64)(tile->weeks[j] + ORIGIN) << INDEX_BITS | tile->lanes[j] << 32;
    for (i64 j = 0; j < m; j++) {
        u64 place = tile->places[j];
        for (i64 left = tile->entries[j]; left >= 0; left -= AT_ONCE, place += AT_ONCE) {
            if (n > BATCH - AT_ONCE) {
                walk_batch(plan, room, n);
                n = 0;
            }
            for (u64 k = 0; k < AT_ONCE; k++) /* what is too much is written over */
                room->batch.places[(u64)n + k] = place + k;
            n += left < AT_ONCE ? left : AT_ONCE;
        }
    }
    return n;
}

static void walk_funnel(const Plan *plan, Room *room, i64 m)
{
    double rate = plan->conversion[0], highest[4], busiest[4];
    double most = (double)(room->activities.first + room->activities.length - 1) * rate;
    const double *reach = plan->data + plan->past + STAGES * plan->past_weeks;
    i64 listed = 0, past = 0, n = 0, begin = -plan->past_weeks, end = plan->weeks;
    for (i64 block = (begin + ORIGIN) >> 2; block < (end + ORIGIN + 3) >> 2; block++) {
        u64 place = (u64)block << INDEX_BITS;
        fill_places(plan->source, room->draws, m, place, ENTRY, room->rows, highest);
        if (4 * block >= ORIGIN)
            fill_places(plan->source, room->draws, m, place, ACTIVITY, room->rows + 4, busiest);
        for (int t = 0; t < 4; t++) {
            i64 week = 4 * block + t - ORIGIN;
            if (week >= 0 && week < end)
                listed = list_all(room, week, t, m, rate, listed);
            if (week >= 0 || week < begin)
                continue;
            double chance = rate * reach[week], bound = 1.0 - most * reach[week];
            if (highest[t] >= bound)
                past = listed = list_past(room, week, t, m, chance, bound, listed);
        }
        if (listed + 4 * m > TILE) {
            n = open_weeks(plan, room, past, listed, n);
            listed = past = 0;
        }
    }
    n = open_weeks(plan, room, past, listed, n);
    walk_batch(plan, room, n);
}

static void add_windfalls(const Plan *plan, Room *room, i64 n)
{
    double highest[4];
    fill_places(plan->rep, room->draws, n, DAY_ZERO, WINDFALL, room->rows, highest);
    for (i64 g = 0; g < n; g++) {
        i64 many = count_quantile(room->rows[0][g], &room->windfalls);
        room->counts[g][WINDFALLS] += (int32_t)many;
        for (i64 i = 0; i < many; i++) {
            u64 place = DAY_ZERO | (u64)i;
            double u = i ? uniform(philox(room->draws[g], 0, place, WINDFALL, plan->rep).c)
                         : room->rows[2][g];
            double size = tabled(plan->data, plan->windfall, u);
            book(room->money[g], WINDFALL_PART, plan->windfall.scale * size);
        }
    }
}

/* Simulate consecutive draws into zeroed rows. */
void simulate_block(const Plan *plan, u64 first_draw, i64 draws, int32_t (*counts)[COLUMNS],
                    double (*money)[AMOUNTS])
{
    static _Thread_local Room room;
    tabled_counts(plan->mean_per_week, &room.activities);
    tabled_counts(plan->windfalls_per_quarter, &room.windfalls);
    for (i64 slot = 0; slot < draws; slot += LANES) {
        i64 n = draws - slot < LANES ? draws - slot : LANES;
        room.counts = counts + slot, room.money = money + slot;
        for (i64 g = 0; g < n; g++)
            room.draws[g] = first_draw + (u64)(slot + g);
        walk_funnel(plan, &room, n);
        add_windfalls(plan, &room, n);
        for (i64 g = 0; g < n; g++)
            room.money[g][BOOKINGS] = room.money[g][REPEATABLE] + room.money[g][WINDFALL_PART];
    }
}
