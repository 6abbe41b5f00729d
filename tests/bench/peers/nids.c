/* The extraction with libnids: nids FILE [FILTER]. */
#include <arpa/inet.h>
#include <nids.h>
#include <stdio.h>
#include <stdlib.h>

#include "extract.h"

static void ends(char *text, size_t space, u_int address, u_short port) {
    struct in_addr in = {address};
    snprintf(text, space, "%s:%u", inet_ntoa(in), port);
}

static void on_tcp(struct tcp_stream *stream, void **state) {
    if (stream->nids_state == NIDS_JUST_EST) {
        if (stream->addr.dest != COLLECTOR_PORT) return;
        char source[64], destination[64];
        ends(source, sizeof source, stream->addr.saddr, stream->addr.source);
        ends(destination, sizeof destination, stream->addr.daddr, stream->addr.dest);
        *state = extract_new(source, destination);
        stream->server.collect++;
    } else if (stream->nids_state == NIDS_DATA) {
        if (stream->server.count_new)
            extract_data(*state, (const uint8_t *)stream->server.data, (size_t)stream->server.count_new,
                         nids_last_pcap_header->ts);
    } else {
        extract_free(*state);
        *state = NULL;
    }
}

int main(int count, char **arguments) {
    static struct nids_chksum_ctl unchecked = {0, 0, NIDS_DONT_CHKSUM, 0};
    if (count < 2) return 2;
    extract_setup();
    nids_params.filename = arguments[1];
    nids_params.pcap_filter = count > 2 ? arguments[2] : NULL;
    nids_params.scan_num_hosts = 0;
    if (!nids_init()) {
        fprintf(stderr, "libnids: %s\n", nids_errbuf);
        return 1;
    }
    nids_register_chksum_ctl(&unchecked, 1);
    nids_register_tcp(on_tcp);
    nids_run();
    return fflush(stdout) ? 1 : 0;
}
