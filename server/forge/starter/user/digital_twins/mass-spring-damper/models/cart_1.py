"""The cart on the wall: m1 x1'' = -c1 x1 - d1 x1' + f, with the coupling force f as input."""


class Model:
    inputs = {"f": 0.0}

    def __init__(self, parameters):
        self.mass = parameters.get("m1", 1.0)
        self.stiffness = parameters.get("c1", 1.0)
        self.damping = parameters.get("d1", 1.0)
        self.x1 = parameters.get("x1_start", 1.0)
        self.v1 = parameters.get("v1_start", 0.0)

    def get(self, name):
        return {"x1": self.x1, "v1": self.v1}[name]

    def step(self, inputs, h):
        force = -self.stiffness * self.x1 - self.damping * self.v1 + inputs["f"]
        # Semi-implicit Euler keeps the energy of an undamped spring bounded.
        self.v1 += h * force / self.mass
        self.x1 += h * self.v1
