/* Dates and timestamps from text, as numbers.h reads numbers. */

#ifndef INGEST_MOMENTS_H
#define INGEST_MOMENTS_H

#include "column.h"

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

#endif
