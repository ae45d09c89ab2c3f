"""How commands end: results in files and on terminals, problems for programs, and one sentence with an exit code."""
