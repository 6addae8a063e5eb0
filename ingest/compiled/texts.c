/* Says of each text of a column whether it keeps a rule that needs no more than a look at its bytes.

   `flags` has a byte for each text: 1 if it keeps the rule, 0 if not. Nulls keep every rule. */

#include "views.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define HIGH UINT64_C(0x8080808080808080)

/* How many characters some bytes are: those that do not go on with one. */
static inline int64_t characters(const uint8_t *at, int64_t size) {
    int64_t count = 0;
    for (int64_t place = 0; place < size; place++) count += (at[place] & 0xC0) != 0x80;
    return count;
}

/* Whether all of them are ASCII; of fewer than eight, those behind them are zeros. */
static inline int is_ascii(const uint8_t *at, int64_t size) {
    uint64_t all = words(at);
    for (int64_t place = 8; place + 8 < size; place += 8) all |= words(at + place);
    if (size > 8) all |= words(at + size - 8);
    return !(all & HIGH);
}

/* Whether each byte of a view, less `least` at its place, is at most `span` there. */
void ingest_texts_within(const texts *of, const uint8_t *least, const uint8_t *span, uint8_t *flags) {
#if defined(__SSE2__)
    const __m128i low = _mm_loadu_si128((const __m128i *)least);
    const __m128i wide = _mm_loadu_si128((const __m128i *)span);
    const __m128i none = _mm_setzero_si128();
#endif
    for (int64_t row = 0; row < of->rows; row++) {
        const uint8_t *view = of->views + row * VIEW;
#if defined(__SSE2__)
        __m128i above = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)view), low);
        __m128i beyond = _mm_subs_epu8(above, wide);
        int kept = _mm_movemask_epi8(_mm_cmpeq_epi8(beyond, none)) == 0xFFFF;
#else
        int kept = 1;
        for (int place = 0; place < VIEW; place++)
            kept &= (uint8_t)(view[place] - least[place]) <= span[place];
#endif
        flags[row] = kept || is_null(of, row);
    }
}

/* Whether a text has at least so many characters, and at most so many. */
void ingest_texts_long(const texts *of, int64_t least, int64_t most, uint8_t *flags) {
    for (int64_t row = 0; row < of->rows; row++) {
        const uint8_t *view = of->views + row * VIEW;
        flags[row] = 1;
        if (is_null(of, row)) continue;
        int64_t size = word(view);
        /* by a mask: a branch would be foretold wrongly for many texts of 11 to 14 bytes */
        uintptr_t apart = -(uintptr_t)(size > INLINE);
        uintptr_t buffer = (uintptr_t)of->buffers[word(view + 8) & apart];
        uintptr_t from = ((buffer + word(view + 12)) & apart) | ((uintptr_t)(view + HEAD) & ~apart);
        const uint8_t *at = (const uint8_t *)from;
        int64_t count = is_ascii(at, size) ? size : characters(at, size);
        flags[row] = count >= least && count <= most;
    }
}

/* Whether a text is one of so many that have up to 12 bytes, whose views follow each other. */
void ingest_texts_among(const texts *of, const uint8_t *allowed, int64_t count, uint8_t *flags) {
    for (int64_t row = 0; row < of->rows; row++) {
        const uint8_t *view = of->views + row * VIEW;
        uint64_t head = words(view), tail = words(view + 8);
        int kept = 0;
        for (int64_t one = 0; one < count; one++)
            kept |= !((head ^ words(allowed + one * VIEW)) | (tail ^ words(allowed + one * VIEW + 8)));
        flags[row] = kept || is_null(of, row);
    }
}
