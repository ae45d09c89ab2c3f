"""The types of tags in a policy file: keys, globs for values, and the values that a repair sets."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from controller.policy.bounds import TEXT_MAX
from controller.policy.selector import NO_TAG
from controller.policyfile.vocabulary import LISTED, some_text, unlike, written


def _tag_value(found: str) -> str:
    """Accept a glob for the value of a tag; an empty text selects jobs without the tag."""
    return found if found == NO_TAG else some_text(found)


def _tag_key(found: str) -> str:
    """Accept the key of a tag: AWS allows letters, digits, spaces and ``_ . : / = + - @``."""
    if re.fullmatch(TAG_KEY_PATTERN, found) is None:
        raise unlike(TAG_KEY, "write a list with brackets, such as [team, owner]" if set(",;|") & set(found) else "")
    return found


def _own_tag_key(found: str) -> str:
    if found.lower().startswith("aws:"):
        raise unlike("a tag key that does not begin with aws:, which AWS keeps for itself")
    return _tag_key(found)


def _given_tag_value(found: str) -> str:
    if re.fullmatch(TAG_VALUE_PATTERN, found) is None:
        raise unlike(TAG_VALUE)
    return found


NOT_IN_TAGS = r"""[^,;!?*"'“”‘’(){}\[\]<>|&$#%^~`\\\n\r\t]"""
TAG_KEY_PATTERN, TAG_VALUE_PATTERN = rf"(?!\s){NOT_IN_TAGS}{{1,128}}", rf"(?=.*\S){NOT_IN_TAGS}{{1,256}}"
TAG_KEY = "a tag key: letters, digits, spaces and _ . : / = + - @, at most 128"
TAG_VALUE = "the value of a tag: letters, digits, spaces and _ . : / = + - @, at most 256"
written(_tag_value, maxLength=TEXT_MAX, pattern=r"^$|\S", patternErrorMessage="text, or nothing between quotes: no such tag")
written(_tag_key, pattern=f"^{TAG_KEY_PATTERN}$", patternErrorMessage=TAG_KEY)
written(_own_tag_key, pattern=f"^(?![aA][wW][sS]:){TAG_KEY_PATTERN}$", patternErrorMessage=TAG_KEY)
written(_given_tag_value, pattern=f"^{TAG_VALUE_PATTERN}$", patternErrorMessage=TAG_VALUE)
TagKey = Annotated[str, AfterValidator(_tag_key)]
OwnTagKey = Annotated[str, AfterValidator(_own_tag_key)]
GivenTagValue = Annotated[str, AfterValidator(_given_tag_value)]
TagKeys = Annotated[list[TagKey], *LISTED]
TagValues = Annotated[list[Annotated[str, AfterValidator(_tag_value)]], *LISTED]
