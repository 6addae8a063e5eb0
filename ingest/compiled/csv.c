/* Reads those records of CSV text of which it is certain what they say.

   A record is certain if it is one line with as many fields as there are columns, each of them bare
   (without quotes and carriage returns) or quoted (to the next delimiter or the line's end, quotes
   inside doubled), and each a value of its column's kind in its plainest form. Where it is said at
   which line feeds records end, they may be several lines, and their quoted fields hold these and
   carriage returns.

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
   Arrow: https://arrow.apache.org/docs/format/Columnar.html */

#include <stdint.h>
#include <string.h>

#include "column.h"
#include "moments.h"
#include "numbers.h"
#include "scanner.h"

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
    const uint64_t *ends; /* NULL; or a bit for each byte: set where records end, the last one too */
    int64_t *doubts;      /* room for `most_doubts` pairs: a record, and 1 if it is a line with an odd
                             number of quotes */
    int64_t records;      /* how many were read: rows and doubts */
    int64_t rows;
    int64_t heap_size;
    int64_t doubt_count;
} reading;

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
        if ((text[end] == '\n' || text[end] == '\r') && (!job->ends || end == job->size - 1)) return -1;
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

/* Read the record that begins at `start`. Return where it ends, or -1 if the record is in doubt. */
static int64_t put_record(reading *job, scanner *scan, int64_t row, int64_t start)
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

/* Return where the record ends that begins at `start`; and of a line, whether it has an odd number of
   quotes. */
static int64_t end_of_record(const reading *job, int64_t start, int64_t *odd)
{
    int64_t end = start;
    *odd = 0;
    if (job->ends) {
        uint64_t mask = job->ends[start >> 6] & ~UINT64_C(0) << (start & 63);
        for (end >>= 6; mask == 0;) mask = job->ends[++end];
        return 64 * end + __builtin_ctzll(mask);
    }
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
    for (; start < job->size; job->records++) {
        const int64_t heap_size = job->heap_size;
        int64_t end = put_record(job, &scan, job->rows, start);
        if (end >= 0) {
            job->rows++;
        } else {
            if (job->doubt_count == job->most_doubts) return 0;
            int64_t *doubt = job->doubts + 2 * job->doubt_count++;
            doubt[0] = job->records;
            take_back(job, job->rows);
            job->heap_size = heap_size;
            end = end_of_record(job, start, doubt + 1);
            seek(&scan, end + 1);
        }
        start = end + 1;
    }
    return 1;
}
