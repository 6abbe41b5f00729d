"""Words of the settings: what to enter instead of what was refused, by key."""
from webui.language import N_

CHOOSE = N_("Choose one from the list.")
PORT_IN_USE = N_("Another program uses this port: choose another one.")
FULL = N_("Nothing was saved: the card is full. Storage on the Diagnostics page says what to do.")
NOT_WRITTEN = N_("Nothing was saved: this box cannot write its settings. Unplug it, wait ten seconds and plug it in "
                 "again; then try once more.")
IN_ERROR = N_("Nothing was saved: the settings file has an error. The Diagnostics page shows it.")
VALUE = N_("Enter a serial number and what its device tells, such as “414050000000001 dc_voltage”, or choose one from "
           "the list.")
WRONG = {
    "site.timezone": N_("Choose your zone from the list, such as America/Los_Angeles."),
    "site.size_w": N_("Enter watts, such as 3840, or 0 if you do not know."),
    "site.name": N_("Enter a short name such as home: letters, digits, dots, hyphens."),
    "pvoutput.api_key": N_("This is no API key: copy it whole from PVOutput, Settings › API Settings."),
    "pvoutput.system_id": N_("Enter the number of your system, such as 12345."),
    "pvoutput.reserve": N_("Enter a number from 0 to 250."),
    **{f"pvoutput.v{number}": VALUE for number in range(7, 13)},
    "pvoutput.system": N_("Enter a system id, a colon and serial numbers, such as “12346: 414050000000001”; separate "
                          "systems by semicolons."),
    "pvoutput.url": N_("Enter an address that begins with https://."),
    "mqtt.url": N_("Enter an address such as mqtt://homeassistant.local:1883, or leave it empty."),
    "mqtt.username": N_("Enter the user’s name, or leave it empty."),
    "mqtt.password": N_("This password cannot be used: check what you typed."),
    "mqtt.topic": N_("Enter a topic such as suntap."),
    "mqtt.discovery": N_("Enter homeassistant, or leave it empty."),
    "lines.url": N_("Enter an address such as http://host:8428, or leave it empty."),
    "lines.token": N_("This token cannot be used: check what you typed."),
    "notify.url": N_("Enter an address such as https://ntfy.sh/your-topic, or one for e-mail as shown below, or "
                     "leave it empty."),
    "notify.token": N_("This token cannot be used: check what you typed."),
    "web.names": N_("Enter names such as suntap.fritz.box, separated by commas."),
    "web.proxies": N_("Enter IP addresses such as 192.0.2.7, separated by commas."),
    "web.host": N_("Enter an address such as 0.0.0.0."),
    "web.port": N_("Enter a number from 1 to 65535, such as 80."),
    "capture.interface": N_("Enter the name of a network socket, such as br0."),
    "capture.ports": N_("Enter one to eight numbers such as 80, separated by commas."),
    "capture.buffer_mib": N_("Enter a number from 1 to 1024."),
    "capture.pvs_mac": N_("Enter a hardware address such as 02:00:5e:00:53:01, or leave it empty."),
    "store.data_dir": N_("Enter the whole path of a folder, such as /var/lib/suntap."),
    "store.keep_inbox_days": N_("Enter a number of days from 1 to 36500."),
}
