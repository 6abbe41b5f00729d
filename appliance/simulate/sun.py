"""Position of the sun, accurate enough for a simulated roof and for a simulated site that refuses energy at night.

Declination and equation of time use Spencer's Fourier series (1971), as in every solar engineering textbook. The error
is about a quarter of a degree; refraction is ignored. Angles in degrees, times in seconds since 1970 UTC.
"""
import math
from datetime import UTC, datetime


def elevation(time: float, latitude: float, longitude: float) -> float:
    """Return the height of the sun's centre above the horizon in degrees (negative at night)."""
    moment = datetime.fromtimestamp(time, UTC)
    year_angle = 2 * math.pi * (moment.timetuple().tm_yday - 1 + (moment.hour - 12) / 24) / 365
    sin, cos = math.sin, math.cos
    declination = (
        0.006918 - 0.399912 * cos(year_angle) + 0.070257 * sin(year_angle)
        - 0.006758 * cos(2 * year_angle) + 0.000907 * sin(2 * year_angle)
        - 0.002697 * cos(3 * year_angle) + 0.00148 * sin(3 * year_angle)
    )
    equation_minutes = 229.18 * (
        0.000075 + 0.001868 * cos(year_angle) - 0.032077 * sin(year_angle)
        - 0.014615 * cos(2 * year_angle) - 0.040849 * sin(2 * year_angle)
    )
    solar_minutes = time % 86400 / 60 + equation_minutes + 4 * longitude
    hour_angle = math.radians(solar_minutes / 4 - 180)
    phi = math.radians(latitude)
    height = sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, height))))
