#!/usr/bin/env python3
"""MRENCLAVE of given pages, from the text of the Intel SDM, vol. 3D, and from nothing else of this project.

Standard input, one line a step, in the order of the loads:

    create SSAFRAMESIZE SIZE          pages, bytes
    add OFFSET FLAGS                  EADD of the page at OFFSET with SECINFO.FLAGS
    extend OFFSET HEX                 EEXTEND of the 256 bytes at OFFSET
    init                              ends an enclave; its MRENCLAVE is printed

Numbers are decimal or 0x-hexadecimal. ECREATE, EADD, EEXTEND: "Operation" of each leaf function, the updates of SECS.MRENCLAVE:
64 bytes, beginning with the leaf's name.
"""
import hashlib
import struct
import sys


def update(name, *fields):
    block = name.encode().ljust(8, b"\0") + b"".join(fields)
    assert len(block) <= 64
    return block.ljust(64, b"\0")


def main():
    digest = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "create":
            digest = hashlib.sha256(update("ECREATE", struct.pack("<IQ", int(words[1], 0), int(words[2], 0))))
        elif words[0] == "add":
            secinfo = struct.pack("<Q", int(words[2], 0)).ljust(64, b"\0")
            digest.update(update("EADD", struct.pack("<Q", int(words[1], 0)), secinfo[:48]))
        elif words[0] == "extend":
            data = bytes.fromhex(words[2])
            assert len(data) == 256
            digest.update(update("EEXTEND", struct.pack("<Q", int(words[1], 0))))
            digest.update(data)
        elif words[0] == "init":
            print(digest.hexdigest())
            digest = None
        else:
            sys.exit(f"mrenclave.py: no such step: {words[0]}")


if __name__ == "__main__":
    main()
