/* Where the signs of CSV stand in a text, 64 bytes at a time, as simdjson finds them: Langdale and
   Lemire, "Parsing Gigabytes of JSON per Second", 2019. */

#ifndef INGEST_SCANNER_H
#define INGEST_SCANNER_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

#endif
