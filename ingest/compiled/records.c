/* Finds where records of CSV begin whose quoted fields may hold line feeds.

   It follows the rules of ingest/sources/text/open_quotes.py (with `joins`), line by line:

       A line that begins outside of quotes is well formed if each quote in it opens a field (it
       stands at the line's beginning or behind a delimiter), is one of a pair inside of quotes, or
       closes a field (a delimiter or the line's end follows; carriage returns there do not count).
       If its last field is not closed, the next line begins inside of quotes. What is not well
       formed is a record of one line.
       A line that begins inside of quotes is well formed by the same rule. One that is not is read
       as if it had begun outside: if a field is open at its end then, the record goes on, else it
       ends with this line.

   So a record begins wherever a line begins outside of quotes, and all that has to be known of the
   text before it is that. */

#include <stdint.h>
#include <string.h>

#include "scanner.h"

typedef struct {
    const uint8_t *text;    /* of whole lines: it ends with a line feed, or is empty */
    int64_t size;
    int32_t delimiter;
    int32_t quote;
    int32_t inside;         /* whether the first line begins inside of quotes, then the next text's */
    int32_t targets;
    const int64_t *target;  /* places in ascending order */
    int64_t *start;         /* where the first record from each of them on begins: `size` counts */
    int32_t found;          /* for how many targets there is one */
    int64_t record;         /* where the last record begins; -1: none. `size` if none is open */
    uint64_t *ends;         /* NULL; or a bit for each byte, all 0: set where a record ends */
} search;

/* Whether only carriage returns stand between `place` and the end of the line. */
static int is_line_end(const uint8_t *text, int64_t place)
{
    while (text[place] == '\r') place++;
    return text[place] == '\n';
}

/* Whether a line that begins at `place`, outside of quotes, is well formed and ends inside. */
static int opens(const search *job, int64_t place)
{
    const uint8_t *text = job->text;
    int inside = 0, begins = 1;
    for (; text[place] != '\n'; place++) {
        const int is_quote = text[place] == job->quote;
        if (!inside) {
            if (is_quote && !begins) return 0;
            inside = is_quote;
            begins = text[place] == job->delimiter;
        } else if (is_quote && text[place + 1] == job->quote) {
            place++;
        } else if (is_quote) {
            if (text[place + 1] != job->delimiter && !is_line_end(text, place + 1)) return 0;
            inside = 0;
        }
    }
    return inside;
}

static void begin_record(search *job, int64_t place)
{
    job->record = place;
    if (job->ends) job->ends[(place - 1) >> 6] |= UINT64_C(1) << ((place - 1) & 63);
    while (job->found < job->targets && job->target[job->found] <= place) {
        job->start[job->found++] = place;
    }
}

void ingest_csv_records(search *job)
{
    const uint8_t *text = job->text;
    const uint8_t quote = (uint8_t)job->quote;
    scanner scan = {text, job->size, 0, 0, {quote, '\n', '\n', '\n'}};
    int inside = job->inside, began_inside = inside;
    int64_t line = 0;
    job->record = inside ? -1 : 0;
    if (job->size) seek(&scan, 0);
    while (line < job->size) {
        const int64_t place = next(&scan);
        int wrong = 0;
        if (text[place] == '\n') {
            line = place + 1;
            began_inside = inside;
            if (!inside) begin_record(job, line);
        } else if (!inside) {
            inside = place == line || text[place - 1] == job->delimiter;
            wrong = !inside;
        } else if (text[place + 1] == quote) {
            next(&scan);
        } else {
            inside = text[place + 1] != job->delimiter && !is_line_end(text, place + 1);
            wrong = inside;
        }
        if (wrong) {
            const uint8_t *end = memchr(text + place, '\n', (size_t)(job->size - place));
            inside = began_inside && opens(job, line);
            seek(&scan, end - text);
        }
    }
    job->inside = inside;
}
