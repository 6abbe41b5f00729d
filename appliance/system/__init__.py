"""What suntap asks of the operating system: time, files, processes, network tables, systemd. No rule about energy."""
