/* Numbers the values of a column of texts: 0 for the first, 1 for the next other one, and so on.

   `numbers` has one for each text, 0 for a null. A column that comes in parts is numbered in as many
   calls, of which each goes on with what the one before has left in `known`; the views and buffers
   of all parts must stay where they are until then.

   A table of open addresses, half empty at least, by a hash of all bytes. Whoever makes texts that
   all hash alike gains nothing: of more than four looks at the table per text, it gives up. */

#include "views.h"

enum { LOOKS = 4 };
#define MIX UINT64_C(0x9E3779B97F4A7C15)

typedef struct {
    uint64_t head;                  /* length and first four bytes */
    uint64_t tail;                  /* the other eight; of a long text, its hash */
    const uint8_t *at;              /* all bytes of a long text */
} value;

typedef struct {
    int32_t *slots;                 /* 1 + the number of a value, 0 where there is none */
    int64_t places;                 /* how many: a power of two, twice `most` or more */
    value *values;
    int64_t *rows;                  /* the row of the column in which each value came first */
    int64_t most;                   /* how many values there may be */
    int64_t count;
    int64_t row;                    /* the next row of the column */
} dictionary;

static inline uint64_t mixed(uint64_t one, uint64_t other) {
    uint64_t hash = (one ^ (other << 32 | other >> 32)) * MIX;
    hash ^= hash >> 29;
    return (hash + other) * MIX;
}

static uint64_t hashed(const uint8_t *at, int64_t size) {
    uint64_t hash = (uint64_t)size;
    for (int64_t place = 0; place + 8 < size; place += 8) hash = mixed(hash, words(at + place));
    return mixed(hash, words(at + size - 8));
}

/* Returns how many values are known now; -1 if there are more than `most`, or it gives up. */
int64_t ingest_texts_numbered(const texts *of, dictionary *known, int32_t *numbers) {
    uint64_t mask = (uint64_t)known->places - 1;
    int64_t looks = LOOKS * (of->rows + known->most);
    for (int64_t row = 0; row < of->rows; row++) {
        numbers[row] = 0;
        if (is_null(of, row)) continue;
        const uint8_t *view = of->views + row * VIEW, *at = 0;
        uint64_t head = words(view), tail = words(view + 8);
        int64_t size = word(view);
        if (size > INLINE) {
            at = of->buffers[word(view + 8)] + word(view + 12);
            tail = hashed(at, size);
        }
        uint64_t hash = mixed(head, tail);
        for (uint64_t place = hash >> 32;; place++) {
            int32_t number = known->slots[place & mask] - 1;
            if (looks-- == 0) return -1;
            if (number < 0) {
                if (known->count == known->most) return -1;
                number = (int32_t)known->count++;
                known->slots[place & mask] = number + 1;
                known->values[number] = (value){head, tail, at};
                known->rows[number] = known->row + row;
            } else {
                const value *other = known->values + number;
                if ((head ^ other->head) | (tail ^ other->tail)) continue;
                if (at && memcmp(at, other->at, (size_t)size)) continue;
            }
            numbers[row] = number;
            break;
        }
    }
    known->row += of->rows;
    return known->count;
}
