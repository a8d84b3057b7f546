# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each encoded form of a secret is masked, anywhere in a text and wherever the text is truncated."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.failures.secret_forms import (
    MASK,
    MIN_SECRET,
    forms,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.failures.secret_masking import SecretMasker

# Encoders of this file, independent of the tested code.
ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json, readable": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json, upper": lambda text: "".join(f"\\u{ord(char):04X}" if "\x7f" < char < "\uffff" else char for char in text),
    "url": lambda text: quote(text, safe=""),
    "url, slashes": quote,
    "url, lower": lambda text: lower(quote(text, safe="")),
    "url, few": lambda text: quote(text, safe="!*'();:@&=+$,/?#[]~"),
    "form": quote_plus,
    "html": html.escape,
    "html, quotes": lambda text: html.escape(text, quote=False),
    "html, numbers": lambda text: "".join(
        char if char.isalnum() and char.isascii() else f"&#{ord(char)};" for char in text
    ),
    "html, hex": lambda text: "".join(
        char if char.isalnum() and char.isascii() else f"&#X{ord(char):X};" for char in text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}
SECRETS = [
    'pa"ss\\word-4711', "ü&ß<>' \t/+%", "SKcase/+0123456789abcdef", "p@ss;word/0007", "a=b", "密码-secret-1", "\U0001f511key\U0001f511",
    "AKIDEXAMPLE012345678", "%41%2f/x", "x" * 3000,
]  # fmt: skip


def lower(text: str) -> str:
    """The same text with its percent escapes in lower case."""
    head, *rest = text.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def scrubbed(text: str, *secrets: str, limit: int = 100_000) -> str:
    scrubber = SecretMasker()
    for secret in secrets:
        scrubber.learn(secret)
    return scrubber(text, limit)


@pytest.mark.parametrize("second", ENCODERS)
@pytest.mark.parametrize("first", ENCODERS)
def test_encoded_secrets_are_masked(first: str, second: str) -> None:
    for secret in SECRETS:
        form = ENCODERS[second](ENCODERS[first](secret))
        if len(secret) < MIN_SECRET:
            continue
        shown = scrubbed(f"before {form} after", secret)
        assert form not in shown, (secret, form)
        assert shown.startswith("before ")
        assert MASK in shown


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\"\\/&%<>'+= ü"),
    min_size=MIN_SECRET,
    max_size=24,
)


@given(
    TEXT,
    st.sampled_from(sorted(ENCODERS)),
    st.sampled_from(sorted(ENCODERS)),
    st.text(max_size=10),
    st.text(max_size=10),
)
@example("00\\\\", "base64, url", "base64", "", "")
@example("&#0;", "html, hex", "base64", "", "")
def test_any_encoded_secret_is_masked(secret: str, first: str, second: str, before: str, after: str) -> None:
    assume(secret.strip())
    form = ENCODERS[second](ENCODERS[first](secret))
    assume(len(form) >= MIN_SECRET and form not in before + after)
    shown = scrubbed(f"{before}|{form}|{after}", secret)
    # With repeated characters, the surrounding text may form the secret again.
    assert f"|{form}|" not in shown


@given(st.integers(0, 400), st.sampled_from(SECRETS[:4]), st.sampled_from(sorted(ENCODERS)), st.integers(1, 300))
def test_text_is_masked_before_it_is_cut(padding: int, secret: str, encoder: str, limit: int) -> None:
    form = ENCODERS[encoder](secret)
    shown = scrubbed("." * padding + form + "." * 400, secret, limit=limit)[:limit]
    assert set(shown) <= {".", "*"}


@pytest.mark.parametrize("offset", range(6))
def test_base64_of_a_text_with_a_secret_is_masked(offset: int) -> None:
    secret = "the-password-0815/+"
    form = base64.b64encode(f"{'u' * offset}:{secret}".encode()).decode()
    inner = base64.b64encode(secret.encode()).decode()
    shown = scrubbed(f"Basic {form} end", secret)
    # A character or two at either end depend on the text around the secret.
    assert len(shown.replace(MASK, "").replace("Basic ", "").replace(" end", "")) < len(form) - len(inner) + 12
    assert MASK in shown


@pytest.mark.parametrize("kept", [12, 20, 60])
def test_truncated_secret_is_masked(kept: int) -> None:
    secret = "MIIabcdefghijklmnop/+0123456789" * 4
    assert scrubbed(f"token {secret[:kept]}... is bad", secret) == f"token {MASK}... is bad"


def test_secret_within_another_secret_is_masked() -> None:
    assert scrubbed("the-long-secret-1 the-long", "the-long", "the-long-secret-1") == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", ["", "a", "ab", "abc"])
def test_short_secrets_are_not_masked(secret: str) -> None:
    assert forms(secret) == []
    assert scrubbed("abc is not masked", secret) == "abc is not masked"


def test_long_text_is_masked_only_up_to_the_limit() -> None:
    assert scrubbed("x" * 5_000_000, "secret", limit=200) == "x" * 200
    assert scrubbed("secret " * 500_000, "secret", limit=200).startswith(f"{MASK} {MASK}")


@given(TEXT)
def test_forms_contain_those_for_no_log(secret: str) -> None:
    found = forms(secret)
    assert secret in found
    assert all(len(form) >= MIN_SECRET for form in found)
    assert found == sorted(found, key=len, reverse=True)
    for name in (
        "json",
        "json, readable",
        "json, slashes",
        "url",
        "url, slashes",
        "url, lower",
        "form",
        "html",
        "base64",
    ):
        once = ENCODERS[name](secret)
        assert once in found
        for other in ("json", "url", "html", "base64"):
            assert ENCODERS[other](once) in found
