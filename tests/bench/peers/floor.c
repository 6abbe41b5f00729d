/* libpcap with an empty callback: what reading alone costs. floor FILE */
#include <pcap/pcap.h>
#include <stdio.h>

static void nothing(u_char *packets, const struct pcap_pkthdr *header, const u_char *data) {
    (void)header;
    (void)data;
    ++*(unsigned long *)packets;
}

int main(int count, char **arguments) {
    char error[PCAP_ERRBUF_SIZE];
    unsigned long packets = 0;
    if (count != 2) return 2;
    pcap_t *capture = pcap_open_offline(arguments[1], error);
    if (!capture) {
        fprintf(stderr, "libpcap: %s\n", error);
        return 1;
    }
    int result = pcap_loop(capture, -1, nothing, (u_char *)&packets);
    printf("%lu\n", packets);
    pcap_close(capture);
    return result ? 1 : 0;
}
