"""Runs a monitor and a manager of ceph with two modules, and sends them commands.

drive.py CONFIGURATION LOG PORT REQUESTS WARM_UP RESTARTS PARALLEL
"""

import json
import signal
import subprocess
import sys
import threading
import time

import rados

import events

# Seconds after which the manager hangs.
LIMIT = 180


class Daemon:
    """A daemon of ceph, which does not outlive this program."""

    def __init__(self, log, *command):
        command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        status = self.process.wait(LIMIT)
        assert status == 0, f"{self.process.args} ended with {status}"


class Cluster:
    def __init__(self, configuration, log, port):
        self.log = log
        self.options = ["-c", configuration, "--setuser", "root", "--setgroup", "root"]
        self.monitor = self.manager = None
        monitors = configuration + ".monitors"
        address = f"[v2:127.0.0.1:{port}/0]"
        for command in (
            ["monmaptool", "-c", configuration, "--create", "--addv", "a", address, monitors],
            ["ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors, *self.options],
        ):
            subprocess.run(command, check=True, stdout=log, stderr=log)
        self.monitor = Daemon(log, "ceph-mon", "-f", "-i", "a", *self.options)
        self.client = rados.Rados(conffile=configuration)
        self.client.connect(timeout=LIMIT)
        self.start_manager()

    def start_manager(self):
        self.manager = Daemon(self.log, "ceph-mgr", "-f", "-i", "x", *self.options)
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                return [self.command(f"probe{name} request") for name in ("one", "two")]
            except RuntimeError:
                assert self.manager.process.poll() is None, "the manager has ended"
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def command(self, prefix):
        """Sends a command to the manager and returns its output."""
        command = json.dumps({"prefix": prefix})
        try:
            status, output, errors = self.client.mgr_command(command, b"", timeout=LIMIT)
        except rados.Error as error:
            raise RuntimeError(f"{prefix}: {error}") from error
        if status != 0:
            raise RuntimeError(f"{prefix}: status {status}: {errors}")
        return json.loads(output)

    def compare(self):
        one = self.command("probeone describe")
        events.pair(one, self.command("probetwo describe"))

    def load(self, is_done, parallel):
        """Sends commands on several threads; returns their number and the failures."""
        done, failures, lock = 0, [], threading.Lock()

        def work():
            nonlocal done
            while True:
                with lock:
                    if is_done(done):
                        return
                    number = done
                    done += 1
                try:
                    self.command(f"probe{('one', 'two')[number % 2]} request")
                except RuntimeError as error:
                    failures.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(parallel)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done, failures

    def memory(self):
        with open(f"/proc/{self.manager.process.pid}/status") as status:
            events.memory(next(int(l.split()[1]) for l in status if l.startswith("VmRSS:")))

    def restart_under_load(self, count, parallel):
        is_over, result = threading.Event(), []

        def work():
            result.append(self.load(lambda _done: is_over.is_set(), parallel))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(count):
                self.manager.stop()
                self.start_manager()
        finally:
            is_over.set()
            thread.join()
        events.restarts(count, *result[0])

    def stop(self):
        for daemon in (self.manager, self.monitor):
            if daemon is not None:
                daemon.stop()


def main(configuration, log, port, requests, warm_up, restarts, parallel):
    cluster = Cluster(configuration, log, port)
    cluster.compare()
    events.load(*cluster.load(lambda done: done >= warm_up, parallel))
    cluster.memory()
    events.load(*cluster.load(lambda done: done >= requests - warm_up, parallel))
    cluster.memory()
    cluster.restart_under_load(restarts, parallel)
    cluster.compare()
    cluster.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with open(sys.argv[2], "ab") as log:
        main(sys.argv[1], log, *(int(word) for word in sys.argv[3:]))
