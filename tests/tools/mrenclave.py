#!/usr/bin/env python3
"""MRENCLAVE of given pages, from the text of the Intel SDM, vol. 3D, and from nothing else of this project.

Standard input, one line a step, in the order of the loads:

    create SSAFRAMESIZE SIZE          pages, bytes
    add OFFSET FLAGS                  EADD of the page at OFFSET with SECINFO.FLAGS
    extend OFFSET HEX                 EEXTEND of the 256 bytes at OFFSET
    page OFFSET FLAGS CHUNKS HEX      EADD of a page with these 4096 bytes, then EEXTEND of the chunks whose bits are set in CHUNKS;
                                      of a TCS, what EADD puts into the EPC is measured
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


PT_TCS = 1


def as_added(flags, data):
    """SECINFO.FLAGS and contents of a page as EADD measures and stores them: a TCS has no permissions, and its STATE,
    FLAGS.DBGOPTIN, CSSA and AEP are the processor's."""
    if (flags >> 8) & 0xFF != PT_TCS:
        return flags, data
    tcs = bytearray(data)
    tcs[0:8] = bytes(8)  # STATE
    tcs[8] &= 0xFE  # FLAGS.DBGOPTIN
    tcs[24:28] = bytes(4)  # CSSA
    tcs[40:48] = bytes(8)  # AEP
    return flags & ~7, bytes(tcs)


def eadd(digest, offset, flags):
    secinfo = struct.pack("<Q", flags).ljust(64, b"\0")
    digest.update(update("EADD", struct.pack("<Q", offset), secinfo[:48]))


def eextend(digest, offset, data):
    assert len(data) == 256
    digest.update(update("EEXTEND", struct.pack("<Q", offset)))
    digest.update(data)


def main():
    digest = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "create":
            digest = hashlib.sha256(update("ECREATE", struct.pack("<IQ", int(words[1], 0), int(words[2], 0))))
        elif words[0] == "add":
            eadd(digest, int(words[1], 0), int(words[2], 0))
        elif words[0] == "extend":
            eextend(digest, int(words[1], 0), bytes.fromhex(words[2]))
        elif words[0] == "page":
            offset, chunks = int(words[1], 0), int(words[3], 0)
            flags, data = as_added(int(words[2], 0), bytes.fromhex(words[4]))
            assert len(data) == 4096
            eadd(digest, offset, flags)
            for chunk in range(16):
                if chunks >> chunk & 1:
                    eextend(digest, offset + 256 * chunk, data[256 * chunk : 256 * (chunk + 1)])
        elif words[0] == "init":
            print(digest.hexdigest())
            digest = None
        else:
            sys.exit(f"mrenclave.py: no such step: {words[0]}")


if __name__ == "__main__":
    main()
