#!/usr/bin/env python3
"""Judges a trace of `strace -f -y`: once the process says `confined`, no system call may have reached a file outside the mounts.

    containment_trace.py TRACE MOUNT…

Looked at is what the kernel did, not what was asked: strace -y prints the path of every descriptor, so a call that succeeded and yielded or used a
descriptor of a file that is neither on a mount nor was open before is a finding, and so is a call by path that is not below a mount's
descriptor.
"""
import os
import re
import sys

MARK = '"confined\\n"'
CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*?)(?:\) += (.*))?$")
DESCRIPTOR = re.compile(r"(AT_FDCWD|\d+)<([^>]*)>")
PATH_CALLS = {
    "open", "openat", "creat", "stat", "lstat", "access", "faccessat", "faccessat2", "mkdir", "rmdir", "unlink", "rename", "link",
    "symlink", "readlink", "chmod", "chown", "truncate", "utime", "utimes", "execve", "execveat", "mount", "chdir", "chroot", "statx",
}
# With a descriptor of a mount and one component that no link can lead away from: the parent was resolved by openat2.
AT_CALLS = {"mkdirat", "unlinkat", "renameat", "renameat2", "linkat", "symlinkat", "readlinkat", "utimensat", "newfstatat"}
STREAMS = {"0", "1", "2"}  # open from the start
NETWORK = {"socket", "connect", "bind", "sendto", "sendmsg"}


def on_a_mount(path, mounts):
    return any(path == mount or path.startswith(mount + "/") for mount in mounts)


def main():
    trace, mounts = sys.argv[1], [os.path.realpath(mount) for mount in sys.argv[2:]]
    lines = open(trace, encoding="utf-8", errors="replace").read().splitlines()
    start = next((i for i, line in enumerate(lines) if MARK in line and "write(" in line), None)
    if start is None:
        sys.exit("containment: the trace does not say when the process was confined")
    # What was open before stays usable: standard streams, /dev/null.
    before = set()
    for line in lines[:start]:
        before.update(path for _, path in DESCRIPTOR.findall(line) if path.startswith(("/dev/", "pipe:", "socket:")))
    findings, successes, refused = [], 0, 0
    for line in lines[start + 1 :]:
        match = CALL.match(line)
        if not match or match.group(3) is None:
            continue
        name, arguments, result = match.groups()
        if result.startswith(("-1", "?")):
            refused += 1
            continue
        successes += 1
        paths = [path for _, path in DESCRIPTOR.findall(result)]  # whatever the number
        if name == "openat2":
            if "RESOLVE_BENEATH" not in arguments or "RESOLVE_NO_MAGICLINKS" not in arguments:
                findings.append(line)
        elif name in PATH_CALLS and not (name == "statx" and "AT_EMPTY_PATH" in arguments):
            findings.append(line)
        elif name in NETWORK:
            findings.append(line)
        if name in AT_CALLS:
            for argument in re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)[: 1 if name == "symlinkat" else 2]:
                if name == "symlinkat":
                    continue  # the first is the link's contents
                if "/" in argument.rstrip("/") or argument.rstrip("/") == "..":
                    findings.append(line)
        if name != "mmap":
            used = DESCRIPTOR.findall(re.sub(r'"(?:[^"\\]|\\.)*"', '""', arguments))
            paths += [path for number, path in used if number not in STREAMS]
        for path in paths:
            path = path.removesuffix("(deleted)").rstrip()
            if path.startswith("/") and not on_a_mount(path, mounts) and path not in before:
                findings.append(line)
                break
    for line in findings[:20]:
        print(f"containment: outside: {line[:300]}")
    print(f"containment: {successes} system calls done and {refused} refused after the process was confined, {len(findings)} outside")
    # A trace in which nothing was opened and nothing refused shows nothing.
    sys.exit(1 if findings or successes < 1000 or refused < 1000 else 0)


if __name__ == "__main__":
    main()
