#!/usr/bin/env python3
"""Helper of check-style.sh: reads compile_commands.json.

preprocess.py COMMANDS SOURCE    the preprocessed text of SOURCE, as it is compiled
preprocess.py --list COMMANDS    the sources of this repository that are compiled, one a line
"""
import json
import os
import shlex
import subprocess
import sys


def project_sources(commands):
    root = os.getcwd() + os.sep
    seen = {}
    for entry in commands:
        path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        relative = path[len(root):] if path.startswith(root) else ""
        if relative.endswith((".cc", ".c", ".cpp")) and not relative.startswith("build"):
            seen.setdefault(relative, entry)
    return seen


def main(arguments):
    listing = arguments[0] == "--list"
    with open(arguments[1 if listing else 0], encoding="utf-8") as file:
        sources = project_sources(json.load(file))
    if listing:
        print("\n".join(sorted(sources)))
        return 0
    entry = sources[arguments[1]]
    command = shlex.split(entry["command"])
    if command[0].endswith("ccache"):
        command = command[1:]
    output = command.index("-o")
    del command[output:output + 2]
    command[command.index("-c")] = "-E"
    return subprocess.run(command, cwd=entry["directory"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
