"""A mass slowed down by a damper, in closed form."""

import math


def velocity(t, v0=1.0, d=0.5, m=1.0):
    return v0 * math.exp(-d * t / m)
