/* Requests are collected in one buffer per connection until they are whole, then printed and forgotten. Bodies come by
 * Content-Length or chunked; anything but a POST to the collector's page is skipped. A head or length beyond its limit
 * ends the reading of that connection.
 */
#define _GNU_SOURCE
#include "extract.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { MAX_HEAD = 16 << 10, MAX_BODY = 4 << 20, MAX_PREFIX = 1024, OUT_BYTES = 256 << 10, CHUNKED = -1 };

static const char PAGE[] = "SMS2DataCollector.aspx";

struct extract {
    uint8_t *data;
    size_t size, space;
    bool broken;
    char source[64], destination[64];
};

static char out[OUT_BYTES];

void extract_setup(void) { setvbuf(stdout, out, _IOFBF, sizeof out); }

extract *extract_new(const char *source, const char *destination) {
    extract *half = calloc(1, sizeof *half);
    if (half) {
        snprintf(half->source, sizeof half->source, "%s", source);
        snprintf(half->destination, sizeof half->destination, "%s", destination);
    }
    return half;
}

void extract_free(extract *half) {
    if (half) free(half->data);
    free(half);
}

/* One JSON string of printable ASCII; other bytes as \u00xx (the bench's captures hold none). */
static char *quote(char *to, const uint8_t *from, size_t size) {
    *to++ = '"';
    for (size_t i = 0; i < size; i++) {
        uint8_t c = from[i];
        if (c < 32 || c > 126) {
            to += sprintf(to, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') *to++ = '\\';
        *to++ = (char)c;
    }
    *to++ = '"';
    return to;
}

static void print_line(const char *prefix, size_t prefix_size, const uint8_t *line, size_t size) {
    static char text[MAX_PREFIX + 16 * 4096];
    char *to = text + prefix_size;
    memcpy(text, prefix, prefix_size);
    for (;;) {
        const uint8_t *tab = memchr(line, '\t', size);
        size_t length = tab ? (size_t)(tab - line) : size;
        to = quote(to, line, length);
        if (!tab) break;
        *to++ = ',';
        *to++ = ' ';
        line += length + 1;
        size -= length + 1;
    }
    static const char tail[] = "], \"complete\": true}\n";
    memcpy(to, tail, sizeof tail - 1);
    to += sizeof tail - 1;
    fwrite_unlocked(text, 1, (size_t)(to - text), stdout);
}

static void print_upload(const extract *half, const uint8_t *path, size_t path_size, const uint8_t *body, size_t size,
                         struct timeval when) {
    char prefix[MAX_PREFIX];
    struct tm tm;
    gmtime_r(&when.tv_sec, &tm);
    int prefix_size = snprintf(prefix, sizeof prefix,
        "{\"captured\": \"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\", \"source\": \"%s\", \"destination\": \"%s\", "
        "\"path\": \"%.*s\", \"record\": [",
        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long)when.tv_usec,
        half->source, half->destination, (int)(path_size < 256 ? path_size : 256), (const char *)path);
    const uint8_t *end = body + size;
    while (body < end) {
        const uint8_t *lf = memchr(body, '\n', (size_t)(end - body));
        size_t length = (size_t)((lf ? lf : end) - body);
        if (length && body[length - 1] == '\r') length--;
        if (length && length <= 4096 && body[0] >= '0' && body[0] <= '9')
            print_line(prefix, (size_t)prefix_size, body, length);
        body = lf ? lf + 1 : end;
    }
}

/* The body's length by the header lines in [head, end), or CHUNKED; 0 where none is given. */
static long body_length(const uint8_t *head, const uint8_t *end) {
    long length = 0;
    while (head < end) {
        const uint8_t *lf = memchr(head, '\n', (size_t)(end - head));
        if (!lf) break;
        if (lf - head > 15 && !strncasecmp((const char *)head, "content-length:", 15))
            length = strtol((const char *)head + 15, NULL, 10);
        else if (lf - head > 18 && !strncasecmp((const char *)head, "transfer-encoding:", 18))
            return CHUNKED;
        head = lf + 1;
    }
    return length;
}

/* Joins the chunks in place. The request's end, or NULL while it is not whole; *size becomes the body's length. */
static uint8_t *dechunk(uint8_t *at, uint8_t *end, bool write, size_t *size) {
    uint8_t *body = at;
    *size = 0;
    for (;;) {
        uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
        if (!lf) return NULL;
        unsigned long length = strtoul((const char *)at, NULL, 16);
        at = lf + 1;
        if ((unsigned long)(end - at) < length + 2) return NULL;
        if (write) memmove(body + *size, at, length);
        *size += length;
        at += length + 2;
        if (!length) return at;
    }
}

/* Takes one request off the front of the buffer; false when there is no whole one. */
static bool request(extract *half, size_t *at, struct timeval when) {
    uint8_t *start = half->data + *at, *end = half->data + half->size, *body, *behind;
    size_t size;
    uint8_t *head = memmem(start, (size_t)(end - start), "\r\n\r\n", 4);
    if (!head) {
        half->broken = end - start > MAX_HEAD;
        return false;
    }
    body = head + 4;
    uint8_t *lf = memchr(start, '\n', (size_t)(end - start));
    long length = body_length(lf + 1, body);
    if (length == CHUNKED) {
        behind = dechunk(body, end, false, &size);
        if (!behind) return false;
        dechunk(body, end, true, &size);
    } else if (length < 0 || length > MAX_BODY) {
        half->broken = true;
        return false;
    } else {
        if (end - body < length) return false;
        size = (size_t)length;
        behind = body + length;
    }
    uint8_t *path = memchr(start, ' ', (size_t)(lf - start));
    uint8_t *space = path ? memchr(path + 1, ' ', (size_t)(lf - path - 1)) : NULL;
    if (space && path - start == 4 && !memcmp(start, "POST", 4) && space - path > (long)sizeof PAGE - 1 &&
        !memcmp(space - (sizeof PAGE - 1), PAGE, sizeof PAGE - 1))
        print_upload(half, path + 1, (size_t)(space - path - 1), body, size, when);
    *at = (size_t)(behind - half->data);
    return true;
}

void extract_data(extract *half, const uint8_t *data, size_t size, struct timeval when) {
    if (half->broken) return;
    if (half->size + size + 1 > half->space) {
        size_t space = half->space ? half->space * 2 : 8192;
        while (space < half->size + size + 1) space *= 2;
        uint8_t *grown = realloc(half->data, space);
        if (!grown || space > 2 * MAX_BODY) {
            half->data = grown ? grown : half->data;
            half->broken = true;
            return;
        }
        half->data = grown;
        half->space = space;
    }
    memcpy(half->data + half->size, data, size);
    half->size += size;
    half->data[half->size] = 0;
    size_t at = 0;
    while (at < half->size && request(half, &at, when)) {}
    if (at) memmove(half->data, half->data + at, half->size - at);
    half->size -= at;
}
