/* What every peer does with the bytes its library reassembles: HTTP requests, uploads, one JSON object per record on
 * stdout, the same text as `suntap records --json`. A library that loses bytes says so and the connection is given up.
 */
#ifndef EXTRACT_H
#define EXTRACT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COLLECTOR_PORT 80

typedef struct extract extract;

/* Call before anything is printed: gives stdout a large buffer. */
void extract_setup(void);

/* A client's half of a connection; the ends are "ip:port". NULL = no memory. */
extract *extract_new(const char *source, const char *destination);

/* The next bytes of it, in order; `when` is the time of the packet that brought them. */
void extract_data(extract *half, const uint8_t *data, size_t size, struct timeval when);

void extract_free(extract *half);

#ifdef __cplusplus
}
#endif
#endif
