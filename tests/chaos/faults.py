"""The faults: what can happen to workers, to their commits, to the broker and to the topics."""

import signal
from collections.abc import Callable

import sabotage
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata
from trial import MOST_WORKERS, SESSION_SECONDS, TRANSACTION_SECONDS, Trial
from wholepath.deployment import WorkerProcess

from tidegauge.worker import exits

Fault = Callable[[Trial], None]


def kill(trial: Trial) -> None:
    """kill -9 at any moment."""
    worker = trial.pick()
    trial.went("kill", worker)
    worker.kill()


def kill_in_commit(trial: Trial) -> None:
    """kill -9 inside a transaction, or after it before the worker knows."""
    _strike(trial, "kill", trial.rng.choice(sabotage.POINTS))


def kill_between(trial: Trial) -> None:
    """kill -9 between the two transactions of a mutant that has two."""
    _strike(trial, "kill", sabotage.BETWEEN)


def kill_in_restore(trial: Trial) -> None:
    """A worker dies, and the one that restores its state dies on it as well."""
    worker = trial.start()
    order = trial.order(worker, "kill", sabotage.RESTORING)
    victim = trial.pick()
    victim.kill()
    trial.until(lambda: not order.exists(), 3 * SESSION_SECONDS)
    order.unlink(missing_ok=True)
    _thin_out(trial)


def terminate(trial: Trial) -> None:
    """SIGTERM, and a successor."""
    worker = trial.pick()
    trial.went("terminate", worker)
    trial.dismiss(worker)
    trial.start()


def freeze(trial: Trial) -> None:
    """SIGSTOP beyond the session timeout; the zombie wakes up with work in its hands."""
    worker = trial.pick()
    trial.went("freeze", worker)
    worker.process.send_signal(signal.SIGSTOP)
    trial.wait(SESSION_SECONDS + trial.rng.uniform(1, 4))
    worker.process.send_signal(signal.SIGCONT)


def freeze_in_commit(trial: Trial, points: tuple[str, ...] = sabotage.INSIDE) -> None:
    """A zombie that wakes up inside a transaction and goes on to commit it."""
    trial.start()
    worker = trial.pick()
    order = trial.order(worker, "freeze", trial.rng.choice(points))
    trial.until(lambda: not order.exists(), 20)
    order.unlink(missing_ok=True)
    trial.went("freeze in commit", worker)
    trial.wait(SESSION_SECONDS + trial.rng.uniform(2, 5))
    if worker.alive:
        worker.process.send_signal(signal.SIGCONT)
    _thin_out(trial)


def join(trial: Trial) -> None:
    """One more worker."""
    if len(trial.running) < MOST_WORKERS:
        trial.start()


def leave(trial: Trial) -> None:
    """One worker fewer, while there is another."""
    if len(trial.running) > 1:
        worker = trial.pick()
        trial.went("leave", worker)
        trial.dismiss(worker)


def broker_stops(trial: Trial) -> None:
    """The broker is shut down in order, and returns."""
    trial.broker.stop()
    _broker_back(trial)


def broker_killed(trial: Trial) -> None:
    """The broker is killed, and returns."""
    trial.broker.kill()
    _broker_back(trial)


def commit_fails(trial: Trial) -> None:
    """The client raises before the commit, or after it: its fate is unknown to the worker."""
    _strike(trial, "fail", trial.rng.choice(sabotage.POINTS))


def commit_hangs(trial: Trial) -> None:
    """The producer never answers; the transaction times out at the broker as well."""
    _strike(trial, "hang", trial.rng.choice(sabotage.POINTS))


def send_fails(trial: Trial) -> None:
    """One batch of a transaction is lost on its way."""
    _strike(trial, "lose", sabotage.SENDING)


def counts_are_lost(trial: Trial) -> None:
    """A batch with counts is lost, and a mutant does not notice."""
    _struck(trial, "lose", sabotage.SENDING + sabotage.WITH_COUNTS)


def offsets_reset(trial: Trial) -> None:
    """Somebody moves the group back; workers refuse to start until it is repaired."""
    _stop_all(trial)
    world = trial.world
    moved = world.committed()
    if moved:
        start = OffsetAndMetadata(0, "", -1)
        admin = KafkaAdminClient(bootstrap_servers=world.bootstrap)
        try:
            admin.alter_group_offsets(world.settings.kafka.group, dict.fromkeys(moved, start))
        finally:
            admin.close()
        refused = world.start_worker()
        assert refused.process.wait(60) == exits.CONFIG, refused.log
        repair = world.start_worker(more=("--repair-offsets",))
        assert repair.process.wait(60) == exits.OK, repair.log
    trial.start()


def input_truncated(trial: Trial) -> None:
    """What has been processed is removed from the input logs."""
    world = trial.world
    trial.until(lambda: bool(world.committed()), 60)  # a broker just restarted knows no group yet
    processed = world.committed()
    trial.keep_inputs()
    admin = KafkaAdminClient(bootstrap_servers=world.bootstrap)
    try:
        admin.delete_records(processed)
    finally:
        admin.close()
    kill(trial)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "kill in commit": kill_in_commit,
    "kill in restore": kill_in_restore,
    "terminate": terminate,
    "freeze": freeze,
    "freeze in commit": freeze_in_commit,
    "join": join,
    "leave": leave,
    "broker stops": broker_stops,
    "broker killed": broker_killed,
    "commit fails": commit_fails,
    "commit hangs": commit_hangs,
    "send fails": send_fails,
    "offsets reset": offsets_reset,
    "input truncated": input_truncated,
}


def _strike(trial: Trial, act: str, point: str) -> None:
    """Have a worker struck in a commit, and wait until it has ended."""
    worker = _struck(trial, act, point)
    if worker is not None:
        trial.went(f"{act} in commit", worker)
        trial.until(lambda: not worker.alive, 3 * TRANSACTION_SECONDS)


def _struck(trial: Trial, act: str, point: str) -> WorkerProcess | None:
    """Have a worker struck in a commit, and wait until it is; None where it had none to make."""
    worker = trial.pick()
    order = trial.order(worker, act, point)
    trial.until(lambda: not order.exists() or not worker.alive, 20)
    if not order.exists():
        return worker
    order.unlink()
    return None


def _broker_back(trial: Trial) -> None:
    trial.wait(trial.rng.uniform(0, 3))
    trial.broker.start()
    trial.broker.wait_ready()


def _stop_all(trial: Trial) -> None:
    while trial.running:
        trial.dismiss(trial.running[0])


def _thin_out(trial: Trial) -> None:
    while len(trial.running) > MOST_WORKERS:
        trial.dismiss(trial.pick())
