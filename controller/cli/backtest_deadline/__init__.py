"""Simulates jobs with deadlines on recorded spot capacity: by the controller's decision, by other strategies, and the optimum."""
