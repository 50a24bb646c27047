"""What a page's form says.

Every form that changes something comes through `posted` here, and its page through `form` in templates/forms.html: the
two places where a token is checked and goes in.
"""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.dependencies import Tenant
from api.problems import ForbiddenError
from api.web.pages import Visitor
from schemas.keys import Scope

_BYTES = 16_384


async def posted(request: Request) -> dict[str, str]:
    """The form's fields; those that were left empty are not there."""
    said = parse_qs((await request.body())[:_BYTES].decode("utf-8", "replace"))
    return {name: values[0].strip() for name, values in said.items() if values[0].strip()}


def manager(tenant: Visitor) -> Tenant:
    """The visitor, if the key they signed in with may change things."""
    if Scope.MANAGE not in tenant.key.scopes:
        raise ForbiddenError("The key you signed in with may only read; sign in with one that has the scope `manage`.")
    return tenant


Posted = Annotated[dict[str, str], Depends(posted)]
Changer = Annotated[Tenant, Depends(manager)]


def back_to(path: str) -> Response:
    """Shows a page after a change, so that reloading it changes nothing again."""
    return RedirectResponse(path, 303)
