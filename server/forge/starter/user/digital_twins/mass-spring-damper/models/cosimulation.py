"""A fixed-step co-simulation master: exchange outputs, step every model, save, repeat."""

import csv
import importlib.util
import json
import sys
from pathlib import Path


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model


def main(config_file, time_file, output_file):
    config = json.loads(Path(config_file).read_text())
    time = json.loads(Path(time_file).read_text())
    parameters = {name: {} for name in config["models"]}
    for key, value in config["parameters"].items():
        model, name = key.split(".")
        parameters[model][name] = value
    models = {name: load(Path(path))(parameters[name]) for name, path in config["models"].items()}
    inputs = {name: dict(model.inputs) for name, model in models.items()}
    read = lambda key: models[key.split(".")[0]].get(key.split(".")[1])

    steps = round((time["end"] - time["start"]) / time["step"])
    Path(output_file).parent.mkdir(parents=True, exist_ok=True)
    with open(output_file, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time"] + config["outputs"])
        for step in range(steps + 1):
            now = time["start"] + step * time["step"]
            if step % time["save_every"] == 0:
                writer.writerow([f"{now:.6g}"] + [f"{read(key):.9g}" for key in config["outputs"]])
            if step % (steps // 10) == 0:
                print(f"\033[36mt = {now:6.2f} s\033[0m   x1 = {read('cart_1.x1'):+.4f} m   x2 = {read('cart_2.x2'):+.4f} m", flush=True)
            for source, targets in config["connections"].items():
                for target in targets:
                    model, name = target.split(".")
                    inputs[model][name] = read(source)
            for name, model in models.items():
                model.step(inputs[name], time["step"])
    print(f"{steps} steps, saved to {output_file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
