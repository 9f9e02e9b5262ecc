"""Tests of what runs on an enrolled device."""
