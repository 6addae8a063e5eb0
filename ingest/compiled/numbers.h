/* Numbers and booleans from text. Each `read_` puts a value into a row of a column and returns 1, or
   returns 0 if the text is not written so plainly that this is certain of it. */

#ifndef INGEST_NUMBERS_H
#define INGEST_NUMBERS_H

#include <float.h>

#include "column.h"

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

#endif
