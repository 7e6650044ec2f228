"""What is said when the settings are wrong, for the person who set them."""


class SettingsError(Exception):
    """The settings can't be used.

    Attributes:
        problems: one line each: which setting, what it was, what is allowed. Never a secret.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
