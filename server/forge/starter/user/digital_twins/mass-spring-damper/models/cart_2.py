"""The free cart: m2 x2'' = -f, where f is the force of the spring and damper between the carts."""


class Model:
    inputs = {"x1": 0.0, "v1": 0.0}

    def __init__(self, parameters):
        self.mass = parameters.get("m2", 1.0)
        self.stiffness = parameters.get("cc", 1.0)
        self.damping = parameters.get("dc", 1.0)
        self.x2 = parameters.get("x2_start", 0.0)
        self.v2 = parameters.get("v2_start", 0.0)
        self.f = 0.0

    def get(self, name):
        return {"x2": self.x2, "v2": self.v2, "f": self.f}[name]

    def step(self, inputs, h):
        self.f = self.stiffness * (self.x2 - inputs["x1"]) + self.damping * (self.v2 - inputs["v1"])
        self.v2 += h * -self.f / self.mass
        self.x2 += h * self.v2
