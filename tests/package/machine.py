# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian with systemd as process 1, in namespaces of its own: boots in a second, without an emulator.

It has its own processes, network, mounts, host name and control groups, and the kernel of this machine.
What it writes is kept in memory and gone with it; what is here it can only read.  Root only.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_SECONDS = 60


class MachineError(Exception):
    """The machine itself could not do something."""


def enter():
    """Runs this program again in a mount namespace of its own: no mount outlives it."""
    if os.environ.get("WILDSET_MACHINE") == str(os.getppid()):
        return
    if os.geteuid() != 0:
        sys.exit("%s: root only" % sys.argv[0])
    os.environ.update(PATH=PATH, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive",
                      WILDSET_MACHINE=str(os.getpid()))
    sys.exit(subprocess.call(["unshare", "--mount", sys.executable, "-B", *sys.argv]))


def cgroup_top():
    """Where the second version of control groups is mounted, alone or beside the first."""
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == "cgroup2":
                return pathlib.Path(fields[1])
    raise MachineError("no cgroup2 file system is mounted")


class Machine:
    """`with Machine("bookworm", "build/package") as machine:`, after enter()."""

    def __init__(self, suite, folder):
        subprocess.run([HERE / "root", suite, folder], check=True)
        self.files = pathlib.Path(folder).resolve() / ("%s.root" % suite)
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="machine."))
        self.cgroup = cgroup_top() / self.work.name
        self.root = self.work / "root"
        self.process = None
        self.init = None
        subprocess.run(["mount", "-t", "tmpfs", "machine", self.work], check=True)
        for name in ("upper", "work", "root"):
            (self.work / name).mkdir()
        subprocess.run(["mount", "-t", "overlay", "machine", "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (
            self.files, self.work / "upper", self.work / "work"), self.root], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        subprocess.run(["umount", "-R", self.work], check=True)
        self.work.rmdir()

    # --- its life ---

    def start(self):
        self.cgroup.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', "sh", self.cgroup,
             "unshare", "--cgroup", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork",
             "--kill-child=KILL", HERE / "init", self.root],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise MachineError("the machine does not start, what is above says why")
        children = pathlib.Path("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid))
        self.init = children.read_text().split()[0]
        self.wait_for_boot()

    def wait_for_boot(self):
        end = time.monotonic() + BOOT_SECONDS
        while True:
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            if state in ("running", "degraded"):
                return
            if time.monotonic() > end:
                raise MachineError("not booted after %d s: %s\n%s" % (
                    BOOT_SECONDS, state, self.run("systemctl", "list-jobs", check=False).stdout))
            time.sleep(0.05)

    def wait_for_end(self, reason):
        """Its first process ends by the signal that stands for `reason`, reboot or power off."""
        self.process.wait(BOOT_SECONDS)
        if self.process.returncode != -reason:
            raise MachineError("ended with status %d" % self.process.returncode)
        self.process = None

    def reboot(self):
        self.run("systemctl", "reboot", check=False)
        self.wait_for_end(signal.SIGHUP)
        self.start()

    def stop(self):
        if self.process:
            self.process.kill()  # and --kill-child its first process, which takes all others along
            self.process.wait()
            self.process = None
        if self.cgroup.exists():
            self.remove_cgroups()

    def remove_cgroups(self):
        for _ in range(100):
            try:
                for folder, _folders, _files in os.walk(self.cgroup, topdown=False):
                    os.rmdir(folder)
                return
            except OSError:  # a process is about to end
                time.sleep(0.05)
        raise MachineError("%s: cannot be removed" % self.cgroup)

    # --- in it ---

    def command(self, *command):
        return ["nsenter", "--target", self.init, "--all", "--root", "--wd", "--", "env", "-i",
                "PATH=" + PATH, "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "HOME=/root", *command]

    def run(self, *command, check=True, **more):
        """What COMMAND says, once it has succeeded."""
        result = subprocess.run(self.command(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, **more)
        if check and result.returncode != 0:
            raise MachineError("%s: status %d\n%s" % (" ".join(map(str, command)), result.returncode,
                                                       result.stdout))
        return result

    def path(self, path):
        return self.root / path.lstrip("/")

    def add(self, package):
        """In /media/test: the package, what a minimal Debian needs for it, and its tests.

        Before start(): the machine has no network."""
        test = self.path("/media/test")
        (test / "source").mkdir(parents=True)
        shutil.copy(package, test / "wildset.deb")
        for name in ("guest", "steps"):
            shutil.copy(HERE / name, test)
        shutil.copytree(TOP / "packaging/debian", test / "source/debian")
        self.fetch(test)

    def fetch(self, test):
        kept = self.files.with_suffix(".archives")
        depends = subprocess.run(["dpkg-deb", "-f", test / "wildset.deb", "Depends"], check=True,
                                 capture_output=True, text=True).stdout
        if not kept.exists() or (kept / "depends").read_text() != depends:
            self.download(test)
            shutil.rmtree(kept, ignore_errors=True)
            new = kept.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            shutil.copytree(self.path("/var/cache/apt/archives"), new,
                            ignore=lambda _folder, names: [name for name in names if not name.endswith(".deb")])
            (new / "depends").write_text(depends)
            new.rename(kept)
        shutil.copytree(kept, test / "archives")

    def download(self, test):
        names = self.path("/etc/resolv.conf")
        shutil.copyfile("/etc/resolv.conf", names)
        done = subprocess.run(
            ["chroot", self.root, "sh", "-c", "apt-get -q=2 update && apt-get -q=2 -y --no-install-recommends"
             " --download-only -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 install /media/test/wildset.deb"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        names.write_text("")
        if done.returncode != 0:
            raise MachineError(done.stdout)

    def install(self):
        self.run("sh", "-c", "apt-get -q=2 -y --no-install-recommends -o Dpkg::Use-Pty=0 install"
                 " /media/test/archives/*.deb /media/test/wildset.deb")
