"""The site's clock: which UTC seconds a local day spans, and how times are written on the page.

Everything inside is UTC seconds; the site's zone enters here and nowhere else. The browser's zone never does: axis
labels and tooltips are texts made here, so a phone on holiday shows the roof's time. A local day has 23, 24 or 25
hours.
"""
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webui.language import N_, _, ngettext
from webui.present import reader_locale

MONTHS = (N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
          N_("September"), N_("October"), N_("November"), N_("December"))
SHORT_MONTHS = (N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"),
                N_("Oct"), N_("Nov"), N_("Dec"))
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
SHORT_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """UTC seconds of the day's first instant and of the next day's."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def month_end(day: date) -> date:
    """The last day of its month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def local(seconds: float, zone: ZoneInfo) -> datetime:
    """UTC seconds as the site's wall time."""
    return datetime.fromtimestamp(seconds, zone)


def today(now: float, zone: ZoneInfo) -> date:
    """The site's date."""
    return local(now, zone).date()


def clock_time(seconds: float, zone: ZoneInfo) -> str:
    """14:05, or 2:05 PM."""
    return _clock(local(seconds, zone))


def _clock(here: datetime) -> str:
    if reader_locale.now().twelve_hours:
        return f"{here.hour % 12 or 12}:{here:%M} {'AM' if here.hour < 12 else 'PM'}"
    return f"{here:%H:%M}"


def hour(here: datetime) -> str:
    """A full hour: 14:00, or 2 PM."""
    if reader_locale.now().twelve_hours:
        return f"{here.hour % 12 or 12} {'AM' if here.hour < 12 else 'PM'}"
    return f"{here:%H}:00"


def hour_of(here: datetime) -> str:
    """A full hour's name; one that comes twice, as the clocks go back, with its zone: 01:00 PDT, 01:00 PST."""
    twice = here.replace(fold=0).utcoffset() != here.replace(fold=1).utcoffset()
    return f"{hour(here)} {here:%Z}" if twice else hour(here)


def moment(seconds: float | None, zone: ZoneInfo, now: float) -> str:
    """14:05 today, else Sat 9 May, 14:05 (with the year when it is another); or 2:05 PM, and Sat, May 9, 2:05 PM.

    Empty for None.
    """
    if seconds is None:
        return ""
    then, here = local(seconds, zone), local(now, zone)
    if then.date() == here.date():
        return _clock(then)
    year = then.year != here.year
    weekday, month = SHORT_WEEKDAYS[then.weekday()], SHORT_MONTHS[then.month - 1]
    if reader_locale.now().month_first:
        return f"{weekday}, {month} {then.day}{f', {then.year}' if year else ''}, {_clock(then)}"
    return f"{weekday} {then.day} {month}{f' {then.year}' if year else ''}, {_clock(then)}"


def long_date(day: date) -> str:
    """Saturday, 9 May 2026, or Saturday, May 9, 2026."""
    weekday, month = WEEKDAYS[day.weekday()], MONTHS[day.month - 1]
    if reader_locale.now().month_first:
        return f"{weekday}, {month} {day.day}, {day.year}"
    return f"{weekday}, {day.day} {month} {day.year}"


def short_date(day: date) -> str:
    """9 May 2026, or May 9, 2026."""
    month = SHORT_MONTHS[day.month - 1]
    if reader_locale.now().month_first:
        return f"{month} {day.day}, {day.year}"
    return f"{day.day} {month} {day.year}"


def month_name(day: date) -> str:
    """May."""
    return str(MONTHS[day.month - 1])


def short_month(day: date) -> str:
    """Sep."""
    return str(SHORT_MONTHS[day.month - 1])


def month_year(day: date) -> str:
    """May 2026."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def age(seconds: float | None) -> str:
    """How long ago, as said aloud: just now, 4 min ago, 2 h 5 min ago, 3 days ago. Empty for None."""
    if seconds is None:
        return ""
    return _("just now") if seconds < 60 else _("{span} ago").format(span=span(seconds))


def span(seconds: float) -> str:
    """A length of time in at most two units."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    if days < 14:
        text = ngettext("{days} day", "{days} days", days).format(days=days)
        return text + (f" {hours} h" if hours and days < 3 else "")
    return ngettext("{days} day", "{days} days", days).format(days=days)


def ticks(day: date, zone: ZoneInfo, every: int = 3) -> list[tuple[int, str]]:
    """Axis marks of a local day: (UTC seconds, label) at each local hour divisible by `every`."""
    start, end = day_bounds(day, zone)
    marks = []
    for seconds in range(start, end + 1, 1800):
        here = local(seconds, zone)
        if here.minute == 0 and here.hour % every == 0:
            marks.append((seconds, hour(here)))
    return marks


def clock_change(day: date, zone: ZoneInfo) -> str:
    """A sentence for a day on which the clocks change, else empty."""
    start, end = day_bounds(day, zone)
    hours = (end - start) / 3600
    if hours == 24:
        return ""
    text = (_("The clocks went back on this day: it has {hours} hours.") if hours > 24 else
            _("The clocks went forward on this day: it has {hours} hours."))
    return text.format(hours=f"{hours:g}")


def utc_text(seconds: float) -> str:
    """2026-05-09T22:19:36Z, for the API."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
