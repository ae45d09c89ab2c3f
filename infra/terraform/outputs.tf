output "outputs" {
  description = "The outputs of the stack: Ledger, DeadLetters, Reports, JobChanged, IdentityKey, and SlackUrl where it has an API."
  value       = aws_cloudformation_stack.spotwarden.outputs
}
