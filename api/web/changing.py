"""What every form that changes something shares: who may send it, what it says, and what is shown afterwards."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api.dependencies import Tenant
from api.problems import ForbiddenError
from api.web.forms import Posted
from api.web.pages import Visitor
from schemas.keys import Scope


def filled(form: Posted) -> dict[str, str]:
    """The form's fields that were filled in."""
    return {name: value.strip() for name, value in form.items() if value.strip()}


def manager(tenant: Visitor) -> Tenant:
    """The visitor, if the key they signed in with may change things."""
    if Scope.MANAGE not in tenant.key.scopes:
        raise ForbiddenError("The key you signed in with may only read; sign in with one that has the scope `manage`.")
    return tenant


Said = Annotated[dict[str, str], Depends(filled)]
Changer = Annotated[Tenant, Depends(manager)]


def back_to(path: str) -> Response:
    """Shows a page after a change, so that reloading it changes nothing again."""
    return RedirectResponse(path, 303)
