"""What the greeter says."""

GREETING = "Hello"
