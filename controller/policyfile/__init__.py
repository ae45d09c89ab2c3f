"""Policy files: the YAML people write, validated, explained, and compiled to the one JSON document that Lambda loads.

Reading order: ``schema`` (the vocabulary), ``words`` (what values are made of), ``nodes`` (YAML with line numbers), ``problem``
and ``explain`` (mistakes, in people's words), ``compiler``. Never on Lambda: pydantic and YAML would double its cold start.
"""

from __future__ import annotations

from controller.policyfile.compile import as_text, compile_folder
from controller.policyfile.problem import BadPolicy, Problem

__all__ = ["BadPolicy", "Problem", "as_text", "compile_folder"]
