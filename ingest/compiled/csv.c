/* Reads those records of CSV text of which it is certain what they say.

   A record is certain if it is one line with as many fields as there are columns, each of them bare
   (without quotes and carriage returns) or quoted (to the next delimiter or the line's end, quotes
   inside doubled), and each a value of its column's kind in its plainest form:

       integer     [-]digits, at most 18 of them, in the range of the type
       float       [-]digits[.digits][e[+-]digits], at most 19 of them significant, with 27 decimals
                   at most, less than 2^53 (of 32 bits: 2^24); it is the nearest float
       decimal     [-]digits[.digits], at most 18 of them significant, those beyond the scale zeros
       boolean     true false t f yes no y n 1 0, in upper or lower case
       date        YYYY-MM-DD, a day of the calendar from the year 1 on
       timestamp   a date; or a date, T or a space, HH:MM[:SS], and at most as many decimals as the
                   unit has. With a zone: not a date alone, and Z or an offset, +HH:MM, behind it
       text        anything

   or a null: a bare field that is empty, and a typed one that is a null token. All other records
   are in doubt: their numbers are returned, and nothing else of them. So this need not know what
   is wrong with a record, nor all that is right; ingest/sources/delimited/table.py asks others.

   The text must be UTF-8 without NULs, its last line ended. Columns are laid out as in Apache
   Arrow: https://arrow.apache.org/docs/format/Columnar.html. Fields are found as simdjson finds
   them, 64 bytes at a time: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019. */

#include <float.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum kind { TEXT, INTEGER, FLOAT, DECIMAL, BOOLEAN, DATE, TIMESTAMP, ZONED };

typedef struct {
    int32_t kind;
    int32_t width;      /* bytes of an integer or a float */
    int64_t least;      /* the range of an integer; of a decimal, the most in its last places */
    int64_t most;
    int32_t decimals;   /* of a decimal: its scale; of a timestamp's seconds: 3 or 6 */
    int32_t nulls;      /* how many there are */
    int64_t refused;    /* how many lines are in doubt for its sake */
    uint8_t *values;    /* room for each line: views, numbers, bits, days, ticks */
    uint8_t *valid;     /* a bit for each line, all of them set before */
} column;

typedef struct {
    const uint8_t *bytes;
    int64_t size;
} slice;

typedef struct {
    const uint8_t *text;
    int64_t size;
    int32_t delimiter;
    int32_t quote;        /* -1: none */
    int32_t empty_nulls;  /* whether an empty field of a typed column is a null; else it is in doubt */
    int32_t columns;
    int32_t tokens;
    int32_t most_doubts;  /* with more, reading ends */
    const slice *token;   /* what stands for null in typed columns, but for the empty text */
    column *column;
    uint8_t *heap;        /* room for the text: bytes of texts longer than 12 */
    int64_t *doubts;      /* room for `most_doubts` pairs: a line, and 1 if its quotes are odd */
    int64_t lines;        /* how many lines were read: rows and doubts */
    int64_t rows;
    int64_t heap_size;
    int64_t doubt_count;
} reading;

/* Where the signs stand that fields may end at, from `base` on. */
typedef struct {
    const uint8_t *text;
    int64_t size;
    int64_t base;
    uint64_t mask;
    uint8_t signs[4];
} scanner;

static uint64_t signs_of(const scanner *scan, const uint8_t *bytes)
{
    uint64_t mask = 0;
#if defined(__SSE2__)
    const __m128i a = _mm_set1_epi8((char)scan->signs[0]), b = _mm_set1_epi8((char)scan->signs[1]);
    const __m128i c = _mm_set1_epi8((char)scan->signs[2]), d = _mm_set1_epi8((char)scan->signs[3]);
    for (int part = 0; part < 4; part++) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));
        const __m128i ab = _mm_or_si128(_mm_cmpeq_epi8(x, a), _mm_cmpeq_epi8(x, b));
        const __m128i cd = _mm_or_si128(_mm_cmpeq_epi8(x, c), _mm_cmpeq_epi8(x, d));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(ab, cd)) << (16 * part);
    }
#else
    for (int place = 0; place < 64; place++) {
        const uint8_t x = bytes[place];
        const int is_sign = (x == scan->signs[0]) | (x == scan->signs[1])
            | (x == scan->signs[2]) | (x == scan->signs[3]);
        mask |= (uint64_t)is_sign << place;
    }
#endif
    return mask;
}

static void load(scanner *scan)
{
    const int64_t left = scan->size - scan->base;
    if (left >= 64) {
        scan->mask = signs_of(scan, scan->text + scan->base);
    } else {
        uint8_t last[64] = {0};
        memcpy(last, scan->text + scan->base, (size_t)left);
        scan->mask = signs_of(scan, last);
    }
}

/* Go on at a place, which may be behind the last byte. */
static void seek(scanner *scan, int64_t place)
{
    scan->base = place & ~(int64_t)63;
    if (scan->base < scan->size) {
        load(scan);
        scan->mask &= ~UINT64_C(0) << (place & 63);
    }
}

/* Return the place of the next sign. There is one: the text ends with a line feed. */
static inline int64_t next(scanner *scan)
{
    while (scan->mask == 0) {
        scan->base += 64;
        load(scan);
    }
    const int64_t place = scan->base + __builtin_ctzll(scan->mask);
    scan->mask &= scan->mask - 1;
    return place;
}

static inline int digits(const uint8_t *bytes, int count, int64_t *value)
{
    int64_t sum = 0;
    for (int place = 0; place < count; place++) {
        const uint8_t digit = (uint8_t)(bytes[place] - '0');
        if (digit > 9) return 0;
        sum = 10 * sum + digit;
    }
    *value = sum;
    return 1;
}

static int read_integer(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    const int negative = size > 0 && bytes[0] == '-';
    int64_t value;
    bytes += negative, size -= negative;
    if (size < 1 || size > 18 || (negative && into->least == 0)) return 0;
    if (!digits(bytes, (int)size, &value)) return 0;
    if (negative) value = -value;
    if (value < into->least || value > into->most) return 0;
    uint8_t *place = into->values + row * into->width;
    switch (into->width) {
    case 1: { const int8_t x = (int8_t)value; memcpy(place, &x, 1); break; }
    case 2: { const int16_t x = (int16_t)value; memcpy(place, &x, 2); break; }
    case 4: { const int32_t x = (int32_t)value; memcpy(place, &x, 4); break; }
    default: memcpy(place, &value, 8);
    }
    return 1;
}

static const double POWERS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#if LDBL_MANT_DIG == 64
static const long double LONG_POWERS[] = {1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L,
    1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L,
    1e24L, 1e25L, 1e26L, 1e27L};
#endif

/* Multiply a whole number by a power of ten, or divide it, and round once.

   Up to 2^53 and 10^22 both are doubles, so that one operation rounds rightly (Clinger, "How to Read
   Floating Point Numbers Accurately", 1990). Where a long double has 64 bits, larger ones are, up to
   10^27. What comes out is rounded a second time then, which is wrong only where the first gave the
   middle between two doubles: that is in doubt. So it is with floats of 32 bits. */
static int scaled(uint64_t digits, int power, double *value)
{
    if (digits <= UINT64_C(1) << 53 && power >= -22 && power <= 22) {
        *value = power < 0 ? (double)digits / POWERS[-power] : (double)digits * POWERS[power];
        return 1;
    }
#if LDBL_MANT_DIG == 64
    if (power < -27 || power > 27) return 0;
    const long double exact = (long double)digits;
    const long double rounded = power < 0 ? exact / LONG_POWERS[-power] : exact * LONG_POWERS[power];
    uint64_t bits;
    memcpy(&bits, &rounded, 8);
    *value = (double)rounded;
    return (bits & 0x7FF) != 0x400;
#else
    return 0;
#endif
}

/* Read the power of ten behind the letter of an exponent. */
static int read_exponent(const uint8_t *bytes, int64_t size, int *exponent)
{
    const int negative = size > 0 && bytes[0] == '-';
    const int sign = negative || (size > 0 && bytes[0] == '+');
    int64_t value;
    if (size - sign < 1 || size - sign > 3 || !digits(bytes + sign, (int)size - sign, &value)) return 0;
    *exponent = (int)(negative ? -value : value);
    return 1;
}

static int read_float(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    const int negative = size > 0 && bytes[0] == '-';
    bytes += negative, size -= negative;
    uint64_t sum = 0;
    int significant = 0, exponent = 0;
    int64_t point = -1, place = 0;
    for (; place < size; place++) {
        const uint8_t digit = (uint8_t)(bytes[place] - '0');
        if (digit <= 9) {
            significant += significant > 0 || digit > 0;
            if (significant > 19) return 0;
            sum = 10 * sum + digit;
        } else if (bytes[place] == '.' && point < 0) {
            point = place;
        } else {
            break;
        }
    }
    if (place == 0 || point == 0 || point == place - 1) return 0;
    if (place < size) {
        const uint8_t letter = bytes[place];
        if (letter != 'e' && letter != 'E') return 0;
        if (!read_exponent(bytes + place + 1, size - place - 1, &exponent)) return 0;
    }
    const int64_t power = exponent - (point < 0 ? 0 : place - point - 1);
    double value = 0;
    if (sum && (power < -27 || power > 27 || !scaled(sum, (int)power, &value))) return 0;
    if (into->width == 4) {
        uint64_t bits;
        memcpy(&bits, &value, 8);
        const float single = (float)(negative ? -value : value);
        memcpy(into->values + row * 4, &single, 4);
        return value < 16777216.0 && (bits & 0x1FFFFFFF) != 0x10000000;
    }
    if (negative) value = -value;
    memcpy(into->values + row * 8, &value, 8);
    return value < 9007199254740992.0 && value > -9007199254740992.0;
}

/* Return whether ten bytes are a date, and its days since 1970: Hinnant, "chrono-Compatible
   Low-Level Date Algorithms", https://howardhinnant.github.io/date_algorithms.html#days_from_civil */
static int read_day(const uint8_t *bytes, int64_t *days)
{
    static const uint8_t LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    if (bytes[4] != '-' || bytes[7] != '-' || !digits(bytes, 4, &year)
        || !digits(bytes + 5, 2, &month) || !digits(bytes + 8, 2, &day)) return 0;
    if (year < 1 || month < 1 || month > 12 || day < 1) return 0;
    const int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > LENGTHS[month - 1] + (leap && month == 2)) return 0;
    year -= month <= 2;
    const int64_t era = year / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    *days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return 1;
}

static int read_date(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    int64_t days;
    if (size != 10 || !read_day(bytes, &days)) return 0;
    const int32_t value = (int32_t)days;
    memcpy(into->values + row * 4, &value, 4);
    return 1;
}

/* Read a clock, HH:MM[:SS[.decimals]], in units of the column. Return how long it is, 0 if none. */
static int64_t read_clock(const uint8_t *bytes, int64_t size, int decimals, int64_t *ticks)
{
    int64_t hour, minute, second = 0, fraction = 0, end = 5;
    int places = 0;
    if (size < 5 || bytes[2] != ':' || !digits(bytes, 2, &hour) || !digits(bytes + 3, 2, &minute)) {
        return 0;
    }
    if (size >= 8 && bytes[5] == ':') {
        if (!digits(bytes + 6, 2, &second)) return 0;
        end = 8;
        if (size > 8 && bytes[8] == '.') {
            while (9 + places < size && (uint8_t)(bytes[9 + places] - '0') <= 9) places++;
            if (places < 1 || places > decimals || !digits(bytes + 9, places, &fraction)) return 0;
            end = 9 + places;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) return 0;
    *ticks = (hour * 60 + minute) * 60 + second;
    for (int place = 0; place < decimals; place++) {
        *ticks *= 10;
        if (place >= places) fraction *= 10;
    }
    *ticks += fraction;
    return end;
}

/* Read the offset of a zone in minutes: Z, or +HH:MM. */
static int read_offset(const uint8_t *bytes, int64_t size, int64_t *minutes)
{
    int64_t hour, minute;
    *minutes = 0;
    if (size == 1) return bytes[0] == 'Z';
    if (size != 6 || (bytes[0] != '+' && bytes[0] != '-') || bytes[3] != ':'
        || !digits(bytes + 1, 2, &hour) || !digits(bytes + 4, 2, &minute)) return 0;
    *minutes = (hour * 60 + minute) * (bytes[0] == '-' ? -1 : 1);
    return hour < 24 && minute < 60;
}

static int read_timestamp(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    int64_t days, ticks = 0, minutes = 0, minute = 60, end = 10;
    if (size < 10 || !read_day(bytes, &days)) return 0;
    for (int place = 0; place < into->decimals; place++) minute *= 10;
    if (size > 10) {
        if (bytes[10] != ' ' && bytes[10] != 'T') return 0;
        const int64_t clock = read_clock(bytes + 11, size - 11, into->decimals, &ticks);
        if (clock == 0) return 0;
        end = 11 + clock;
    }
    if (into->kind == TIMESTAMP) {
        if (end != size) return 0;
    } else {
        if (end == 10 || !read_offset(bytes + end, size - end, &minutes)) return 0;
        /* an offset may lead out of the years 1 to 9999 */
        if (minutes && (memcmp(bytes, "0001", 4) == 0 || memcmp(bytes, "9999", 4) == 0)) return 0;
    }
    const int64_t value = (days * 1440 - minutes) * minute + ticks;
    memcpy(into->values + row * 8, &value, 8);
    return 1;
}

static int read_decimal(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    const int negative = size > 0 && bytes[0] == '-';
    bytes += negative, size -= negative;
    const uint64_t most = (uint64_t)into->most;
    uint64_t sum = 0;
    int64_t point = -1;
    int scale = 0;
    for (int64_t place = 0; place < size; place++) {
        const uint8_t digit = (uint8_t)(bytes[place] - '0');
        if (bytes[place] == '.' && point < 0) {
            point = place;
        } else if (digit > 9) {
            return 0;
        } else if (point >= 0 && scale == into->decimals) {
            if (digit) return 0;
        } else {
            sum = 10 * sum + digit;
            if (sum > most) return 0;
            scale += point >= 0;
        }
    }
    if (size == 0 || point == 0 || point == size - 1) return 0;
    for (; scale < into->decimals; scale++) {
        sum *= 10;
        if (sum > most) return 0;
    }
    const int64_t low = (int64_t)(negative ? -sum : sum);
    const int64_t value[2] = {low, low < 0 ? -1 : 0};
    memcpy(into->values + row * 16, value, 16);
    return 1;
}

static int read_boolean(const uint8_t *bytes, int64_t size, const column *into, int64_t row)
{
    static const char *const WORDS[] = {"f", "t", "n", "y", "0", "1", "no", "yes", "false", "true"};
    char word[6] = {0};
    if (size > 5) return 0;
    for (int64_t place = 0; place < size; place++) {
        const int upper = bytes[place] >= 'A' && bytes[place] <= 'Z';
        word[place] = (char)(bytes[place] | (upper ? 0x20 : 0));
    }
    for (int number = 0; number < 10; number++) {
        if (strcmp(word, WORDS[number]) != 0) continue;
        const uint8_t bit = (uint8_t)(1u << (row & 7));
        uint8_t *octet = into->values + (row >> 3);
        *octet = (uint8_t)(number & 1 ? *octet | bit : *octet & ~bit);
        return 1;
    }
    return 0;
}

static int is_token(const reading *job, const uint8_t *bytes, int64_t size)
{
    for (int place = 0; place < job->tokens; place++) {
        if (job->token[place].size == size
            && memcmp(job->token[place].bytes, bytes, (size_t)size) == 0) return 1;
    }
    return 0;
}

static void put_null(column *into, int64_t row)
{
    into->valid[row >> 3] &= (uint8_t)~(1u << (row & 7));
    into->nulls++;
}

/* Write a view of a text: its length, then up to 12 bytes of it, or the first four and where in the
   heap it stands. `bytes` may be in the heap already. */
static void put_text(reading *job, column *into, int64_t row, const uint8_t *bytes, int64_t size)
{
    uint32_t view[4] = {(uint32_t)size, 0, 0, 0};
    if (size <= 12) {
        memcpy(view + 1, bytes, (size_t)size);
    } else {
        memcpy(view + 1, bytes, 4);
        view[3] = (uint32_t)job->heap_size;
        memmove(job->heap + job->heap_size, bytes, (size_t)size);
        job->heap_size += size;
    }
    memcpy(into->values + 16 * row, view, 16);
}

/* Put what is between quotes, with each doubled quote once. */
static void put_quoted(reading *job, column *into, int64_t row, const uint8_t *bytes, int64_t size)
{
    uint8_t *plain = job->heap + job->heap_size;
    int64_t length = 0;
    for (int64_t place = 0; place < size; place++) {
        plain[length++] = bytes[place];
        place += bytes[place] == job->quote;
    }
    put_text(job, into, row, plain, length);
}

/* Put a field, unless it is in doubt. */
static int put(reading *job, column *into, int64_t row, const uint8_t *bytes, int64_t size, int quoted)
{
    if (into->kind == TEXT) {
        if (size == 0 && !quoted) put_null(into, row);
        put_text(job, into, row, bytes, size);
        return 1;
    }
    if (size == 0) {
        if (quoted || !job->empty_nulls) return 0;
        put_null(into, row);
        return 1;
    }
    if (job->tokens && is_token(job, bytes, size)) {
        put_null(into, row);
        return 1;
    }
    switch (into->kind) {
    case INTEGER: return read_integer(bytes, size, into, row);
    case FLOAT: return read_float(bytes, size, into, row);
    case DECIMAL: return read_decimal(bytes, size, into, row);
    case BOOLEAN: return read_boolean(bytes, size, into, row);
    case DATE: return read_date(bytes, size, into, row);
    default: return read_timestamp(bytes, size, into, row);
    }
}

/* Put the field that begins at `start`. Return where it ends, or -1 if the record is in doubt. */
static int64_t put_field(reading *job, scanner *scan, int number, int64_t row, int64_t start)
{
    const uint8_t *text = job->text;
    column *into = job->column + number;
    int64_t end = next(scan);
    if (text[end] != job->quote) {
        return put(job, into, row, text + start, end - start, 0) ? end : -1;
    }
    if (end != start) return -1;
    int pairs = 0;
    for (;;) {
        end = next(scan);
        if (text[end] == '\n' || text[end] == '\r') return -1;
        if (text[end] != job->quote) continue;
        if (text[end + 1] != job->quote) break;
        next(scan);
        pairs = 1;
    }
    const int64_t after = next(scan);
    if (after != end + 1) return -1;
    if (!pairs) return put(job, into, row, text + start + 1, end - start - 1, 1) ? after : -1;
    if (into->kind != TEXT) return -1;
    put_quoted(job, into, row, text + start + 1, end - start - 1);
    return after;
}

/* Read the line that begins at `start`. Return where it ends, or -1 if the record is in doubt. */
static int64_t put_line(reading *job, scanner *scan, int64_t row, int64_t start)
{
    const uint8_t *text = job->text;
    const int64_t first = start;
    for (int number = 0; number < job->columns; number++) {
        const int64_t end = put_field(job, scan, number, row, start);
        if (end < 0) {
            job->column[number].refused++;
            return -1;
        }
        if (number < job->columns - 1) {
            if (text[end] != job->delimiter) return -1;
            start = end + 1;
            continue;
        }
        if (end == first || text[end] == job->delimiter) return -1;
        if (text[end] == '\n') return end;
        return text[end + 1] == '\n' ? next(scan) : -1;
    }
    return -1;
}

/* Undo what was put of a row. */
static void take_back(reading *job, int64_t row)
{
    const uint8_t bit = (uint8_t)(1u << (row & 7));
    for (int number = 0; number < job->columns; number++) {
        column *into = job->column + number;
        if (!(into->valid[row >> 3] & bit)) {
            into->valid[row >> 3] |= bit;
            into->nulls--;
        }
    }
}

/* Return where the line ends that begins at `start`, and whether it has an odd number of quotes. */
static int64_t end_of_line(const reading *job, int64_t start, int64_t *odd)
{
    int64_t end = start;
    *odd = 0;
    for (; job->text[end] != '\n'; end++) *odd ^= job->text[end] == job->quote;
    return end;
}

/* Read a text. Return 1, or 0 if there are more than `most_doubts`. */
int ingest_read_csv(reading *job)
{
    scanner scan = {job->text, job->size, 0, 0, {(uint8_t)job->delimiter, '\n', '\r', '\n'}};
    if (job->quote >= 0) scan.signs[3] = (uint8_t)job->quote;
    seek(&scan, 0);
    int64_t start = 0;
    for (; start < job->size; job->lines++) {
        const int64_t heap_size = job->heap_size;
        int64_t end = put_line(job, &scan, job->rows, start);
        if (end >= 0) {
            job->rows++;
        } else {
            if (job->doubt_count == job->most_doubts) return 0;
            int64_t *doubt = job->doubts + 2 * job->doubt_count++;
            doubt[0] = job->lines;
            take_back(job, job->rows);
            job->heap_size = heap_size;
            end = end_of_line(job, start, doubt + 1);
            seek(&scan, end + 1);
        }
        start = end + 1;
    }
    return 1;
}
