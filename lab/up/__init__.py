"""The lab, kept up: ``make lab``."""
