import base64
import hashlib

from schemas.keys import hash_secret, new_secret, prefix_of


def test_a_key_is_256_random_bits_of_which_only_a_hash_and_a_prefix_are_kept() -> None:
    secrets = {new_secret() for _ in range(1_000)}
    assert len(secrets) == 1_000
    for secret in secrets:
        assert secret.startswith("ebb_")
        assert len(base64.urlsafe_b64decode(secret.removeprefix("ebb_") + "=")) * 8 == 256
        assert hash_secret(secret) == hashlib.sha256(secret.encode()).digest()
        assert (prefix_of(secret), len(prefix_of(secret))) == (secret[:12], 12)
