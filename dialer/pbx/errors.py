"""What can go wrong between the daemon and Asterisk."""

from dialer.errors import DialerError


class PbxError(DialerError):
    """Something between the daemon and Asterisk went wrong."""

    code = "pbx_error"


class PbxUnreachableError(PbxError):
    """Nothing listens at the AMI address, or it does not speak AMI."""

    code = "pbx_unreachable"


class PbxLoginRefusedError(PbxError):
    """Asterisk refused the AMI user or its secret."""

    code = "pbx_login_refused"


class PbxLinkDownError(PbxError):
    """The AMI link is not up, or went down before the answer came."""

    code = "pbx_link_down"


class PbxTimeoutError(PbxError):
    """Asterisk did not answer an action in time."""

    code = "pbx_timeout"


class PbxRefusedError(PbxError):
    """Asterisk answered an action with an error."""

    code = "pbx_refused"


class UnsafeValueError(PbxError):
    """A value that could be read by Asterisk as more than data was refused before it was sent."""

    code = "unsafe_value"
