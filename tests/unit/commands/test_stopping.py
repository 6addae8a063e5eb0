"""Signals: in order while something is worked, at once while nothing is."""

import os
import signal
import sys
import threading
import time

import pytest

from ingest.commands.stopping import stopping
from ingest.core.errors import Interrupted
from ingest.core.stop import Stop, at_once

NUMBERS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@NUMBERS
def test_the_first_signal_only_asks_and_the_second_interrupts(number, capsys):
    stop = Stop()
    with stopping(stop, 30.0):
        os.kill(os.getpid(), number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert "finishing running partitions (max 30 s). " in capsys.readouterr().err


@NUMBERS
def test_the_first_signal_interrupts_what_is_not_on_record(number, capsys):
    stop, began = Stop(), time.monotonic()
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    with stopping(stop, 30.0), pytest.raises(Interrupted), at_once(stop):
        time.sleep(30)
    assert time.monotonic() - began < 10
    assert not stop.at_once
    assert (
        f"{signal.Signals(number).name}: stopped while planning, before a run had begun"
        in capsys.readouterr().err
    )


def test_what_takes_longer_than_its_grace_is_interrupted():
    stop, began = Stop(), time.monotonic()
    with stopping(stop, 0.1):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(30)
    assert time.monotonic() - began < 10


def test_an_ordinary_event_only_asks():
    with at_once(threading.Event()):
        pass


def test_what_an_abort_leaves_half_done_is_not_shown_and_other_faults_are(monkeypatch):
    class Half:
        def __del__(self):
            raise ValueError("write to closed file")

    shown = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    stop = Stop()
    stop.set()
    with stopping(stop, 30.0):
        Half()
        assert len(shown) == 1
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        Half()
    assert len(shown) == 1


def test_an_interrupt_that_native_code_drops_is_not_shown(capsys):
    class Native:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)

    stop = Stop()
    stop.set()
    with stopping(stop, 30.0):
        Native()
    assert capsys.readouterr().err == ""
