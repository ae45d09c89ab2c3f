"""Builds what runs on AWS, and runs a small AWS on this machine."""
