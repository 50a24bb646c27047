"""Forms that only our own pages can send: each carries a token that no other site can know.

A page puts it into its form with `{% include "token.html" %}`; a route takes `form: Posted`, the fields of a form that
may be trusted. The token is a signature of a cookie that the browser sends along: the session's or, before signing in,
that of its visit (`rendering.py`).
"""

import hmac
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

from api.dependencies import Held
from api.problems import ForbiddenError
from api.web import sessions
from schemas.errors import DefinitionError

_MOST = 65_536  # bytes
_FIELDS = 100


async def posted(request: Request, services: Held) -> dict[str, str]:
    """The fields of a form, each once. Raises a ForbiddenError where it was not sent from a page of ours."""
    sent = (await request.body())[:_MOST].decode("utf-8", "replace")
    try:
        fields = parse_qs(sent, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise DefinitionError(f"The form has more than {_FIELDS} fields.") from error
    form = {name: values[0] for name, values in fields.items()}
    word = sessions.word(request.cookies)
    expected = sessions.form_token(services.settings.api_session_secret, word)
    if not word or not hmac.compare_digest(expected.encode(), form.pop("token", "").encode()):
        raise ForbiddenError("This form was not sent from our page, or the page is too old. Open it again.")
    return form


Posted = Annotated[dict[str, str], Depends(posted)]
