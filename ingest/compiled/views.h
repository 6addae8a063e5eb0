/* Texts as Apache Arrow lays them out: https://arrow.apache.org/docs/format/Columnar.html

   Each is a view of 16 bytes: four of length, then the text itself if it has up to 12 bytes, and
   zeros; of a longer one its first four bytes, and the buffer and the place where all of it stands.
   Of nulls `valid` has a zero bit; their views are not looked at. Without nulls, it is NULL. */

#ifndef INGEST_VIEWS_H
#define INGEST_VIEWS_H

#include <stdint.h>
#include <string.h>

enum { VIEW = 16, INLINE = 12, HEAD = 4 };

typedef struct {
    const uint8_t *views;
    int64_t rows;
    const uint8_t *valid;
    int64_t first;                  /* the bit of the first text in `valid` */
    const uint8_t *const *buffers;
} texts;

static inline int is_null(const texts *of, int64_t row) {
    int64_t bit = of->first + row;
    return of->valid && !(of->valid[bit >> 3] >> (bit & 7) & 1);
}

static inline uint32_t word(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t words(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
