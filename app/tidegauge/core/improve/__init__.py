"""What would make a model do better, from counts alone: thresholds, calibration, segments."""
