"""Runs jobs with deadlines on recorded spot capacity: the controller's own decision, other strategies, and the optimum."""
