"""The output of commands: results in files and on terminals, formats of problems, and errors with their exit codes."""
