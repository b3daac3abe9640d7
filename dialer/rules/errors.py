"""What can be wrong with a preset, a setting or a case."""

import difflib
from collections.abc import Iterable

from dialer.errors import DialerError


class PresetError(DialerError):
    """A preset's file says something that the rules do not understand."""

    code = "preset_invalid"


class UnknownNameError(DialerError):
    """A preset, rule, parameter or key is called by a name that nothing has."""

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."
        super().__init__(f"There is no {kind} {name!r}.", hint=hint)
        self.key = name


class LooseningRefusedError(DialerError):
    """A setting would allow a call that the preset forbids."""

    code = "loosening_refused"

    def __init__(self, rule: str, parameter: str, wanted: object, lawful: object) -> None:
        super().__init__(
            f"The setting {parameter} = {wanted!r} would loosen the rule {rule} ({parameter} = {lawful!r}).",
            hint="Settings may tighten a preset, never loosen it: remove the setting.",
        )
        self.rule = rule


class CaseError(DialerError):
    """A case cannot be read: an unknown key or a malformed value."""

    code = "case_invalid"

    def __init__(self, key: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"Key {key!r}: {problem}", hint=hint)
        self.key = key
