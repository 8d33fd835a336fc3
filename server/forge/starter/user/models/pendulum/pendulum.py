"""A damped pendulum, stepped with the classical Runge-Kutta method."""

import math


def slope(state, l=0.5, b=0.1, g=9.81):
    angle, speed = state
    return speed, -g / l * math.sin(angle) - b * speed


def step(state, h, **parameters):
    add = lambda a, b, k: tuple(x + k * y for x, y in zip(a, b))
    k1 = slope(state, **parameters)
    k2 = slope(add(state, k1, h / 2), **parameters)
    k3 = slope(add(state, k2, h / 2), **parameters)
    k4 = slope(add(state, k3, h), **parameters)
    return tuple(s + h / 6 * (a + 2 * b + 2 * c + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4))
