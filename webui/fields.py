"""The settings as form fields: one line per key of the TOML file with its words for people.

What is allowed is not repeated here: the checks are the ones that `appliance.settings` declares with each key, so page
and file cannot disagree. A test holds this table against the declared keys.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from appliance.settings import Secret, Settings, value
from webui.language import N_
from webui.lenient import watts, zone
from webui.words.settings import CHOOSE, WRONG


@dataclass(frozen=True)
class Field:
    """Words for one key. `choices`: (value, words) of a select; `later`: takes effect when suntap starts again;
    `meant`: turns what people type into what the file wants."""

    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    later: bool = False
    meant: Callable[[str], str] = str


FIELDS: dict[str, Field] = {
    "site.timezone": Field(
        N_("Time zone"), N_("A city in your zone, such as Los Angeles. Days begin at midnight there."), meant=zone),
    "site.size_w": Field(
        N_("System size"), N_("All panels together, such as 3840 or 3.8 kW. 0 if you do not know it."), unit="W",
        meant=watts),
    "site.net_sign": Field(
        N_("Grid meter direction"),
        N_("Turn it if “Used” looks wrong: your use is solar made + grid bought − grid sold. This changes how suntap "
           "reads the meter; nothing on the wall is turned."),
        choices=(("auto", N_("Detect automatically (recommended)")), ("+", N_("It counts up when you buy")),
                 ("-", N_("It counts up when you sell")))),
    "site.production": Field(N_("What your roof makes is read from"), choices=(
        ("auto", N_("Detect automatically (recommended)")), ("inverters", N_("the sum of the inverters")),
        ("meter", N_("its own meter (production meter)")))),
    "site.meter": Field(N_("The meter at the main panel counts"), choices=(
        ("auto", N_("Detect automatically (recommended)")), ("net", N_("what is bought less what is sold")),
        ("consumption", N_("what the house uses, and never falls")))),
    "site.name": Field(N_("Name of the site"), N_("Tells this site from others in the programs that suntap feeds.")),
    "pvoutput.enabled": Field(N_("Post to PVOutput")),
    "pvoutput.api_key": Field(
        N_("API key"), N_("The password with which suntap may post for you. Get it at pvoutput.org: log in, choose "
                        "Settings, look for API Settings, switch API Access on and copy the key there. If there is "
                        "none yet, press New Key first. It is not shown here again.")),
    "pvoutput.system_id": Field(
        N_("System id"), N_("The number of your system: on the same page, under Registered Systems.")),
    "pvoutput.energy": Field(N_("Energy is posted as"), choices=(
        ("daily", N_("the total of the day so far (recommended)")), ("lifetime", N_("the total of all years (c1)")))),
    "pvoutput.consumption": Field(N_("Post what you use, too"), N_("Needs a grid meter.")),
    "pvoutput.reserve": Field(
        N_("Requests left to other programs"), N_("PVOutput takes 60 requests an hour for each API key. suntap "
                                                  "leaves so many of them alone."),
        unit=N_("an hour")),
    "pvoutput.voltage": Field(N_("Post the voltage too (v6)"), N_("The inverters’ mean voltage.")),
    "pvoutput.temperature": Field(
        N_("Post the temperature too (v5)"), N_("The inverters’ mean temperature, not the weather’s.")),
    "pvoutput.v7": Field("v7", N_("v7 to v12 are for whoever donates to PVOutput. Choose what a device tells, such as "
                            "“414050000000001 dc_voltage”. Empty: not posted.")),
    "pvoutput.v8": Field("v8"),
    "pvoutput.v9": Field("v9"),
    "pvoutput.v10": Field("v10"),
    "pvoutput.v11": Field("v11"),
    "pvoutput.v12": Field("v12"),
    "pvoutput.system": Field(
        N_("Further systems"), N_("Inverters with a system of their own at PVOutput, beside the total: “12346: SERIAL "
                                  "SERIAL; 12347: SERIAL”. Same key, same requests.")),
    "pvoutput.url": Field(N_("Address of the service")),
    "web.public_dashboard": Field(
        N_("Anybody at home may see the dashboard"), N_("Settings and diagnostics always need the password.")),
    "mqtt.url": Field(
        N_("MQTT broker"), N_("The address of the program that hands values on to Home Assistant, usually its add-on "
                              "“Mosquitto broker”: mqtt://homeassistant.local:1883, with your Home Assistant’s name or "
                              "address. Empty: nothing is sent there.")),
    "mqtt.username": Field(
        N_("User at the broker"), N_("A user of Home Assistant made for suntap (Settings › People there), or one that "
                                     "you gave the broker. Empty: the broker asks for none.")),
    "mqtt.password": Field(
        N_("Password at the broker"), N_("That user’s password; not needed where there is no user. It is not shown "
                                     "here again.")),
    "mqtt.topic": Field(
        N_("Topic"), N_("The name under which the broker has suntap’s values. Leave it as it is, unless two suntaps "
                        "use one broker.")),
    "mqtt.discovery": Field(
        N_("Home Assistant’s discovery prefix"), N_("With it Home Assistant finds suntap by itself. Leave it as it is, "
                                                    "unless you changed it there. Empty: you add each value there "
                                                    "yourself.")),
    "lines.url": Field(
        N_("InfluxDB or VictoriaMetrics"), N_("The address of the database from which Grafana draws its charts, such "
                                              "as http://host:8428 or http://host:8086/write?db=suntap. suntap writes "
                                              "the whole history there. Empty: nothing is sent.")),
    "lines.token": Field(
        N_("Token"), N_("The database’s password for suntap: a token that you made there, or user:password. Not needed "
                        "where the database asks for none. It is not shown here again.")),
    "notify.url": Field(
        N_("Messages to"), N_("Where suntap writes when something needs you. On your phone: install the app ntfy, "
                              "subscribe to a topic that nobody guesses, and enter https://ntfy.sh/ and that topic. By "
                              "e-mail: mailto:you@example.org?smtp=smtp://user@mail.example.org:587, with the server "
                              "for outgoing mail that your mail provider names. Any other address that takes messages "
                              "(webhook) will do. Empty: no messages.")),
    "notify.token": Field(
        N_("Token"), N_("For e-mail the password of the mail account. For ntfy an access token, not needed where "
                        "anybody may write to the topic. It is not shown here again.")),
    "web.names": Field(
        N_("Further names of the page"), N_("Names under which you open this page, such as suntap.fritz.box; separated "
                                            "by commas. Empty: its addresses, suntap.local and suntap.lan work, "
                                            "others do not.")),
    "web.proxies": Field(
        N_("Reverse proxies"), N_("Only where another program, such as Caddy, passes this page on: that program’s IP "
                                  "address. suntap then believes its X-Forwarded-Proto and X-Forwarded-Host. Empty: "
                                  "nobody’s.")),
    "web.host": Field(
        N_("Address of the page"), N_("0.0.0.0: whoever is in your home network can open the page. 127.0.0.1: only "
                                      "programs on this box can."), later=True),
    "web.port": Field(
        N_("Port of the page"), N_("80 is usual. With another one, such as 8080, you open the page with :8080 behind "
                                   "its address."), later=True),
    "capture.interface": Field(
        N_("Network socket"), N_("Where suntap listens. br0 is both sockets together: your SunPower box’s and the "
                                 "router’s. Change it only if you joined them otherwise.")),
    "capture.ports": Field(
        N_("TCP ports"), N_("The port numbers to which your SunPower box sends its reports; separated by commas. Leave "
                            "80, unless suntap hears nothing and somebody found another.")),
    "capture.buffer_mib": Field(
        N_("Memory for reports on their way"), N_("Leave it as it is. Raise it only if Diagnostics counts dropped "
                                                  "packets."), unit="MiB"),
    "capture.pvs_mac": Field(
        N_("Hardware address of your SunPower box"), N_("Only needed where suntap finds the wrong one: six pairs of "
                                                        "digits or letters A to F, as Diagnostics › Who reports "
                                                        "shows them. Empty: suntap finds it by itself.")),
    "collector.stand_in": Field(
        N_("When SunPower’s server does not answer"),
        N_("Your SunPower box only reports to a server that answers, and keeps the rest until its memory is full. "
           "To undo this, choose “Only listen”."), choices=(
            ("off", N_("Only listen")), ("auto", N_("Answer in its place while it does not (recommended)")),
            ("on", N_("Always answer in its place")))),
    "store.data_dir": Field(
        N_("Folder of the history"), N_("Move the files yourself before you change it."), later=True),
    "store.keep_inbox_days": Field(
        N_("Keep reports for"), N_("What your SunPower box sent, word for word. The history made from it stays for "
                                   "ever."), unit=N_("days")),
}
UNLISTED = ("web.tokens", "site.buy", "site.sell", "site.panel", "update.url")     # have forms of their own
NUMBER_LISTS = ("capture.ports",)
SYSTEMS = "pvoutput.system"
SECTIONS = (
    ("site", N_("Site")), ("pvoutput", "PVOutput"), ("mqtt", "Home Assistant (MQTT)"), ("lines", N_("Grafana")),
    ("notify", N_("Messages to you")), ("web", N_("This page")), ("capture", N_("Network")),
    ("collector", N_("SunPower’s server")), ("store", N_("History")),
)


def as_text(settings: Settings, key: str) -> str:
    """The value as its form field shows it. A secret shows nothing."""
    found = value(settings, key)
    if isinstance(found, Secret):
        return ""
    if key == SYSTEMS:
        return "; ".join(f"{system.id}: {' '.join(system.devices)}" for system in found)
    if isinstance(found, tuple):
        return ", ".join(str(item) for item in found)
    return str(found)


def kind(key: str) -> str:
    """flag, number, secret, choice or text: how the form asks for it."""
    default = _declaration(key).default
    if isinstance(default, bool):
        return "flag"
    if isinstance(default, int):
        return "number"
    if isinstance(default, Secret):
        return "secret"
    return "choice" if FIELDS[key].choices else "text"


def read(form: Mapping[str, str], keys: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A submitted form as (changes for settings.update, key → what is wrong with it).

    An unticked flag is absent from a form, so an absent flag is False; an empty secret, or a key that is not
    in the form, means: keep the old one.
    """
    changes: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for key in keys:
        text = form.get(key, "").strip()
        if (kind(key) == "secret" and not text) or (kind(key) != "flag" and key not in form):
            continue
        declared = _declaration(key)
        try:
            meant = FIELDS[key].meant(text)
            changes[key] = declared.metadata["check"](_typed(key, meant, declared.default, key in form))
        except ValueError:
            errors[key] = str(WRONG.get(key, CHOOSE))
    return changes, errors


def rows(settings: Settings, keys: Iterable[str], form: Mapping[str, str], errors: Mapping[str, str],
         typed: bool = False, at_once: Iterable[str] = ()) -> dict[str, dict[str, object]]:
    """Fields as the templates show them; `typed` or refused ones as they were sent, but a secret never. `at_once`: keys
    whose change takes effect at once here though it elsewhere waits for a start."""
    shown: dict[str, dict[str, object]] = {}
    for key in keys:
        asked = kind(key)
        section = key.split(".")[0]
        sent = (typed or bool(errors)) and asked != "secret" and form.get("section", section) == section
        shown[key] = {
            "later": FIELDS[key].later and key not in at_once,
            "key": key, "field": FIELDS[key], "kind": asked, "error": errors.get(key, ""),
            "text": form.get(key, "") if sent else as_text(settings, key),
            "on": key in form if sent else value(settings, key) is True,
            "stored": asked == "secret" and bool(value(settings, key)),
        }
    return shown


def _typed(key: str, text: str, default: Any, present: bool) -> Any:
    if kind(key) == "flag":
        return present
    if isinstance(default, int):
        return int(text)
    if key == SYSTEMS:
        parts = (part.partition(":") for part in text.split(";") if part.strip())
        return [{"id": number.strip(), "devices": devices.replace(",", " ").split()} for number, _, devices in parts]
    if isinstance(default, tuple):
        items = text.replace(",", " ").split()
        return [int(item) for item in items] if key in NUMBER_LISTS else items
    return Path(text) if isinstance(default, Path) else text


def _declaration(key: str) -> Any:
    section, name = key.split(".")
    return next(item for item in fields(getattr(Settings(), section)) if item.name == name)
