"""A mock of the physical twin: a heated box with a thermostat, noise, and a lid that opens at times."""

import random


class PhysicalTwin:
    def __init__(self, config, seed=7):
        self.config = config
        self.temperature = config["ambient_c"]
        self.heating = True
        self.clock = 0.0
        self.random = random.Random(seed)

    def lid_open(self):
        return self.clock % 60.0 > 48.0

    def read(self, seconds):
        """Lets `seconds` pass and returns the measured temperature and whether the heater is on."""
        config = self.config
        if self.temperature > config["set_point_c"] + 0.3:
            self.heating = False
        if self.temperature < config["set_point_c"] - 0.3:
            self.heating = True
        loss = config["loss_w_per_k"] * (4.0 if self.lid_open() else 1.0)
        power = config["power_w"] if self.heating else 0.0
        flow = power - loss * (self.temperature - config["ambient_c"])
        self.temperature += seconds * flow / config["capacity_j_per_k"] * 4.0
        self.clock += seconds
        return self.temperature + self.random.gauss(0.0, 0.02), self.heating
