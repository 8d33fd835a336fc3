"""A mass on a spring, simulated and exact."""

import math


def simulate(m=1.0, c=1.0, x=1.0, v=0.0, h=0.01, end=10.0):
    t = 0.0
    while t <= end:
        yield t, x
        v -= h * c / m * x
        x += h * v
        t += h


def exact(t, m=1.0, c=1.0, x=1.0):
    return x * math.cos(math.sqrt(c / m) * t)
