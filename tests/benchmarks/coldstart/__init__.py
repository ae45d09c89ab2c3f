"""Measures cold starts: real packages in real processes under AWS's own runtime client, against the AWS of this machine."""
