"""What PostHog's clients ask for besides sending events: answered so that nothing fails, with nothing in it."""

from typing import Any

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)

_FLAGS: dict[str, Any] = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
    "requestId": "",
}
_CONFIG: dict[str, Any] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "autocapture_opt_out": True,
    "isAuthenticated": False,
    "toolbarParams": {},
}


@router.post("/flags/")
@router.post("/flags")
@router.post("/decide/")
@router.post("/decide")
async def flags() -> dict[str, Any]:
    """No feature flag is ever on."""
    return _CONFIG | _FLAGS


@router.get("/array/{token}/config")
@router.get("/array/{token}/config.js")
async def config(token: str) -> dict[str, Any]:
    """Nothing is to be recorded."""
    return {"token": token, **_CONFIG}


@router.post("/s/")
@router.post("/engage/")
async def ignored() -> dict[str, int]:
    """Session recordings and profile updates are not ours."""
    return {"status": 1}
