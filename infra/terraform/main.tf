# Spotwarden as a Terraform module: it uploads a release and creates the same CloudFormation stack that `make deploy` does.
#
#   module "spotwarden" {
#     source     = "./spotwarden/terraform"
#     bucket     = "my-deployments"
#     region     = "us-east-1"
#     parameters = { TrainingRoles = aws_iam_role.training.arn, CheckpointBuckets = "my-checkpoints" }
#   }

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  release  = var.release != "" ? var.release : "${path.module}/.."
  code     = "${local.release}/deployment.zip"
  template = "${local.release}/template.json"

  # TrainingRoles, CheckpointBuckets and PolicyTopics have no default. Empty values: the stack only observes and reports, and
  # sends to no topic that a policy names.
  parameters = merge({ TrainingRoles = "", CheckpointBuckets = "", PolicyTopics = "" }, var.parameters, {
    CodeBucket = var.bucket
    CodeKey    = aws_s3_object.code.key
  })
}

resource "aws_s3_object" "code" {
  bucket = var.bucket
  key    = "spotwarden/${filesha256(local.code)}.zip"
  source = local.code
}

resource "aws_s3_object" "template" {
  bucket = var.bucket
  key    = "spotwarden/${filesha256(local.template)}.json"
  source = local.template
}

resource "aws_cloudformation_stack" "spotwarden" {
  name         = var.name
  template_url = "https://${var.bucket}.s3.${var.region}.${var.url_suffix}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]
  parameters   = local.parameters
  tags         = var.tags
}
