"""The console of the demo: a child process with its log and its address."""

from pathlib import Path
from typing import Final, Self

from tidegauge.broker.child import Child
from tidegauge.broker.ports import free_port
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.demo.folder import DemoFolder
from tidegauge.demo.workers import last_words

_STOP_SECONDS: Final = 5.0


class ConsolePage:
    """`tidegauge console` for the demo's cluster; as a context manager it stops at the end.

    It begins when there is the file `DemoFolder.topics_exist`, and imports what it needs before.

    Args:
        configuration: Its settings; another port is taken where that one is.
        folder: Where its log goes.
        window: The size of the windows to begin with.
    """

    def __init__(self, configuration: Configuration, folder: DemoFolder, window: str) -> None:
        console = configuration.settings.console
        port = free_port(console.port, console.host)
        self._configuration = configuration.adding({"console.port": str(port)})
        self._window = window
        self._child: Child | None = None
        self._after = folder.topics_exist
        self.log = folder.console_log
        host = f"[{console.host}]" if ":" in console.host else console.host
        self.url = f"http://{host}:{port}/"

    def __enter__(self) -> Self:
        arguments = ("--window", self._window, "--after", str(self._after))
        command = self._configuration.command("console", *arguments)
        environment = self._configuration.environment()
        self._child = Child(command, cwd=Path.cwd(), log=self.log, environment=environment)
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.stop(_STOP_SECONDS)

    def check(self) -> None:
        """Look whether it still runs.

        Raises:
            DemoError: It does not.
        """
        if self._child is not None and not self._child.running:
            raise DemoError(
                f"The console ended unexpectedly with exit code {self._child.exit_code}; "
                f"--no-console leaves it out. {last_words(self.log)}"
            )
