/* A column of values as Apache Arrow lays it out, and digits. */

#ifndef INGEST_COLUMN_H
#define INGEST_COLUMN_H

#include <stdint.h>
#include <string.h>

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

/* Read so many digits, at most 18. Return whether they are. */
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

#endif
