"""TPC-H's schema, queries and generated data, for the scripts that run them."""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TABLES = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")


class BuildFailed(Exception):
    pass


def program(name):
    """The path of a program of this folder's; built when it is not there."""
    path = os.path.join(ROOT, "build", "release", "bin", name)
    if not os.path.exists(path):
        build(name)
    return path


def build(*targets):
    done = subprocess.run([os.path.join(ROOT, "tools", "build"), "release", *targets],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"{', '.join(targets)} does not build:\n{done.stdout[-2000:]}")


def schema():
    with open(os.path.join(HERE, "schema.sql"), encoding="utf-8") as file:
        return file.read()


def queries(scale):
    """By number the statements of each query; one of them returns rows."""
    with open(os.path.join(HERE, "queries.sql"), encoding="utf-8") as file:
        parts = re.split(r"^-- Q(\d+)\n", file.read(), flags=re.M)[1:]
    # The specification scales the fraction of Q11 with the database.
    fraction = f"{0.0001 / scale:.10f}"
    return {int(n): [s.strip().replace(":fraction", fraction) for s in text.split(";\n")]
            for n, text in zip(parts[::2], parts[1::2])}


def generated(directory, generator, *arguments):
    """Has the program `generator` fill `directory` once; what it has made is kept."""
    if not os.path.exists(os.path.join(directory, "done")):
        os.makedirs(directory, exist_ok=True)
        print(f"generating {directory}", flush=True)
        subprocess.run([program(generator), *arguments], check=True)
        open(os.path.join(directory, "done"), "w", encoding="ascii").close()
    return directory


def data(scale):
    directory = os.path.join(ROOT, "build", f"tpch-{scale:g}")
    return generated(directory, "tpch_generate", directory, str(scale))
