// The extraction with libtins: tins FILE [FILTER].
#include <tins/ip_reassembler.h>
#include <tins/ipv6_address.h>
#include <tins/sniffer.h>
#include <tins/tcp_ip/stream_follower.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "extract.h"

using Tins::TCPIP::Stream;

static timeval now;

static std::string end(const Stream &stream, bool client) {
    unsigned port = client ? stream.client_port() : stream.server_port();
    if (stream.is_v6()) {
        auto address = client ? stream.client_addr_v6() : stream.server_addr_v6();
        return "[" + address.to_string() + "]:" + std::to_string(port);
    }
    auto address = client ? stream.client_addr_v4() : stream.server_addr_v4();
    return address.to_string() + ":" + std::to_string(port);
}

static void on_stream(Stream &stream) {
    stream.ignore_server_data();
    if (stream.server_port() != COLLECTOR_PORT) {
        stream.ignore_client_data();
        return;
    }
    std::shared_ptr<extract> half(extract_new(end(stream, true).c_str(), end(stream, false).c_str()), extract_free);
    stream.client_data_callback([half](Stream &of) {
        extract_data(half.get(), of.client_payload().data(), of.client_payload().size(), now);
    });
}

int main(int count, char **arguments) try {
    if (count < 2) return 2;
    extract_setup();
    Tins::SnifferConfiguration settings;
    if (count > 2) settings.set_filter(arguments[2]);
    Tins::FileSniffer sniffer(arguments[1], settings);
    Tins::IPv4Reassembler fragments;
    Tins::TCPIP::StreamFollower follower;
    follower.new_stream_callback(on_stream);
    while (Tins::Packet packet = sniffer.next_packet()) {
        now = {packet.timestamp().seconds(), packet.timestamp().microseconds()};
        if (fragments.process(*packet.pdu()) != Tins::IPv4Reassembler::FRAGMENTED) follower.process_packet(packet);
    }
    return std::fflush(stdout) ? 1 : 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "libtins: %s\n", error.what());
    return 1;
}
