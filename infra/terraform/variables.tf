variable "bucket" {
  description = "An S3 bucket of this account and region for the package and the template."
  type        = string
}

variable "region" {
  description = "The region of the stack and of the bucket."
  type        = string
}

variable "name" {
  description = "The name of the stack."
  type        = string
  default     = "spotwarden"
}

variable "release" {
  description = "The folder of a release, with deployment.zip and template.json. Empty: the folder above this module."
  type        = string
  default     = ""
}

variable "parameters" {
  description = "Parameters of the stack, by their names in docs/operations.md. Lists are texts with commas."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation puts on every resource."
  type        = map(string)
  default     = {}
}

variable "url_suffix" {
  description = "The domain of AWS in this partition: amazonaws.com.cn in China."
  type        = string
  default     = "amazonaws.com"
}
