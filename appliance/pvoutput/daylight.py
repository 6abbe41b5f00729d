"""Whether the sun is up at a place: PVOutput takes no power while it is not.

Theory: the sun's low-precision position of the Astronomical Almanac (mean longitude and anomaly → ecliptic longitude →
declination and hour angle), good to a hundredth of a degree in this century. Pure.
"""
from math import asin, atan2, cos, degrees, radians, sin

J2000 = 946_728_000     # 2000-01-01 12:00 UTC


def elevation(time: float, latitude: float, longitude: float) -> float:
    """Degrees of the sun's centre above the horizon at `time` (UTC seconds); negative at night."""
    days = (time - J2000) / 86400
    anomaly = radians(357.529 + 0.98560028 * days)
    mean_longitude = 280.459 + 0.98564736 * days
    ecliptic = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    obliquity = radians(23.439 - 0.00000036 * days)
    ascension = atan2(cos(obliquity) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(obliquity) * sin(ecliptic))
    sidereal = radians((280.46062 + 360.98564737 * days + longitude) % 360)
    place = radians(latitude)
    return degrees(asin(sin(place) * sin(declination)
                        + cos(place) * cos(declination) * cos(sidereal - ascension)))
