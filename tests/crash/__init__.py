"""Crashes of every kind: kills, power cuts, full disks, damaged state. Nothing may be lost."""
