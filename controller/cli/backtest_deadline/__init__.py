"""Plays jobs with deadlines over recorded spot capacity: the controller's own decision beside its rivals and the optimum."""
