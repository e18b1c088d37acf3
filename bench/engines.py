"""The kernels of bench/kernels and the engines that run them; bench/kernels.py measures.

A kernel is one C file in kernels/GROUP (see kernels/kernel.h). An engine is a way to build a kernel and the command that runs the
result. The kernel of group sqlite is linked with SQLite's amalgamation, which tests/e2e/sqlite/run.py fetches.
"""

import dataclasses
import importlib.util
import pathlib
import shlex
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TIMEOUT_SECONDS = 900
# What `twine compile` generates for unless told otherwise, as clang spells it.
MARCH = "-march=x86-64-v3"
QUICK = "-DKERNEL_QUICK"


class BenchError(Exception):
    """A kernel that cannot be built or run."""


def run(command, **options):
    """Runs a command that must succeed; returns its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, **options)
    if done.returncode != 0:
        raise BenchError(f"{shlex.join(map(str, command))} exited with {done.returncode}\n{done.stderr.strip()[:2000]}")
    return done.stdout


def load_sqlite_suite():
    """tests/e2e/sqlite/run.py, which knows where SQLite's sources come from and how they are built for WASI."""
    spec = importlib.util.spec_from_file_location("sqlite_suite", ROOT / "tests/e2e/sqlite/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One benchmark program."""

    name: str
    group: str  # numeric, integer or sqlite
    source: pathlib.Path


def all_kernels():
    """Every kernel by name, group by group."""
    sources = [path for group in ("numeric", "integer", "sqlite") for path in sorted((HERE / "kernels" / group).glob("*.c"))]
    return {path.stem: Kernel(path.stem, path.parent.name, path) for path in sources}


@dataclasses.dataclass
class Sample:
    """One run of a kernel: seconds of its work, seconds of the process, checksum."""

    work: float
    process: float
    checksum: str


@dataclasses.dataclass
class Engine:
    """A way to build a kernel and to run it."""

    name: str
    build: callable  # Kernel -> artefact
    command: callable  # artefact -> argument list
    warm_up: bool = False  # the first run compiles

    def sample(self, artefact):
        started = time.perf_counter()
        output = run(self.command(artefact))
        process = time.perf_counter() - started
        nanoseconds, checksum = output.split()
        return Sample(int(nanoseconds) / 1e9, process, checksum)


class Builder:
    """Builds artefacts in a directory, each once and only when older than its inputs."""

    def __init__(self, work, quick):
        self.work = work
        self.quick = [QUICK] if quick else []
        self.fetching = threading.Lock()
        self.building_guest = threading.Lock()  # several engines share a guest module
        work.mkdir(parents=True, exist_ok=True)

    def is_fresh(self, output, *inputs):
        inputs = (*inputs, HERE / "kernels/kernel.h", pathlib.Path(__file__))
        return output.exists() and output.stat().st_mtime > max(path.stat().st_mtime for path in inputs)

    def compile(self, kernel, target, name, flags):
        """The objects of a kernel and what it is linked with, for a native or the WASI target."""
        command = ["clang-19", *target, "-std=gnu17", "-O3", *flags]
        if kernel.group == "sqlite":
            suite = load_sqlite_suite()
            with self.fetching:
                amalgamation = suite.fetch(ROOT / "build/sqlite")
            library = self.work / f"sqlite3{name}.o"
            if not self.is_fresh(library, amalgamation / "sqlite3.c"):
                run([*command, "-w", *suite.OPTIONS, "-c", amalgamation / "sqlite3.c", "-o", library])
            libraries, includes = [library], ["-I", amalgamation]
        else:
            libraries, includes = [], []
        main = self.work / f"{kernel.name}{name}.o"
        run([*command, *self.quick, *includes, "-c", kernel.source, "-o", main])
        return [main, *libraries]

    def native(self, name, flags):
        def build(kernel):
            output = self.work / f"{kernel.name}{name}"
            if not self.is_fresh(output, kernel.source):
                run(["clang-19", *self.compile(kernel, [], name, flags), "-o", output, "-lm"])
            return output

        return build

    def guest(self, flags):
        # A module's name carries its flags, so that builds with different ones do not pass for each other.
        name = "".join("." + "".join(filter(str.isalnum, flag)) for flag in flags) + ".wasm"

        def build(kernel):
            output = self.work / f"{kernel.name}{name}"
            with self.building_guest:
                if not self.is_fresh(output, kernel.source):
                    # Linked without -O, which would run wasm-opt behind our back. SQLite needs more than 64 KiB of stack.
                    objects = self.compile(kernel, ["--target=wasm32-wasi"], name, flags)
                    run(["clang-19", "--target=wasm32-wasi", "-Wl,-z,stack-size=1048576", *objects, "-o", output])
            return output

        return build

    def wasm2c(self, flags):
        """The guest module, translated to C by wabt and compiled for the same processor as Twine's code."""
        guest = self.guest(flags)

        def build(kernel):
            module = guest(kernel)
            output = module.with_suffix(".w2c")
            shim = HERE / "wasm2c_wasi.c"
            if not self.is_fresh(output, module, shim):
                directory = self.work / f"{module.stem}.w2c.d"
                directory.mkdir(exist_ok=True)
                run(["wasm2c", "-n", "guest", module, "-o", directory / "guest.c"])
                # WebAssembly has no fused multiply-add; -fno-math-errno lets square roots be instructions, as in Twine.
                run(["clang-19", "-O3", MARCH, "-ffp-contract=off", "-fno-math-errno", "-w", "-I", directory, directory / "guest.c",
                     shim, "-lwasm-rt-impl", "-lm", "-o", output])
            return output

        return build


def make_engines(options):
    """All engines by name."""
    builder = Builder(options.work / "quick" if options.quick else options.work, options.quick)
    flags = shlex.split(options.guest_flags)
    guest, vectors = builder.guest(flags), builder.guest([*flags, "-msimd128"])
    twine = [*shlex.split(options.twine), "run", *shlex.split(options.twine_flags)]
    node = ["node", "--no-warnings", str(HERE / "node_wasi.js")]

    def program(path):
        return [str(path)]

    def in_twine(path):
        return [*twine, str(path)]

    def in_node(path):
        return [*node, str(path)]

    warm_up = not options.quick
    engines = [
        Engine("native", builder.native("", []), program),
        Engine("native-v3", builder.native(".v3", [MARCH]), program),
        Engine("unfused", builder.native(".unfused", [MARCH, "-ffp-contract=off"]), program),
        Engine("node", guest, in_node),
        Engine("node-simd", vectors, in_node),
        Engine("wasm2c", builder.wasm2c(flags), program),
        Engine("twine", guest, in_twine, warm_up),
        Engine("twine-simd", vectors, in_twine, warm_up),
    ]
    return {engine.name: engine for engine in engines}
