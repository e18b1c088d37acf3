"""Checks that need a launch each: arguments, environment, standard streams, exit statuses and mounts of launch.c, which is run
natively with the same. Where Twine must do otherwise than a native program, the rule is written here."""

import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LONG = "z" * 65536
UTF8 = "gr\u00fc\u00dfe \u20ac \U0001f980"
SETUP_FAILURE_STATUS = 125

# Sentence, arguments, environment, standard input.
SAME = [
    ("A program without arguments has none", ["args"], {}, b""),
    ("An empty argument is an argument", ["args", "", "a", ""], {}, b""),
    ("Arguments may hold any UTF-8", ["args", UTF8, "tab\tnewline\n"], {}, b""),
    ("An argument of 64 KiB comes whole", ["args", LONG], {}, b""),
    ("A thousand arguments come in order", ["args", *map(str, range(1000))], {}, b""),
    ("Arguments that look like options are the program's", ["args", "--dir", "--", "-x"], {}, b""),
    ("An empty environment is empty", ["environ"], {}, b""),
    ("Variables come in the order given", ["environ"], {"B": "2", "A": "1"}, b""),
    ("A variable may be empty", ["getenv", "EMPTY"], {"EMPTY": ""}, b""),
    ("A variable may hold '='", ["environ"], {"A": "b=c=d"}, b""),
    ("A variable may hold any UTF-8", ["environ"], {"A": UTF8}, b""),
    ("A variable of 64 KiB comes whole", ["getenv", "LONG"], {"LONG": LONG}, b""),
    ("A variable that was not given is not set", ["getenv", "HOME"], {"A": "1"}, b""),
    ("Exit status 0", ["exit", "0"], {}, b""),
    ("Exit status 1", ["exit", "1"], {}, b""),
    ("Exit status 124", ["exit", "124"], {}, b""),
    ("Exit status 255", ["exit", "255"], {}, b""),
    ("_exit writes no buffer out", ["_exit", "3"], {}, b""),
    ("The end of standard input is seen at once", ["count"], {}, b""),
    ("A standard input of one byte is read", ["first-byte"], {}, b"a"),
    ("A standard input of a megabyte is read to its end", ["count"], {}, b"0123456789abcdef" * 65536),
    ("Every byte is copied from standard input to standard output", ["copy"], {}, bytes(range(256)) * 1000),
    ("Every byte is copied from standard input to standard error", ["copy-to-stderr"], {}, bytes(range(256)) * 10),
    ("Standard output and standard error are two", ["both"], {}, b""),
    ("Pipes are neither terminals nor do they seek", ["streams"], {}, b""),
    ("Ten megabytes are written to a pipe", ["flood"], {}, b""),
    ("Standard output can be closed", ["close-stdout"], {}, b""),
    ("An unknown command is the program's own error", ["nonsense"], {}, b""),
]

# Signal of preview1, exit status; 77 where it does not end the program.
SIGNALS = [
    ("SIGHUP ends a program with status 129", 1, 129),
    ("SIGABRT ends a program with status 134", 6, 134),
    ("SIGKILL ends a program with status 137", 9, 137),
    ("SIGTERM ends a program with status 143", 15, 143),
    ("SIGXCPU ends a program with status 152, Linux's number", 23, 152),
    ("SIGSYS ends a program with status 159, Linux's number", 30, 159),
    ("SIGCHLD does not end a program", 16, 77),
    ("SIGWINCH does not end a program", 27, 77),
    ("SIGTSTP does not stop a program", 19, 77),
]


def strip_notice(stderr):
    """Standard error without what Twine itself says."""
    return b"".join(line for line in stderr.splitlines(keepends=True) if not line.startswith(b"twine: "))


def told(status, stdout, stderr):
    def text(data):
        return data.decode(errors="backslashreplace") if len(data) < 2000 else f"{len(data)} bytes, hash {hash(data)}"

    return f"status {status}\nstdout {text(stdout)}\nstderr {text(stderr)}"


class Launches:
    def __init__(self, suite, native, module):
        self.suite = suite
        self.native = native
        self.module = module

    def twine(self, flags, arguments, **streams):
        streams.setdefault("stdout", subprocess.PIPE)
        streams.setdefault("stderr", subprocess.PIPE)
        ran = subprocess.run([self.suite.twine, "run", "-O1", *map(str, flags), self.module, *arguments], check=False, timeout=300, **streams)
        return ran.returncode, ran.stdout or b"", strip_notice(ran.stderr or b"")

    def natively(self, arguments, environment, **streams):
        streams.setdefault("stdout", subprocess.PIPE)
        streams.setdefault("stderr", subprocess.PIPE)
        ran = subprocess.run([self.native, *arguments], env=environment, check=False, timeout=300, **streams)
        return ran.returncode, ran.stdout or b"", ran.stderr or b""

    def same(self, sentence, arguments, environment, stdin):
        expected = self.natively(arguments, environment, input=stdin)
        flags = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        got = self.twine(flags, arguments, input=stdin)
        fault = "" if got == expected else f"native {told(*expected)}\ntwine {told(*got)}"
        self.suite.report("launches", sentence, fault)

    def expect(self, sentence, expected, got):
        fault = "" if got == expected else f"expected {expected!r}\ngot {got!r}"
        self.suite.report("launches", sentence, fault)


def check_streams(launches, directory):
    suite = launches.suite
    text = directory / "input"
    text.write_bytes(b"from a file\n" * 1000)
    with text.open("rb") as stdin:
        launches.expect("Standard input may be a file", (0, text.read_bytes(), b""), launches.twine([], ["copy"], stdin=stdin))
    with text.open("rb") as stdin:
        stdin.seek(11995)
        launches.expect("A file is read from where it stands", (0, text.read_bytes()[11995:], b""), launches.twine([], ["copy"], stdin=stdin))
    output = directory / "output"
    with output.open("wb") as stdout:
        launches.twine([], ["copy"], input=b"to a file", stdout=stdout)
    launches.expect("Standard output may be a file", b"to a file", output.read_bytes())
    with output.open("ab") as stdout:
        launches.twine([], ["copy"], input=b", and more", stdout=stdout)
    launches.expect("Standard output that appends goes to the end", b"to a file, and more", output.read_bytes())
    with open(os.devnull, "r+b") as null:
        launches.expect("Standard input may be /dev/null", (0, b"0\n", b""), launches.twine([], ["count"], stdin=null))
        launches.expect("Standard output may be /dev/null", (0, b"", b""), launches.twine([], ["flood"], stdout=null, stdin=null))
        with open("/dev/full", "wb") as full:
            status, _, stderr = launches.twine([], ["flood"], stdout=full, stdin=null)
        launches.expect("A full device fails a write", (7, b"write: another errno\n"), (status, stderr))

    def piped_to_nobody(command):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=300)
        finally:
            os.close(writing)
        return ran.returncode, strip_notice(ran.stderr)

    launches.expect("Writing to a pipe that nobody reads is EPIPE, and no signal", (7, b"write: EPIPE\n"),
                    piped_to_nobody([suite.twine, "run", "-O1", launches.module, "flood"]))


def check_mounts(launches, directory):
    first, second = directory / "first", directory / "second"
    for each in (first, second):
        each.mkdir()
    (first / "file").write_bytes(b"kept")
    lent = ["--dir", f"{first}::/a:ro"]
    both = ["--dir", f"{first}::/a", "--dir", f"{second}::/b", "--tmp", "/t"]

    launches.expect("A file on a read-only mount can be read", (0, b"kept", b""), launches.twine(lent, ["read", "/a/file"]))
    launches.expect("Opening it for writing is EROFS", (1, b"", b"EROFS\n"), launches.twine(lent, ["write", "/a/file"]))
    launches.expect("Making a file beside it is EROFS", (1, b"", b"EROFS\n"), launches.twine(lent, ["write", "/a/new"]))
    status, stdout, _ = launches.twine(lent, ["change", "/a/file"])
    launches.expect("Every other change of a read-only mount is EROFS", (0, {b"EROFS"}),
                    (status, {line.rpartition(b": ")[2] for line in stdout.splitlines()}))
    launches.expect("and leaves it as it was", {"file": b"kept"}, {path.name: path.read_bytes() for path in first.iterdir()})
    launches.expect("Renaming between two host directories works, as they are one file system", (0, b"done\n", b""),
                    launches.twine(both, ["rename", "/a/file", "/b/moved"]))
    launches.expect("and moves the file", b"kept", (second / "moved").read_bytes())
    launches.expect("Renaming between a host directory and one in memory is EXDEV", (0, b"EXDEV\n", b""),
                    launches.twine(both, ["rename", "/b/moved", "/t/moved"]))
    launches.expect("and so is a hard link", (0, b"EXDEV\n", b""), launches.twine(both, ["link", "/b/moved", "/t/moved"]))
    launches.expect("Between two mounts in memory, too", (0, b"another errno\n", b""),
                    launches.twine(["--tmp", "/t", "--tmp", "/u"], ["rename", "/t/absent", "/t/x"]))
    launches.expect("From a read-only mount nothing is moved", (0, b"EROFS\n", b""),
                    launches.twine(["--dir", f"{second}::/b:ro", "--dir", f"{first}::/a"], ["rename", "/b/moved", "/a/moved"]))
    launches.expect("Without a mount there is no file", (1, b"no /a/file\n", b""), launches.twine([], ["read", "/a/file"]))
    launches.expect("A file of the host outside the mounts is not there", (1, b"no /etc/passwd\n", b""),
                    launches.twine(both, ["read", "/etc/passwd"]))
    launches.expect("What lies in memory is gone with the launch", (1, b"no /t/file\n", b""),
                    (launches.twine(both, ["write", "/t/file"]), launches.twine(both, ["read", "/t/file"]))[1])
    launches.expect("The longer of two mounts' names wins", (0, b"kept", b""),
                    launches.twine(["--dir", f"{first}::/a", "--dir", f"{second}::/a/b"], ["read", "/a/b/moved"]))


def run(suite, made, build):
    source = HERE / "launch.c"
    native = build(["clang-19", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", made / "launch"], made / "launch", source)
    module = build(["clang-19", "--target=wasm32-wasi", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", made / "launch.wasm"],
                   made / "launch.wasm", source)
    launches = Launches(suite, native, module)
    for case in SAME:
        launches.same(*case)
    directory = suite.directory("launches")
    check_streams(launches, directory)
    check_mounts(launches, directory)
    status, _, stderr = launches.twine([], ["abort"])
    launches.expect("abort() is a trap", (134, True), (status, b"" == stderr or b"abort" in stderr or b"0:" in stderr))
    signal = build(["wat2wasm", HERE / "signal.wat", "-o", made / "signal.wasm"], made / "signal.wasm", HERE / "signal.wat")
    for sentence, number, expected in SIGNALS:
        ran = suite.run_twine(signal, chr(65 + number))
        launches.expect(sentence, expected, ran.returncode)
