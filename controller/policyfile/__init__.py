"""Policy files: reads and validates the YAML that people write, and compiles it to the JSON document that Lambda loads.

Reading order: ``schema``, ``rule_options``, ``slack_section`` (sections and keys), ``vocabulary`` (types of values),
``yaml_nodes`` (YAML with line numbers), ``validation_errors``, ``consistency``, ``similar_words`` and ``problem`` (mistakes),
``compile``, ``warnings``. It is never on Lambda: pydantic and YAML would double the cold start. ``controller.policy`` defines
what a compiled policy means.
"""

from __future__ import annotations

from controller.policyfile.compile import Validated, as_text, compile_folder, validate_folder
from controller.policyfile.problem import BadPolicy, Level, Problem

__all__ = ["BadPolicy", "Level", "Problem", "Validated", "as_text", "compile_folder", "validate_folder"]
