"""Test signals as functions of time in seconds."""

import math


def step(t, at=0.0, height=1.0):
    return height if t >= at else 0.0


def ramp(t, start=0.0, slope=1.0):
    return max(0.0, (t - start) * slope)


def sine(t, amplitude=1.0, period=1.0, phase=0.0):
    return amplitude * math.sin(2.0 * math.pi * t / period + phase)
